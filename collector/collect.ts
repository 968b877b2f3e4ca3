import { hostname } from 'node:os';
import { hostUid } from '../core/agents/agent-resources.ts';
import type { StageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import { AgentIdentity } from './agent-identity.ts';
import { readBootFacts } from './boot-facts.ts';
import { collectorEvents } from './internal-events.ts';
import { Outbox, type Output } from './outbox.ts';
import { ResourceIds } from './processes/resource-ids.ts';
import { signingOutput } from './signing-output.ts';
import type { RunningSource, Source, SourceContext, SourceHealth } from './source.ts';
import { WallClock } from './wall-clock.ts';

/** Options of {@link collect}. */
export interface CollectOptions {
  /** In start order. */
  readonly sources: readonly Source[];
  readonly output: Output;
  /** Folder of agent.json, the identity of this agent. */
  readonly dataDirectory: string;
  readonly clockIntervalMs: number;
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  readonly health: SourceHealth;
  readonly signal: AbortSignal;
}

/** At the end: deadline of the output for the messages that are left. */
const closeTimeoutMs = 5_000;
/** Interval at which an idle collector shows that it is alive. */
const idleSignMs = 1_000;

/**
 * Runs sources until the signal fires, then hands over what they still have.
 *
 * @throws PipelineError when a source cannot start, or the output fails in a way that waiting does not heal
 */
export async function collect(options: CollectOptions): Promise<void> {
  const { sources, dataDirectory, clockIntervalMs, telemetry, health, signal } = options;
  if (signal.aborted) return;
  const clock = new WallClock();
  const identity = AgentIdentity.open(dataDirectory, readBootFacts(), Date.now());
  if (identity.formerAgentId !== undefined)
    telemetry.emit(collectorEvents.renewed, { formerAgentId: identity.formerAgentId, agentId: identity.agentId });
  const resourceIds = new ResourceIds();
  const outbox = new Outbox(signingOutput(outputWithHealth(options), identity.key), telemetry);
  const context: SourceContext = {
    identity,
    clock,
    resourceIds,
    hostResourceId: resourceIds.idOf(hostUid(identity.agentId)),
    hostName: hostname(),
    dataDirectory,
    outbox,
    telemetry,
    health,
  };
  const running: RunningSource[] = [];
  const timers = [
    setInterval(() => {
      if (outbox.isIdle) health.turns('collector');
    }, idleSignMs),
    setInterval(() => {
      const setByNs = clock.refresh();
      if (setByNs !== 0n) telemetry.emit(collectorEvents.clockSet, { setByMs: Number(setByNs) / 1e6 });
    }, clockIntervalMs),
  ];
  try {
    for (const source of sources) running.push(await source.start(context));
    await Promise.race([outbox.failed, aborted(signal)]);
  } finally {
    for (const timer of timers) clearInterval(timer);
    for (const source of running) await source.stop();
    identity.close();
    const unsent = await outbox.close(closeTimeoutMs);
    if (unsent > 0) telemetry.emit(collectorEvents.unsent, { messages: unsent });
  }
}

/** The collector lives as long as its output takes what it is given. Sources have signs of life of their own. */
function outputWithHealth({ output, health }: CollectOptions): Output {
  return {
    async send(messages) {
      await output.send(messages);
      health.turns('collector');
    },
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
