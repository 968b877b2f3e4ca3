import type { ConfigValues, Sections } from '../../core/config/load-config.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import type { ResourceSource } from './resource-source.ts';

/** Decides which of several instances publishes. */
export interface Leadership {
  /** Runs `action` while this instance leads, again and again until the signal fires. */
  lead(action: (leading: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<void>;
}

/** Sources that are ready to run. */
export interface OpenedSources {
  readonly sources: readonly ResourceSource[];
  /** Undefined: every instance publishes. */
  readonly leadership?: Leadership;
}

/** What a kind of source of resources declares of itself. The list of all kinds is sources.ts. */
export interface ResourceSourceDefinition<Own extends Sections = Sections> {
  readonly name: string;
  /** Its settings, by the names under which it gets their values. */
  readonly settings: Own;
  isEnabled(settings: ConfigValues<Own>): boolean;
  /**
   * Makes the sources that the settings name. Connects to nothing yet, but finds what is wrong with the settings.
   *
   * @throws PipelineError CONFIG_INVALID, ENVIRONMENT_UNSUPPORTED when there is no access
   */
  open(settings: ConfigValues<Own>, telemetry: Telemetry): Promise<OpenedSources>;
}

/** Declares a kind of source. */
export function defineResourceSource<const Own extends Sections>(
  definition: ResourceSourceDefinition<Own>,
): ResourceSourceDefinition<Own> {
  return definition;
}
