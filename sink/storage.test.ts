import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { enumColumns } from '../core/clickhouse/enum-columns.ts';
import { aReportedSpan, checkoutAttributes } from '../opentelemetry/testing/a-reported-span.ts';
import { schemas } from '../schemas/generated/schemas.ts';
import { spanToJson, traceToJson } from '../schemas/trace-json.ts';
import { arbitraryTrace } from './testing/arbitrary-trace.ts';
import { callEnds } from './testing/call-reference.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from './testing/temporary-clickhouse.ts';
import { makeLoadTrace, resourceMessage, traceMessage } from './testing/traces.ts';
import { gatewayResource, orderSpan } from './testing/traces.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { epochNs } from '../schemas/testing/a-span.ts';

let database: TemporaryClickHouse;
const traceA = '000000000000000000000000000000aa';
const traceB = '000000000000000000000000000000bb';

beforeAll(async () => {
  database = await temporaryClickHouse();
});
afterAll(() => database.remove());
beforeEach(async () => {
  for (const table of ['spans', 'reported_span', 'trace', 'resource'])
    await database.clickHouse.execute(`TRUNCATE TABLE ${table}`);
});

/** span_id → trace_id, as a reader sees it. */
async function storedSpans(): Promise<Readonly<Record<string, string>>> {
  const rows = await database.clickHouse.select<{ span: string; trace: string }>(
    'SELECT lower(hex(span_id)) AS span, lower(hex(trace_id)) AS trace FROM spans FINAL ORDER BY span_id',
  );
  expect(new Set(rows.map((row) => row.span)).size).toBe(rows.length);
  return Object.fromEntries(rows.map((row) => [row.span, row.trace]));
}

async function storedTraces(): Promise<readonly unknown[]> {
  return database.clickHouse.select(
    "SELECT lower(hex(trace_id)) AS trace, revision, span_count, merged_into != toFixedString('', 16) AS merged FROM trace FINAL ORDER BY trace_id",
  );
}

const first = orderSpan({ spanId: '0000000000000001' });
const second = orderSpan({ spanId: '0000000000000002', parentSpanId: first.spanId, startTimeNs: epochNs + 1_000_000n });
const third = orderSpan({ spanId: '0000000000000003', startTimeNs: epochNs + 90_000_000_000_000n });

describe('what is stored is there once', () => {
  it('stores a trace that is delivered twice once', async () => {
    const message = traceMessage(aTrace([first, second]), 0);
    await database.store(message);
    await database.store(message, message);
    expect(await storedSpans()).toEqual({ [first.spanId]: traceA, [second.spanId]: traceA });
    expect(await storedTraces()).toEqual([{ trace: traceA, revision: 2, span_count: 2, merged: 0 }]);
  });

  it('shows the later revision of a trace, in whatever order the revisions come', async () => {
    const early = traceMessage(aTrace([first]), 0);
    const late = traceMessage(aTrace([first, { ...second, reason: 'agreement' }, third]), 1);
    for (const order of [
      [early, late],
      [late, early],
    ]) {
      await database.clickHouse.execute('TRUNCATE TABLE spans');
      await database.clickHouse.execute('TRUNCATE TABLE trace');
      for (const message of order) await database.store(message);
      expect(Object.keys(await storedSpans())).toHaveLength(3);
      expect(await storedTraces()).toEqual([{ trace: traceA, revision: 3, span_count: 3, merged: 0 }]);
    }
  });

  it('moves a span to the trace that took over its own, across days and also when the old one is delivered again', async () => {
    const own = traceMessage(aTrace([third], { traceId: traceB }), 0);
    const survivor = traceMessage(aTrace([first, second, third]), 1);
    const merged = traceMessage(aTrace([], { traceId: traceB, revision: 1, mergedInto: traceA }), 2);
    await database.store(own);
    await database.store(survivor, merged);
    await database.store(own);
    expect(await storedSpans()).toEqual({
      [first.spanId]: traceA,
      [second.spanId]: traceA,
      [third.spanId]: traceA,
    });
    expect(await storedTraces()).toEqual([
      { trace: traceA, revision: 3, span_count: 3, merged: 0 },
      { trace: traceB, revision: 1, span_count: 0, merged: 1 },
    ]);
  });

  it('moves what an application reported with its span, and replaces it with it', async () => {
    const span = aReportedSpan({ startTimeNs: third.startTimeNs });
    const own = traceMessage(aTrace([span], { traceId: traceB }), 0);
    await database.store(own);
    await database.store(
      traceMessage(aTrace([first, second, { ...span, parentSpanId: first.spanId }]), 1),
      traceMessage(aTrace([], { traceId: traceB, revision: 1, mergedInto: traceA }), 2),
    );
    await database.store(own);
    const rows = await database.clickHouse.select(
      `SELECT lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span, lower(hex(parent_span_id)) AS parent, base64Encode(otlp) AS otlp
      FROM reported_span FINAL`,
    );
    const otlp = Buffer.from(span.otlp).toString('base64');
    expect(rows).toEqual([{ trace: traceA, span: span.spanId, parent: first.spanId, otlp }]);
  });

  it('keeps it so when the engine merges its parts', async () => {
    for (let repeat = 0; repeat < 3; repeat++)
      await database.store(traceMessage(aTrace([first, second], { revision: 2 + repeat }), repeat));
    await database.clickHouse.execute('OPTIMIZE TABLE spans FINAL');
    const [count] = await database.clickHouse.select('SELECT count() AS rows, max(revision) AS revision FROM spans');
    expect(count).toEqual({ rows: 2, revision: 4 });
  });
});

