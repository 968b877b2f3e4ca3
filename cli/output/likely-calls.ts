import type { LikelyEdge } from '../../query/store/trace-store.ts';
import type { WaterfallSpan, WaterfallTrace } from './waterfall.ts';

/** Of what is less likely nothing is shown: something else more likely made the call. */
export const shownConfidence = 0.5;
/** Other traces that are shown within one. */
const maxShown = 20;

/** Calls of other traces that spans of this one likely made: of each call the likeliest, no more than can be shown. */
export function likelyCallsOf(storedTraceId: string, edges: readonly LikelyEdge[]): readonly LikelyEdge[] {
  const calls = new Map<string, LikelyEdge>();
  for (const edge of edges) {
    const { parentTraceId, spanId, confidence } = edge;
    if (parentTraceId !== storedTraceId || confidence < shownConfidence || calls.has(spanId)) continue;
    calls.set(spanId, edge);
  }
  return [...calls.values()].slice(0, maxShown);
}

/** Spans of other traces that likely made calls of this one. */
export function likelyCallersOf(storedTraceId: string, edges: readonly LikelyEdge[]): readonly LikelyEdge[] {
  return edges.filter(({ traceId, confidence }) => traceId === storedTraceId && confidence >= shownConfidence);
}

/** A trace with a call of another one, and everything below that, under the span that likely made it. */
export function withLikelyCall(trace: WaterfallTrace, edge: LikelyEdge, other: WaterfallTrace): WaterfallTrace {
  const known = new Set(trace.spans.map(({ spanId }) => spanId));
  const added = below(other.spans, edge.spanId).filter(({ spanId }) => !known.has(spanId));
  const likely = added.map((span): WaterfallSpan => {
    if (span.spanId !== edge.spanId) return { ...span, isLikely: true };
    const { parentSpanId, confidence } = edge;
    return { ...span, isLikely: true, parentSpanId, reason: 'likely', confidence };
  });
  return { ...trace, spans: [...trace.spans, ...likely] };
}

/** A span and all that it led to. */
function below(spans: readonly WaterfallSpan[], spanId: string): readonly WaterfallSpan[] {
  const children = new Map<string, WaterfallSpan[]>();
  for (const span of spans) {
    const siblings = children.get(span.parentSpanId);
    if (siblings === undefined) children.set(span.parentSpanId, [span]);
    else siblings.push(span);
  }
  const found = new Set(spans.filter((span) => span.spanId === spanId));
  for (const span of found) for (const child of children.get(span.spanId) ?? []) found.add(child);
  return [...found];
}
