/**
 * A trace as readers of OpenTelemetry know traces: the client's span and under it the server's. Between them spanloom may
 * have seen the same call on network interfaces and gateways; service graphs made of client spans and their server
 * children would miss such a call, so those views are left out here and their children hang on the nearest span that
 * stays. A call that no process was seen in keeps the view nearest to the client.
 */
import type { Span } from '../schemas/generated/span.ts';
import { roleAt } from '../schemas/observation-points.ts';

/** A span with the parent it has here. */
export interface VisibleSpan {
  readonly span: Span;
  /** 16 hex digits; empty for a root. */
  readonly parentSpanId: string;
}

/** What tells which views of a call are seen here. */
export type CallView = Pick<Span, 'spanId' | 'parentSpanId' | 'reason' | 'observationPoint'>;

/** All views of one call. */
interface Call {
  hasProcess: boolean;
  hasStandIn: boolean;
}

const isNetwork = ({ observationPoint }: CallView): boolean => roleAt(observationPoint) === 'network';
const sameParents: ReadonlyMap<string, string> = new Map();

/**
 * Spans that are left out: what was seen on the network of calls that were seen in a process; with the parent that their
 * children get. `views` have parents before children.
 */
export function leftOutSpans(views: readonly CallView[]): ReadonlyMap<string, string> {
  if (!views.some(isNetwork)) return sameParents;
  const calls = new Map<string, Call>();
  for (const view of views) {
    const isSameCall = view.reason === 'tcp_sequence' || view.reason === 'datagram';
    const call = (isSameCall ? calls.get(view.parentSpanId) : undefined) ?? { hasProcess: false, hasStandIn: false };
    call.hasProcess ||= !isNetwork(view);
    calls.set(view.spanId, call);
  }
  const leftOut = new Map<string, string>();
  for (const view of views) {
    const call = calls.get(view.spanId)!;
    if (isNetwork(view) && (call.hasProcess || call.hasStandIn))
      leftOut.set(view.spanId, leftOut.get(view.parentSpanId) ?? view.parentSpanId);
    else call.hasStandIn = true;
  }
  return leftOut;
}

/** The spans that are not left out. @param leftOut of the whole trace, where these are some of its spans */
export function visibleSpans(
  spans: readonly Span[],
  leftOut: ReadonlyMap<string, string> = leftOutSpans(spans),
): readonly VisibleSpan[] {
  const visible: VisibleSpan[] = [];
  for (const span of spans)
    if (!leftOut.has(span.spanId))
      visible.push({ span, parentSpanId: leftOut.get(span.parentSpanId) ?? span.parentSpanId });
  return visible;
}

/** All spans, with the parents that they have. */
export function allSpans(spans: readonly Span[]): readonly VisibleSpan[] {
  return spans.map((span) => ({ span, parentSpanId: span.parentSpanId }));
}
