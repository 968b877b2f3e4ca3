import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { PipelineError } from '../errors.ts';
import type { ClickHouse } from './clickhouse.ts';
import { openEmbeddedClickHouse } from './embedded.ts';
import { migrate, renewDictionaries } from './migrate.ts';

const directory = mkdtempSync(join(tmpdir(), 'spanloom-login-'));
const embedded = openEmbeddedClickHouse({ directory });
afterAll(async () => {
  await embedded.close();
  rmSync(directory, { recursive: true, force: true });
});

const password = "se'cr\\et{{database}}$&";
const as = (user: string, itsPassword: string): ClickHouse => ({
  ...embedded,
  login: { user, password: itsPassword },
});
const dictionaries = ['resource_now', 'resource_at', 'resource_value'];
const reload = (name: string): Promise<void> => embedded.execute(`SYSTEM RELOAD DICTIONARY ${name}`);

describe('dictionaries', () => {
  it('read their table as the user of the sink, whose password nobody is shown', async () => {
    await migrate(embedded);
    await renewDictionaries(as('writer', password));
    for (const name of dictionaries) {
      // The engine has no such user: so it is this one that is asked for.
      await expect(reload(name)).rejects.toThrow(/writer: Authentication failed/);
      const [shown] = await embedded.select<{ statement: string }>(`SHOW CREATE DICTIONARY ${name}`);
      expect(shown!.statement).toContain("USER 'writer' PASSWORD '[HIDDEN]'");
    }
    const [table] = await embedded.select<{ text: string }>(
      "SELECT groupArray(create_table_query)::String AS text FROM system.tables WHERE engine = 'Dictionary'",
    );
    expect(table!.text).not.toContain('cr');
  });

  it('made for a login that has changed are made anew', async () => {
    await renewDictionaries(as('default', ''));
    for (const name of dictionaries) await reload(name);
    expect(await embedded.select("SELECT dictGet('resource_now', 'name', resource_key(11, 1)) AS name")).toEqual([
      { name: '' },
    ]);
  });

  it('get the login when they are made, and are told without the password when they are refused', async () => {
    const asked: string[] = [];
    const rows: readonly object[] = [{ name: 'spans' }];
    const fake = (refuses: boolean): ClickHouse => ({
      ...as('writer', password),
      execute(sql) {
        asked.push(sql);
        const error = new PipelineError('DESTINATION_REFUSED', `Syntax error in ${sql}`);
        return refuses && sql.includes('PASSWORD') ? Promise.reject(error) : Promise.resolve();
      },
      select: <Row>(sql: string) =>
        Promise.resolve((sql.includes('currentDatabase') ? rows : []) as unknown as readonly Row[]),
    });
    await migrate(fake(false));
    const made = asked.filter((sql) => sql.includes('SOURCE('));
    expect(made).toHaveLength(dictionaries.length);
    for (const sql of made)
      expect(sql).toContain("SOURCE(CLICKHOUSE(USER 'writer' PASSWORD 'se\\'cr\\\\et{{database}}$&' QUERY");
    const refused = migrate(fake(true));
    await expect(refused).rejects.toThrow("PASSWORD '[HIDDEN]'");
    await expect(refused).rejects.not.toThrow(/cr\\+et/);
  });
});
