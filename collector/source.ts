import type { ConfigValues, Sections } from '../core/config/load-config.ts';
import type { Accounting } from '../core/stage/stage.ts';
import type { Health } from '../core/telemetry/health.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { StageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import type { Topic } from '../core/topics.ts';
import type { NativeCapture } from '../native/capture.ts';
import type { NativePacketCapture } from '../native/packets/packet-capture.ts';
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
  /** Folder of agent.json. */
  readonly dataDirectory: string;
  readonly outbox: Outbox;
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  readonly health: SourceHealth;
}

/** How a source reports its health. */
export type SourceHealth = Pick<Health, 'starts' | 'turns' | 'fails' | 'heals' | 'waits' | 'recovers'>;

/** A running source. */
export interface RunningSource {
  /** Hands what it still has to the outbox, then ends. */
  stop(): Promise<void>;
}

/** A producer of events or resources of this host. */
export interface Source {
  readonly name: string;
  /** Its records by outcome; absent for a source that makes only resources. */
  accounting?(): Accounting;
  /** @throws PipelineError ENVIRONMENT_UNSUPPORTED when this machine does not allow it, saying what is missing */
  start(context: SourceContext): Promise<RunningSource>;
}

/** What a source is created with, besides its settings. */
export interface SourceOptions {
  /** The native addon; undefined if no enabled source uses it. */
  readonly addon: (NativeCapture & NativePacketCapture) | undefined;
  /** Processes to exclude from capture. */
  readonly excluded: ExcludedProcesses;
  /** Servers that the output itself uses, as `host:port`: their traffic is not captured. */
  readonly ownServers: readonly string[];
  /** Where its own metrics are registered. */
  readonly telemetry: Telemetry;
}

/** The declaration of a source. sources.ts lists all sources. */
export interface SourceDefinition<Own extends Sections = Sections> {
  readonly name: string;
  /** Its settings, by the names under which `create` gets their values. */
  readonly settings: Own;
  readonly writes: readonly Topic[];
  /** Whether it needs the native addon, which is loaded only for enabled sources that do. */
  readonly needsAddon: boolean;
  isEnabled(settings: ConfigValues<Own>): boolean;
  /** Loads its code and creates it; {@link Source.start} starts it. @throws PipelineError CONFIG_INVALID */
  create(settings: ConfigValues<Own>, options: SourceOptions): Promise<Source>;
}

/** Declares a source. */
export function defineSource<const Own extends Sections>(definition: SourceDefinition<Own>): SourceDefinition<Own> {
  return definition;
}
