/** Lists and live views of spans over HTTP, with the real engine. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry, type Telemetry } from '../core/telemetry/telemetry.ts';
import { apiClient } from '../query/api/api-client.ts';
import { positionOf } from '../query/api/cursor-parameter.ts';
import type { filterOf } from '../query/api/filter-parameters.ts';
import { fields } from '../query/api/routes/fields.ts';
import { listSpans } from '../query/api/routes/list-spans.ts';
import type { SpanSummaryJson } from '../query/api/span-summary-json.ts';
import { defaultQueryLimits, defaultReadLimits } from '../query/config.ts';
import { type QueryServer, serveQueries } from '../query/http/http-server.ts';
import { clickHouseTraceStore } from '../query/store/clickhouse-trace-store.ts';
import { boundedReader } from '../query/store/read-limits.ts';
import { SpanTail } from '../query/store/span-tail.ts';
import { epochNs } from '../schemas/testing/a-span.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { gatewayResource, orderSpan, resourceMessage, traceMessage } from '../sink/testing/traces.ts';

let database: TemporaryClickHouse;
let server: QueryServer;
let telemetry: Telemetry;
let base: string;
beforeAll(async () => {
  database = await temporaryClickHouse();
});
afterAll(() => database.remove());
beforeEach(async () => {
  for (const table of ['spans', 'trace', 'trace_by_carried_id', 'resource'])
    await database.clickHouse.execute(`TRUNCATE TABLE ${table}`);
  telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
  server = await serveQueries({
    store: clickHouseTraceStore(database.clickHouse),
    reader: (signal) => boundedReader(database.clickHouse, defaultReadLimits, signal),
    telemetry,
    host: '127.0.0.1',
    port: 0,
    limits: defaultQueryLimits,
  });
  base = `http://127.0.0.1:${server.port}`;
});
afterEach(() => server.close());

const secondNs = 1_000_000_000n;
/** The span with this number, in a trace of its own; five at a time start together. */
const numbered = (number: number, facts: Parameters<typeof orderSpan>[0] = {}): ReturnType<typeof aTrace> =>
  aTrace(
    [
      orderSpan({
        spanId: String(number).padStart(16, '0'),
        startTimeNs: epochNs + BigInt(Math.floor(number / 5)) * 300n * secondNs,
        ...facts,
      }),
    ],
    { traceId: String(number).padStart(32, '0') },
  );
const storeTraces = (...traces: readonly ReturnType<typeof aTrace>[]): Promise<void> =>
  database.store(...traces.map((trace, index) => traceMessage(trace, index)));

type Query = Partial<Parameters<typeof filterOf>[0]> & { readonly calls?: boolean };
async function list(query: Query = {}, limit = 1000): Promise<readonly SpanSummaryJson[]> {
  const answer = await apiClient(base).answer(listSpans, { path: {}, query: { calls: true, ...query, limit } });
  return answer.spans;
}

