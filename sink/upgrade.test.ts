import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import { migrate } from '../core/clickhouse/migrate.ts';
import { checksumOf, knownChecksums, packagedSchema, type SchemaFiles } from '../core/clickhouse/schema-files.ts';

const { migrations, derived } = packagedSchema();
const schemaBelow = (below: number): SchemaFiles => ({
  migrations: migrations.filter(({ number }) => number < below),
  derived: [],
});

it('traces that a former version stored by the ids they carried keep them in the views for OpenTelemetry', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-upgrade-'));
  const clickHouse = openEmbeddedClickHouse({ directory });
  try {
    await migrate(clickHouse, schemaBelow(7), []);
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
    await migrate(clickHouse, schemaBelow(6), []);
    await clickHouse.execute(
      `INSERT INTO resource (kind, id, uid, name, parents, labels, valid_from, version)
      VALUES ('process', 2147483647, 'p', 'gateway', [('host', 1)], map('team', 'a'), '2026-01-01 00:00:00', 1)`,
    );
    await clickHouse.execute(
      `INSERT INTO spans (start_time, span_id, revision, server_process_resource_id)
      VALUES ('2026-01-02 00:00:00', '12345678', 1, 2147483647)`,
    );
    expect(await migrate(clickHouse)).toEqual([
      ...migrations.filter(({ number }) => number >= 6).map(({ name }) => name),
      ...derived.map(({ name }) => name),
    ]);
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

it('a database whose views came from migrations is taken as it is, and gets its views from the files in derived/', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-upgrade-'));
  const clickHouse = openEmbeddedClickHouse({ directory });
  try {
    await migrate(clickHouse, { migrations, derived: [] });
    const rewritten = migrations.filter(({ sql }) => knownChecksums(sql).size > 1);
    expect(rewritten.map(({ number }) => number)).toEqual([3, 4, 5, 6, 7]);
    for (const { number, name, sql } of rewritten) {
      const [former] = [...knownChecksums(sql)].filter((checksum) => checksum !== checksumOf(sql));
      await clickHouse.execute(
        `INSERT INTO schema_migration (number, name, checksum, applied_at) VALUES (${number}, '${name}', '${former}', now() + 1)`,
      );
    }
    await clickHouse.execute('DROP TABLE schema_derived');
    await clickHouse.execute('CREATE VIEW otel_traces AS SELECT 1 AS former');
    await clickHouse.execute(
      "CREATE DICTIONARY resource_now (kind Int32, name String) PRIMARY KEY kind SOURCE(CLICKHOUSE(QUERY 'SELECT 1, toString(2)')) LAYOUT(HASHED()) LIFETIME(0)",
    );
    expect(await migrate(clickHouse)).toEqual(derived.map(({ name }) => name));
    expect(await clickHouse.select('SELECT TraceId FROM otel_traces')).toEqual([]);
    expect(await clickHouse.select('SELECT resource_name(11, 1, now64(9)) AS name')).toEqual([{ name: '' }]);
    expect(await migrate(clickHouse)).toEqual([]);
  } finally {
    await clickHouse.close();
    rmSync(directory, { recursive: true, force: true });
  }
});
