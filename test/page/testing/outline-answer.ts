import { outlineText } from '../../../query/api/outline-text.ts';
import type { OutlinePageJson } from '../../../query/api/trace-outline-json.ts';
import type { SpanJson } from '../../../query/ui/trace/model/span-json.ts';
import { outlineOf } from '../../../query/ui/trace/model/testing/outline-of.ts';

/** What the API answers about a trace of these spans: its outline. @param leftOut spans that the answer says it lacks */
export async function* outlineAnswer(
  traceId: string,
  spans: readonly Partial<SpanJson>[],
  leftOut = 0,
): AsyncGenerator<string> {
  const head = { trace_id: traceId, stored_trace_id: traceId, also_carried_by: [], revision: 1 };
  const end: IteratorResult<OutlinePageJson, { leftOut: number }> = { done: true, value: { leftOut } };
  yield* outlineText(head, { done: false, value: outlineOf(spans) }, () => Promise.resolve(end));
}
