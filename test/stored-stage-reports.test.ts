/** What stages report, the sink stores and the query stage reads as state: with the real engine. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Counters } from '../core/stage/accounting.ts';
import { newReporter, stageReport, type Reporter } from '../core/stage/report-stages.ts';
import type { ReportedStage } from '../core/telemetry/stage-telemetry.ts';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry } from '../core/telemetry/telemetry.ts';
import { defaultQueryLimits, defaultReadLimits } from '../query/config.ts';
import { serveQueries } from '../query/http/http-server.ts';
import { boundedReader } from '../query/store/read-limits.ts';
import { readStageStates, type StageStates } from '../query/store/stage-states.ts';
import { storeWith } from '../query/testing/store-with.ts';
import { readDeadLetter } from '../schemas/generated/dead-letter.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { newSinkStage, temporaryClickHouse, type TemporaryClickHouse } from '../sink/testing/temporary-clickhouse.ts';
import { stageReportMessage } from '../sink/testing/traces.ts';

let database: TemporaryClickHouse;
beforeAll(async () => {
  database = await temporaryClickHouse();
});
afterAll(() => database.remove());
beforeEach(() => database.clickHouse.execute('TRUNCATE TABLE stage_report'));

const beginMs = Date.UTC(2026, 0, 31, 12);
const atNs = (seconds: number): bigint => BigInt(beginMs + seconds * 1_000) * 1_000_000n;
const reporter: Reporter = { ...newReporter('1.2.3'), instance: 'a'.repeat(32), host: 'one', startedAtNs: atNs(0) };
const other: Reporter = { ...reporter, instance: 'b'.repeat(32), host: 'two' };

/** A collector that has received and emitted so much, and lost for these reasons. */
function collector(emitted: number, dropped: Readonly<Record<string, number>> = {}): ReportedStage {
  const counters = new Counters(Object.keys(dropped));
  const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0);
  counters.receive(emitted + lost);
  counters.emit(emitted);
  for (const [reason, count] of Object.entries(dropped)) counters.drop(reason, count);
  return { stage: 'collector', accounting: counters, lags: [] };
}
const store = (who: Reporter, seconds: number, ...stages: readonly ReportedStage[]): Promise<void> =>
  database.store(stageReportMessage(stageReport(who, stages, beginMs + seconds * 1_000), 0));
const read = (fromSeconds: number, toSeconds: number): Promise<StageStates> =>
  readStageStates(boundedReader(database.clickHouse, defaultReadLimits, undefined), {
    fromNs: atNs(fromSeconds),
    toNs: atNs(toSeconds),
  });

describe('the state of stages', () => {
  it('is what happened in the range: the difference of its last report and the last one before it', async () => {
    await store(reporter, 10, collector(100, { ring_full: 5 }));
    await store(reporter, 20, collector(300, { ring_full: 5 }));
    await store(reporter, 30, collector(700, { ring_full: 5, map_full: 2 }));
    await store(reporter, 40, collector(900, { ring_full: 9, map_full: 2 }));
    const { stages, losses } = await read(15, 35);
    expect(stages).toEqual([
      {
        stage: 'collector',
        instance: reporter.instance,
        host: 'one',
        version: '1.2.3',
        startedAtNs: atNs(0),
        reportedAtNs: atNs(30),
        received: 602,
        emitted: 600,
        dropped: { map_full: 2 },
        rejected: {},
        buffered: 0,
        lagMessages: 0,
        lagMs: 0,
      },
    ]);
    const loss = { stage: 'collector', host: 'one', outcome: 'dropped' };
    expect(losses).toEqual([{ ...loss, reason: 'map_full', count: 2, firstNs: atNs(30), lastNs: atNs(30) }]);
    expect((await read(25, 45)).losses).toEqual([
      { ...loss, reason: 'ring_full', count: 4, firstNs: atNs(40), lastNs: atNs(40) },
      { ...loss, reason: 'map_full', count: 2, firstNs: atNs(30), lastNs: atNs(30) },
    ]);
  });

  it('counts all of a process that began in the range, and of one without an earlier report what its reports show', async () => {
    await store(reporter, 10, collector(100, { ring_full: 5 }));
    const late = { ...other, startedAtNs: atNs(-86_400) };
    await store(late, 10, collector(4_000, { ring_full: 50 }));
    await store(late, 20, collector(4_500, { ring_full: 51 }));
    const { stages, losses } = await read(0, 60);
    expect(stages.map(({ host, received, dropped }) => ({ host, received, dropped }))).toEqual([
      { host: 'one', received: 105, dropped: { ring_full: 5 } },
      { host: 'two', received: 501, dropped: { ring_full: 1 } },
    ]);
    expect(losses.map(({ host, count, firstNs }) => ({ host, count, firstNs }))).toEqual([
      { host: 'one', count: 5, firstNs: atNs(10) },
      { host: 'two', count: 1, firstNs: atNs(20) },
    ]);
  });

  it('adds up losses of one host, also over restarts, and leaves out what is no loss', async () => {
    await store(reporter, 10, collector(100, { ring_full: 5 }));
    await store({ ...other, host: 'one', startedAtNs: atNs(20) }, 30, collector(10, { ring_full: 3 }));
    const enricher = { ...collector(50, { no_protocol: 7, evicted: 1 }), stage: 'enricher' };
    await store({ ...reporter, instance: 'c'.repeat(32) }, 30, enricher);
    const { stages, losses } = await read(0, 60);
    expect(stages.map(({ stage }) => stage)).toEqual(['collector', 'collector', 'enricher']);
    expect(losses).toEqual([
      {
        stage: 'collector',
        host: 'one',
        outcome: 'dropped',
        reason: 'ring_full',
        count: 8,
        firstNs: atNs(10),
        lastNs: atNs(30),
      },
      {
        stage: 'enricher',
        host: 'one',
        outcome: 'dropped',
        reason: 'evicted',
        count: 1,
        firstNs: atNs(30),
        lastNs: atNs(30),
      },
    ]);
  });

  it('does not count a report twice that is stored twice, and keeps texts that look like SQL as they are', async () => {
    const hostile = { ...reporter, host: `'; DROP TABLE spans; --` };
    const hostileStage = { ...collector(1, { [`\\'x`]: 2 }), stage: `it's` };
    await store(hostile, 10, hostileStage);
    await store(hostile, 10, hostileStage);
    const { stages, losses } = await read(0, 60);
    expect(stages).toMatchObject([{ stage: `it's`, host: hostile.host, received: 3, dropped: { [`\\'x`]: 2 } }]);
    expect(losses).toMatchObject([{ reason: `\\'x`, count: 2 }]);
  });

  it('is nothing where nothing was reported', async () => {
    expect(await read(0, 60)).toEqual({ stages: [], losses: [], isTruncated: false });
  });
});

