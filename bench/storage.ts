/**
 * What tags cost in storage: 60 of them a span, 20 of each side and 20 custom labels of the server's pod, as integers, as
 * LowCardinality(String) and as String, the same rows through the same insert path (RowBinary into the embedded
 * ClickHouse), each in a process of its own. `smart` is what spanloom does: 40 integers, and the labels only with the pod.
 *
 *   npx tsx bench/storage.ts [rows] [variant…]
 *
 * Processor time is that of all threads of the process, merges included, without the making of rows; memory is the peak
 * above what the process had before the first row. What the tags are is in storage/world.ts.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { StorageFigures } from './storage/run-variant.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const chosen = process.argv.slice(3);
const variants = chosen.length > 0 ? chosen : ['smart', 'integer', 'low-cardinality', 'string'];

const all = variants.map((variant): StorageFigures => {
  const program = join(import.meta.dirname, 'storage', 'run-variant.ts');
  const child = spawnSync(process.execPath, ['--import', 'tsx', program, variant, String(rows)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (child.status !== 0 || child.stdout === '') throw new Error(`${variant} ended with ${child.status}`);
  return JSON.parse(child.stdout) as StorageFigures;
});

const first = all[0]!;
const figures: Readonly<Record<string, (figures: StorageFigures) => number>> = {
  'ingest CPU, µs a row': (of) => (of.cpuSeconds / of.rows) * 1e6,
  'ingest time, µs a row': (of) => (of.wallSeconds / of.rows) * 1e6,
  'peak memory, MB': (of) => of.peakMegabytes,
  'row in RowBinary, B': (of) => of.rowBytes,
  'disk, B a row': (of) => (of.diskMegabytes * 1e6) / of.rows,
  'disk after OPTIMIZE, B a row': (of) => (of.optimizedMegabytes * 1e6) / of.rows,
  'group by both workloads, CPU ms': (of) => of.groupCpuMs,
  'filter by a label, CPU ms': (of) => of.labelCpuMs,
};
console.log(`${rows} rows, 60 tags; in parentheses: times ${first.variant}`);
console.log(['', ...all.map((of) => of.variant)].map((text, index) => text.padEnd(index === 0 ? 34 : 22)).join(''));
for (const [name, figure] of Object.entries(figures)) {
  const cells = all.map((of) => `${figure(of).toPrecision(3)} (${(figure(of) / figure(first)).toFixed(2)})`);
  console.log([name.padEnd(34), ...cells.map((cell) => cell.padEnd(22))].join(''));
}
