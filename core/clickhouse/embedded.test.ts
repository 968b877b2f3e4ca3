import { drainPending } from 'chdb';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ClickHouse } from './clickhouse.ts';
import { openEmbeddedClickHouse } from './embedded.ts';
import { migrate } from './migrate.ts';
import { type DerivedFile, packagedSchema } from './schema-files.ts';
import { bytesLiteral, plainBytesLiteral, stringLiteral, timeLiteral } from './sql-literal.ts';

const directories: string[] = [];
function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-embedded-'));
  directories.push(directory);
  return directory;
}

const open: ClickHouse[] = [];
function opened(directory = newDirectory()): ClickHouse {
  const clickHouse = openEmbeddedClickHouse({ directory });
  open.push(clickHouse);
  return clickHouse;
}
// One directory a process: a test that fails must not leave its own open.
afterEach(async () => {
  for (const clickHouse of open.splice(0)) await clickHouse.close();
  // A query that was cancelled may still be ending in the engine, which keeps its directory until then.
  await drainPending();
});
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

describe('the embedded ClickHouse', () => {
  it('takes binary rows, converts them to the types of the table, and leaves no file behind', async () => {
    const directory = newDirectory();
    const clickHouse = opened(directory);
    await clickHouse.execute(
      "CREATE TABLE t (a Int32, b LowCardinality(String), c Enum8('x' = 1), d Int8 DEFAULT 9) ENGINE = MergeTree ORDER BY a",
    );
    await clickHouse.insert({
      table: 't',
      columns: [
        { name: 'c', type: 'Int8' },
        { name: 'a', type: 'Int32' },
        { name: 'b', type: 'String' },
      ],
      rows: [Buffer.from([1, 5, 0, 0, 0, 2, 0x61]), Buffer.from([0x62])],
    });
    expect(await clickHouse.select('SELECT * FROM t')).toEqual([{ a: 5, b: 'ab', c: 'x', d: 9 }]);
    expect(readdirSync(join(directory, 'insert'))).toEqual([]);
  });

  it('refuses rows that are not what they are said to be, and stays usable', async () => {
    const clickHouse = opened();
    await clickHouse.execute('CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a');
    const insert = { table: 't', columns: [{ name: 'a', type: 'Int32' }], rows: [Buffer.from([1, 2])] };
    await expect(clickHouse.insert(insert)).rejects.toMatchObject({ name: 'PipelineError' });
    await expect(clickHouse.select('SELECT nothing')).rejects.toMatchObject({
      code: 'DESTINATION_REFUSED',
      retryable: false,
    });
    expect(await clickHouse.select('SELECT count() AS count FROM t')).toEqual([{ count: 0 }]);
  });

  it('is shared by those who open the same directory in one process, and no other', async () => {
    const directory = newDirectory();
    const first = opened(directory);
    const second = opened(directory);
    await first.execute('CREATE TABLE t (a Int32) ENGINE = MergeTree ORDER BY a');
    expect(() => openEmbeddedClickHouse({ directory: newDirectory() })).toThrow('one directory a process');
    await first.close();
    expect(await second.select('SELECT count() AS count FROM t')).toEqual([{ count: 0 }]);
    await second.close();
    opened();
  });

  it('says in one sentence which process has the directory', async () => {
    const directory = newDirectory();
    const opener = `import { openEmbeddedClickHouse } from ${JSON.stringify(join(import.meta.dirname, 'embedded.ts'))};
      openEmbeddedClickHouse({ directory: ${JSON.stringify(directory)} });
      process.stdout.write('open');
      setInterval(() => {}, 1000);`;
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', opener], {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => child.stdout.once('data', resolve));
    const opening = (): unknown => openEmbeddedClickHouse({ directory });
    expect(opening).toThrow(`The data in ${directory} is open in process ${child.pid}`);
    const ended = new Promise((resolve) => child.once('close', resolve));
    child.kill('SIGKILL');
    await ended;
    opened(directory);
  });

  it('leaves the event loop free while it works', async () => {
    const clickHouse = opened();
    let ticks = 0;
    const timer = setInterval(() => ticks++, 5);
    const startedAtMs = performance.now();
    await clickHouse.select('SELECT sum(sipHash64(number)) AS sum FROM numbers(4000000)');
    clearInterval(timer);
    expect(ticks).toBeGreaterThan((performance.now() - startedAtMs) / 5 / 10);
  });
});

