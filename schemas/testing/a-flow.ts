import type { FlowMetrics, FlowSide } from '../generated/event-batch.ts';
import type { Flow } from '../generated/flow-batch.ts';
import { aSide, epochNs } from './a-span.ts';

/** What one side of a flow sent, for a test: a packet of 100 bytes. */
export function aFlowSide(facts: Partial<FlowSide> = {}): FlowSide {
  return {
    packets: 1,
    bytes: 100,
    payloadBytes: 46,
    retransmissions: 0,
    spuriousRetransmissions: 0,
    synRetransmissions: 0,
    outOfOrder: 0,
    duplicateAcks: 0,
    zeroWindows: 0,
    resets: 0,
    conflicts: 0,
    missedBytes: 0,
    acknowledgment: { count: 0, sumNs: 0, maxNs: 0 },
    ...facts,
  };
}

/** Counters of an interval for a test: one request and its response, on a connection that stays open. */
export function someFlowMetrics(facts: Partial<FlowMetrics> = {}): FlowMetrics {
  return {
    client: aFlowSide(),
    server: aFlowSide(),
    serverHandshakeNs: -1,
    clientHandshakeNs: -1,
    response: { count: 1, sumNs: 2_000_000, maxNs: 2_000_000 },
    clientIdle: { count: 0, sumNs: 0, maxNs: 0 },
    isOpened: false,
    isOpen: true,
    closeType: 'open',
    ...facts,
  };
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
