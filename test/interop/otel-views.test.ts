/** The view otel_traces says of a span what the topic otlp_spans says of it, field by field, and is fast by id. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scopeName } from '../../opentelemetry/scope-name.ts';
import { otlpJson, type OtlpJsonSpan } from '../../opentelemetry/otlp-json.ts';
import type { JsonKeyValue } from '../../opentelemetry/reported-json.ts';
import { aReportedSpan } from '../../opentelemetry/testing/a-reported-span.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { observationPoints } from '../../schemas/observation-points.ts';
import { epochNs } from '../../schemas/testing/a-span.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { PublishedNames } from '../../sink/otlp/published-names.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../../sink/testing/temporary-clickhouse.ts';
import { makeLoadTrace, orderSpan, traceMessage } from '../../sink/testing/traces.ts';
import { podSide, shopMessages } from './shop-traces.ts';

const longStatement = `SELECT a FROM t WHERE ${'x = ? AND '.repeat(24)}y IN (SELECT b FROM cut`
  .padEnd(256, 'c')
  .slice(0, 256);

/** What differs from an ordinary request. */
const shapes: readonly Partial<Span>[] = [
  {},
  ...observationPoints.map(
    ({ name }) => ({ observationPoint: name, status: 'client_error', responseCode: 404 }) as const,
  ),
  ...(['ok', 'client_error', 'server_error', 'timeout', 'closed', 'unknown'] as const).map((status) => ({ status })),
  { status: 'server_error', responseCode: 0, responseException: 'no stock' },
  { requestType: 'BREW', requestResource: '/coffee', endpoint: '' },
  { requestType: '', endpoint: '', requestResource: '' },
  { requestResource: '/a?AWSAccessKeyId=secret&x=1&sig=secret', observationPoint: 'c-p' },
  { isTls: true, requestDomain: 'shop.example:8443', observationPoint: 'c-p' },
  ...['[::1]:80', '[::1', ':80', 'host:', 'host:999999', 'host:70000', 'host:1:2', '', '[]:1', ']'].map(
    (requestDomain) => ({
      requestDomain,
      observationPoint: 'c-p',
    }),
  ),
  ...['203.0.113.9, 10.0.0.1', ' 203.0.113.9 ', ',', ' , x'].map((forwardedFor) => ({ forwardedFor })),
  { client: podSide(1, 40_000), server: podSide(2, 0) },
  { client: { ...podSide(1, 40_000), podId: 77, hostId: 9, regionId: 3, serviceId: 5 }, observationPoint: 'c-p' },
  { client: { ...podSide(0, 0), address: new Uint8Array() }, server: { ...podSide(0, 0), address: new Uint8Array() } },
  { server: { ...podSide(2, 80), address: Uint8Array.from(Buffer.from('20010db8000000000000000000000001', 'hex')) } },
  { processId: 0, processName: '', server: podSide(0, 80) },
  { protocol: 'unknown', requestType: '', endpoint: '' },
  { protocol: 'fastcgi', requestType: 'GET', endpoint: '/index.php' },
  {
    protocol: 'dns',
    requestType: 'A',
    requestResource: 'shop.example',
    endpoint: '*.example',
    responseResult: '10.0.0.1',
  },
  { protocol: 'dns', requestType: 'A', requestResource: '', status: 'server_error', responseException: 'SERVFAIL' },
  { protocol: 'redis', requestType: 'GET', requestDomain: '', requestResource: 'GET key', endpoint: 'GET' },
  {
    protocol: 'redis',
    requestType: '',
    endpoint: '',
    status: 'server_error',
    responseCode: 0,
    responseException: 'WRONGTYPE of key',
  },
  {
    protocol: 'memcached',
    requestType: 'get',
    status: 'server_error',
    responseCode: 0,
    responseException: 'SERVER_ERROR out of memory',
  },
  {
    protocol: 'postgresql',
    requestType: 'INSERT',
    status: 'client_error',
    observationPoint: 'c-p',
    responseCode: 0,
    responseException: 'ERROR 23505: duplicate',
    endpoint: 'INSERT INTO "orders" VALUES (?)',
  },
  {
    protocol: 'mysql',
    requestType: 'SELECT',
    status: 'server_error',
    responseCode: 1146,
    endpoint: 'SELECT * FROM `a`.`b` JOIN c ON ? = d',
  },
  ...[
    'SELECT ?',
    'select a from b, c',
    'DELETE FROM t WHERE id = ?',
    'UPDATE t SET a = ?',
    'DROP TABLE IF EXISTS t',
    'CREATE UNIQUE INDEX i ON t (a)',
    'INSERT IGNORE INTO t SELECT * FROM s JOIN u USING (id)',
    'TRUNCATE t',
    'CALL f(?)',
    'BEGIN',
    '',
    `SELECT ${'* FROM a_rather_long_name JOIN '.repeat(20)}`,
    longStatement,
  ].map((endpoint) => ({ protocol: 'postgresql', requestType: 'SELECT', requestDomain: 'orders', endpoint }) as const),
  {
    confidence: 0.1,
    timeToFirstByteNs: 12,
    requestBytes: 5,
    responseBytes: 6,
    responseResult: 'some',
    requestThreadId: 3,
  },
  {
    socketId: 4,
    networkNamespace: 5,
    requestTcpSequence: 6,
    responseTcpSequence: 7,
    headerTraceId: 'a',
    headerSpanId: 'b',
  },
  { durationNs: 0, xRequestIdRequest: '', xRequestIdResponse: 'r' },
];
const spans = shapes.map((shape, index) =>
  orderSpan({
    spanId: (0xa000 + index).toString(16).padStart(16, '0'),
    parentSpanId: index === 0 ? '' : '000000000000a000',
    reason: index === 0 ? 'root' : 'last_read',
    startTimeNs: epochNs + BigInt(index),
    ...shape,
  }),
);
const trace = aTrace(spans);

