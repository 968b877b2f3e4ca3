/**
 * A trace as readers of OpenTelemetry know traces: the client's span and under it the server's. Between them spanloom may
 * have seen the same call on network interfaces and gateways; service graphs made of client spans and their server
 * children would miss such a call, so those views are left out here and their children hang on the nearest span that
 * stays. A call that no process was seen in keeps the view nearest to the client.
 */
import type { Span } from '../../schemas/generated/span.ts';
import { roleAt } from '../../schemas/observation-points.ts';

/** A span with the parent it has here. */
export interface VisibleSpan {
  readonly span: Span;
  /** 16 hex digits; empty for a root. */
  readonly parentSpanId: string;
}

/** All views of one call. */
interface Call {
  hasProcess: boolean;
  hasStandIn: boolean;
}

const isNetwork = (span: Span): boolean => roleAt(span.observationPoint) === 'network';

/** Leaves out what was seen on the network of calls that were seen in a process. `spans` have parents before children. */
export function visibleSpans(spans: readonly Span[]): readonly VisibleSpan[] {
  if (!spans.some(isNetwork)) return spans.map((span) => ({ span, parentSpanId: span.parentSpanId }));
  const calls = new Map<string, Call>();
  for (const span of spans) {
    const isSameCall = span.reason === 'tcp_sequence' || span.reason === 'datagram';
    const call = (isSameCall ? calls.get(span.parentSpanId) : undefined) ?? { hasProcess: false, hasStandIn: false };
    call.hasProcess ||= !isNetwork(span);
    calls.set(span.spanId, call);
  }
  const visible: VisibleSpan[] = [];
  const parentOfLeftOut = new Map<string, string>();
  for (const span of spans) {
    const parentSpanId = parentOfLeftOut.get(span.parentSpanId) ?? span.parentSpanId;
    const call = calls.get(span.spanId)!;
    if (isNetwork(span) && (call.hasProcess || call.hasStandIn)) parentOfLeftOut.set(span.spanId, parentSpanId);
    else {
      call.hasStandIn = true;
      visible.push({ span, parentSpanId });
    }
  }
  return visible;
}
