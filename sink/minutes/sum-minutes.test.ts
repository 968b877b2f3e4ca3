import { failingAt } from '../testing/failing-statement.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import fc from 'fast-check';
import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import type { InternalEvent } from '../../core/telemetry/internal-events.ts';
import type { Flow } from '../../schemas/generated/flow-batch.ts';
import { aFlow } from '../../schemas/testing/a-flow.ts';
import { aSide, epochNs } from '../../schemas/testing/a-span.ts';
import { storeMessages, temporaryClickHouse, type TemporaryClickHouse } from '../testing/temporary-clickhouse.ts';
import { flowMessage } from '../testing/traces.ts';
import { flowMinute, minuteSummaries } from './minute-summary.ts';
import { keepMinutesSummed, sumNextMinute } from './sum-minutes.ts';

const minuteNs = 60_000_000_000n;
const atOnce = { quietMs: 0 };
let database: TemporaryClickHouse;
let clickHouse: ClickHouse;

beforeAll(async () => {
  database = await temporaryClickHouse();
  clickHouse = database.clickHouse;
});
afterAll(() => database.remove());
beforeEach(async () => {
  for (const table of ['flow', 'flow_minute_sum', 'summed_minute']) await clickHouse.execute(`TRUNCATE TABLE ${table}`);
});

/** An interval of flow `flowId` in minute `minute`, whose server is pod `podId`. */
const flowOf = (flowId: number, minute: number, podId = 1): Flow =>
  aFlow({ flowId, startTimeNs: epochNs + BigInt(minute) * minuteNs, server: aSide({ port: 80, podId }) });
const store = (...flows: readonly Flow[]): Promise<void> =>
  storeMessages(clickHouse, [flowMessage({ agentId: 7, flows }, 0)]);
const linesOf = (view: string): Promise<readonly unknown[]> =>
  clickHouse.select(
    `SELECT minute, server_pod_id, flows, client_packets, closed FROM ${view} ORDER BY minute, server_pod_id`,
  );
const changed = async (): Promise<number> => {
  const [row] = await clickHouse.select<{ minutes: number }>(
    "SELECT count() AS minutes FROM changed_minute WHERE summary = 'flow_minute'",
  );
  return row!.minutes;
};
async function sumAll(through: ClickHouse = clickHouse): Promise<number> {
  let minutes = 0;
  while (await sumNextMinute(through, flowMinute, atOnce)) minutes++;
  return minutes;
}

