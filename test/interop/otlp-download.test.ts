/** OTLP of a stored trace, through the API and the real engine. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { OtlpJsonResourceSpans, OtlpJsonSpan } from '../../opentelemetry/otlp-json.ts';
import { PublishedNames } from '../../sink/otlp/published-names.ts';
import { otlpJson } from '../../opentelemetry/otlp-json.ts';
import { visibleSpans } from '../../opentelemetry/visible-spans.ts';
import { orderSpan, traceMessage } from '../../sink/testing/traces.ts';
import { epochNs } from '../../schemas/testing/a-span.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { podSide, shopMessages, shopTrace } from './shop-traces.ts';
import { type StoredApi, storedApi } from './stored-api.ts';

/** Spans that show as one call each: half of them were also seen on an interface. */
const manyCalls = 700;
const manySpans = Array.from({ length: manyCalls }, (_, index) => {
  const startTimeNs = epochNs + BigInt(index) * 1_000n;
  const isNetwork = index % 2 === 1;
  return orderSpan({
    spanId: (0xf0000 + index).toString(16).padStart(16, '0'),
    parentSpanId: index === 0 ? '' : (0xf0000 + index - 1).toString(16).padStart(16, '0'),
    reason: index === 0 ? 'root' : isNetwork ? 'tcp_sequence' : 'last_read',
    observationPoint: isNetwork ? 's-nd' : 'c-p',
    startTimeNs,
    client: podSide(1, 40_000 + index),
    server: podSide(2, 80),
  });
});
const manyId = 'bb'.repeat(16);

let api: StoredApi;
beforeAll(async () => {
  api = await storedApi([...shopMessages(2), traceMessage(aTrace(manySpans, { traceId: manyId }), 9)]);
});
afterAll(() => api.close());

interface Otlp {
  readonly resourceSpans: readonly OtlpJsonResourceSpans[];
}
const spansOf = ({ resourceSpans }: Otlp): readonly OtlpJsonSpan[] =>
  resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));

describe('a trace as OTLP', () => {
  it('is what the topic otlp_spans has of it, as a file', async () => {
    const trace = shopTrace(1);
    const response = await api.get(`/api/traces/${trace.traceId}/otlp`);
    expect(response.headers.get('content-disposition')).toBe(`attachment; filename="trace-${trace.traceId}.json"`);
    const names = new PublishedNames();
    for (const message of shopMessages(0)) names.learn(message);
    const { traceId, revision } = trace;
    const expected = otlpJson(
      { otelTraceId: traceId, storedTraceId: traceId, revision },
      visibleSpans(trace.spans),
      names,
    );
    const received = (await response.json()) as Otlp;
    expect(spansOf(received)).toEqual(spansOf({ resourceSpans: expected }));
    expect(received.resourceSpans.map(({ resource }) => resource)).toEqual(expected.map(({ resource }) => resource));
    expect(JSON.stringify(received)).toContain('{"key":"k8s.pod.uid","value":{"stringValue":"uid-prices-0"}}');
    expect(JSON.stringify(received)).toContain('{"key":"k8s.statefulset.name","value":{"stringValue":"prices"}}');
  });

  it('of many pages leaves out views from the network, whichever page the call is on', async () => {
    const received = (await api.json(`/api/traces/${manyId}/otlp`)) as Otlp;
    const expected = visibleSpans(manySpans).map(({ span, parentSpanId }) => [span.spanId, parentSpanId]);
    expect(spansOf(received).map(({ spanId, parentSpanId = '' }) => [spanId, parentSpanId])).toEqual(expected);
    expect(expected).toHaveLength(manyCalls / 2);
  });

  it('that is not there, or has no such id, is refused', async () => {
    expect((await api.get(`/api/traces/${'c'.repeat(32)}/otlp`)).status).toBe(404);
    expect((await api.get('/api/traces/nothing/otlp')).status).toBe(400);
    expect((await api.get(`/api/traces/${'a0'.repeat(2)}/otlp`)).status).toBe(409);
  });
});
