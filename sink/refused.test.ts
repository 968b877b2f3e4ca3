import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { hasCode, PipelineError } from '../core/errors.ts';
import { imbalance } from '../core/stage/accounting.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { type DeadLetter, readDeadLetter } from '../schemas/generated/dead-letter.ts';
import { deliverToClickHouse } from './deliver.ts';
import { applyRetention } from './retention.ts';
import type { SinkOutput, SinkStage } from './stage.ts';
import { newSinkStage, temporaryClickHouse, type TemporaryClickHouse } from './testing/temporary-clickhouse.ts';
import { resourceMessage, traceMessage } from './testing/traces.ts';
import { gatewayResource, orderSpan } from './testing/traces.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { epochNs } from '../schemas/testing/a-span.ts';

const dayNs = 86_400_000_000_000n;
let database: TemporaryClickHouse;
let clickHouse: ClickHouse;

beforeAll(async () => {
  database = await temporaryClickHouse();
  ({ clickHouse } = database);
});
afterAll(() => database.remove());
beforeEach(async () => {
  for (const table of [
    'spans',
    'reported_span',
    'trace',
    'trace_by_time',
    'trace_version',
    'operation',
    'summed_minute',
    'resource',
  ])
    await clickHouse.execute(`TRUNCATE TABLE ${table}`);
});

const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0');

/** A trace of one span. */
function traceOf(number: number, startTimeNs = epochNs, requestDomain = 'good') {
  const span = orderSpan({ spanId: hex(number + 1, 16), startTimeNs, requestDomain });
  return aTrace([span], { traceId: hex(number + 1, 32), startTimeNs });
}

/** Delivers what the stage has. Returns the dead letters. */
async function deliver(
  stage: SinkStage,
  outputs: readonly SinkOutput[],
  to = clickHouse,
): Promise<readonly DeadLetter[]> {
  const sent: OutgoingMessage[] = [];
  const producer = {
    send: (messages: readonly OutgoingMessage[]) => {
      sent.push(...messages);
      return Promise.resolve();
    },
    close: () => Promise.resolve(),
  };
  const refused = stage.refused.bind(stage);
  await deliverToClickHouse(outputs, { clickHouse: to, producer, refused });
  return sent.map(({ value }) => readDeadLetter(new AvroReader(Buffer.from(value))));
}

async function count(table: string): Promise<number> {
  const [row] = await clickHouse.select<{ rows: number }>(`SELECT count() AS rows FROM ${table} FINAL`);
  return row!.rows;
}

