/** What the sink stores, the query stage finds: with the real engine. */
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../core/config/load-config.ts';
import { clickHouseConfig } from '../core/clickhouse/config.ts';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry } from '../core/telemetry/telemetry.ts';
import { clickHouseTraceStore } from '../query/store/clickhouse-trace-store.ts';
import { asOrdinaryUser } from '../core/files/testing/ordinary-user.ts';
import { httpTraceStore } from '../query/api/http-trace-store.ts';
import { openTraceStore } from '../query/store/open-trace-store.ts';
import { queryConfig } from '../query/config.ts';
import { runQuery } from '../query/run.ts';
import {
  type NamedTrace,
  type PagedTraceStore,
  type TraceFilter,
  TraceChangedError,
  type TraceStore,
} from '../query/store/trace-store.ts';
import { traceToJson } from '../schemas/trace-json.ts';
import { storeMessages, temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { makeLoadTrace, resourceMessage, traceMessage } from '../sink/testing/traces.ts';
import { gatewayResource, orderSpan } from '../sink/testing/traces.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { epochNs } from '../schemas/testing/a-span.ts';

let database: TemporaryClickHouse;
let store: PagedTraceStore;
beforeAll(async () => {
  database = await temporaryClickHouse();
  store = clickHouseTraceStore(database.clickHouse);
});
afterAll(() => database.remove());
beforeEach(async () => {
  for (const table of ['spans', 'reported_span', 'trace', 'trace_version', 'trace_by_carried_id', 'resource'])
    await database.clickHouse.execute(`TRUNCATE TABLE ${table}`);
});

const traceA = '000000000000000000000000000000aa';
const traceB = '000000000000000000000000000000bb';
const list = async (filter: Partial<TraceFilter>): Promise<readonly string[]> =>
  (await store.listTraces({ sort: 'newest', limit: 100, ...filter })).traces.map((trace) => trace.traceId);

async function found(id: string, from: TraceStore = store): Promise<NamedTrace> {
  const result = await from.findTrace(id);
  if (result.kind !== 'found') throw new Error(result.kind);
  return result.named;
}

async function storeNames(): Promise<void> {
  const names = ['gateway', 'items', 'users', 'prices'];
  await database.store(
    ...names.map((name, id) => resourceMessage(gatewayResource({ id: id + 1, uid: name, name }), id)),
  );
}

describe('a stored trace', () => {
  it('is read as it was sent, with the names of its services', async () => {
    await storeNames();
    const trace = makeLoadTrace(12);
    await database.store(traceMessage(trace, 0));
    const { trace: read, names } = await found(trace.traceId);
    // As text: IPv4 comes back the same, though it is stored as mapped into IPv6.
    expect(JSON.stringify(traceToJson(read))).toBe(JSON.stringify(traceToJson({ ...trace, spans: read.spans })));
    expect(new Set(read.spans.map((span) => span.spanId))).toEqual(new Set(trace.spans.map((span) => span.spanId)));
    expect(names.get(trace.spans[0]!.spanId)).toMatchObject({
      serviceName: 'gateway',
      clientServiceName: '',
      serverServiceName: 'gateway',
    });
    expect(names.get(trace.spans[1]!.spanId)).toMatchObject({
      serviceName: 'gateway',
      clientServiceName: 'gateway',
      serverServiceName: 'items',
    });
  });

  it('goes by the name of its process where no resource is known', async () => {
    const server = { ...orderSpan().server, processResourceId: 99, autoServiceId: 99 };
    await database.store(traceMessage(aTrace([orderSpan({ server })]), 0));
    const { trace, names } = await found(traceA);
    expect(names.get(trace.spans[0]!.spanId)!.serviceName).toBe('node');
    expect(await list({ service: 'nothing' })).toEqual([]);
  });

  it('is found by the beginning of its id when no other begins so', async () => {
    await database.store(traceMessage(aTrace([orderSpan()]), 0));
    await database.store(traceMessage(aTrace([orderSpan({ spanId: 'b'.repeat(16) })], { traceId: traceB }), 1));
    expect((await found(traceA.slice(0, 31))).trace.traceId).toBe(traceA);
    expect(await store.findTrace('0000')).toEqual({ kind: 'ambiguous', traceIds: [traceA, traceB] });
    expect(await store.findTrace('f')).toEqual({ kind: 'missing' });
    expect(await store.findTrace("a' OR 1")).toEqual({ kind: 'missing' });
  });

  it('that was merged into another is found there', async () => {
    const moved = orderSpan({ spanId: 'b'.repeat(16), startTimeNs: epochNs + 5n });
    await database.store(traceMessage(aTrace([moved], { traceId: traceB }), 0));
    await database.store(traceMessage(aTrace([orderSpan(), moved]), 1));
    await database.store(traceMessage(aTrace([], { traceId: traceB, revision: 1, mergedInto: traceA }), 2));
    expect((await found(traceB)).trace).toMatchObject({ traceId: traceA, revision: 2 });
    expect((await found('0000')).trace.spans).toHaveLength(2);
    expect(await list({})).toEqual([traceA]);
  });
});

describe('a call whose parent is only likely', () => {
  const [caller, call] = ['a'.repeat(16), 'b'.repeat(16)];
  const likely = { spanId: caller, startTimeNs: epochNs, reason: 'assignment', confidence: 0.75 } as const;
  const edge = { parentTraceId: traceA, parentSpanId: caller, traceId: traceB, spanId: call };

  beforeEach(async () => {
    const below = orderSpan({ spanId: call, startTimeNs: epochNs + 5n, likelyParents: [likely] });
    await database.store(traceMessage(aTrace([orderSpan({ spanId: caller, startTimeNs: epochNs })]), 0));
    await database.store(traceMessage(aTrace([below], { traceId: traceB }), 1));
  });

  it('is found from both traces', async () => {
    const edges = [{ ...edge, reason: 'assignment', confidence: 0.75 }];
    expect(await store.likelyEdges(traceA)).toEqual(edges);
    expect(await store.likelyEdges(traceB)).toEqual(edges);
    expect((await found(traceB)).trace.spans[0]!.likelyParents).toEqual([likely]);
    expect(await store.likelyEdges('cc'.repeat(16))).toEqual([]);
    expect(await store.likelyEdges("a' OR 1")).toEqual([]);
  });

  it('is no news once a later revision knows its parent', async () => {
    const below = orderSpan({ spanId: call, startTimeNs: epochNs + 5n, parentSpanId: caller });
    await database.store(traceMessage(aTrace([orderSpan({ spanId: caller, startTimeNs: epochNs }), below]), 2));
    await database.store(traceMessage(aTrace([], { traceId: traceB, revision: 1, mergedInto: traceA }), 3));
    expect(await store.likelyEdges(traceA)).toEqual([]);
  });
});

describe('a trace that carries the id of a header', () => {
  const [w3c, other] = ['ab'.repeat(16), 'cd'.repeat(16)];
  const stranger = orderSpan({ spanId: 'b'.repeat(16), startTimeNs: epochNs + 5n });
  const own = aTrace([orderSpan()], { carriedTraceId: w3c });
  const strangers = aTrace([stranger], { traceId: traceB, carriedTraceId: w3c });

  it('goes by it, and is found by the id it is stored by, too', async () => {
    await database.store(traceMessage(own, 0));
    expect(await list({})).toEqual([w3c]);
    for (const id of [w3c, w3c.slice(0, 5), traceA]) {
      const named = await found(id);
      expect(named).toMatchObject({ storedTraceId: traceA, alsoCarriedBy: [] });
      expect(named.trace).toMatchObject({ traceId: w3c, carriedTraceId: w3c, spans: [{ spanId: own.rootSpanId }] });
    }
  });

  it('keeps it when another one carries it later, whatever was stored first', async () => {
    await database.store(traceMessage(strangers, 0), traceMessage(own, 1));
    expect(await list({})).toEqual([traceB, w3c]);
    expect(await found(w3c)).toMatchObject({ storedTraceId: traceA, alsoCarriedBy: [traceB], trace: { traceId: w3c } });
    expect(await found(traceB)).toMatchObject({
      storedTraceId: traceB,
      alsoCarriedBy: [w3c],
      trace: { traceId: traceB, spans: [{ spanId: stranger.spanId }] },
    });
    expect(await store.findTrace('0000')).toEqual({ kind: 'ambiguous', traceIds: [traceB, w3c] });
  });

  it('is found by it, through its successors, when headers carry a second one', async () => {
    await database.store(traceMessage(own, 0));
    await database.store(traceMessage(aTrace([orderSpan(), stranger]), 1));
    expect(await list({})).toEqual([traceA]);
    expect(await found(w3c)).toMatchObject({ storedTraceId: traceA, trace: { traceId: traceA, revision: 2 } });
    await database.store(traceMessage(aTrace([], { revision: 3, mergedInto: traceB }), 2));
    await database.store(traceMessage(aTrace([orderSpan(), stranger, stranger], { traceId: traceB }), 3));
    expect((await found(w3c)).trace).toMatchObject({ traceId: traceB });
    // A new trace that is the only one to carry it now is what it means.
    const next = aTrace([orderSpan({ spanId: 'c'.repeat(16) })], { traceId: other, carriedTraceId: w3c });
    await database.store(traceMessage(next, 4));
    expect((await found(w3c)).storedTraceId).toBe(other);
  });

  it('does not take the id that another is stored by, as former versions stored it', async () => {
    const former = aTrace([orderSpan({ startTimeNs: epochNs + 9n })], { traceId: w3c });
    await database.store(traceMessage(former, 0), traceMessage(strangers, 1));
    expect([...(await list({}))].sort()).toEqual([traceB, w3c]);
    expect(await found(w3c)).toMatchObject({ storedTraceId: w3c, alsoCarriedBy: [traceB], trace: { traceId: w3c } });
    expect(await found(w3c.slice(0, 8))).toMatchObject({ storedTraceId: w3c });
    expect((await found(traceB)).trace.traceId).toBe(traceB);
  });

  it('is ambiguous with others whose public ids begin the same', async () => {
    const second = aTrace([stranger], { traceId: traceB, carriedTraceId: `${w3c.slice(0, 30)}ff` });
    await database.store(traceMessage(own, 0), traceMessage(second, 1));
    expect(await store.findTrace('abab')).toEqual({ kind: 'ambiguous', traceIds: [w3c, second.carriedTraceId] });
  });

  it('is one TraceId in the views for OpenTelemetry: strangers add rows, none is replaced', async () => {
    await database.store(
      traceMessage(own, 0),
      traceMessage(strangers, 1),
      traceMessage(aTrace([orderSpan({ spanId: 'c'.repeat(16) })], { traceId: other }), 2),
    );
    expect(
      await database.clickHouse.select(
        `SELECT TraceId, SpanAttributes['spanloom.trace_id'] AS stored FROM otel_traces ORDER BY TraceId, stored`,
      ),
    ).toEqual([
      { TraceId: w3c, stored: traceA },
      { TraceId: w3c, stored: traceB },
      { TraceId: other, stored: other },
    ]);
    const ids = `SELECT TraceId FROM otel_traces_trace_id_ts WHERE TraceId IN ('${w3c}', '${other}') ORDER BY TraceId`;
    expect(await database.clickHouse.select(ids)).toEqual([w3c, w3c, other].map((TraceId) => ({ TraceId })));
    for (const view of ['otel_traces', 'otel_traces_trace_id_ts']) {
      const plan = await database.clickHouse.select(
        `EXPLAIN indexes = 1 SELECT * FROM ${view} WHERE TraceId = '${w3c}'`,
      );
      expect(JSON.stringify(plan)).toContain('otel_trace_id_index');
    }
    expect(
      await database.clickHouse.select(
        'SELECT lower(hex(otel_trace_id)) AS id FROM spans_named WHERE agent_id = 77 ORDER BY id LIMIT 1',
      ),
    ).toEqual([{ id: w3c }]);
  });
});

describe('a list of traces', () => {
  it('is by start or by duration, and bounded', async () => {
    const traces = Array.from({ length: 30 }, (_, number) =>
      aTrace(
        [
          orderSpan({
            spanId: String(number).padStart(16, '0'),
            startTimeNs: epochNs + BigInt(number) * 1_000_000_000n,
            durationNs: ((number * 7) % 30) * 1000 + 1000,
          }),
        ],
        { traceId: String(number).padStart(32, '0') },
      ),
    );
    await database.store(...traces.map((trace, index) => traceMessage(trace, index)));
    const ids = (numbers: readonly number[]): readonly string[] =>
      numbers.map((number) => String(number).padStart(32, '0'));
    expect(await list({ limit: 3 })).toEqual(ids([29, 28, 27]));
    const { traces: slowest } = await store.listTraces({ sort: 'slowest', limit: 3 });
    expect(slowest.map((trace) => trace.durationNs)).toEqual([30_000, 29_000, 28_000]);
    expect(await list({ fromNs: epochNs + 5_000_000_000n, toNs: epochNs + 7_000_000_000n })).toEqual(ids([7, 6, 5]));
    expect(await list({ minDurationNs: 29_000, sort: 'slowest' })).toHaveLength(2);
    expect(await list({ maxDurationNs: 1000 })).toEqual(ids([0]));
  });

  it('goes on where the one before ended: none twice, none left out, also among equal ones and while it merges', async () => {
    const traces = Array.from({ length: 25 }, (_, number) => {
      const spanId = String(number).padStart(16, '0');
      // Five at a time start together, and all take the same time.
      const startTimeNs = epochNs + BigInt(Math.floor(number / 5)) * 1_000_000_000n;
      return aTrace([orderSpan({ spanId, startTimeNs })], { traceId: String(number).padStart(32, '0') });
    });
    // Twice, and one that is older since.
    const earlier = orderSpan({ spanId: 'f'.repeat(16), startTimeNs: epochNs - 1n });
    const moved = aTrace([earlier], { traceId: traces[7]!.traceId, revision: 9 });
    await database.store(...[...traces, ...traces, moved].map((trace, index) => traceMessage(trace, index)));
    for (const sort of ['newest', 'slowest'] as const)
      for (const filter of [{ sort }, { sort, protocol: 'http1' } as const, { sort, fromNs: epochNs }]) {
        const all = await list({ ...filter });
        expect(all).toHaveLength('fromNs' in filter ? 24 : 25);
        const paged: string[] = [];
        let page = await store.listTraces({ ...filter, limit: 4 });
        for (;;) {
          paged.push(...page.traces.map(({ traceId }) => traceId));
          if (page.next === undefined) break;
          await database.clickHouse.execute('OPTIMIZE TABLE trace FINAL');
          page = await store.listTraces({ ...filter, limit: 4, after: page.next });
        }
        expect(paged).toEqual(all);
      }
    expect(await list({ after: { key: 2n ** 63n - 1n, id: 'ff' } })).toHaveLength(25);
  });

  it('shows a trace once and by its latest revision, also when that no longer fits', async () => {
    const root = orderSpan({ durationNs: 1000 });
    await database.store(traceMessage(aTrace([root]), 0));
    const late = orderSpan({
      spanId: 'c'.repeat(16),
      startTimeNs: epochNs - 3_600_000_000_000n,
      durationNs: 9_000_000,
    });
    await database.store(traceMessage(aTrace([late, root]), 1));
    expect(await list({})).toEqual([traceA]);
    expect(await list({ fromNs: epochNs })).toEqual([]);
    expect(await list({ maxDurationNs: 1000 })).toEqual([]);
  });

  it('is right when many candidates are there for an old revision only', async () => {
    const count = 60;
    const early = Array.from({ length: count }, (_, number) =>
      aTrace(
        [
          orderSpan({
            spanId: `a${String(number).padStart(15, '0')}`,
            startTimeNs: epochNs + BigInt(number + 1000) * 1_000_000n,
          }),
        ],
        {
          traceId: String(number).padStart(32, '0'),
        },
      ),
    );
    await database.store(...early.map((trace, index) => traceMessage(trace, index)));
    // All but the oldest two turn out to have begun much earlier.
    const late = early.slice(2).map((trace, number) =>
      aTrace(
        [
          orderSpan({
            spanId: `b${String(number).padStart(15, '0')}`,
            startTimeNs: epochNs - BigInt(number + 1) * 1_000_000n,
          }),
          ...trace.spans,
        ],
        { traceId: trace.traceId },
      ),
    );
    await database.store(...late.map((trace, index) => traceMessage(trace, index)));
    expect(await list({ limit: 3 })).toEqual([early[1]!.traceId, early[0]!.traceId, early[2]!.traceId]);
  });

  it('is of traces with one span that fits all that is asked of spans', async () => {
    await storeNames();
    const failing = orderSpan({
      spanId: 'd'.repeat(16),
      status: 'server_error',
      endpoint: '/pay',
      server: { ...orderSpan().server, processResourceId: 4, autoServiceId: 4 },
    });
    await database.store(traceMessage(aTrace([orderSpan(), failing]), 0));
    await database.store(traceMessage(makeLoadTrace(0), 1));
    const load = makeLoadTrace(0).traceId;
    expect(await list({ service: 'items' })).toEqual([load]);
    expect(await list({ service: 'prices', status: 'error' })).toEqual([traceA]);
    expect(await list({ service: 'gateway', status: 'error' })).toEqual([]);
    expect(await list({ endpoint: 'PAY' })).toEqual([traceA]);
    expect(await list({ protocol: 'mysql' })).toEqual([load]);
    expect(await list({ status: 'timeout' })).toEqual([]);
    expect(await list({ service: "x' OR 1 OR '" })).toEqual([]);
    const { traces } = await store.listTraces({ sort: 'newest', limit: 1, service: 'items' });
    const [summary] = traces;
    expect(summary).toMatchObject({
      rootServiceName: 'gateway',
      rootEndpoint: '/api/orders/{}',
      spanCount: 8,
      errorCount: 0,
    });
  });
});

describe('a trace of many pages', () => {
  const many = (spanCount: number): ReturnType<typeof aTrace> =>
    aTrace(
      Array.from({ length: spanCount }, (_, at) =>
        orderSpan({
          spanId: (at + 1).toString(16).padStart(16, '0'),
          // Three children each, so that the order of the tree is not that of time.
          parentSpanId:
            at === 0
              ? ''
              : Math.floor((at - 1) / 3 + 1)
                  .toString(16)
                  .padStart(16, '0'),
          startTimeNs: epochNs + BigInt(at) * 1_000n,
        }),
      ),
    );
  const idsOf = (trace: { readonly spans: readonly { readonly spanId: string }[] }): readonly string[] =>
    trace.spans.map((span) => span.spanId).toSorted();

  it('comes whole, parents before children, also over HTTP', async () => {
    const trace = many(700);
    await database.store(traceMessage(trace, 0));
    const { trace: read } = await found(trace.traceId);
    expect(idsOf(read)).toEqual(idsOf(trace));
    const seen = new Set(['']);
    for (const { spanId, parentSpanId } of read.spans) {
      expect(seen.has(parentSpanId)).toBe(true);
      seen.add(spanId);
    }
  });

  it('is that of the moment when it was opened, or an error, never a mixture', async () => {
    const trace = many(600);
    await database.store(traceMessage(trace, 0));
    const opened = await store.openTrace(trace.traceId);
    if (opened.kind !== 'found') throw new Error(opened.kind);
    const pages = opened.pages[Symbol.asyncIterator]();
    const first = (await pages.next()).value as readonly { readonly span: { readonly status: string } }[];
    const failing = many(601);
    await database.store(
      traceMessage(
        { ...failing, revision: 601, spans: failing.spans.map((span) => ({ ...span, status: 'timeout' })) },
        1,
      ),
    );
    const second = (await pages.next()).value as typeof first;
    for (const { span } of [...first, ...second]) expect(span.status).toBe('ok');
    // Merging removes what was replaced.
    await database.clickHouse.execute('OPTIMIZE TABLE spans FINAL');
    await expect(pages.next()).rejects.toThrow(TraceChangedError);
  });
});

describe('reading from another process', () => {
  const { clickHouse } = loadConfig({}, { clickHouse: clickHouseConfig });

  it('goes through the API of the process that serves the directory', async () => {
    await storeNames();
    const trace = makeLoadTrace(3);
    await storeMessages(database.clickHouse, [traceMessage(trace, 0)]);
    const controller = new AbortController();
    const port = await new Promise<number>((listening, failed) => {
      runQuery({
        config: { ...loadConfig({}, { query: queryConfig }).query, port: 0 },
        clickHouse: database.clickHouse,
        telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
        signal: controller.signal,
        dataDirectory: database.directory,
        listening,
      }).catch(failed);
    });
    try {
      const url = `http://127.0.0.1:${port}`;
      const remote = await openTraceStore({ url, directory: database.directory, clickHouse });
      expect(await found(trace.traceId, remote)).toEqual(await found(trace.traceId));
      const filter = { sort: 'newest', limit: 5, service: 'items' } as const;
      expect(await remote.listTraces(filter)).toEqual(await store.listTraces(filter));
      expect((await httpTraceStore(url).listTraces(filter)).traces).toHaveLength(1);
    } finally {
      controller.abort();
    }
  });

  it('says what to do when there is nothing to read', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'spanloom-none-'));
    const options = { url: 'http://127.0.0.1:9', directory: join(parent, 'clickhouse'), clickHouse };
    const refusal = expect.objectContaining({ code: 'NOTHING_STORED' }) as Error;
    await expect(openTraceStore(options)).rejects.toThrow('run "spanloom up" first');
    await expect(openTraceStore({ ...options, directory: parent })).rejects.toThrow(refusal);
    expect(readdirSync(parent)).toEqual([]);
    chmodSync(parent, 0o000);
    await asOrdinaryUser(() =>
      expect(openTraceStore(options)).rejects.toThrow(`${parent} may not be read by this user.`),
    );
    chmodSync(parent, 0o755);
    writeFileSync(options.directory, '');
    await expect(openTraceStore(options)).rejects.toThrow(`${options.directory} is a file, not a folder.`);
    rmSync(parent, { recursive: true });
  });
});
