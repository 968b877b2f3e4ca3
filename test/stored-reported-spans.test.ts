/** Spans that applications reported, as the sink stores and the query stage finds them: with the real engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aReportedSpan } from '../opentelemetry/testing/a-reported-span.ts';
import { namedTraceToJson } from '../query/api/named-trace-json.ts';
import { clickHouseTraceStore } from '../query/store/clickhouse-trace-store.ts';
import type { NamedTrace, TraceStore } from '../query/store/trace-store.ts';
import { parseWhere } from '../query/where/parse-where.ts';
import { epochNs } from '../schemas/testing/a-span.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import type { JsonObject } from '../schemas/trace-json.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { orderSpan, traceMessage } from '../sink/testing/traces.ts';

let database: TemporaryClickHouse;
let store: TraceStore;
beforeAll(async () => {
  database = await temporaryClickHouse();
  store = clickHouseTraceStore(database.clickHouse);
});
afterAll(() => database.remove());
beforeEach(async () => {
  for (const table of ['spans', 'reported_span', 'trace', 'trace_version', 'trace_by_carried_id'])
    await database.clickHouse.execute(`TRUNCATE TABLE ${table}`);
});

const traceA = '000000000000000000000000000000aa';
const traceB = '000000000000000000000000000000bb';

async function found(): Promise<NamedTrace> {
  const result = await store.findTrace(traceA);
  if (result.kind !== 'found') throw new Error(`${traceA} is ${result.kind}`);
  return result.named;
}

describe('stored spans of applications', () => {
  it('are read with what they were reported with, up to a bound for each', async () => {
    const root = orderSpan({ spanId: '00000000000000c1' });
    const small = aReportedSpan({ parentSpanId: root.spanId });
    const large = aReportedSpan(
      { spanId: '00000000000000c2', parentSpanId: root.spanId },
      { attributes: [{ key: 'huge', value: { stringValue: 'x'.repeat(1024 * 1024) } }] },
    );
    await database.store(traceMessage(aTrace([root, small, large], { rootSpanId: root.spanId }), 0));
    // A revision whose spans were not stored yet, as a kill leaves it.
    await database.clickHouse.execute(
      `INSERT INTO reported_span SELECT * REPLACE (revision + 1 AS revision, toFixedString(unhex('${traceB}'), 16) AS trace_id)
       FROM reported_span`,
    );
    const { trace } = await found();
    const read = new Map(trace.spans.map((span) => [span.spanId, Buffer.from(span.otlp).toString('base64')]));
    expect(Object.fromEntries(read)).toEqual({
      [root.spanId]: '',
      [small.spanId]: Buffer.from(small.otlp).toString('base64'),
      [large.spanId]: '',
    });
    const json = namedTraceToJson(await found())['spans'] as readonly JsonObject[];
    const byId = new Map(json.map((span) => [span['span_id'], span]));
    expect(byId.get(root.spanId)).not.toHaveProperty('attributes');
    expect(byId.get(large.spanId)).toMatchObject({ is_details_cut: true });
    expect(byId.get(small.spanId)).toMatchObject({
      attributes: expect.arrayContaining([
        { key: 'cart.items', type: 'int', value: '9007199254740993' },
        { key: 'cart.total', type: 'double', value: 12.5 },
        {
          key: 'cart.address',
          type: 'map',
          value: [
            { key: 'zip', type: 'string', value: '10115' },
            { key: 'city', type: 'string', value: 'Berlin' },
          ],
        },
      ]) as unknown,
      events: [{ time_ns: '1760000000000250000', name: 'exception' }],
      links: [{ trace_id: '0123456789abcdef0123456789abcdef', span_id: '0123456789abcdef' }],
      resource_attributes: expect.arrayContaining([
        { key: 'service.name', type: 'string', value: 'checkout' },
      ]) as unknown,
      scope: { name: 'shop', version: '1.2' },
      span_kind: 'internal',
      status_code: 'error',
    });
  });

  it('are found by their attributes and those of their resources', async () => {
    const reported = aReportedSpan({ spanId: '00000000000000c1' });
    await database.store(
      traceMessage(aTrace([reported], { traceId: traceA }), 0),
      traceMessage(aTrace([orderSpan({ spanId: '00000000000000c2' })], { traceId: traceB }), 1),
    );
    const listed = async (text: string, fromNs?: bigint): Promise<readonly string[]> => {
      const result = parseWhere(text);
      if (result.kind !== 'where') throw new Error(result.problem);
      const filter = { sort: 'newest', limit: 100, where: result.where } as const;
      const { traces } = await store.listTraces({ ...filter, ...(fromNs === undefined ? {} : { fromNs }) });
      return traces.map((trace) => trace.traceId);
    };
    const both = [traceB, traceA];
    for (const [text, expected] of [
      ["attribute('user.id') = 'u-4711'", [traceA]],
      ["attribute('user.id') != 'u-4711'", [traceB]],
      ["attribute('user.id') in (a, 'u-4711')", [traceA]],
      ["attribute('url.path') ~ OUT", [traceA]],
      ["attribute('url.path') like '/checkout/%'", [traceA]],
      ["attribute('cart.total') > 12 and attribute('cart.total') <= 12.5", [traceA]],
      ["attribute('user.id') > 0", []],
      ["attribute('deployment.environment.name') = production", [traceA]],
      ["attribute('cart.is_gift') = true and endpoint = 'charge card'", [traceA]],
      ["attribute('cart.is_gift') = true or endpoint = '/api/orders/{}'", both],
      ["attribute('user.id') = ''", [traceB]],
      ["not attribute('none') = x", both],
    ] as const)
      expect((await listed(text)).toSorted(), text).toEqual([...expected].toSorted());
    expect(await listed("attribute('user.id') = 'u-4711'", epochNs)).toEqual([traceA]);
    expect(await listed("attribute('user.id') = 'u-4711'", epochNs + 1n)).toEqual([]);
  });
});
