import type { ConfigValues, Sections } from '../core/config/load-config.ts';
import type { Accounting } from '../core/stage/stage.ts';
import type { Health } from '../core/telemetry/health.ts';
import type { StageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import type { Topic } from '../core/topics.ts';
import type { NativeCapture } from '../native/capture.ts';
import type { AgentIdentity } from './agent-identity.ts';
import type { ExcludedProcesses } from './excluded-processes.ts';
import type { Outbox } from './outbox.ts';
import type { ResourceIds } from './processes/resource-ids.ts';
import type { WallClock } from './wall-clock.ts';

/** What all sources of one collector share. */
export interface SourceContext {
  readonly identity: AgentIdentity;
  readonly clock: WallClock;
  readonly resourceIds: ResourceIds;
  /** The host as a resource. */
  readonly hostResourceId: number;
  readonly hostName: string;
  /** Where agent.json is. */
  readonly dataDirectory: string;
  readonly outbox: Outbox;
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  readonly health: SourceHealth;
}

/** What a source reports of its health. */
export type SourceHealth = Pick<Health, 'starts' | 'turns' | 'fails' | 'heals' | 'waits' | 'recovers'>;

/** A source that runs. */
export interface RunningSource {
  /** Hands over what it still has, then ends. */
  stop(): Promise<void>;
}

/** Something that makes events or resources of this host. */
export interface Source {
  readonly name: string;
  /** Its records by what became of them; of a source that makes any but resources. */
  accounting?(): Accounting;
  /** @throws PipelineError ENVIRONMENT_UNSUPPORTED when this machine does not allow it, saying what is missing */
  start(context: SourceContext): Promise<RunningSource>;
}

/** What a source is made with, beside its settings. */
export interface SourceOptions {
  /** The native addon; undefined where no source that is enabled uses it. */
  readonly addon: NativeCapture | undefined;
  /** Processes not to be traced. */
  readonly excluded: ExcludedProcesses;
}

/** What a source declares of itself. The list of all sources is sources.ts. */
export interface SourceDefinition<Own extends Sections = Sections> {
  readonly name: string;
  /** Its settings, by the names under which it gets their values. */
  readonly settings: Own;
  readonly writes: readonly Topic[];
  /** The native addon is loaded only where a source that is enabled needs it. */
  readonly needsAddon: boolean;
  isEnabled(settings: ConfigValues<Own>): boolean;
  /** Loads its code and makes it; {@link Source.start} begins. @throws PipelineError CONFIG_INVALID */
  create(settings: ConfigValues<Own>, options: SourceOptions): Promise<Source>;
}

/** Declares a source. */
export function defineSource<const Own extends Sections>(definition: SourceDefinition<Own>): SourceDefinition<Own> {
  return definition;
}
