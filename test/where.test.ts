/** Conditions on names and labels against the real engine: what they find is what the records say. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry } from '../core/telemetry/telemetry.ts';
import { clickHouseTraceStore } from '../query/store/clickhouse-trace-store.ts';
import { httpTraceStore } from '../query/api/http-trace-store.ts';
import { serveQueries } from '../query/http/http-server.ts';
import { defaultQueryLimits, defaultReadLimits } from '../query/config.ts';
import { withKnownKeys } from '../query/store/known-keys.ts';
import { boundedReader } from '../query/store/read-limits.ts';
import type { PagedTraceStore } from '../query/store/trace-store.ts';
import { emptyReader } from '../query/testing/empty-reader.ts';
import type { Expression, Field, SideName, SpanFieldName, Test } from '../query/where/expression.ts';
import { parseWhere } from '../query/where/parse-where.ts';
import { whereSql } from '../query/where/where-sql.ts';
import type { Resource, ResourceKind } from '../schemas/generated/resource.ts';
import type { Side, Span } from '../schemas/generated/span.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { resourceMessage, traceMessage } from '../sink/testing/traces.ts';
import { gatewayResource, processSide, orderSpan } from '../sink/testing/traces.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { epochNs } from '../schemas/testing/a-span.ts';

const secondNs = 1_000_000_000n;
const resource = (kind: ResourceKind, id: number, name: string, facts: Partial<Resource> = {}): Resource =>
  gatewayResource({
    kind,
    id,
    uid: `${kind}-${id}`,
    name,
    parents: [],
    environment: {},
    validFromNs: epochNs - 100n * secondNs,
    ...facts,
  });
const resources: readonly Resource[] = [
  resource('namespace', 1, 'shop', { labels: { team: 'buyers' } }),
  resource('namespace', 2, 'kube-system'),
  resource('workload', 1, 'cart', { labels: { app: 'cart' }, annotations: { owner: "o'neil" } }),
  resource('workload', 2, 'dns', { labels: { app: 'dns' } }),
  // Relabelled at epochNs.
  resource('pod', 1, 'cart-1', { labels: { app: 'old' }, validToNs: epochNs }),
  resource('pod', 1, 'cart-1', { labels: { app: 'shop', team: 'sellers' }, validFromNs: epochNs }),
  resource('pod', 2, 'cart-2', { environment: { STAGE: 'test' } }),
  resource('pod', 3, 'dns-1'),
];
const side = (pod: number, workload: number, namespace: number): Side => ({
  ...processSide(80, 0),
  podId: pod,
  workloadId: workload,
  namespaceId: namespace,
  autoInstanceId: pod,
  autoInstanceType: pod === 0 ? 0 : 11,
  autoServiceId: workload,
  autoServiceType: workload === 0 ? 0 : 10,
});
const sides = [side(0, 0, 0), side(1, 1, 1), side(2, 1, 1), side(3, 2, 2)];
const spans: readonly Span[] = [-1n, 0n].flatMap((second, moment) =>
  sides.flatMap((client, clientIndex) =>
    sides.map((server, serverIndex) =>
      orderSpan({
        spanId: (moment * 16 + clientIndex * 4 + serverIndex + 1).toString(16).padStart(16, '0'),
        startTimeNs: epochNs + second * secondNs,
        client,
        server,
        status: serverIndex === 2 ? 'server_error' : 'ok',
        responseCode: 200 + 100 * clientIndex,
        durationNs: 1_000_000 * (serverIndex + 1),
        endpoint: `/items/${clientIndex}`,
        protocol: clientIndex === 0 ? 'redis' : 'http1',
      }),
    ),
  ),
);

let database: TemporaryClickHouse;
let store: PagedTraceStore;
beforeAll(async () => {
  database = await temporaryClickHouse();
  store = clickHouseTraceStore(database.clickHouse);
  await database.store(
    ...resources.map((entry, index) => resourceMessage(entry, index)),
    ...spans.map((span, index) =>
      traceMessage(aTrace([{ ...span, parentSpanId: '' }], { traceId: span.spanId.padStart(32, '0') }), index),
    ),
  );
});
afterAll(() => database.remove());

/** The same by the records themselves. */
function holds(expression: Expression, span: Span): boolean {
  switch (expression.kind) {
    case 'and':
      return expression.terms.every((term) => holds(term, span));
    case 'or':
      return expression.terms.some((term) => holds(term, span));
    case 'not':
      return !holds(expression.term, span);
    case 'test': {
      const { field, test } = expression;
      if (field.kind === 'span') return passesOwn(field.name, span, test);
      // Only reported spans have attributes: test/stored-traces.test.ts.
      if (field.kind === 'attribute') return passes('', test);
      const sideNames: readonly SideName[] = field.side === undefined ? ['client', 'server'] : [field.side];
      return sideNames.some((name) => passes(textOf(field, span, span[name]), test));
    }
  }
}
function passesOwn(name: SpanFieldName, span: Span, test: Test): boolean {
  const errors = ['client_error', 'server_error', 'timeout', 'closed'];
  const values: Readonly<Record<SpanFieldName, string | number>> = {
    endpoint: span.endpoint,
    protocol: span.protocol,
    status: span.status,
    is_error: String(errors.includes(span.status)),
    request_type: span.requestType,
    response_code: span.responseCode,
    duration: span.durationNs,
    observation_point: span.observationPoint,
    process_name: span.processName,
    // All spans are seen at the server.
    seen_service: textOf({ kind: 'tag', side: undefined, tag: 'auto_service' }, span, span.server) || span.processName,
  };
  if (test.kind !== 'compare') return passes(String(values[name]), test);
  const value = Number(values[name]);
  const results = {
    '<': value < test.value,
    '<=': value <= test.value,
    '>': value > test.value,
    '>=': value >= test.value,
  };
  return results[test.order];
}
function textOf(field: Exclude<Field, { kind: 'span' | 'attribute' }>, { startTimeNs }: Span, of: Side): string {
  const ids: Readonly<Partial<Record<string, readonly [ResourceKind, number]>>> = {
    pod: ['pod', of.podId],
    workload: ['workload', of.workloadId],
    namespace: ['namespace', of.namespaceId],
    auto_instance: ['pod', of.autoInstanceId],
    auto_service: ['workload', of.autoServiceId],
  };
  const versionOf = ([kind, id]: readonly [ResourceKind, number]): Resource | undefined =>
    resources.find(
      (entry) =>
        entry.kind === kind &&
        entry.id === id &&
        entry.validFromNs <= startTimeNs &&
        (entry.validToNs === 0n || startTimeNs < entry.validToNs),
    );
  if (field.kind === 'tag') return versionOf(ids[field.tag] ?? ['unknown', 0])?.name ?? '';
  for (const kind of ['pod', 'workload', 'namespace'] as const) {
    const version = versionOf(ids[kind]!);
    const maps = { label: version?.labels, annotation: version?.annotations, environment: version?.environment };
    const text = maps[field.map]?.[field.key] ?? '';
    if (text !== '') return text;
  }
  return '';
}
function passes(text: string, test: Test): boolean {
  switch (test.kind) {
    case 'one_of':
      return test.values.includes(text);
    case 'contains':
      return text.toLowerCase().includes(test.text.toLowerCase());
    case 'like':
      return new RegExp(`^${test.pattern.replaceAll('%', '.*').replaceAll('_', '.')}$`, 's').test(text);
    case 'compare':
      return false;
  }
}