/** What the view has and OTLP has not: docs/interop.md. */
const further = new Set([
  'cloud.provider',
  'dns.answers',
  'spanloom.request.type',
  'spanloom.request.domain',
  'spanloom.client.service.name',
  'spanloom.server.service.name',
]);
type Attributes = Readonly<Record<string, string>>;
const comparable = (attributes: Attributes): Attributes =>
  Object.fromEntries(
    Object.entries(attributes)
      .filter(([key]) => !further.has(key) && key !== 'db.query.text')
      .sort(),
  );
const textOf = ({ value }: JsonKeyValue): string => String(value.stringValue ?? value.intValue ?? value.doubleValue);
const byKey = (attributes: readonly JsonKeyValue[]): Attributes =>
  Object.fromEntries(attributes.map((attribute) => [attribute.key, textOf(attribute)]));

interface Row {
  readonly SpanId: string;
  readonly [column: string]: unknown;
}

function expectedRow(resource: readonly JsonKeyValue[], span: OtlpJsonSpan): Row {
  const resourceAttributes = byKey(resource);
  return {
    TraceId: span.traceId,
    SpanId: span.spanId,
    ParentSpanId: span.parentSpanId ?? '',
    TraceState: '',
    SpanName: span.name,
    SpanKind: ['', 'Internal', 'Server', 'Client'][span.kind],
    ServiceName: resourceAttributes['service.name'],
    ScopeName: scopeName,
    ScopeVersion: '',
    start: span.startTimeUnixNano,
    end: span.endTimeUnixNano,
    StatusCode: span.status.code === 2 ? 'Error' : 'Unset',
    StatusMessage: span.status.message ?? '',
    ResourceAttributes: comparable(resourceAttributes),
    SpanAttributes: comparable(byKey(span.attributes)),
  };
}

let database: TemporaryClickHouse;
beforeAll(async () => {
  database = await temporaryClickHouse();
  await database.store(...shopMessages(0), traceMessage(trace, 0));
  await database.clickHouse.execute('SYSTEM RELOAD DICTIONARIES');
}, 180_000);
afterAll(() => database.remove());