describe('a list of spans', () => {
  it('has what a row of a table shows, with names and the public id of the trace', async () => {
    await database.store(resourceMessage(gatewayResource({ id: 1, name: 'gateway' }), 0));
    const carried = 'ab'.repeat(16);
    await database.store(traceMessage({ ...numbered(1), carriedTraceId: carried }, 0));
    const [span, ...others] = await list();
    expect(others).toEqual([]);
    expect(span).toMatchObject({
      trace_id: carried,
      span_id: '0000000000000001',
      start_time_ns: String(epochNs),
      observation_point: 's-p',
      protocol: 'http1',
      status: 'ok',
      is_tls: false,
      process_name: 'node',
    });
    expect(span!.service_name).not.toBe('');
    expect(span!.client_address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
  });

  it('is newest first, and goes on where it ended: none twice, none left out, while parts merge', async () => {
    const traces = Array.from({ length: 23 }, (_, number) => numbered(number));
    await storeTraces(...traces, ...traces.map((trace) => ({ ...trace, revision: 5 })));
    const all = (await list()).map(({ span_id: id }) => id);
    expect(all).toHaveLength(23);
    expect(all.slice(0, 4)).toEqual(['20', '21', '22', '15'].map((number) => number.padStart(16, '0')));
    const client = apiClient(base);
    const paged: string[] = [];
    for (let cursor = ''; ;) {
      const position = positionOf(cursor);
      const query = { calls: true, limit: 4, ...(position === undefined ? {} : { cursor: position }) };
      const answer = await client.answer(listSpans, { path: {}, query });
      paged.push(...answer.spans.map(({ span_id: id }) => id));
      cursor = answer.next_cursor;
      if (cursor === '') break;
      await database.clickHouse.execute('OPTIMIZE TABLE spans FINAL');
    }
    expect(paged).toEqual(all);
  });

  it('is of spans that fit all that is asked', async () => {
    await storeTraces(
      numbered(0),
      numbered(5, { status: 'server_error', responseCode: 503, durationNs: 7_000_000 }),
      numbered(10, { protocol: 'redis', endpoint: 'GET' }),
    );
    const numbers = async (query: Query): Promise<readonly number[]> =>
      (await list(query)).map(({ span_id: id }) => Number(id));
    expect(await numbers({ status: 'error' })).toEqual([5]);
    expect(await numbers({ protocol: 'redis' })).toEqual([10]);
    expect(await numbers({ min_duration: 7_000_000 })).toEqual([5]);
    expect(await numbers({ to: epochNs + 300n * secondNs })).toEqual([5, 0]);
    expect(await numbers({ from: epochNs + 1n })).toEqual([10, 5]);
    expect(await numbers({ endpoint: 'gET' })).toEqual([10]);
    for (const [where, found] of [
      ['response_code >= 500', [5]],
      ['not protocol = redis', [5, 0]],
      ['duration >= 7ms or endpoint = GET', [10, 5]],
    ] as const) {
      const response = await fetch(`${base}/api/spans?where=${encodeURIComponent(where)}`);
      const { spans } = (await response.json()) as { spans: readonly SpanSummaryJson[] };
      expect(spans.map(({ span_id: id }) => Number(id))).toEqual(found);
    }
  });

  it('has spans of clocks that are ahead, first', async () => {
    const year2100Ns = 4_102_444_800_000_000_000n;
    await storeTraces(numbered(0), numbered(1), numbered(2, { startTimeNs: year2100Ns }));
    expect((await list({}, 2)).map(({ span_id: id }) => Number(id))).toEqual([2, 0]);
    expect(await list()).toHaveLength(3);
  });

  it('shows one span a call unless all are asked for', async () => {
    const server = orderSpan({ spanId: 'b'.repeat(16) });
    const client = orderSpan({ spanId: 'a'.repeat(16), observationPoint: 'c-p', startTimeNs: server.startTimeNs - 5n });
    await database.store(
      traceMessage(aTrace([client, { ...server, parentSpanId: client.spanId, reason: 'tcp_sequence' }]), 0),
    );
    expect(await list({ calls: false })).toHaveLength(2);
    expect(await list()).toHaveLength(1);
  });
});

/** Events of a live view, as they come. */
async function* eventsOf(path: string, signal: AbortSignal): AsyncGenerator<{ readonly event: string; data: unknown }> {
  const response = await fetch(`${base}${path}`, { signal });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  let text = '';
  for await (const bytes of response.body!) {
    text += Buffer.from(bytes as Uint8Array).toString();
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/s.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event !== undefined) yield { event, data: JSON.parse(data!) as unknown };
    }
  }
}
const open = async (): Promise<number> =>
  Number(/^spanloom_query_requests_open (\d+)$/m.exec(await telemetry.registry.metrics())![1]);
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a live view', () => {
  it('shows what is stored while it is open, each span once, and ends with its client', async () => {
    await storeTraces(numbered(0), numbered(1, { protocol: 'redis' }));
    const controller = new AbortController();
    const events = eventsOf('/api/spans/tail?protocol=http1', controller.signal);
    expect((await events.next()).value).toMatchObject({ event: 'spans', data: [{ span_id: '0000000000000000' }] });
    await storeTraces(numbered(2), numbered(3), numbered(4, { protocol: 'redis' }));
    const stored = (await events.next()).value as { readonly data: readonly SpanSummaryJson[] };
    expect(stored.data.map(({ span_id: id }) => Number(id))).toEqual([2, 3]);
    expect(await open()).toBe(1);
    controller.abort();
    await expect(events.next()).rejects.toThrow();
    await until(async () => (await open()) === 0);
  });

  it('is one of a few for each client', async () => {
    const controller = new AbortController();
    const views = [];
    for (let view = 0; view < 4; view++) {
      const response = await fetch(`${base}/api/spans/tail`, { signal: controller.signal });
      expect(response.status).toBe(200);
      views.push(response);
    }
    expect((await fetch(`${base}/api/spans/tail`)).status).toBe(429);
    expect((await fetch(`${base}/api/spans`)).status).toBe(200);
    controller.abort();
    await Promise.all(views.map((view) => view.text().catch(() => '')));
    await until(async () => (await open()) === 0);
    const again = new AbortController();
    expect((await fetch(`${base}/api/spans/tail`, { signal: again.signal })).status).toBe(200);
    again.abort();
    expect((await fetch(`${base}/api/spans/tail?from=2026-01-01`)).status).toBe(400);
  });

  it('gives the newest of many, and says how many others there were', async () => {
    const reader = boundedReader(database.clickHouse, defaultReadLimits, undefined);
    const tail = new SpanTail({ onlyCalls: true });
    const nowNs = epochNs + secondNs;
    expect(await tail.look(reader, nowNs)).toEqual({ spans: [], skipped: 0 });
    const many = Array.from({ length: 250 }, (_, number) =>
      orderSpan({ spanId: String(number).padStart(16, '0'), startTimeNs: epochNs + BigInt(number) }),
    );
    await database.store(traceMessage(aTrace(many), 0));
    const { spans, skipped } = await tail.look(reader, nowNs);
    expect([spans.length, skipped]).toEqual([200, 50]);
    expect(spans[0]!.span_id).toBe('249'.padStart(16, '0'));
    expect(await tail.look(reader, nowNs)).toEqual({ spans: [], skipped: 0 });
    // A clock that is far ahead hides nothing.
    await storeTraces(numbered(900, { startTimeNs: nowNs + 3_600n * secondNs }), numbered(901, { startTimeNs: nowNs }));
    expect((await tail.look(reader, nowNs)).spans.map(({ span_id: id }) => Number(id))).toEqual([901]);
  });
});

it('the fields of a condition are those of spans, names of both sides, and keys that resources have', async () => {
  await database.store(
    resourceMessage(gatewayResource({ id: 1, labels: { app: 'x', "it's": 'y' }, annotations: { owner: 'z' } }), 0),
  );
  const answer = await apiClient(base).answer(fields, { path: {}, query: {} });
  for (const field of [
    { field: 'response_code', kind: 'span' },
    { field: 'pod', kind: 'tag' },
    { field: 'server.auto_service', kind: 'tag' },
    { field: "label('app')", kind: 'label' },
    { field: "label('it\\'s')", kind: 'label' },
    { field: "annotation('owner')", kind: 'annotation' },
  ])
    expect(answer.fields).toContainEqual(field);
  expect(answer.is_truncated).toBe(false);
});