describe('what is stored is what was sent', () => {
  const days = fc.bigInt({ min: epochNs, max: epochNs + 2n * 86_400_000_000_000n });

  it('gives back every field of every span', async () => {
    const traces = fc.sample(arbitraryTrace({ timeNs: days }), { numRuns: 150, seed: 7 });
    await database.store(...traces.map((trace, index) => traceMessage(trace, index)));
    const rows = await database.clickHouse.select<Readonly<Record<string, unknown>> & { readonly span_id: string }>(
      `SELECT * REPLACE (
          lower(hex(trace_id)) AS trace_id, lower(hex(span_id)) AS span_id,
          if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))) AS parent_span_id,
          arrayMap(likely -> (lower(hex(likely.1)), toString(likely.2), likely.3, likely.4), likely_parents) AS likely_parents,
          arrayMap(cause -> (cause.1, lower(hex(cause.2)), cause.3, cause.4, cause.5), causes) AS causes),
        toString(toUnixTimestamp64Nano(start_time)) AS start_time_ns
      FROM spans`,
    );
    const bySpanId = new Map(rows.map((row) => [row.span_id, row]));
    const reported = await storedReports();
    expect(bySpanId.size).toBe(traces.reduce((sum, trace) => sum + trace.spans.length, 0));
    for (const trace of traces) {
      const ends = callEnds(trace.spans);
      for (const [index, span] of trace.spans.entries()) {
        const row = bySpanId.get(span.spanId)!;
        const { client, server, causes, likely_parents: likely, nat, tunnels, otlp, ...fields } = spanToJson(span);
        expect(row).toMatchObject(fields);
        const { trace_id, otel_trace_id, revision, parent_span_id, span_id, start_time, duration_ns } = row;
        const ofSpan = { trace_id, otel_trace_id, revision, parent_span_id, span_id, start_time, duration_ns };
        expect(reported.get(span.spanId)).toEqual(
          span.signalSource === 'otel'
            ? { ...ofSpan, otel_trace_id: trace.carriedTraceId || trace.traceId, otlp }
            : undefined,
        );
        expect(row['trace_id']).toBe(trace.traceId);
        expect(row['revision']).toBe(trace.revision);
        for (const [column, records] of Object.entries({ causes, likely_parents: likely }))
          expect(row[column]).toEqual((records as readonly object[]).map((record): unknown[] => Object.values(record)));
        for (const [column, records] of Object.entries({ nat, tunnels }))
          expect((row[column] as readonly object[]).map(plainAddresses)).toEqual(records);
        for (const [side, record] of Object.entries({ client, server }))
          for (const [name, value] of Object.entries(record as object)) {
            const stored = row[`${side}_${name}`];
            if (name === 'address') expect(plainAddress(String(stored))).toBe(value);
            else expect(stored).toBe(value);
          }
        expect(row['is_call']).toBe(ends[index]!.isCall);
      }
    }
  });

  /** What is stored of spans beside their rows, by span id. */
  async function storedReports(): Promise<ReadonlyMap<string, object>> {
    const rows = await database.clickHouse.select<{ readonly span_id: string }>(
      `SELECT lower(hex(trace_id)) AS trace_id, lower(hex(otel_trace_id)) AS otel_trace_id, revision,
        if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))) AS parent_span_id,
        lower(hex(span_id)) AS span_id, start_time, duration_ns, base64Encode(otlp) AS otlp
      FROM reported_span`,
    );
    return new Map(rows.map((row) => [row.span_id, row]));
  }

  it('has what an application reported in columns, in the shape of the OpenTelemetry Collector', async () => {
    const long = 'é'.repeat(3000);
    const span = aReportedSpan(
      {},
      { attributes: [...checkoutAttributes, { key: 'long', value: { stringValue: long } }] },
    );
    await database.store(traceMessage(aTrace([first, span]), 0));
    const [row, ...others] = await database.clickHouse.select<Readonly<Record<string, unknown>>>(
      'SELECT * EXCEPT (trace_id, otel_trace_id, parent_span_id, otlp) REPLACE (lower(hex(span_id)) AS span_id) FROM reported_span',
    );
    expect(others).toEqual([]);
    expect(row).toMatchObject({
      span_id: span.spanId,
      name: 'charge card',
      kind: 'Internal',
      trace_state: 'vendor=1',
      status_code: 'Error',
      status_message: 'card was declined',
      scope_name: 'shop',
      scope_version: '1.2',
      resource_attributes: { 'service.name': 'checkout', 'service.instance.id': 'checkout-1' },
      attributes: { 'cart.items': '9007199254740993', 'cart.is_gift': 'true', 'cart.codes': '["a\\u003cb",2]' },
      event_times: ['2025-10-09 08:53:20.000250000'],
      event_names: ['exception'],
      event_attributes: [{ 'exception.type': 'CardError', 'exception.message': 'card was declined' }],
      link_trace_ids: ['0123456789abcdef0123456789abcdef'],
      link_span_ids: ['0123456789abcdef'],
      link_trace_states: ['other=2'],
      link_attributes: [{ 'messaging.batch': '3' }],
    });
    // 4 KiB at most, cut between two characters.
    expect((row!['attributes'] as Readonly<Record<string, string>>)['long']).toBe('é'.repeat(2048));
  });

  /** A record of which every text is an address or a name of an enum. */
  function plainAddresses(record: object): object {
    return Object.fromEntries(
      Object.entries(record).map(([name, value]) => [name, typeof value === 'string' ? plainAddress(value) : value]),
    );
  }

  function plainAddress(stored: string): string {
    return stored === '::' ? '' : stored.replace(/^::ffff:(?=\d+\.)/, '');
  }

  it('has a column for every field of the schema', () => {
    const elsewhere = ['client', 'server', 'otlp'];
    const fields = Object.keys(spanToJson(first)).filter((name) => !elsewhere.includes(name));
    const sides = Object.keys(spanToJson(first)['client'] as object);
    const expected = [...fields, ...sides.flatMap((name) => [`client_${name}`, `server_${name}`])];
    return expect(columnsOf('spans')).resolves.toEqual(
      expect.arrayContaining(expected.map((name) => (name === 'start_time_ns' ? 'start_time' : name))),
    );
  });

  async function columnsOf(table: string): Promise<readonly string[]> {
    const rows = await database.clickHouse.select<{ name: string }>(
      `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '${table}'`,
    );
    return rows.map((row) => row.name);
  }

  it('knows every symbol of every enum of the schema', async () => {
    const listed = (symbols: readonly string[]): string =>
      `Enum8(${symbols.map((symbol, index) => `'${symbol}' = ${index}`).join(', ')})`;
    const types = await database.clickHouse.select<{ table: string; name: string; type: string }>(
      'SELECT table, name, type FROM system.columns WHERE database = currentDatabase()',
    );
    const typeOf = (table: string, name: string): string =>
      types.find((column) => column.table === table && column.name === name)!.type;
    for (const { table, column, enums } of enumColumns)
      expect(typeOf(table, column).match(/Enum8\([^()]*\)/g), `${table}.${column}`).toEqual(enums.map(listed));
    expect(schemas.Trace.text).toContain('causes');
  });

  it('tells a trace by its root', async () => {
    const trace = makeLoadTrace(5);
    await database.store(traceMessage(trace, 0));
    const [row] = await database.clickHouse.select(
      'SELECT lower(hex(root_span_id)) AS root_span_id, duration_ns, span_count, root_service_id, root_endpoint, root_status FROM trace FINAL',
    );
    expect(row).toEqual({
      root_span_id: traceToJson(trace)['root_span_id'],
      duration_ns: trace.durationNs,
      span_count: 8,
      root_service_id: 1,
      root_endpoint: '/api/orders/{}',
      root_status: 'ok',
    });
  });
});

