import { aSpan } from '../../schemas/testing/a-span.ts';
import { spanToJson } from '../../schemas/trace-json.ts';

const markup = '<img src=x onerror="globalThis.wasExecuted = 1"><script>globalThis.wasExecuted = 1</script>';

/** The JSON of a trace that no stage makes: parents in a circle, markup in every text, times of 1970 and 2262, 100,000 fields. */
export function hostileTrace(traceId: string): readonly string[] {
  const many = Object.fromEntries(
    Array.from({ length: 100_000 }, (_, number) => [`field_${number}`, `${number} ${markup}`]),
  );
  const spans = [
    spanToJson(aSpan({ spanId: '00000000000000a1', parentSpanId: '00000000000000a2', startTimeNs: 1n })),
    {
      ...spanToJson(
        aSpan({
          spanId: '00000000000000a2',
          parentSpanId: '00000000000000a1',
          startTimeNs: 9_223_372_036_854_775_807n,
        }),
      ),
      many,
    },
    spanToJson(
      aSpan({ spanId: '00000000000000a3', parentSpanId: '00000000000000a3', endpoint: markup, requestType: markup }),
    ),
    {
      ...spanToJson(aSpan({ spanId: '00000000000000a4', parentSpanId: 'gone' })),
      service_name: markup,
      server_service_name: markup,
    },
    { span_id: 7, duration_ns: 'long', start_time_ns: null, client: null, likely_parents: null },
  ];
  return [JSON.stringify({ trace_id: traceId, revision: 1, stored_trace_id: '', also_carried_by: [], spans })];
}