const expressionOf = (text: string): Expression => {
  const parsed = parseWhere(text);
  if (parsed.kind === 'problem') throw new Error(`${text}: ${parsed.problem}`);
  return parsed.where.expression;
};
/** By the condition as it is, and by what is known of its keys. */
async function found(text: string): Promise<readonly string[]> {
  const where = { text, expression: expressionOf(text) };
  const known = await withKnownKeys(boundedReader(database.clickHouse, defaultReadLimits, undefined), { where });
  const [ids, idsOfKnown] = await Promise.all([where.expression, known.where.expression].map(idsOf));
  expect(idsOfKnown, `${text}, of known keys`).toEqual(ids);
  return ids!;
}
async function idsOf(expression: Expression): Promise<readonly string[]> {
  const rows = await database.clickHouse.select<{ id: string }>(
    `SELECT lower(hex(span_id)) AS id FROM spans FINAL WHERE ${whereSql(expression)} ORDER BY id`,
  );
  return rows.map((row) => row.id);
}
const expected = (text: string): readonly string[] =>
  spans.filter((span) => holds(expressionOf(text), span)).map((span) => span.spanId);

describe('a condition', () => {
  it('finds spans by names of either side, and labels as of the event', async () => {
    for (const [text, count] of [
      ["client.pod = 'cart-1' and server.namespace = 'kube-system'", 2],
      ["server.label('app') = 'shop'", 4],
      ["server.label('app') = 'old'", 4],
      ["label('team') = buyers and not namespace = 'kube-system'", 13],
      ["pod = 'nobody'", 0],
      ["label('nobody') = 'has this'", 0],
      ["client.annotation('owner') ~ NEIL", 16],
      ["pod = ''", 14],
      ["client.workload in (cart, dns) and server.pod like 'cart-_'", 12],
      ['response_code >= 400 and duration <= 2ms', 8],
      ['is_error = true and response_code != 300', 6],
      ["endpoint like '/items/_' and protocol = redis", 8],
      ['seen_service = dns', 8],
      ['seen_service = node', 8],
      ["seen_service != '' and not seen_service ~ NS", 24],
    ] as const) {
      const ids = await found(text);
      expect([text, ids]).toEqual([text, expected(text)]);
      expect([text, ids.length]).toEqual([text, count]);
    }
  });

  it('however it is made finds what the records say', async () => {
    const value = fc.constantFrom(
      "'cart-1'",
      "'shop'",
      "'old'",
      "'buyers'",
      "'%a%'",
      "''",
      'cart',
      "'dns-1'",
      "'test'",
    );
    const field = fc.constantFrom(
      ...['pod', 'workload', 'namespace', 'vpc', 'auto_instance', 'auto_service'],
      ...["label('app')", "label('team')", "environment('STAGE')", "annotation('owner')"],
    );
    const prefix = fc.constantFrom('', 'client.', 'server.');
    const operator = fc.constantFrom('=', '!=', '~', '!~', 'like', 'not like');
    const ofTags = fc
      .tuple(prefix, field, operator, value)
      .map(([at, name, how, what]) => `${at}${name} ${how} ${what}`);
    const ofSpan = fc.oneof(
      fc
        .tuple(
          fc.constantFrom('endpoint', 'seen_service', 'process_name', 'request_type', 'observation_point'),
          operator,
          fc.oneof(value, fc.constantFrom("'/items/_'", "'node'", "'NODE'", "'GET'")),
        )
        .map((parts) => parts.join(' ')),
      fc
        .tuple(fc.constantFrom('status', 'protocol', 'is_error'), fc.constantFrom('~', 'like', 'not like'), value)
        .map((parts) => parts.join(' ')),
      fc
        .tuple(fc.constantFrom('=', '!=', '<', '<=', '>', '>='), fc.integer({ min: 199, max: 501 }))
        .map(([how, code]) => `response_code ${how} ${code}`),
      fc.constantFrom('<', '<=', '>', '>=').map((how) => `duration ${how} 2ms`),
    );
    const test = fc.oneof(ofTags, ofSpan);
    const condition = fc
      .tuple(test, fc.constantFrom('and', 'or'), test, fc.boolean())
      .map(([left, joint, right, negates]) => `${negates ? 'not ' : ''}(${left} ${joint} ${right})`);
    await fc.assert(
      fc.asyncProperty(condition, async (text) => {
        expect(await found(text)).toEqual(expected(text));
      }),
      { numRuns: 40 },
    );
  });

  it('lists the traces with such a span, also over HTTP, where a wrong one is told', async () => {
    const parsed = parseWhere("client.pod = 'cart-1' and server.pod = 'dns-1'");
    if (parsed.kind === 'problem') throw new Error(parsed.problem);
    const filter = { sort: 'newest', limit: 10, where: parsed.where } as const;
    const ids = (await store.listTraces(filter)).traces.map((trace) => trace.traceId);
    expect(ids).toHaveLength(2);
    const server = await serveQueries({
      store,
      reader: () => emptyReader,
      telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
      host: '127.0.0.1',
      port: 0,
      limits: defaultQueryLimits,
    });
    try {
      const base = `http://127.0.0.1:${server.port}`;
      expect((await httpTraceStore(base).listTraces(filter)).traces.map((trace) => trace.traceId)).toEqual(ids);
      const response = await fetch(`${base}/api/traces?where=${encodeURIComponent('pot = 1')}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({
        problems: [expect.stringMatching(/^where: at character 1: a tag/)],
      });
    } finally {
      await server.close();
    }
  });

  it('reads columns of integers only', async () => {
    const plan = await database.clickHouse.select<{ explain: string }>(
      `EXPLAIN actions = 1 SELECT count() FROM spans WHERE ${whereSql(expressionOf("client.pod = 'cart-1'"))}`,
    );
    const text = plan.map((row) => row.explain).join('\n');
    expect(text).toContain('client_pod_id');
    expect(text).not.toContain('dictGet');
  });
});
