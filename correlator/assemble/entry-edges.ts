/**
 * The server span below which an application's outermost span hangs that states no parent that is known: the headers of calls name
 * spans of its tree, and the kernel knows for which request these calls were made.
 */
import type { Edge, SpanRecord } from '../spans/span-record.ts';
import type { ReportedSpans } from './reported-spans.ts';
import { mayFit } from './time-fit.ts';

/** The outermost span of the same program above a span. The edges have no cycles. */
function outermostOf(span: SpanRecord, reported: ReportedSpans, known: Map<SpanRecord, SpanRecord>): SpanRecord {
  const passed: SpanRecord[] = [];
  let outermost = span;
  for (;;) {
    const result = known.get(outermost);
    if (result !== undefined) {
      outermost = result;
      break;
    }
    passed.push(outermost);
    const above = outermost.edge?.parent;
    if (above?.role !== 'application' || !reported.isSameProcess(above, span)) break;
    outermost = above;
  }
  for (const one of passed) known.set(one, outermost);
  return outermost;
}

/** Gives outermost spans their parents. @param causeOf the server span that a call was made for, as far as it is in the trace */
export function linkEntries(
  calls: readonly SpanRecord[],
  reported: ReportedSpans,
  causeOf: (call: SpanRecord) => Edge | undefined,
): void {
  const known = new Map<SpanRecord, SpanRecord>();
  const edges = new Map<SpanRecord, Edge | undefined>();
  for (const call of calls) {
    const cause = causeOf(call);
    const parent = call.edge?.parent;
    if (cause === undefined || parent?.role !== 'application') continue;
    const outermost = outermostOf(parent, reported, known);
    if (outermost.edge !== undefined) continue;
    const other = edges.get(outermost);
    const isAgreed = !edges.has(outermost) || other?.parent === cause.parent;
    const isLess = other === undefined || cause.confidence < other.confidence;
    edges.set(outermost, isAgreed ? (isLess ? cause : other) : undefined);
  }
  for (const [span, edge] of edges) {
    if (edge === undefined || !mayFit(span, edge.parent)) continue;
    span.edge = { parent: edge.parent, reason: 'trace_context', confidence: edge.confidence };
  }
}
