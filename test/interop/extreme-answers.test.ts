/** What other tools' APIs answer about a store that is unlike any other: very many services, and the ends of time. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { traceMessage } from '../../sink/testing/traces.ts';
import { shopMessages, shopTrace } from './shop-traces.ts';
import { type StoredApi, storedApi } from './stored-api.ts';

const services = 100_000;
/** The last second of what nanoseconds hold, in the year 2262. */
const lastS = 9_223_372_035;
/** In the year 2100. The sink refuses what is further ahead than SPANLOOM_SINK_MAX_AHEAD; days end in 2149 in ClickHouse. */
const lateS = 4_102_444_800;

/** A trace of the shop at another time. */
function traceAt(number: number, startTimeNs: bigint): ReturnType<typeof traceMessage> {
  const trace = shopTrace(number);
  const spans = trace.spans.map((span) => ({
    ...span,
    startTimeNs: span.startTimeNs - trace.startTimeNs + startTimeNs,
  }));
  return traceMessage(aTrace(spans, { traceId: trace.traceId }), number);
}

let api: StoredApi;
beforeAll(async () => {
  api = await storedApi([...shopMessages(0), traceAt(1, 0n), traceAt(2, BigInt(lateS) * 1_000_000_000n)]);
  await api.database.clickHouse.execute(
    `INSERT INTO spans (trace_id, span_id, start_time, observation_point, process_name, request_type, endpoint, protocol, is_call)
     SELECT unhex('ee000000000000000000000000000000'), reinterpretAsFixedString(number + 1)::FixedString(8),
       toDateTime64(${lateS - 60}, 9, 'UTC'), 's-p', concat('service <b>', toString(number), '</b>'), 'GET',
       concat('/', toString(number)), 'http1', true
     FROM numbers(${services})`,
  );
}, 180_000);
afterAll(() => api.close());

/** Asks, and gives what was answered with the size of the answer in bytes. */
async function ask(path: string): Promise<{ status: number; body: unknown; bytes: number }> {
  const response = await api.get(path);
  const text = await response.text();
  return { status: response.status, body: JSON.parse(text) as unknown, bytes: text.length };
}

describe('of 100,000 services', () => {
  it.each([
    ['/jaeger/api/services', 'data', 10_000],
    ['/jaeger/api/v3/services', 'services', 10_000],
    ['/tempo/api/search/tag/service.name/values', 'tagValues', 1_000],
    ['/tempo/api/v2/search/tag/resource.service.name/values', 'tagValues', 1_000],
    ['/tempo/api/v2/search/tag/name/values', 'tagValues', 1_000],
    ['/tempo/api/v2/search/tag/resource.service.name/values?limit=5', 'tagValues', 5],
  ])('%s lists a bounded number', async (path, field, most) => {
    const { status, body, bytes } = await ask(path);
    expect(status).toBe(200);
    const list = (body as Readonly<Record<string, readonly unknown[]>>)[field]!;
    expect([list.length > 0, list.length <= most, bytes < 2_000_000]).toEqual([true, true, true]);
  });
});

describe('at the ends of time', () => {
  it('Tempo finds traces of 1970 and of 2100 in ranges up to 2262, with their times in full', async () => {
    const { status, body } = await ask(
      `/tempo/api/search?q=${encodeURIComponent('{ resource.service.name = "prices" }')}&start=1&end=${lastS}&spss=1`,
    );
    expect(status).toBe(200);
    const { traces } = body as { traces: readonly { startTimeUnixNano: string; durationMs: number }[] };
    expect(traces.map(({ startTimeUnixNano, durationMs }) => [startTimeUnixNano, durationMs])).toEqual([
      [`${lateS}000000000`, 25],
    ]);
    const old = await ask('/tempo/api/search?q=%7B%7D&end=1&limit=3&minDuration=1ms');
    expect(old.body).toMatchObject({ traces: [{ traceID: shopTrace(1).traceId, startTimeUnixNano: '0' }] });
    for (const number of [1, 2])
      expect((await ask(`/tempo/api/v2/traces/${shopTrace(number).traceId}`)).status).toBe(200);
  });

  it('Jaeger too', async () => {
    const { status, body } = await ask(`/jaeger/api/traces?service=prices&start=0&end=${lastS}999999&limit=5`);
    expect(status).toBe(200);
    expect((body as { data: readonly unknown[] }).data.length).toBeGreaterThan(0);
    expect((await ask(`/jaeger/api/traces/${shopTrace(1).traceId}`)).body).toHaveProperty(
      'data.0.spans.0.startTime',
      0,
    );
  });

  it.each([
    '/tempo/api/search?start=99999999999',
    '/tempo/api/search?end=-1',
    '/tempo/api/search?limit=1e9',
    '/tempo/api/search?spss=many',
    '/tempo/api/search?minDuration=long',
    '/tempo/api/v2/search/tag/name/values?limit=-1',
    `/jaeger/api/traces?service=prices&end=${'9'.repeat(30)}`,
  ])('%s is refused', async (path) => {
    expect((await ask(path)).status).toBe(400);
  });
});