describe('GET /api/state', () => {
  const answerTo = async (parameters: string): Promise<{ readonly status: number; readonly body: unknown }> => {
    const server = await serveQueries({
      store: storeWith({}),
      reader: (signal) => boundedReader(database.clickHouse, defaultReadLimits, signal),
      telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
      host: '127.0.0.1',
      port: 0,
      limits: defaultQueryLimits,
      dataDirectory: '/data',
    });
    try {
      const response = await fetch(`http://127.0.0.1:${server.port}/api/state${parameters}`);
      return { status: response.status, body: await response.json() };
    } finally {
      await server.close();
    }
  };

  it('answers for a range of time, with times as text and losses', async () => {
    await store(reporter, 10, collector(100, { ring_full: 5, map_full: 1 }));
    await store(reporter, 20, collector(300, { ring_full: 5, map_full: 3 }));
    const { status, body } = await answerTo(`?from=${atNs(15)}&to=${atNs(25)}`);
    expect(status).toBe(200);
    expect(body).toEqual({
      stages: [
        {
          stage: 'collector',
          instance: reporter.instance,
          host: 'one',
          version: '1.2.3',
          started_at_ns: String(atNs(0)),
          reported_at_ns: String(atNs(20)),
          received: 202,
          emitted: 200,
          dropped: { map_full: 2 },
          rejected: {},
          buffered: 0,
          lag_messages: 0,
          lag_ms: 0,
        },
      ],
      losses: [
        {
          stage: 'collector',
          host: 'one',
          outcome: 'dropped',
          reason: 'map_full',
          count: 2,
          first_ns: String(atNs(20)),
          last_ns: String(atNs(20)),
        },
      ],
      is_truncated: false,
    });
  });

  it('is of the last minutes without a range, and refuses what is no time', async () => {
    await store(reporter, 10, collector(100, { ring_full: 5 }));
    expect(await answerTo('')).toEqual({ status: 200, body: { stages: [], losses: [], is_truncated: false } });
    expect(await answerTo(`?to=${atNs(60)}`)).toMatchObject({ body: { stages: [{ received: 105 }] } });
    expect(await answerTo('?from=soon')).toMatchObject({
      status: 400,
      body: { problems: [expect.stringContaining('from')] },
    });
  });
});

describe('a report that the sink refuses', () => {
  const stage = newSinkStage();
  it.each([
    ['an instance that is no id', { ...reporter, instance: 'x' }, 1, 'instance is not 32 hex digits'],
    ['more stages than there can be', reporter, 101, 'it has 101 stages; at most 100 are taken'],
  ])('becomes a dead letter: %s', (_, who, stages, detail) => {
    const report = stageReport(
      who,
      Array.from({ length: stages }, () => collector(1)),
      beginMs,
    );
    const [output] = stage.process(stageReportMessage(report, 0), beginMs);
    if (output?.kind !== 'dead-letter') throw new Error('it is no dead letter');
    expect(readDeadLetter(new AvroReader(output.message.value as Buffer))).toMatchObject({
      reason: 'undecodable',
      detail,
    });
  });
});

it('a report says how far a stage is behind: all messages, and the longest wait', () => {
  const lags = [
    { topic: 'events', partition: 0, messages: 3, behindSinceMs: beginMs - 4_000 },
    { topic: 'events', partition: 1, messages: 2, behindSinceMs: beginMs - 9_000 },
    { topic: 'events', partition: 2, messages: 0 },
  ];
  const report = stageReport(reporter, [{ ...collector(1), lags }], beginMs);
  expect(report.stages).toMatchObject([{ lagMessages: 5, lagMs: 9_000 }]);
});