describe('the view otel_traces', () => {
  it('has of each span what OTLP has of it', async () => {
    const names = new PublishedNames();
    for (const message of shopMessages(0)) names.learn(message);
    const { traceId, revision } = trace;
    const visible = spans.map((span) => ({ span, parentSpanId: span.parentSpanId }));
    const expected = otlpJson({ otelTraceId: traceId, storedTraceId: traceId, revision }, visible, names).flatMap(
      ({ resource, scopeSpans }) =>
        scopeSpans.flatMap((scope) => scope.spans.map((span) => expectedRow(resource.attributes, span))),
    );
    const rows = await database.clickHouse.select<Row & { ResourceAttributes: Attributes; SpanAttributes: Attributes }>(
      `SELECT TraceId, SpanId, ParentSpanId, TraceState, SpanName, SpanKind, ServiceName, ScopeName, ScopeVersion,
         toString(toUnixTimestamp64Nano(Timestamp)) AS start, toString(toUnixTimestamp64Nano(Timestamp) + Duration) AS end,
         StatusCode, StatusMessage, ResourceAttributes, SpanAttributes FROM otel_traces`,
    );
    const byId = new Map(
      rows.map((row) => [
        row.SpanId,
        {
          ...row,
          ResourceAttributes: comparable(row.ResourceAttributes),
          SpanAttributes: comparable(row.SpanAttributes),
        },
      ]),
    );
    expect(byId.size).toBe(spans.length);
    for (const [index, row] of expected.entries())
      expect(byId.get(row.SpanId), JSON.stringify(shapes[index])).toEqual(row);
  });

  it('gives back what applications reported, with the parent that it has in the trace', async () => {
    const id = 'd'.repeat(32);
    const root = orderSpan({ spanId: '000000000000d001', startTimeNs: epochNs + 1_000_000_000n });
    const reported = (['INTERNAL', 'SERVER', 'CLIENT', 'PRODUCER', 'CONSUMER'] as const).map((kind, index) =>
      aReportedSpan(
        { spanId: `000000000000d10${index}`, startTimeNs: root.startTimeNs, parentSpanId: root.spanId },
        { kind },
      ),
    );
    await database.store(traceMessage(aTrace([root, ...reported], { traceId: id }), 0));
    const rows = await database.clickHouse.select<Row>(
      `SELECT * FROM otel_traces WHERE TraceId = '${id}' ORDER BY SpanId`,
    );
    expect(rows.map(({ SpanId, SpanKind, ParentSpanId }) => [SpanId, SpanKind, ParentSpanId])).toEqual([
      [root.spanId, 'Server', ''],
      ['000000000000d100', 'Internal', root.spanId],
      ['000000000000d101', 'Server', root.spanId],
      ['000000000000d102', 'Client', root.spanId],
      ['000000000000d103', 'Producer', root.spanId],
      ['000000000000d104', 'Consumer', root.spanId],
    ]);
    expect(rows[1]).toEqual({
      Timestamp: '2025-10-09 08:53:21.000000000',
      TraceId: id,
      SpanId: '000000000000d100',
      ParentSpanId: root.spanId,
      TraceState: 'vendor=1',
      SpanName: 'charge card',
      SpanKind: 'Internal',
      ServiceName: 'checkout',
      ResourceAttributes: {
        'service.name': 'checkout',
        'service.instance.id': 'checkout-1',
        'deployment.environment.name': 'production',
      },
      ScopeName: 'shop',
      ScopeVersion: '1.2',
      SpanAttributes: {
        'http.request.method': 'POST',
        'http.route': '/checkout/{id}',
        'url.path': '/checkout/17',
        'http.response.status_code': '503',
        'user.id': 'u-4711',
        'cart.items': '9007199254740993',
        'cart.total': '12.5',
        'cart.is_gift': 'true',
        'cart.codes': '["a\\u003cb",2]',
        'cart.address': '{"city":"Berlin","zip":"10115"}',
        'cart.digest': 'yv4B',
      },
      Duration: 1_000_000,
      StatusCode: 'Error',
      StatusMessage: 'card was declined',
      'Events.Timestamp': ['2025-10-09 08:53:21.000250000'],
      'Events.Name': ['exception'],
      'Events.Attributes': [{ 'exception.type': 'CardError', 'exception.message': 'card was declined' }],
      'Links.TraceId': ['0123456789abcdef0123456789abcdef'],
      'Links.SpanId': ['0123456789abcdef'],
      'Links.TraceState': ['other=2'],
      'Links.Attributes': [{ 'messaging.batch': '3' }],
    });
  });

  it('is asked by id as the plug-in of Grafana asks, without reading the whole table', async () => {
    await database.store(...Array.from({ length: 4_000 }, (_, number) => traceMessage(makeLoadTrace(number), number)));
    const wanted = makeLoadTrace(77);
    const asked = `WITH '${wanted.traceId}' as trace_id,
      (SELECT min(Start) FROM otel_traces_trace_id_ts WHERE TraceId = trace_id) as trace_start,
      (SELECT max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = trace_id) as trace_end
      SELECT "TraceId" as traceID, "SpanId" as spanID, "ParentSpanId" as parentSpanID, "ServiceName" as serviceName,
        "SpanName" as operationName, multiply(toUnixTimestamp64Nano("Timestamp"), 0.000001) as startTime,
        multiply("Duration", 0.000001) as duration,
        arrayMap(key -> map('key', key, 'value', "SpanAttributes"[key]), mapKeys("SpanAttributes")) as tags,
        arrayMap(key -> map('key', key, 'value', "ResourceAttributes"[key]), mapKeys("ResourceAttributes")) as serviceTags,
        if("StatusCode" IN ('Error', 'STATUS_CODE_ERROR'), 2, 0) as statusCode,
        arrayMap((name, timestamp, attributes) -> tuple(name, toString(toUnixTimestamp64Milli(timestamp)),
          arrayMap(key -> map('key', key, 'value', attributes[key]), mapKeys(attributes)))::Tuple(name String, timestamp String, fields Array(Map(String, String))),
          "Events".Name, "Events".Timestamp, "Events".Attributes) AS logs,
        arrayMap((traceID, spanID, attributes) -> tuple(traceID, spanID,
          arrayMap(key -> map('key', key, 'value', attributes[key]), mapKeys(attributes)))::Tuple(traceID String, spanID String, tags Array(Map(String, String))),
          "Links".TraceId, "Links".SpanId, "Links".Attributes) AS references,
        "SpanKind" as kind, "StatusMessage" as statusMessage, "ScopeName" as instrumentationLibraryName, "TraceState" as traceState
      FROM otel_traces
      WHERE traceID = trace_id AND "Timestamp" >= trace_start AND "Timestamp" <= trace_end`;
    const rows = await database.clickHouse.select<Row>(asked);
    expect(rows).toHaveLength(wanted.spans.length);
    const plan = await database.clickHouse.select<{ explain: string }>(`EXPLAIN indexes = 1 ${asked}`);
    const text = plan.map((row) => row.explain.trim()).join('\n');
    const granules = [...text.matchAll(/Granules: (\d+)\/(\d+)/g)].map((match) => [Number(match[1]), Number(match[2])]);
    expect(text).toMatch(/PrimaryKey\n(?:.*\n)?start_time/);
    expect(text).toContain('otel_trace_id_index');
    expect(granules.at(-1)![0]).toBeLessThan(granules[0]![1]!);
    const lookup = await database.clickHouse.select<{ explain: string }>(
      `EXPLAIN indexes = 1 SELECT min(Start), max(End) + 1 FROM otel_traces_trace_id_ts WHERE TraceId = '${wanted.traceId}'`,
    );
    expect(lookup.map((row) => row.explain).join('\n')).toContain('otel_trace_id_index');
  });
});