describe('names', () => {
  it('are read through dictionaries, as they are now and as they were', async () => {
    const old = gatewayResource({ name: 'before', labels: { team: 'a' } });
    const later = gatewayResource({ name: 'after', validFromNs: epochNs + 1_000_000_000n });
    await database.store(resourceMessage(old, 0), traceMessage(aTrace([first]), 0));
    const nameOf = (time: bigint): string =>
      `dictGet('resource_at', 'name', resource_key(13, 1), fromUnixTimestamp64Nano(${time}, 'UTC'))`;
    const sql = `SELECT dictGet('resource_now', 'name', resource_key(13, 1)) AS now, ${nameOf(epochNs)} AS then,
      ${nameOf(epochNs + 2_000_000_000n)} AS later, resource_label('team', 13, 1, now()) AS team`;
    expect(await database.clickHouse.select(sql)).toEqual([
      { now: 'before', then: 'before', later: 'before', team: 'a' },
    ]);
    await database.store(resourceMessage(later, 1));
    expect(await database.clickHouse.select(sql)).toEqual([{ now: 'after', then: 'before', later: 'after', team: '' }]);
  });

  it('that were corrected replace the wrong ones', async () => {
    await database.store(resourceMessage(gatewayResource({ name: 'wrong' }), 0));
    await database.store(resourceMessage(gatewayResource({ name: 'right' }), 1));
    const rows = await database.clickHouse.select('SELECT name FROM resource FINAL');
    expect(rows).toEqual([{ name: 'right' }]);
  });
});

