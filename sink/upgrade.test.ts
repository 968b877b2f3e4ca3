import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import { migrate, packagedMigrations } from '../core/clickhouse/migrate.ts';

it('resources and spans that a former version stored have names and labels after the upgrade', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-upgrade-'));
  const clickHouse = openEmbeddedClickHouse({ directory });
  try {
    await migrate(
      clickHouse,
      packagedMigrations().filter(({ number }) => number < 6),
    );
    await clickHouse.execute(
      `INSERT INTO resource (kind, id, uid, name, parents, labels, valid_from, version)
      VALUES ('process', 2147483647, 'p', 'gateway', [('host', 1)], map('team', 'a'), '2026-01-01 00:00:00', 1)`,
    );
    await clickHouse.execute(
      `INSERT INTO spans (start_time, span_id, revision, server_process_resource_id)
      VALUES ('2026-01-02 00:00:00', '12345678', 1, 2147483647)`,
    );
    expect(await migrate(clickHouse)).toEqual(
      packagedMigrations()
        .filter(({ number }) => number >= 6)
        .map(({ name }) => name),
    );
    expect(
      await clickHouse.select(
        `SELECT server_process, label('team', server) AS team, server_process_resource_id AS id FROM spans_named`,
      ),
    ).toEqual([{ server_process: 'gateway', team: 'a', id: 2147483647 }]);
    expect(await clickHouse.select('SELECT parents, parent_uids, type FROM resource')).toEqual([
      { parents: [{ kind: 'host', id: 1 }], parent_uids: [], type: '' },
    ]);
  } finally {
    await clickHouse.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
