import {
  type CloseType,
  closeTypeSymbols,
  type Transport,
  transportSymbols,
} from '../../schemas/generated/event-batch.ts';
import type { JsonObject } from '../../schemas/trace-json.ts';
import type { TraceFlow, TraceFlowSide } from '../store/trace-store.ts';

/** A flow of a trace as the API says it, and as the database gives it. */
export type TraceFlowJson = Readonly<Record<string, string | number>>;

function sideToJson(side: 'client' | 'server', facts: TraceFlowSide): JsonObject {
  return {
    [`${side}_handshake_ns`]: facts.handshakeNs,
    [`${side}_packets`]: facts.packets,
    [`${side}_retransmissions`]: facts.retransmissions,
    [`${side}_syn_retransmissions`]: facts.synRetransmissions,
    [`${side}_zero_windows`]: facts.zeroWindows,
    [`${side}_resets`]: facts.resets,
    [`${side}_acknowledgment_count`]: facts.acknowledgmentCount,
    [`${side}_acknowledgment_sum_ns`]: facts.acknowledgmentSumNs,
    [`${side}_acknowledgment_max_ns`]: facts.acknowledgmentMaxNs,
  };
}

function sideFromJson(side: 'client' | 'server', flow: TraceFlowJson): TraceFlowSide {
  const of = (name: string): number => Number(flow[`${side}_${name}`]);
  return {
    handshakeNs: of('handshake_ns'),
    packets: of('packets'),
    retransmissions: of('retransmissions'),
    synRetransmissions: of('syn_retransmissions'),
    zeroWindows: of('zero_windows'),
    resets: of('resets'),
    acknowledgmentCount: of('acknowledgment_count'),
    acknowledgmentSumNs: of('acknowledgment_sum_ns'),
    acknowledgmentMaxNs: of('acknowledgment_max_ns'),
  };
}

/** For the API. */
export function traceFlowToJson(flow: TraceFlow): JsonObject {
  return {
    agent_id: flow.agentId,
    flow_id: flow.flowId,
    transport: flow.transport,
    ...sideToJson('client', flow.client),
    ...sideToJson('server', flow.server),
    close_type: flow.closeType,
  };
}

/** From the API, or from a row of the database. */
export function traceFlowFromJson(flow: TraceFlowJson): TraceFlow {
  const { transport, close_type: closeType } = flow;
  return {
    agentId: Number(flow['agent_id']),
    flowId: Number(flow['flow_id']),
    transport: transportSymbols.includes(transport as Transport) ? (transport as Transport) : 'unknown',
    client: sideFromJson('client', flow),
    server: sideFromJson('server', flow),
    closeType: closeTypeSymbols.includes(closeType as CloseType) ? (closeType as CloseType) : 'open',
  };
}