describe('views', () => {
  it('count each call once, with the services at both ends, however often a trace is written', async () => {
    for (const [id, name] of ['gateway', 'items', 'users', 'prices'].entries())
      await database.store(resourceMessage(gatewayResource({ id: id + 1, uid: name, name }), id));
    const trace = makeLoadTrace(0);
    await database.store(traceMessage({ ...trace, revision: 7, spans: trace.spans.slice(0, 7) }, 0));
    await database.store(traceMessage(trace, 1));
    await database.store(traceMessage(trace, 1));
    const edges = await database.clickHouse.select(
      'SELECT client_name, server_name, protocol, calls, errors FROM service_edge ORDER BY server_name, client_name',
    );
    expect(edges).toEqual([
      { client_name: 'prices', server_name: '', protocol: 'mysql', calls: 1, errors: 0 },
      { client_name: '', server_name: 'gateway', protocol: 'http1', calls: 1, errors: 0 },
      { client_name: 'gateway', server_name: 'items', protocol: 'http1', calls: 1, errors: 0 },
      { client_name: 'gateway', server_name: 'prices', protocol: 'http1', calls: 1, errors: 0 },
      { client_name: 'gateway', server_name: 'users', protocol: 'http1', calls: 1, errors: 0 },
    ]);
  });

  it('give the OpenTelemetry shape', async () => {
    const failed = orderSpan({
      status: 'server_error',
      responseCode: 503,
      responseException: 'no stock',
      spanId: 'f'.repeat(16),
    });
    await database.store(resourceMessage(gatewayResource(), 0), traceMessage(aTrace([first, second, failed]), 0));
    const columns = await database.clickHouse.select<{ name: string; type: string }>(
      `SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'otel_traces' ORDER BY position`,
    );
    const attributes = 'Map(LowCardinality(String), String)';
    expect(Object.fromEntries(columns.map(({ name, type }) => [name, type]))).toMatchObject({
      Timestamp: "DateTime64(9, 'UTC')",
      TraceId: 'String',
      SpanId: 'String',
      ParentSpanId: 'String',
      TraceState: 'String',
      SpanName: 'LowCardinality(String)',
      SpanKind: 'LowCardinality(String)',
      ServiceName: 'LowCardinality(String)',
      ResourceAttributes: attributes,
      ScopeName: 'String',
      ScopeVersion: 'String',
      SpanAttributes: attributes,
      Duration: 'UInt64',
      StatusCode: 'LowCardinality(String)',
      StatusMessage: 'String',
      'Events.Timestamp': 'Array(DateTime64(9))',
      'Events.Name': 'Array(LowCardinality(String))',
      'Events.Attributes': `Array(${attributes})`,
      'Links.TraceId': 'Array(String)',
      'Links.SpanId': 'Array(String)',
      'Links.TraceState': 'Array(String)',
      'Links.Attributes': `Array(${attributes})`,
    });
    // As readers ask: where the trace is, then its spans in that range.
    const rows = await database.clickHouse.select<Readonly<Record<string, unknown>>>(
      `WITH '${traceA}' AS id,
        (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = id) AS start,
        (SELECT max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = id) AS end
      SELECT * FROM otel_traces WHERE TraceId = id AND Timestamp >= start AND Timestamp <= end ORDER BY Timestamp, SpanId`,
    );
    expect(rows).toHaveLength(3);
    expect(rows[1]).toMatchObject({
      TraceId: traceA,
      ParentSpanId: '',
      SpanName: 'GET /api/orders/{}',
      SpanKind: 'Server',
      ServiceName: 'gateway',
      Duration: 5_000_000,
      StatusCode: 'Error',
      StatusMessage: '',
      ResourceAttributes: { 'service.name': 'gateway', 'process.pid': '4711' },
      SpanAttributes: {
        'http.request.method': 'GET',
        'http.response.status_code': '503',
        'url.template': '/api/orders/{}',
        'url.path': '/api/orders/17',
        'url.query': 'full=1',
        'error.type': '503',
        'server.address': 'shop',
        'server.port': '8080',
        'network.transport': 'tcp',
        'network.protocol.name': 'http',
        'spanloom.reason': 'root',
        'spanloom.observation_point': 's-p',
      },
    });
    expect(rows[2]).toMatchObject({ ParentSpanId: first.spanId, StatusCode: 'Unset' });
  });

  it('find a trace by an index, not by reading everything', async () => {
    const messages = Array.from({ length: 4000 }, (_, number) => traceMessage(makeLoadTrace(number), number));
    await database.store(...messages);
    const plan = await database.clickHouse.select<{ explain: string }>(
      `EXPLAIN indexes = 1 SELECT * FROM otel_traces WHERE TraceId = '${makeLoadTrace(77).traceId}'`,
    );
    const text = plan.map((row) => row.explain.trim()).join('\n');
    const granules = [...text.matchAll(/Granules: (\d+)\/(\d+)/g)].map((match) => [Number(match[1]), Number(match[2])]);
    expect(text).toContain('otel_trace_id_index');
    expect(granules.at(-1)![0]).toBeLessThan(granules[0]![1]!);
  });
});
