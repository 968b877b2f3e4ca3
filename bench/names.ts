/**
 * What names cost when somebody asks: memory and loading of the dictionaries for 100,000 pods with 20 labels each, and
 * conditions on spans by name and by label, in nanoseconds of processor time a span.
 *
 *   npx tsx bench/names.ts [spans] [pods]
 *
 * Two of the labels are the pod's own in `own`, so that no two pods share a set; in `shared`, all are their workload's.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import { migrate } from '../core/clickhouse/migrate.ts';
import { integerLiteral } from '../core/clickhouse/sql-literal.ts';
import { parseWhere } from '../query/where/parse-where.ts';
import { whereSql } from '../query/where/where-sql.ts';
import { epochNs } from '../schemas/testing/a-span.ts';

const spanCount = Number(process.argv[2] ?? 3_000_000);
const podCount = Number(process.argv[3] ?? 100_000);
const podsPerWorkload = 10;
const dictionaries = ['resource_value', 'resource_at', 'resource_now'];

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

function condition(text: string): string {
  const parsed = parseWhere(text);
  if (parsed.kind === 'problem') throw new Error(parsed.problem);
  return whereSql(parsed.where.expression);
}

async function storePods(clickHouse: ClickHouse, ownLabels: number): Promise<void> {
  const labels = Array.from({ length: 20 }, (_, index) => {
    const owner = index < ownLabels ? 'number' : `intDiv(number, ${podsPerWorkload})`;
    return `'example.com/label-${index}', concat('value-', toString(${index}), '-', toString(${owner}))`;
  });
  await clickHouse.execute('TRUNCATE TABLE resource');
  await clickHouse.execute(
    `INSERT INTO resource (kind, id, uid, name, labels, valid_from, version)
    SELECT 'pod', number + 1, toString(generateUUIDv4(number)), concat('cart-api-7f9c6d8b5-', toString(number)),
      map(${labels.join(', ')}), fromUnixTimestamp64Nano(${integerLiteral(epochNs)} - 3600000000000, 'UTC'), 1
    FROM numbers(${integerLiteral(podCount)})`,
  );
}

async function reportDictionaries(clickHouse: ClickHouse, name: string): Promise<void> {
  const startedAtMs = performance.now();
  for (const dictionary of dictionaries) await clickHouse.execute(`SYSTEM RELOAD DICTIONARY ${dictionary}`);
  const loadMs = performance.now() - startedAtMs;
  const rows = await clickHouse.select<{ name: string; bytes: number; entries: number }>(
    'SELECT name, bytes_allocated AS bytes, element_count AS entries FROM system.dictionaries ORDER BY name',
  );
  const each = rows.map((row) => `${row.name} ${(row.bytes / 1e6).toFixed(1)} MB (${row.entries})`);
  console.log(`labels ${name}: loaded in ${loadMs.toFixed(0)} ms; ${each.join(', ')}`);
}

const directory = await mkdtemp(join(tmpdir(), 'spanloom-names-'));
const clickHouse = openEmbeddedClickHouse({ directory, maxMemoryBytes: 8 * 1024 ** 3 });
try {
  await migrate(clickHouse);
  await storePods(clickHouse, 2);
  await reportDictionaries(clickHouse, 'own');
  await storePods(clickHouse, 0);
  await reportDictionaries(clickHouse, 'shared');
  await clickHouse.execute(
    `INSERT INTO spans (start_time, span_id, revision, client_pod_id, server_pod_id)
    SELECT fromUnixTimestamp64Nano(${integerLiteral(epochNs)} + number * 1000, 'UTC'), toFixedString(reinterpretAsString(toUInt64(number) + 72057594037927936), 8), 1,
      cityHash64(number, 1) % ${integerLiteral(podCount)} + 1, cityHash64(number, 2) % ${integerLiteral(podCount)} + 1
    FROM numbers(${integerLiteral(spanCount)})`,
  );
  await clickHouse.execute('OPTIMIZE TABLE spans FINAL');
  const name = 'cart-api-7f9c6d8b5-77';
  const label = 'example.com/label-5';
  const questions: Readonly<Record<string, string>> = {
    'all spans, client_pod_id = 78': 'SELECT count() AS n FROM spans FINAL WHERE client_pod_id = 78',
    'spans_named, client_pod = …': `SELECT count() AS n FROM spans_named WHERE client_pod = '${name}'`,
    'spans, dictGet(resource_now) = …': `SELECT count() AS n FROM spans FINAL WHERE dictGet('resource_now', 'name', resource_key(11, client_pod_id)) = '${name}'`,
    '--where client.pod = …': `SELECT count() AS n FROM spans FINAL WHERE ${condition(`client.pod = '${name}'`)}`,
    "spans_named, is_named('pod', …)": `SELECT count() AS n FROM spans_named WHERE is_named('pod', client_pod_id, '${name}')`,
    'spans_named, has_label(…, server)': `SELECT count() AS n FROM spans_named WHERE has_label('${label}', 'value-5-7', server)`,
    'spans_named, label(…, server) = …': `SELECT count() AS n FROM spans_named WHERE label('${label}', server) = 'value-5-7'`,
    '--where server.label(…) = …': `SELECT count() AS n FROM spans FINAL WHERE ${condition(`server.label('${label}') = 'value-5-7'`)}`,
  };
  for (const [text, sql] of Object.entries(questions)) {
    const runs: number[] = [];
    let found = 0;
    for (let round = 0; round < 5; round++) {
      const before = cpuMs();
      found = (await clickHouse.select<{ n: number }>(sql))[0]!.n;
      runs.push(cpuMs() - before);
    }
    const median = runs.toSorted((left, right) => left - right)[2]!;
    console.log(`${text.padEnd(36)} ${((median * 1e6) / spanCount).toFixed(1).padStart(7)} ns a span, ${found} found`);
  }
} finally {
  await clickHouse.close();
  await rm(directory, { recursive: true, force: true });
}
