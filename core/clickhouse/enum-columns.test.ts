import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { transportSymbols } from '../../schemas/generated/event-batch.ts';
import { causeKindSymbols, protocolSymbols, reasonSymbols } from '../../schemas/generated/span.ts';
import type { ClickHouse } from './clickhouse.ts';
import { openEmbeddedClickHouse } from './embedded.ts';
import { enumColumns, narrowEnumColumns, widenEnumColumn } from './enum-columns.ts';
import { migrate } from './migrate.ts';
import { packagedSchema } from './schema-files.ts';

const directory = mkdtempSync(join(tmpdir(), 'spanloom-enums-'));
const clickHouse = openEmbeddedClickHouse({ directory });
afterAll(async () => {
  await clickHouse.close();
  rmSync(directory, { recursive: true, force: true });
});

const newer = { table: 'spans', column: 'protocol', enums: [[...protocolSymbols, 'newer']] };
const views = packagedSchema().derived.map(({ name }) => name);

async function typeOf(table: string, column: string): Promise<string> {
  const [row] = await clickHouse.select<{ type: string }>(
    `SELECT type FROM system.columns WHERE database = currentDatabase() AND table = '${table}' AND name = '${column}'`,
  );
  return row!.type;
}

it('columns have every symbol of their enum, and views over them too', async () => {
  await migrate(clickHouse);
  for (const [table, column] of [
    ['spans', 'protocol'],
    ['spans_named', 'protocol'],
    ['service_edge', 'protocol'],
    ['trace', 'root_protocol'],
  ] as const)
    for (const symbol of protocolSymbols) expect(await typeOf(table, column)).toContain(`'${symbol}'`);
  expect(await narrowEnumColumns(clickHouse)).toEqual([]);
});

it('every enum in a column is one of those that follow Avro', async () => {
  const columns = await clickHouse.select<{ table: string; name: string; type: string }>(
    `SELECT table, name, type FROM system.columns WHERE database = currentDatabase() AND type LIKE '%Enum8(%'
    AND table IN (SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')`,
  );
  const found = columns.map(({ table, name, type }) => `${table}.${name} ${type.split('Enum8(').length - 1}`);
  const listed = enumColumns.map(({ table, column, enums }) => `${table}.${column} ${enums.length}`);
  expect(found.toSorted()).toEqual(listed.toSorted());
});

it('a column that lacks a symbol gets it without a mutation, once; views are made anew', async () => {
  await clickHouse.execute("INSERT INTO spans (span_id, protocol) VALUES ('12345678', 'dns')");
  const narrow = await narrowEnumColumns(clickHouse, [newer]);
  expect(narrow).toMatchObject([{ table: 'spans', column: 'protocol' }]);
  const mutations = await clickHouse.select('SELECT count() AS count FROM system.mutations');
  await widenEnumColumn(clickHouse, narrow[0]!);
  await widenEnumColumn(clickHouse, narrow[0]!);
  expect(await narrowEnumColumns(clickHouse, [newer])).toEqual([]);
  expect(await clickHouse.select('SELECT count() AS count FROM system.mutations')).toEqual(mutations);
  await clickHouse.execute("INSERT INTO spans (span_id, protocol) VALUES ('23456789', 'newer')");
  expect(await clickHouse.select('SELECT protocol FROM spans FINAL ORDER BY span_id')).toEqual([
    { protocol: 'dns' },
    { protocol: 'newer' },
  ]);
});

it('a column of the key gets symbols, too', async () => {
  const wider = { table: 'flow_minute_sum', column: 'transport', enums: [[...transportSymbols, 'newer']] };
  const [narrow] = await narrowEnumColumns(clickHouse, [wider]);
  await widenEnumColumn(clickHouse, narrow!);
  await clickHouse.execute("INSERT INTO flow_minute_sum (transport) VALUES ('newer')");
  expect(await clickHouse.select('SELECT transport FROM flow_minute_sum FINAL')).toEqual([{ transport: 'newer' }]);
});

it('enums in a column of tuples get symbols too, each its own, and what is stored stays', async () => {
  const causes = "SELECT causes FROM spans FINAL WHERE span_id = '34567890'";
  await clickHouse.execute(
    "INSERT INTO spans (span_id, causes) VALUES ('34567890', [('response', '12345678', 'last_read', 0.5, true)])",
  );
  const stored = await clickHouse.select(causes);
  const enums = [causeKindSymbols, [...reasonSymbols, 'newer']];
  const [narrow] = await narrowEnumColumns(clickHouse, [{ table: 'spans', column: 'causes', enums }]);
  await widenEnumColumn(clickHouse, narrow!);
  const type = await typeOf('spans', 'causes');
  expect(type.split("'newer'")).toHaveLength(2);
  expect(type.indexOf("'newer'")).toBeGreaterThan(type.indexOf('rule Enum8('));
  expect(await clickHouse.select(causes)).toEqual(stored);
});

it('an older version leaves a column of a newer one as it is', async () => {
  const older = { ...newer, enums: [protocolSymbols] };
  expect(await narrowEnumColumns(clickHouse, [older])).toEqual([]);
  expect(await migrate(clickHouse)).toEqual([]);
  expect(await typeOf('spans', 'protocol')).toContain("'newer'");
});

it('what was cut short while a table changed is finished at the next start', async () => {
  // A table of an older version, and an engine that stops at the first view.
  await clickHouse.execute(`ALTER TABLE trace MODIFY COLUMN root_protocol Enum8('unknown' = 0, 'http1' = 1)`);
  const stopping: ClickHouse = {
    ...clickHouse,
    execute: (sql) => (sql.includes('CREATE OR REPLACE') ? Promise.reject(new Error('stop')) : clickHouse.execute(sql)),
  };
  await expect(migrate(stopping)).rejects.toThrow('stop');
  expect(await typeOf('trace', 'root_protocol')).toContain(`'${protocolSymbols.at(-1)!}'`);
  expect(await migrate(clickHouse)).toEqual(views);
  expect(await migrate(clickHouse)).toEqual([]);
});
