import { afterEach, beforeEach, expect, it } from 'vitest';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { applyRetention } from './retention.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from './testing/temporary-clickhouse.ts';
import { orderSpan, traceMessage } from './testing/traces.ts';

let database: TemporaryClickHouse;
beforeEach(async () => {
  database = await temporaryClickHouse();
});
afterEach(() => database.remove());

const dayMs = 86_400_000;
const storeSpansAt = (...timesMs: readonly number[]): Promise<void> =>
  database.store(
    ...timesMs.map((timeMs, at) => {
      const number = String(at + 1);
      const span = orderSpan({ spanId: number.padStart(16, '0'), startTimeNs: BigInt(timeMs) * 1_000_000n });
      return traceMessage(aTrace([span], { traceId: number.padStart(32, '0') }), at);
    }),
  );
async function spansIn(table: string): Promise<number> {
  const [row] = await database.clickHouse.select<{ rows: number }>(`SELECT count() AS rows FROM ${table}`);
  return row!.rows;
}
async function unfinishedMutations(): Promise<readonly string[]> {
  const rows = await database.clickHouse.select<{ table: string }>(
    'SELECT DISTINCT table FROM system.mutations WHERE database = currentDatabase() AND NOT is_done ORDER BY table',
  );
  return rows.map(({ table }) => table);
}
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

it('a changed retention does not wait for what is stored already, which expires later, also after another change', async () => {
  const { clickHouse } = database;
  await storeSpansAt(Date.now() - 20 * dayMs, Date.now());
  await clickHouse.execute('SYSTEM STOP MERGES');
  await applyRetention(clickHouse, 40 * dayMs);
  expect(await unfinishedMutations()).toContain('spans');
  await applyRetention(clickHouse, 10 * dayMs);
  await storeSpansAt(Date.now(), Date.now());
  expect(await spansIn('spans')).toBe(4);
  await clickHouse.execute('SYSTEM START MERGES');
  await until(async () => (await unfinishedMutations()).length === 0);
  await clickHouse.execute('OPTIMIZE TABLE spans FINAL');
  await until(async () => (await spansIn('spans')) === 3);
  await applyRetention(clickHouse, 0);
});

it('a retention that ends beyond 2106 removes nothing', async () => {
  const { clickHouse } = database;
  await applyRetention(clickHouse, 36_500 * dayMs);
  await storeSpansAt(Date.now(), Date.UTC(2038, 0, 20), Date.UTC(2106, 1, 7, 6, 27));
  for (const table of ['spans', 'trace', 'trace_by_time', 'summed_minute']) {
    await clickHouse.execute(`OPTIMIZE TABLE ${table} FINAL`);
    expect({ table, rows: await spansIn(table) }).toEqual({ table, rows: table === 'summed_minute' ? 6 : 3 });
  }
});

it('to keep everything also ends what a former version had set in its own words', async () => {
  const { clickHouse } = database;
  const former = 'ALTER TABLE spans MODIFY TTL toDateTime(start_time) + toIntervalSecond(604800) DELETE';
  const engine = async (): Promise<string> => {
    const [row] = await clickHouse.select<{ engine: string }>(
      "SELECT engine_full AS engine FROM system.tables WHERE database = currentDatabase() AND name = 'spans'",
    );
    return row!.engine;
  };
  await clickHouse.execute(former);
  await applyRetention(clickHouse, 0);
  expect(await engine()).not.toContain(' TTL ');
  await clickHouse.execute(former);
  await applyRetention(clickHouse, 7 * dayMs);
  expect(await engine()).toContain('toIntervalSecond(least(604800,');
});
