import type { FlowMetrics } from '../generated/event-batch.ts';
import type { Flow } from '../generated/flow-batch.ts';
import { flowMetrics } from './a-segment.ts';
import { aSide, epochNs } from './a-span.ts';

/** Counters of an interval for a test: one request and its response, on a connection that stays open. */
export function someFlowMetrics(facts: Partial<FlowMetrics> = {}): FlowMetrics {
  return flowMetrics({ response: { count: 1, sumNs: 2_000_000, maxNs: 2_000_000 }, ...facts });
}

/** An interval of a flow for a test, seen on the client's interface. */
export function aFlow(facts: Partial<Flow> = {}): Flow {
  return {
    flowId: 1,
    startTimeNs: epochNs,
    durationNs: 1_000_000,
    observationPoint: 'c',
    networkNamespace: 1,
    interfaceName: 'eth0',
    transport: 'tcp',
    tunnels: [],
    isRoleKnown: true,
    metrics: someFlowMetrics(),
    client: aSide({ address: Uint8Array.of(10, 0, 0, 1), port: 40_000 }),
    server: aSide({ address: Uint8Array.of(10, 0, 0, 2), port: 80 }),
    ...facts,
  };
}
