import type { SpanJson } from '../../../query/ui/trace/model/span-json.ts';
import { aSpan } from '../../../schemas/testing/a-span.ts';
import { spanToJson } from '../../../schemas/trace-json.ts';

const markup = '<img src=x onerror="globalThis.wasExecuted = 1"><script>globalThis.wasExecuted = 1</script>';

/** Spans that no stage makes: parents in a circle, markup in every text, times of 1970 and 2262, 100,000 fields. */
export function hostileSpans(): readonly Partial<SpanJson>[] {
  const many = Object.fromEntries(
    Array.from({ length: 100_000 }, (_, number) => [`field_${number}`, `${number} ${markup}`]),
  );
  const json = (fields: Parameters<typeof aSpan>[0]): SpanJson => spanToJson(aSpan(fields)) as unknown as SpanJson;
  return [
    json({ spanId: '00000000000000a1', parentSpanId: '00000000000000a2', startTimeNs: 1n }),
    {
      ...json({
        spanId: '00000000000000a2',
        parentSpanId: '00000000000000a1',
        startTimeNs: 9_223_372_036_854_775_807n,
      }),
      ...{ many },
    },
    json({ spanId: '00000000000000a3', parentSpanId: '00000000000000a3', endpoint: markup, requestType: markup }),
    {
      ...json({ spanId: '00000000000000a4', parentSpanId: 'dead' }),
      service_name: markup,
      server_service_name: markup,
    },
  ];
}
