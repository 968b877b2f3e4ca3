/** What dashboards ask ClickHouse for is there: each query runs on the real schema. Prometheus: dashboards.live.test.ts. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectFile } from '../../core/project-files.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../../sink/testing/temporary-clickhouse.ts';

interface Dashboard {
  readonly uid: string;
  readonly panels: readonly { readonly title: string; readonly targets: readonly { readonly rawSql?: string }[] }[];
}

const folder = projectFile('deploy', 'grafana', 'dashboards');
const queries = readdirSync(folder).flatMap((file) => {
  const { uid, panels } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Dashboard;
  return panels.flatMap(({ title, targets }) =>
    targets.flatMap(({ rawSql }) => (rawSql === undefined ? [] : [{ name: `${uid}: ${title}`, rawSql }])),
  );
});

/** As the plug-in replaces it. */
const withRange = (sql: string): string =>
  sql.replaceAll(/\$__timeFilter\((\w+)\)/g, '$1 >= toDateTime(1760000000) AND $1 <= toDateTime(1760003600)');

let database: TemporaryClickHouse;
beforeAll(async () => {
  database = await temporaryClickHouse();
});
afterAll(() => database.remove());

describe('a panel of a dashboard', () => {
  it.each(queries)('$name', async ({ rawSql }) => {
    expect(rawSql).toContain('$__timeFilter');
    await expect(database.clickHouse.select(withRange(rawSql))).resolves.toEqual([]);
  });
});
