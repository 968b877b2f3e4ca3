import { hostUid } from '../core/agents/agent-resources.ts';
import type { StageTelemetry } from '../core/telemetry/stage-telemetry.ts';
import { AgentIdentity } from './agent-identity.ts';
import { readBootFacts } from './boot-facts.ts';
import { readMachineFacts } from './host.ts';
import { readHostNetwork, type ReadMacAddresses } from './host-network.ts';
import { HostVersions } from './host-versions.ts';
import { collectorEvents } from './internal-events.ts';
import { Outbox, type Output } from './outbox.ts';
import { ResourceIds } from './processes/resource-ids.ts';
import { hostResource, resourceMessage } from './processes/resources.ts';
import { signingOutput } from './signing-output.ts';
import type { RunningSource, Source, SourceContext, SourceHealth } from './source.ts';
import { WallClock } from './wall-clock.ts';

/** What a collector runs with. */
export interface CollectOptions {
  readonly sources: readonly Source[];
  readonly output: Output;
  /** Where the identity of this agent is kept. */
  readonly dataDirectory: string;
  readonly clockIntervalMs: number;
  readonly readMacAddresses: ReadMacAddresses;
  /** How often the interfaces of the host are looked at. */
  readonly hostFactsIntervalMs: number;
  /** Kubernetes node that the host is; empty where that is not known. */
  readonly nodeName: string;
  readonly telemetry: Pick<StageTelemetry, 'emit'>;
  readonly health: SourceHealth;
  readonly signal: AbortSignal;
}

/** At the end, how long the output may take for what is left. */
const closeTimeoutMs = 5_000;

/**
 * Runs sources until the signal fires, then hands over what they still have.
 *
 * @throws PipelineError when a source cannot start, or the output fails in a way that waiting does not heal
 */
export async function collect(options: CollectOptions): Promise<void> {
  const { sources, output, dataDirectory, clockIntervalMs, hostFactsIntervalMs, nodeName, telemetry, health, signal } =
    options;
  if (signal.aborted) return;
  const clock = new WallClock();
  const identity = AgentIdentity.open(dataDirectory, readBootFacts(), Date.now());
  if (identity.formerAgentId !== undefined)
    telemetry.emit(collectorEvents.renewed, { formerAgentId: identity.formerAgentId, agentId: identity.agentId });
  const resourceIds = new ResourceIds();
  const machine = readMachineFacts(nodeName);
  const hostResourceId = resourceIds.idOf(hostUid(identity.agentId));
  const outbox = new Outbox(signingOutput(output, identity.key), telemetry);
  const { hostName } = machine;
  const context: SourceContext = { identity, clock, resourceIds, hostResourceId, hostName, outbox, telemetry, health };
  const { agentId, bootTimeNs } = identity;
  const versions = new HostVersions(dataDirectory);
  let publishedHost = '';
  const publishHost = async (): Promise<void> => {
    const host = hostResource({
      agentId,
      resourceId: hostResourceId,
      bootTimeNs,
      ...machine,
      ...(await readHostNetwork(options.readMacAddresses)),
    });
    const nowNs = clock.toUnixNs(Number(process.hrtime.bigint()));
    const messages = versions.take(host, nowNs).map(resourceMessage);
    if (messages[0]!.key === publishedHost) return;
    publishedHost = messages[0]!.key;
    outbox.put(messages);
  };
  await publishHost();

  const running: RunningSource[] = [];
  const hostTimer = setInterval(() => {
    publishHost().catch((error: unknown) => telemetry.emit(collectorEvents.hostUnreadable, { error }));
  }, hostFactsIntervalMs);
  const clockTimer = setInterval(() => {
    const setByNs = clock.refresh();
    if (setByNs !== 0n) telemetry.emit(collectorEvents.clockSet, { setByMs: Number(setByNs) / 1e6 });
  }, clockIntervalMs);
  try {
    for (const source of sources) running.push(await source.start(context));
    await Promise.race([outbox.failed, aborted(signal)]);
  } finally {
    clearInterval(clockTimer);
    clearInterval(hostTimer);
    for (const source of running) await source.stop();
    identity.close();
    const unsent = await outbox.close(closeTimeoutMs);
    if (unsent > 0) telemetry.emit(collectorEvents.unsent, { messages: unsent });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
