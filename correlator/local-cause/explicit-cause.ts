import type { Reason } from '../../schemas/generated/span.ts';
import type { Edge, SpanRecord } from '../spans/span-record.ts';
import type { ProcessIndex } from './process-index.ts';

const sameSpanConfidence = 0.9999;
const sameTraceConfidence = 0.999;
const requestIdConfidence = 0.9999;

/** The one server span that carries the call's id; of several, the one that a candidate names too. */
function only(servers: readonly SpanRecord[], named: SpanRecord | undefined): SpanRecord | undefined {
  if (servers.length <= 1) return servers[0];
  return named !== undefined && servers.includes(named) ? named : undefined;
}

function edge(parent: SpanRecord | undefined, reason: Reason, confidence: number): Edge | undefined {
  return parent === undefined ? undefined : { parent, reason, confidence };
}

/**
 * The parent by ids that the application itself passes on: exactly one server span that was open in the process when
 * the call began carries the same trace context or X-Request-ID; or one of several, in a process that passes requests on.
 *
 * @param named the server span that a cause candidate names, to choose among several that carry the id
 */
export function explicitCause(
  call: SpanRecord,
  process: ProcessIndex,
  named: SpanRecord | undefined,
): Edge | undefined {
  if (call.headerTraceId !== '') {
    const servers = process.openWithTraceId(call) ?? [];
    const sameSpan =
      call.headerSpanId === '' ? [] : servers.filter((server) => server.headerSpanId === call.headerSpanId);
    // A proxy passes the caller's span id on; an instrumented process puts its own there.
    const found =
      sameSpan.length > 0
        ? edge(only(sameSpan, named), 'trace_context', sameSpanConfidence)
        : edge(only(servers, named), 'trace_context', sameTraceConfidence);
    if (found !== undefined) return found;
  }
  if (call.xRequestIdRequest === '') return undefined;
  const servers = process.openWithRequestId(call) ?? [];
  const parent = only(servers, named) ?? process.passThrough.origin(call, servers);
  return edge(parent, 'x_request_id', requestIdConfidence);
}
