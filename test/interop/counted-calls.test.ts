/** Calls as the sink counts them for Prometheus, over the real engine. */
import { randomUUID } from 'node:crypto';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import { PipelineError } from '../../core/errors.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { shopMessages, shopTrace } from './shop-traces.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../../sink/testing/temporary-clickhouse.ts';
import { orderSpan, traceMessage } from '../../sink/testing/traces.ts';
import { CallMetrics } from '../../sink/call-metrics/call-metrics.ts';
import { decidedAfterMs } from '../../sink/call-metrics/claim-minutes.ts';
import { CallCounting, keepCallsCounted } from '../../sink/call-metrics/count-calls.ts';
import { minuteCalls } from '../../sink/call-metrics/minute-calls.ts';

const msPerMinute = 60_000;
/** The beginning of the minute before the last whole one. */
const minuteMs = (Math.floor(Date.now() / msPerMinute) - 3) * msPerMinute;
/** A trace of the shop in that minute, or in another one. */
const traceOf = (number: number, minute = 0): ReturnType<typeof traceMessage> => {
  const trace = shopTrace(number);
  const byNs = BigInt(minuteMs + minute * msPerMinute) * 1_000_000n + BigInt(number) * 1_000_000n - trace.startTimeNs;
  const spans = trace.spans.map((span) => ({ ...span, startTimeNs: span.startTimeNs + byNs }));
  return traceMessage(aTrace(spans, { traceId: trace.traceId }), number);
};

let database: TemporaryClickHouse;
beforeAll(async () => {
  database = await temporaryClickHouse();
  await database.store(...shopMessages(0));
  await database.clickHouse.execute('SYSTEM RELOAD DICTIONARIES');
});
afterAll(() => database.remove());
beforeEach(async () => {
  for (const table of ['spans', 'trace', 'summed_minute', 'counted_minute', 'call_minute_sum'])
    await database.clickHouse.execute(`TRUNCATE TABLE ${table}`);
});

interface Sink {
  readonly registry: Registry;
  readonly metrics: CallMetrics;
  readonly events: string[];
  /** Looks, so long after the last look. */
  look(afterMs?: number): Promise<void>;
}

function newSink(clickHouse: ClickHouse = database.clickHouse, maxSeries = 10_000): Sink {
  const registry = new Registry();
  const metrics = new CallMetrics(registry, maxSeries);
  const events: string[] = [];
  let nowMs = 0;
  const counting = new CallCounting(clickHouse, {
    metrics,
    instance: randomUUID(),
    telemetry: { emit: ({ name }) => events.push(name) },
    now: () => nowMs,
    due: { restS: 0, quietMs: 0, atLatestS: 600, lookBackS: 3_600 },
  });
  return {
    registry,
    metrics,
    events,
    async look(afterMs = decidedAfterMs) {
      nowMs += afterMs;
      await counting.turn();
    },
  };
}

/** Claims, and counts. */
async function count(sink: Sink): Promise<void> {
  await sink.look();
  await sink.look();
}

/** Values by their lines, without those that are 0; read twice, as the first reading of a counter is 0. */
async function read({ registry }: Sink, name: string): Promise<Readonly<Record<string, number>>> {
  await registry.metrics();
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));
  const values = lines.map((line) => [line.slice(name.length, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]);
  return Object.fromEntries(values.filter(([, value]) => value !== 0)) as Record<string, number>;
}

const total = 'traces_service_graph_request_total';
const edges = {
  '{client="cart",server="prices",connection_type=""}': 3,
  '{client="user",server="gateway",connection_type="virtual_node"}': 3,
  '{client="cart",server="10.0.0.9",connection_type="database"}': 3,
};

