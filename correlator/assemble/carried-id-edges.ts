import type { SpanRecord } from '../spans/span-record.ts';
import type { CallChain } from './call-chains.ts';

const carriedIdConfidence = 0.95;

function sharesTraceContext(call: SpanRecord, first: SpanRecord): boolean {
  return (
    call.headerTraceId !== '' &&
    call.headerTraceId === first.headerTraceId &&
    call.headerSpanId !== '' &&
    call.headerSpanId === first.headerSpanId
  );
}

function sharesRequestId(call: SpanRecord, first: SpanRecord): boolean {
  return call.xRequestIdRequest !== '' && call.xRequestIdRequest === first.xRequestIdRequest;
}

/** The process that a span is of; empty on the network. */
const processOf = ({ role, agentId, processId }: SpanRecord): string =>
  role === 'client' || role === 'server' ? `${agentId} ${processId}` : '';

/**
 * Bridges hops that no agent saw, such as a proxy on a host without an agent. A call without a server view becomes the parent
 * of a request without a client view and with the same explicit id, if there is exactly one such call and it lasted long
 * enough.
 */
export function linkCarriedIds(chains: readonly CallChain[]): void {
  const departed: SpanRecord[] = [];
  const arrived: SpanRecord[] = [];
  for (const chain of chains) {
    const last = chain[chain.length - 1]!;
    const first = chain[0]!;
    if (first.role === 'client' && last.role !== 'server') departed.push(last);
    else if (first.role !== 'client' && first.edge === undefined) arrived.push(first);
  }
  if (departed.length === 0 || arrived.length === 0) return;
  for (const first of arrived) {
    for (const [reason, shares] of [
      ['trace_context', sharesTraceContext],
      ['x_request_id', sharesRequestId],
    ] as const) {
      const calls = departed.filter(
        (call) =>
          shares(call, first) &&
          call.durationNs >= first.durationNs &&
          call.protocol === first.protocol &&
          processOf(call) !== processOf(first),
      );
      if (calls.length !== 1) continue;
      first.edge = { parent: calls[0]!, reason, confidence: carriedIdConfidence };
      break;
    }
  }
}
