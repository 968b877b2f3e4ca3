import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import { migrate, packagedMigrations } from '../core/clickhouse/migrate.ts';

it('traces that a former version stored by the ids they carried keep them in the views for OpenTelemetry', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-upgrade-'));
  const clickHouse = openEmbeddedClickHouse({ directory });
  try {
    await migrate(
      clickHouse,
      packagedMigrations().filter(({ number }) => number < 7),
    );
    const id = 'ab'.repeat(16);
    await clickHouse.execute(
      `INSERT INTO spans (trace_id, start_time, span_id, revision, header_trace_id)
      VALUES (unhex('${id}'), '2026-01-02 00:00:00', '12345678', 1, '${id}')`,
    );
    await clickHouse.execute(
      `INSERT INTO trace (trace_id, start_time, version) VALUES (unhex('${id}'), '2026-01-02 00:00:00', 2)`,
    );
    await migrate(clickHouse);
    for (const view of ['otel_traces', 'otel_traces_trace_id_ts'])
      expect(await clickHouse.select(`SELECT TraceId FROM ${view} WHERE TraceId = '${id}'`)).toEqual([{ TraceId: id }]);
    expect(
      await clickHouse.select('SELECT lower(hex(trace_id)) AS id, hex(carried_trace_id) AS carried FROM trace'),
    ).toEqual([{ id, carried: '0'.repeat(32) }]);
  } finally {
    await clickHouse.close();
    rmSync(directory, { recursive: true, force: true });
  }
});

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