describe('a view per minute', () => {
  it('has a table of sums with the columns of what it sums up', async () => {
    for (const { name } of minuteSummaries) {
      const columnsOf = async (table: string): Promise<readonly string[]> => {
        const rows = await clickHouse.select<{ name: string; type: string }>(`DESCRIBE TABLE ${table}`);
        return rows.map((row) => `${row.name} ${row.type}`);
      };
      expect(await columnsOf(`${name}_sum`)).toEqual([
        ...(await columnsOf(`${name}_now`)),
        'version UInt64',
        'is_deleted UInt8',
      ]);
    }
  });

  it('reads sums where minutes were summed up, and rows where they have changed since', async () => {
    await store(flowOf(1, 0), flowOf(2, 0), flowOf(3, 1));
    const expected = await linesOf('flow_minute_now');
    expect(await linesOf('flow_minute')).toEqual(expected);
    expect(await sumAll()).toBe(2);
    expect(await changed()).toBe(0);
    // Rows go: the sums stay, so it was these that were read.
    await clickHouse.execute('TRUNCATE TABLE flow');
    expect(await linesOf('flow_minute')).toEqual(expected);
    await store(flowOf(4, 1));
    expect(await linesOf('flow_minute')).toEqual([expected[0], ...(await linesOf('flow_minute_now'))]);
    expect(await sumAll()).toBe(1);
    expect(await sumAll()).toBe(0);
  });

  it('has no line any more of tags that no row has', async () => {
    await store(flowOf(1, 0, 1), flowOf(2, 0, 2));
    await sumAll();
    await store(flowOf(1, 0, 2));
    await sumAll();
    expect(await linesOf('flow_minute')).toEqual([expect.objectContaining({ server_pod_id: 2, flows: 2 })]);
    await clickHouse.execute('OPTIMIZE TABLE flow_minute_sum FINAL');
    expect(await linesOf('flow_minute')).toEqual(await linesOf('flow_minute_now'));
  });

  it('leaves a minute alone that was not quiet for long enough', async () => {
    await store(flowOf(1, 0));
    expect(await sumNextMinute(clickHouse, flowMinute, { quietMs: 3_600_000 })).toBe(false);
    expect(await changed()).toBe(1);
  });

  it('says what the rows say, whatever is stored, summed up and interrupted in between', async () => {
    const flow = fc.tuple(fc.nat(3), fc.nat(2), fc.integer({ min: 1, max: 3 }));
    const step = fc.oneof(
      fc.record({ what: fc.constant('store' as const), flows: fc.array(flow, { minLength: 1, maxLength: 4 }) }),
      fc.constant({ what: 'sum' as const }),
      fc.record({ what: fc.constant('fail' as const), statement: fc.nat(5), isAfter: fc.boolean() }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 8 }), async (steps) => {
        for (const table of ['flow', 'flow_minute_sum', 'summed_minute'])
          await clickHouse.execute(`TRUNCATE TABLE ${table}`);
        for (const taken of steps) {
          if (taken.what === 'store') await store(...taken.flows.map((of) => flowOf(...of)));
          else if (taken.what === 'sum') await sumAll();
          else await sumAll(failingAt(clickHouse, taken.statement, taken.isAfter)).catch(() => undefined);
          expect(await linesOf('flow_minute')).toEqual(await linesOf('flow_minute_now'));
        }
        await sumAll();
        expect(await changed()).toBe(0);
        expect(await linesOf('flow_minute')).toEqual(await linesOf('flow_minute_now'));
      }),
      { numRuns: 10, seed: 11 },
    );
  });

  it('is right when two sinks sum the same minute up', async () => {
    for (const other of [0, 1, 2]) {
      await store(flowOf(other, 0, 1), flowOf(9, 0, 2));
      let statements = 0;
      const disturbed: ClickHouse = {
        ...clickHouse,
        async execute(sql) {
          if (statements++ === other) await sumNextMinute(clickHouse, flowMinute, atOnce);
          await clickHouse.execute(sql);
        },
      };
      expect(await sumNextMinute(disturbed, flowMinute, atOnce)).toBe(true);
      expect(await changed()).toBe(0);
      expect(await linesOf('flow_minute')).toEqual(await linesOf('flow_minute_now'));
    }
  });

  it('counts a minute as changed when rows came while it was being summed up', async () => {
    await store(flowOf(1, 0));
    const late: ClickHouse = {
      ...clickHouse,
      async execute(sql) {
        await clickHouse.execute(sql);
        if (sql.includes('flow_minute_now')) await store(flowOf(2, 0));
      },
    };
    expect(await sumNextMinute(late, flowMinute, atOnce)).toBe(true);
    expect(await changed()).toBe(1);
    expect(await linesOf('flow_minute')).toEqual([expect.objectContaining({ flows: 2 })]);
  });
});

describe('the loop that sums up', () => {
  it('reports what fails, goes on with other minutes, and then tries that one again', async () => {
    await store(flowOf(1, 0), flowOf(2, 1));
    // As if both had been quiet for a day.
    await clickHouse.execute('TRUNCATE TABLE summed_minute');
    await clickHouse.execute(
      `INSERT INTO summed_minute (summary, minute, changed_at)
       SELECT DISTINCT 'flow_minute', toStartOfMinute(start_time), now64(9) - toIntervalDay(1) FROM flow`,
    );
    const events: InternalEvent[] = [];
    const stopped = new AbortController();
    let rounds = 0;
    await keepMinutesSummed(failingAt(clickHouse, 0, false), {
      telemetry: { emit: (event) => events.push(event) },
      signal: stopped.signal,
      sleep() {
        if (++rounds === 2) stopped.abort();
        return Promise.resolve();
      },
    });
    expect(events.map(({ name }) => name)).toEqual(['minute_not_summed']);
    expect(await changed()).toBe(0);
    expect(await linesOf('flow_minute')).toEqual(await linesOf('flow_minute_now'));
  });
});
