import { z } from 'zod';
import {
  type CloseType,
  closeTypeSymbols,
  type Transport,
  transportSymbols,
} from '../../schemas/generated/event-batch.ts';
import type { TraceFlow, TraceFlowSide } from '../store/trace-store.ts';

/** A flow of a trace as the API says it, and as the database gives it. */
export const traceFlowJson = z.object({
  agent_id: z.number(),
  flow_id: z.number(),
  transport: z.string(),
  client_handshake_ns: z.number().meta({ description: '-1 where it was not seen.' }),
  client_packets: z.number(),
  client_retransmissions: z.number(),
  client_syn_retransmissions: z.number(),
  client_zero_windows: z.number(),
  client_resets: z.number(),
  client_acknowledgment_count: z.number(),
  client_acknowledgment_sum_ns: z.number(),
  client_acknowledgment_max_ns: z.number(),
  server_handshake_ns: z.number().meta({ description: '-1 where it was not seen.' }),
  server_packets: z.number(),
  server_retransmissions: z.number(),
  server_syn_retransmissions: z.number(),
  server_zero_windows: z.number(),
  server_resets: z.number(),
  server_acknowledgment_count: z.number(),
  server_acknowledgment_sum_ns: z.number(),
  server_acknowledgment_max_ns: z.number(),
  close_type: z.string(),
});
export type TraceFlowJson = z.infer<typeof traceFlowJson>;

function sideFromJson(side: 'client' | 'server', flow: TraceFlowJson): TraceFlowSide {
  return {
    handshakeNs: flow[`${side}_handshake_ns`],
    packets: flow[`${side}_packets`],
    retransmissions: flow[`${side}_retransmissions`],
    synRetransmissions: flow[`${side}_syn_retransmissions`],
    zeroWindows: flow[`${side}_zero_windows`],
    resets: flow[`${side}_resets`],
    acknowledgmentCount: flow[`${side}_acknowledgment_count`],
    acknowledgmentSumNs: flow[`${side}_acknowledgment_sum_ns`],
    acknowledgmentMaxNs: flow[`${side}_acknowledgment_max_ns`],
  };
}

/** For the API. */
export function traceFlowToJson({ client, server, ...flow }: TraceFlow): TraceFlowJson {
  return {
    agent_id: flow.agentId,
    flow_id: flow.flowId,
    transport: flow.transport,
    client_handshake_ns: client.handshakeNs,
    client_packets: client.packets,
    client_retransmissions: client.retransmissions,
    client_syn_retransmissions: client.synRetransmissions,
    client_zero_windows: client.zeroWindows,
    client_resets: client.resets,
    client_acknowledgment_count: client.acknowledgmentCount,
    client_acknowledgment_sum_ns: client.acknowledgmentSumNs,
    client_acknowledgment_max_ns: client.acknowledgmentMaxNs,
    server_handshake_ns: server.handshakeNs,
    server_packets: server.packets,
    server_retransmissions: server.retransmissions,
    server_syn_retransmissions: server.synRetransmissions,
    server_zero_windows: server.zeroWindows,
    server_resets: server.resets,
    server_acknowledgment_count: server.acknowledgmentCount,
    server_acknowledgment_sum_ns: server.acknowledgmentSumNs,
    server_acknowledgment_max_ns: server.acknowledgmentMaxNs,
    close_type: flow.closeType,
  };
}

/** From the API, or from a row of the database. */
export function traceFlowFromJson(flow: TraceFlowJson): TraceFlow {
  const { transport, close_type: closeType } = flow;
  return {
    agentId: flow.agent_id,
    flowId: flow.flow_id,
    transport: transportSymbols.includes(transport as Transport) ? (transport as Transport) : 'unknown',
    client: sideFromJson('client', flow),
    server: sideFromJson('server', flow),
    closeType: closeTypeSymbols.includes(closeType as CloseType) ? (closeType as CloseType) : 'open',
  };
}