describe('rows that the database refuses', () => {
  it.each([
    ['spans', "request_domain != 'bad'"],
    ['trace', "root_endpoint != '/bad'"],
  ])('in table %s go to the dead letters, and all others are stored', async (table, check) => {
    await clickHouse.execute(`ALTER TABLE ${table} ADD CONSTRAINT no_bad CHECK ${check}`);
    try {
      const stage = newSinkStage();
      const bad = [0, 7, 8, 63, 99];
      stage.process(resourceMessage(gatewayResource(), 0), 0);
      for (let number = 0; number < 100; number++) {
        const trace = traceOf(number, epochNs, bad.includes(number) ? 'bad' : 'good');
        const [span] = trace.spans;
        const root = { rootSpanId: span!.spanId, spans: [{ ...span!, endpoint: bad.includes(number) ? '/bad' : '/' }] };
        stage.process(traceMessage({ ...trace, ...root }, number), 0);
      }
      const letters = await deliver(stage, stage.drain());
      expect(letters.map(({ offset }) => offset)).toEqual(bad);
      expect(letters[0]).toMatchObject({ stage: 'sink', reason: 'refused', topic: 'traces' });
      expect(letters[0]!.detail).toMatch(/^ClickHouse refused \(VIOLATED_CONSTRAINT\): .*no_bad/);
      expect([await count('trace'), await count('resource')]).toEqual([95, 1]);
      expect(await count('spans')).toBe(table === 'spans' ? 95 : 100);
      expect(stage.accounting()).toMatchObject({ received: 101, emitted: 96, buffered: 0, rejected: { refused: 5 } });
      expect(imbalance(stage.accounting())).toBe(0);
    } finally {
      await clickHouse.execute(`ALTER TABLE ${table} DROP CONSTRAINT no_bad`);
    }
  });

  it('are still known when all of it is delivered again after a failure', async () => {
    await clickHouse.execute("ALTER TABLE spans ADD CONSTRAINT no_bad CHECK request_domain != 'bad'");
    try {
      const stage = newSinkStage();
      for (let number = 0; number < 8; number++)
        stage.process(traceMessage(traceOf(number, epochNs, number === 3 ? 'bad' : 'good'), number), 0);
      const outputs = stage.drain();
      const passing = new PipelineError('DESTINATION_UNAVAILABLE', 'busy', { retryable: true });
      const failing: ClickHouse = {
        ...clickHouse,
        insert: (insert) => (insert.table === 'trace' ? Promise.reject(passing) : clickHouse.insert(insert)),
      };
      await expect(deliver(stage, outputs, failing)).rejects.toBe(passing);
      expect((await deliver(stage, outputs)).map(({ offset }) => offset)).toEqual([3]);
      expect(await count('trace')).toBe(7);
      expect(stage.accounting()).toMatchObject({ emitted: 7, rejected: { refused: 1 } });
    } finally {
      await clickHouse.execute('ALTER TABLE spans DROP CONSTRAINT no_bad');
    }
  });

  it('are none where the table or the rights are missing', async () => {
    const stage = newSinkStage();
    for (let number = 0; number < 8; number++) stage.process(traceMessage(traceOf(number), number), 0);
    await clickHouse.execute('RENAME TABLE spans TO elsewhere');
    try {
      const error: unknown = await deliver(stage, stage.drain()).catch((thrown: unknown) => thrown);
      expect(hasCode(error, 'DESTINATION_REFUSED')).toBe(true);
      expect(stage.accounting().rejected).toMatchObject({ refused: 0 });
    } finally {
      await clickHouse.execute('RENAME TABLE elsewhere TO spans');
    }
  });

  it('do not take more inserts than are bounded', async () => {
    const stage = newSinkStage();
    for (let number = 0; number < 5_000; number++) stage.process(traceMessage(traceOf(number), number), 0);
    let inserts = 0;
    const refusing: ClickHouse = {
      ...clickHouse,
      insert: () => {
        inserts++;
        return Promise.reject(new PipelineError('DESTINATION_REFUSED', 'ClickHouse at x refused (TYPE_MISMATCH): y'));
      },
    };
    expect(await deliver(stage, stage.drain(), refusing)).toHaveLength(5_000);
    expect(inserts).toBeLessThan(5_000);
    expect(imbalance(stage.accounting())).toBe(0);
  });
});

