/**
 * Answers of the query stage over a day of spans in the embedded ClickHouse: medians and 95th percentiles of each question, alone and
 * while the sink stores 20,000 spans a second, and what a span takes on disk.
 *
 *   npx tsx bench/query.ts [--spans 1000000] [--rounds 20] [--keep DIR] [--load 20000]
 *
 * With `--keep` the directory stays, and is taken as it is when it has spans. The fleet is in query/fleet.ts.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import { migrate } from '../core/clickhouse/migrate.ts';
import { defaultReadLimits } from '../query/config.ts';
import { boundedReader } from '../query/store/read-limits.ts';
import { clickHouseTraceStore } from '../query/store/clickhouse-trace-store.ts';
import { fill, Filler, lastNs, sumAll } from './query/fill.ts';
import { fleetTrace } from './query/fleet-traces.ts';
import { baseline, questionsOf } from './query/questions.ts';
import { traceMessage } from '../sink/testing/traces.ts';

const { values } = parseArgs({
  options: {
    spans: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '20' },
    keep: { type: 'string' },
    load: { type: 'string', default: '20000' },
  },
});
const rounds = Number(values.rounds);
const warmRounds = 3;
const loadRate = Number(values.load);
const directory = values.keep ?? (await mkdtemp(join(tmpdir(), 'spanloom-bench-')));
const clickHouse = openEmbeddedClickHouse({
  directory: join(directory, 'clickhouse'),
  maxMemoryBytes: 4 * 1024 ** 3,
});

/** The value below which this share of the values is. */
const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;

/** Stores spans at a rate until it is stopped. @returns spans that were stored */
async function load(stopped: AbortSignal): Promise<number> {
  const filler = new Filler(clickHouse);
  const startedAtMs = performance.now();
  for (let number = 0; !stopped.aborted; number++) {
    const trace = fleetTrace(100_000_000 + number, lastNs + BigInt(number) * 600_000n);
    await filler.take(traceMessage(trace, number), trace.spans.length);
    const aheadMs = (filler.spans / loadRate) * 1_000 - (performance.now() - startedAtMs);
    await new Promise<void>((resume) => (aheadMs > 5 ? setTimeout(resume, aheadMs) : setImmediate(resume)));
  }
  await filler.end();
  return filler.spans;
}

async function measure(title: string): Promise<void> {
  const store = clickHouseTraceStore(clickHouse);
  const reader = boundedReader(clickHouse, { ...defaultReadLimits, timeoutSeconds: 60 }, undefined);
  console.log(`${title}; load of the machine ${loadavg()[0]!.toFixed(1)}`);
  for (const { name, goalMs, ask } of await questionsOf(store, reader)) {
    const times: number[] = [];
    // What the engine reads of a table for the first time, whatever is asked of it.
    for (let round = 0; round < warmRounds; round++) await ask(rounds + round);
    for (let round = 0; round < rounds; round++) {
      const startedAtMs = performance.now();
      await ask(round);
      times.push(performance.now() - startedAtMs);
    }
    times.sort((one, other) => one - other);
    const [median, p95] = [percentile(times, 0.5), percentile(times, 0.95)];
    const goal = goalMs === undefined ? '' : `goal ${goalMs} ms`;
    console.log(
      `  ${name.padEnd(40)} ${median.toFixed(0).padStart(6)} ms  p95 ${p95.toFixed(0).padStart(6)} ms  ${goal}`,
    );
  }
  const former = await baseline(reader);
  console.log(`  ${'newest 20 by the former layout'.padEnd(40)} ${former.toFixed(0).padStart(6)} ms`);
}

try {
  await migrate(clickHouse);
  const [stored] = await clickHouse.select<{ spans: number }>('SELECT count() AS spans FROM spans');
  if (stored!.spans === 0) {
    const startedAtMs = performance.now();
    const spans = await fill(clickHouse, Number(values.spans), (text) => console.log(text));
    await sumAll(clickHouse);
    console.log(`${spans} spans in ${((performance.now() - startedAtMs) / 1_000).toFixed(0)} s`);
  }
  const tables = await clickHouse.select<{ table: string; bytes: number }>(
    `SELECT table, round(sum(bytes_on_disk) / (SELECT count() FROM spans), 2) AS bytes FROM system.parts
     WHERE active AND database = currentDatabase() GROUP BY table HAVING bytes > 0 ORDER BY bytes DESC`,
  );
  console.log('bytes a span', Object.fromEntries(tables.map(({ table, bytes }) => [table, bytes])));
  const columns = await clickHouse.select<{ column: string; bytes: number }>(
    `SELECT column, round(sum(column_data_compressed_bytes) / sum(rows), 2) AS bytes FROM system.parts_columns
     WHERE active AND database = currentDatabase() AND table = 'spans' GROUP BY column HAVING bytes >= 0.3 ORDER BY bytes DESC`,
  );
  console.log('of columns', Object.fromEntries(columns.map(({ column, bytes }) => [column, bytes])));
  await measure('alone');
  if (loadRate > 0) {
    const stopped = new AbortController();
    const [startedAtMs, loading] = [performance.now(), load(stopped.signal)];
    await measure(`while ${loadRate} spans a second are to be stored`);
    stopped.abort();
    const spans = await loading;
    console.log(`  stored ${Math.round(spans / ((performance.now() - startedAtMs) / 1_000))} spans a second`);
  }
} finally {
  await clickHouse.close();
  if (values.keep === undefined) await rm(directory, { recursive: true, force: true });
}