describe('calls of a minute', () => {
  it('count once each, by services, with the durations of both sides', async () => {
    await database.store(traceOf(1), traceOf(2), traceOf(3));
    const sink = newSink();
    await count(sink);
    expect(await read(sink, total)).toEqual(edges);
    expect(await read(sink, 'traces_service_graph_request_failed_total')).toEqual({
      '{client="cart",server="prices",connection_type=""}': 1,
    });
    const prices = (name: string): Promise<number> =>
      read(sink, name).then((values) => values['{client="cart",server="prices",connection_type=""}']!);
    // 2, 2 and 196 ms in the server, 6, 6 and 200 ms in the client.
    expect(await prices('traces_service_graph_request_server_seconds_sum')).toBeCloseTo(0.2);
    expect(await prices('traces_service_graph_request_client_seconds_sum')).toBeCloseTo(0.212);
    expect(await prices('traces_service_graph_request_client_seconds_count')).toBe(3);
    const buckets = await read(sink, 'traces_service_graph_request_server_seconds_bucket');
    const upTo = (bound: string): number | undefined =>
      buckets[`{client="cart",server="prices",connection_type="",le="${bound}"}`];
    expect(['0.001', '0.002', '0.128', '0.256', '16.384', '+Inf'].map(upTo)).toEqual([undefined, 2, 2, 3, 3, 3]);
  });

  it('are spans by service, name, kind and status', async () => {
    await database.store(traceOf(1), traceOf(2), traceOf(3));
    const sink = newSink();
    await count(sink);
    const unset = 'status_code="STATUS_CODE_UNSET"';
    const error = 'status_code="STATUS_CODE_ERROR"';
    expect(await read(sink, 'traces_spanmetrics_calls_total')).toEqual({
      [`{service="gateway",span_name="GET /api/orders/{}",span_kind="SPAN_KIND_SERVER",${unset}}`]: 3,
      [`{service="cart",span_name="GET /prices/{}",span_kind="SPAN_KIND_CLIENT",${unset}}`]: 2,
      [`{service="cart",span_name="GET /prices/{}",span_kind="SPAN_KIND_CLIENT",${error}}`]: 1,
      [`{service="prices",span_name="GET /prices/{}",span_kind="SPAN_KIND_SERVER",${unset}}`]: 2,
      [`{service="prices",span_name="GET /prices/{}",span_kind="SPAN_KIND_SERVER",${error}}`]: 1,
      [`{service="cart",span_name="SELECT orders",span_kind="SPAN_KIND_CLIENT",${unset}}`]: 3,
    });
    const sums = await read(sink, 'traces_spanmetrics_latency_sum');
    expect(Object.values(sums).reduce((sum, value) => sum + value, 0)).toBeCloseTo(
      0.025 * 2 + 0.25 + 0.212 + 0.2 + 0.009,
    );
  });

  it('count once although they are stored again and change, and those that come late are counted as late', async () => {
    await database.store(traceOf(1), traceOf(2), traceOf(3));
    const sink = newSink();
    await count(sink);
    await database.store(traceOf(1), traceOf(2), traceOf(3));
    await count(sink);
    expect(await read(sink, total)).toEqual(edges);
    await database.store(traceOf(4));
    await count(sink);
    await count(sink);
    expect(await read(sink, total)).toEqual(edges);
    expect(await sink.registry.metrics()).toContain('spanloom_sink_metrics_late_total 3\n');
  });

  it('grow with further minutes, and never fall', async () => {
    await database.store(traceOf(1));
    const sink = newSink();
    await count(sink);
    await database.store(traceOf(2, -1), traceOf(3, -1));
    await count(sink);
    expect(await read(sink, total)).toEqual(edges);
    await database.clickHouse.execute('TRUNCATE TABLE spans');
    await count(sink);
    expect(await read(sink, total)).toEqual(edges);
  });

  it('are 0 at first, so that a reader sees the first calls as an increase', async () => {
    await database.store(traceOf(1));
    const sink = newSink();
    await count(sink);
    const line = `${total}{client="cart",server="prices",connection_type=""} `;
    expect(await sink.registry.metrics()).toContain(`${line}0\n`);
    expect(await sink.registry.metrics()).toContain(`${line}1\n`);
  });

  it('of a minute that is not over, or long past, are left alone', async () => {
    await database.store(traceOf(1, 60), traceOf(2, -70));
    const sink = newSink();
    await count(sink);
    expect(await read(sink, total)).toEqual({});
  });
});

