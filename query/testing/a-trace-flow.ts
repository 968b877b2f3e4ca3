import type { TraceFlow, TraceFlowSide } from '../store/trace-store.ts';

/** One side of a flow of a trace, of which nothing is known but what is given; for tests. */
export function aTraceFlowSide(given: Partial<TraceFlowSide> = {}): TraceFlowSide {
  return {
    handshakeNs: -1,
    packets: 0,
    retransmissions: 0,
    synRetransmissions: 0,
    zeroWindows: 0,
    resets: 0,
    acknowledgmentCount: 0,
    acknowledgmentSumNs: 0,
    acknowledgmentMaxNs: 0,
    ...given,
  };
}

/** A flow of a trace, of which nothing is known but what is given; for tests. */
export function aTraceFlow(given: Partial<TraceFlow> = {}): TraceFlow {
  return {
    agentId: 77,
    flowId: 1,
    transport: 'tcp',
    client: aTraceFlowSide(),
    server: aTraceFlowSide(),
    closeType: 'open',
    ...given,
  };
}