describe('event times', () => {
  it('of hundreds of different days are stored in few days at once', async () => {
    const stage = newSinkStage();
    for (let number = 0; number < 300; number++)
      stage.process(traceMessage(traceOf(number, BigInt(number * 160) * dayNs), number), 0);
    const days: number[] = [];
    const counting: ClickHouse = {
      ...clickHouse,
      insert: async (insert) => {
        await clickHouse.insert(insert);
        if (insert.table === 'spans') days.push(await count('spans'));
      },
    };
    expect(await deliver(stage, stage.drain(), counting)).toEqual([]);
    expect(days).toEqual(Array.from({ length: 6 }, (_, index) => (index + 1) * 50));
    expect(await count('trace')).toBe(300);
  });

  it('before the retention or far ahead of now go to the dead letters with what is wrong', async () => {
    const nowMs = Number(epochNs / 1_000_000n);
    const stage = newSinkStage(undefined, { behindMs: 30 * 86_400_000, aheadMs: 3_600_000 });
    const times = [
      0n,
      29n * dayNs,
      30n * dayNs,
      31n * dayNs,
      -3_500_000_000_000n,
      -3_700_000_000_000n,
      epochNs,
      epochNs + 1n,
      epochNs - 9_000_000_000_000_000_000n,
      -epochNs,
    ];
    const outputs = times.flatMap((age, offset) =>
      stage.process(traceMessage(traceOf(offset, epochNs - age), offset), nowMs),
    );
    // One that was merged into another has no time.
    outputs.push(
      ...stage.process(traceMessage(aTrace([], { startTimeNs: 0n, mergedInto: 'b'.repeat(32) }), 99), nowMs),
    );
    const letters = await deliver(stage, [...outputs, ...stage.drain()]);
    expect(letters.map(({ offset, reason }) => [offset, reason])).toEqual(
      [3, 5, 6, 7, 8, 9].map((offset) => [offset, 'time_out_of_range']),
    );
    expect(letters[0]!.detail).toMatch(
      /^a span starts at 2025-09-08T\S+Z; the earliest that is stored is 2025-09-09T\S+Z$/,
    );
    expect(await count('trace')).toBe(5);
    expect(stage.accounting()).toMatchObject({ received: 10, emitted: 4, rejected: { time_out_of_range: 6 } });
  });

  it('that the tables cannot hold are refused without any setting', () => {
    const stage = newSinkStage();
    const at = (startTimeNs: bigint): number => stage.process(traceMessage(traceOf(0, startTimeNs), 0), 0).length;
    expect([-1n, -(2n ** 63n), 2n ** 63n - 1n, 4_294_967_280_000_000_000n].map(at)).toEqual([1, 1, 1, 1]);
    expect([0n, 4_102_444_800_000_000_000n, 4_294_967_279_000_000_000n].map(at)).toEqual([0, 0, 0]);
  });
});

describe('retention', () => {
  const engineOf = async (table: string): Promise<string> => {
    const [row] = await clickHouse.select<{ engine: string }>(
      `SELECT engine_full AS engine FROM system.tables WHERE database = currentDatabase() AND name = '${table}'`,
    );
    return row!.engine;
  };

  it('is brought up to the setting, once, and removes what is older', async () => {
    const nowNs = BigInt(Date.now()) * 1_000_000n;
    const [old, young] = [traceOf(0, nowNs - 40n * dayNs), traceOf(1, nowNs)];
    await database.store(traceMessage(old, 0), traceMessage(young, 1));
    await database.store(traceMessage(aTrace([], { startTimeNs: 0n, mergedInto: 'b'.repeat(32) }), 2));
    await database.store(resourceMessage(gatewayResource(), 0));
    const statements: string[] = [];
    const watched: ClickHouse = {
      ...clickHouse,
      execute: (sql) => {
        statements.push(sql);
        return clickHouse.execute(sql);
      },
    };
    await applyRetention(watched, 30 * 86_400_000);
    expect(statements).toHaveLength(26);
    await applyRetention(watched, 30 * 86_400_000);
    expect(statements).toHaveLength(26);
    for (let isDone = false; !isDone;) {
      const [row] = await clickHouse.select<{ mutations: number }>(
        'SELECT count() AS mutations FROM system.mutations WHERE database = currentDatabase() AND NOT is_done',
      );
      isDone = row!.mutations === 0;
    }
    for (const table of ['spans', 'trace', 'resource']) await clickHouse.execute(`OPTIMIZE TABLE ${table} FINAL`);
    expect([await count('spans'), await count('trace'), await count('resource')]).toEqual([1, 2, 1]);
    await applyRetention(watched, 7 * 86_400_000);
    expect(await engineOf('spans')).toContain('toIntervalSecond(least(604800, ');
    await applyRetention(watched, 0);
    expect([await engineOf('spans'), await engineOf('trace')].join(' ')).not.toContain('TTL ');
    const before = statements.length;
    await applyRetention(watched, 0);
    expect(statements).toHaveLength(before);
  });
});