describe('a query of the embedded ClickHouse', () => {
  const endless = 'SELECT sum(sipHash64(number)) AS sum FROM numbers(1000000000000)';
  const running = async (clickHouse: ClickHouse): Promise<number> => {
    const [row] = await clickHouse.select<{ n: number }>(
      "SELECT count() AS n FROM system.processes WHERE query LIKE '%sipHash64(number)%' AND query NOT LIKE '%processes%' AND NOT is_cancelled",
    );
    return row!.n;
  };

  it('ends when it is cancelled, whether it runs or waits, and gives its connection back', async () => {
    const clickHouse = opened();
    const cancelled = new AbortController();
    const queries = [1, 2, 3, 4].map(() => clickHouse.select(endless, { signal: cancelled.signal }));
    const ends = Promise.allSettled(queries);
    // All connections for queries are taken; this one is not for queries.
    await clickHouse.ping();
    cancelled.abort(new Error('the client has gone'));
    expect((await ends).map((end) => end.status === 'rejected' && String(end.reason))).toEqual(
      Array.from({ length: 4 }, () => 'Error: the client has gone'),
    );
    expect(await running(clickHouse)).toBe(0);
    await expect(clickHouse.select(endless, { signal: cancelled.signal })).rejects.toThrow('the client has gone');
  });

  it('leaves the others alone when it is cancelled', async () => {
    const clickHouse = opened();
    const cancelled = new AbortController();
    const signal = new AbortController().signal;
    const other = clickHouse.select('SELECT sum(sipHash64(number)) > 0 AS sum FROM numbers(20000000)', { signal });
    const query = clickHouse.select(endless, { signal: cancelled.signal });
    cancelled.abort(new Error('gone'));
    await expect(query).rejects.toThrow('gone');
    expect(await other).toEqual([{ sum: 1 }]);
  });

  it('ends at its bounds, which hold for it alone', async () => {
    const clickHouse = opened();
    await expect(clickHouse.select(endless, { settings: { max_execution_time: 0.1 } })).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('TIMEOUT_EXCEEDED') as string,
    });
    const rows = 'SELECT number FROM numbers(1000)';
    await expect(clickHouse.select(rows, { settings: { max_result_rows: 999, readonly: 2 } })).rejects.toThrow(
      /exceed/i,
    );
    expect(await clickHouse.select(rows)).toHaveLength(1000);
    await clickHouse.execute('CREATE TABLE t (a Int8) ENGINE = Memory');
  });

  it('may name as many ids as the longest list has candidates', async () => {
    const clickHouse = opened();
    const ids = Array.from({ length: 20_000 }, (_, at) => plainBytesLiteral(at.toString(16).padStart(32, '0')));
    expect(await clickHouse.select(`SELECT unhex('00') IN (${ids.join(', ')}) AS found`)).toEqual([{ found: 0 }]);
  });
});

describe('literals', () => {
  it('keep any text what it is', async () => {
    const clickHouse = opened();
    for (const text of ["'; DROP TABLE spans; --", '\\', "\\'", 'a\0b', '{x:String}', '💥\n\t%', '']) {
      const [row] = await clickHouse.select<{ text: string }>(`SELECT ${stringLiteral(text)} AS text`);
      expect(row!.text).toBe(text);
    }
    const [row] = await clickHouse.select(
      `SELECT hex(${bytesLiteral('00ff')}) AS bytes, toString(toUnixTimestamp64Nano(${timeLiteral(1_760_000_000_000_000_001n)})) AS time`,
    );
    expect(row).toEqual({ bytes: '00FF', time: '1760000000000000001' });
    expect(() => bytesLiteral("00'")).toThrow(RangeError);
  });
});

describe('views', () => {
  const view = (sql: string): DerivedFile => ({ name: '1-view', sql: `CREATE OR REPLACE VIEW one AS ${sql};\n` });

  it('are made anew when their text changes, and only then', async () => {
    const clickHouse = opened();
    const { migrations } = packagedSchema();
    await migrate(clickHouse, { migrations, derived: [view('SELECT 1 AS a')] });
    expect(await migrate(clickHouse, { migrations, derived: [view('SELECT 1 AS a')] })).toEqual([]);
    for (const a of [2, 3, 2]) {
      expect(await migrate(clickHouse, { migrations, derived: [view(`SELECT ${a} AS a`)] })).toEqual(['1-view']);
      expect(await clickHouse.select('SELECT a FROM one')).toEqual([{ a }]);
    }
  });

  it('that are wrong are refused, and made at the next start', async () => {
    const clickHouse = opened();
    const { migrations } = packagedSchema();
    await expect(migrate(clickHouse, { migrations, derived: [view('SELECT')] })).rejects.toMatchObject({
      code: 'DESTINATION_REFUSED',
    });
    expect(await migrate(clickHouse, { migrations, derived: [view('SELECT 1 AS a')] })).toEqual(['1-view']);
  });
});

describe('migrations', () => {
  it('are applied once each, and again where they were cut short', async () => {
    const directory = newDirectory();
    const clickHouse = opened(directory);
    const { migrations, derived } = packagedSchema();
    const views = derived.map(({ name }) => name);
    const names = [...migrations.map(({ name }) => name), ...views];
    expect(migrations.length).toBeGreaterThan(0);
    expect(views.length).toBeGreaterThan(0);
    expect(await migrate(clickHouse)).toEqual(names);
    expect(await migrate(clickHouse)).toEqual([]);
    await clickHouse.execute('TRUNCATE TABLE schema_migration');
    expect(await migrate(clickHouse)).toEqual(names);
    const next = {
      number: migrations.at(-1)!.number + 1,
      name: 'next',
      sql: '-- Nothing; much.\nCREATE TABLE IF NOT EXISTS next (a Int8) ENGINE = Memory;\n',
    };
    // What reads tables is made anew after tables have changed.
    expect(await migrate(clickHouse, { migrations: [...migrations, next], derived })).toEqual(['next', ...views]);
    await clickHouse.close();
    expect(existsSync(directory)).toBe(true);
  });

  it('that changed after they were applied, or that are not known, are refused', async () => {
    const clickHouse = opened();
    const { migrations, derived } = packagedSchema();
    const [first, ...others] = migrations;
    await migrate(clickHouse);
    const changed = [{ ...first!, sql: `${first!.sql}\n` }, ...others];
    await expect(migrate(clickHouse, { migrations: changed, derived })).rejects.toMatchObject({
      code: 'DESTINATION_REFUSED',
      message: expect.stringContaining('must not change') as string,
    });
    await expect(migrate(clickHouse, { migrations: [first!], derived })).rejects.toMatchObject({
      code: 'DESTINATION_REFUSED',
    });
  });
});
