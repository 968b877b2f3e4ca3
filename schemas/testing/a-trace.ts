import type { Span } from '../generated/span.ts';
import type { Trace } from '../generated/trace.ts';
import { epochNs } from './a-span.ts';

const errorStatuses: readonly Span['status'][] = ['client_error', 'server_error', 'timeout', 'closed'];

/** A trace with these spans for a test; what follows from them is filled in. */
export function aTrace(spans: readonly Span[], facts: Partial<Trace> = {}): Trace {
  const roots = spans.filter((span) => span.parentSpanId === '');
  const starts = spans.map((span) => span.startTimeNs).sort((one, other) => (one < other ? -1 : 1));
  const ends = spans
    .map((span) => span.startTimeNs + BigInt(span.durationNs))
    .sort((one, other) => (one < other ? -1 : 1));
  const startTimeNs = starts[0] ?? epochNs;
  return {
    traceId: '000000000000000000000000000000aa',
    revision: spans.length,
    mergedInto: '',
    carriedTraceId: '',
    rootSpanId: roots[0]?.spanId ?? '',
    rootCount: roots.length,
    startTimeNs,
    durationNs: Number((ends[ends.length - 1] ?? startTimeNs) - startTimeNs),
    errorCount: spans.filter((span) => errorStatuses.includes(span.status)).length,
    spans,
    ...facts,
  };
}