describe('several sinks', () => {
  it('count each call once together, whichever claims first, and after a restart', async () => {
    await database.store(traceOf(1), traceOf(2, -1), traceOf(3, -2));
    const sinks = [newSink(), newSink(), newSink()] as const;
    await Promise.all(sinks.map((sink) => sink.look()));
    // Too early to be decided: one that is slow may still have claimed before.
    await Promise.all(sinks.map((sink) => sink.look(decidedAfterMs - 1)));
    for (const sink of sinks) expect(await read(sink, total)).toEqual({});
    await Promise.all(sinks.map((sink) => sink.look()));
    await count(newSink());
    const sums: Record<string, number> = {};
    for (const sink of [...sinks, newSink()])
      for (const [line, value] of Object.entries(await read(sink, total))) sums[line] = (sums[line] ?? 0) + value;
    expect(sums).toEqual(edges);
  });

  it('count a minute whose claim led to nothing, as after a kill, but none that another may still count or has', async () => {
    await database.store(traceOf(1), traceOf(2, -1), traceOf(3, -2));
    const claim = (minute: number, agoS: number, isCounted: boolean): Promise<void> =>
      database.clickHouse.execute(
        `INSERT INTO counted_minute SELECT toDateTime(${minuteMs / 1_000 + 60 * minute}, 'UTC'),
           now64(9) - toIntervalSecond(${agoS}), 'gone', ${isCounted}`,
      );
    await claim(0, 200, false);
    await claim(-1, 10, false);
    await claim(-2, 200, true);
    const sink = newSink();
    await count(sink);
    expect(Object.values(await read(sink, total))).toEqual([1, 1, 1]);
  });

  it('count a minute that one could not read in its next turn', async () => {
    await database.store(traceOf(1), traceOf(2), traceOf(3));
    let failures = 3;
    const failing: ClickHouse = {
      ...database.clickHouse,
      select<Row>(sql: string) {
        if (sql.includes('row_number') && failures-- > 0)
          throw new PipelineError('DESTINATION_UNAVAILABLE', 'gone', { retryable: true });
        return database.clickHouse.select<Row>(sql);
      },
    };
    const registry = new Registry();
    const stopped = new AbortController();
    const events: string[] = [];
    let [nowMs, turns] = [0, 0];
    await keepCallsCounted(failing, {
      metrics: new CallMetrics(registry, 1_000),
      instance: 'one',
      telemetry: { emit: ({ name }) => events.push(name) },
      now: () => nowMs,
      due: { restS: 0, quietMs: 0, atLatestS: 600, lookBackS: 3_600 },
      signal: stopped.signal,
      sleep() {
        nowMs += decidedAfterMs;
        if (++turns === 6) stopped.abort();
        return Promise.resolve();
      },
    });
    expect(events).toEqual(['calls_not_counted', 'calls_not_counted', 'calls_not_counted']);
    expect(await read({ registry } as Sink, total)).toEqual(edges);
  });
});

describe('the number of series', () => {
  const manyEndpoints = (endpoints: number): ReturnType<typeof traceMessage> => {
    const spans = Array.from({ length: endpoints }, (_, index) =>
      orderSpan({
        spanId: (0x1000 + index).toString(16).padStart(16, '0'),
        startTimeNs: BigInt(minuteMs) * 1_000_000n + BigInt(index),
        endpoint: `/things/${index}"\\\n`,
        xRequestIdRequest: '',
      }),
    );
    return traceMessage(aTrace(spans), 0);
  };

  it('is bounded: what has no place counts as other, and is counted and reported', async () => {
    await database.store(manyEndpoints(100));
    // Half of them for spans, which take 20 each.
    const sink = newSink(database.clickHouse, 800);
    await count(sink);
    const calls = await read(sink, 'traces_spanmetrics_calls_total');
    expect(Object.keys(calls)).toHaveLength(21);
    const others = '{service="other",span_name="other",span_kind="SPAN_KIND_SERVER",status_code="STATUS_CODE_UNSET"}';
    expect(calls[others]).toBe(80);
    expect(Object.values(calls).reduce((sum, value) => sum + value, 0)).toBe(100);
    expect(await sink.registry.metrics()).toContain('spanloom_sink_metrics_overflow_total{metric="spanmetrics"} 80\n');
    expect(sink.events).toEqual(['series_overflow']);
  });

  it('is bounded also where a minute has more names than are read of it', async () => {
    await database.store(manyEndpoints(100));
    const groups = await minuteCalls(database.clickHouse, minuteMs / 1_000, 30);
    expect(groups).toHaveLength(31);
    expect(groups[0]).toMatchObject({ is_other: 1, is_call: 1, endpoint: '', server_name: '', spans: 70 });
    const registry = new Registry();
    const metrics = new CallMetrics(registry, 10_000);
    expect(metrics.count(groups, 0)).toBe(140);
    expect(await read({ registry } as Sink, total)).toMatchObject({
      '{client="other",server="other",connection_type=""}': 70,
    });
  });
});
