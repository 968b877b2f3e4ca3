import type { Health } from '../core/telemetry/health.ts';
import type { StageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import type { AgentIdentity } from './agent-identity.ts';
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
  readonly outbox: Outbox;
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  readonly health: SourceHealth;
}

/** What a source tells of its health. */
export type SourceHealth = Pick<Health, 'fails' | 'heals' | 'waits' | 'recovers'>;

/** A source that runs. */
export interface RunningSource {
  /** Hands over what it still has, then ends. */
  stop(): Promise<void>;
}

/** Something that makes events or resources: kernel events, later packets, Kubernetes, OTLP. */
export interface Source {
  readonly name: string;
  /** @throws PipelineError ENVIRONMENT_UNSUPPORTED when this machine does not allow it, saying what is missing */
  start(context: SourceContext): Promise<RunningSource>;
}
