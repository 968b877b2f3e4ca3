/**
 * Rows per second through the sink (decoding traces, encoding rows, storing them) into the embedded ClickHouse, against
 * ClickHouse alone storing the same rows from a prepared RowBinary file. Both in one run, alternating; medians.
 *
 *   npx tsx bench/sink.ts [spans] [rounds]
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReceivedMessage } from '../core/bus/bus.ts';
import { openEmbeddedClickHouse } from '../core/clickhouse/embedded.ts';
import { migrate } from '../core/clickhouse/migrate.ts';
import { nameLiteral, stringLiteral } from '../core/clickhouse/sql-literal.ts';
import { deliverToClickHouse } from '../sink/deliver.ts';
import { rowsOf } from '../sink/testing/batch-rows.ts';
import { spansTable } from '../sink/tables/spans.ts';
import { SinkStage, type SinkOutput } from '../sink/stage.ts';
import { makeLoadTrace, traceMessage } from '../sink/testing/traces.ts';

const spanCount = Number(process.argv[2] ?? 160_000);
const rounds = Number(process.argv[3] ?? 5);
const spansPerTrace = 8;
const pollBytes = 4 * 1024 * 1024;

const messages = Array.from({ length: Math.ceil(spanCount / spansPerTrace) }, (_, number) =>
  traceMessage(makeLoadTrace(number), number),
);

/** Messages as a consumer would bring them. */
function polls(): readonly (readonly ReceivedMessage[])[] {
  const all: ReceivedMessage[][] = [[]];
  let bytes = 0;
  for (const message of messages) {
    if (bytes > pollBytes) {
      all.push([]);
      bytes = 0;
    }
    all.at(-1)!.push(message);
    bytes += message.value.length;
  }
  return all;
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const perSecond = (milliseconds: number): number => Math.round((spanCount / milliseconds) * 1000);

const directory = await mkdtemp(join(tmpdir(), 'spanloom-bench-'));
try {
  const clickHouse = openEmbeddedClickHouse({ directory: join(directory, 'clickhouse') });
  await migrate(clickHouse);
  const producer = { send: () => Promise.resolve(), close: () => Promise.resolve() };
  const newStage = (): SinkStage => new SinkStage({ maxRows: 50_000, maxBytes: 32 * 1024 * 1024, maxAgeMs: 300 });

  // The file of the same rows.
  const prepared: Uint8Array[] = [];
  const stage = newStage();
  for (const message of messages) stage.process(message, 0);
  prepared.push(...rowsOf(stage.drain(), 'spans'));
  const path = join(directory, 'rows.bin');
  await writeFile(path, prepared);
  const structure = spansTable.columns.map(({ name, type }) => `${nameLiteral(name)} ${type}`).join(', ');
  const fileBytes = prepared.reduce((sum, piece) => sum + piece.length, 0);

  const sinkMs: number[] = [];
  const encodeMs: number[] = [];
  const fileMs: number[] = [];
  const sinkCpuMs: number[] = [];
  const fileCpuMs: number[] = [];
  const cpuMs = (since?: NodeJS.CpuUsage): number => {
    const { user, system } = process.cpuUsage(since);
    return (user + system) / 1000;
  };
  for (let round = 0; round < rounds; round++) {
    await clickHouse.execute('TRUNCATE TABLE spans');
    await clickHouse.execute('TRUNCATE TABLE trace');
    let startedAt = performance.now();
    let cpu = process.cpuUsage();
    const current = newStage();
    let inStageMs = 0;
    for (const poll of polls()) {
      const pollStartedAt = performance.now();
      const outputs: SinkOutput[] = [];
      for (const message of poll) outputs.push(...current.process(message, 0));
      outputs.push(...current.flush(0));
      inStageMs += performance.now() - pollStartedAt;
      await deliverToClickHouse(outputs, { clickHouse, producer });
    }
    await deliverToClickHouse(current.drain(), { clickHouse, producer });
    sinkMs.push(performance.now() - startedAt);
    sinkCpuMs.push(cpuMs(cpu));
    encodeMs.push(inStageMs);

    const [count] = await clickHouse.select<{ spans: string }>('SELECT count() AS spans FROM spans FINAL');
    if (Number(count!.spans) !== messages.length * spansPerTrace) throw new Error(`${count!.spans} spans are there`);

    await clickHouse.execute('TRUNCATE TABLE spans');
    startedAt = performance.now();
    cpu = process.cpuUsage();
    await clickHouse.execute(
      `INSERT INTO spans SELECT * FROM file(${stringLiteral(path)}, 'RowBinary', ${stringLiteral(structure)}) ` +
        'SETTINGS max_threads = 1, max_insert_threads = 1, optimize_on_insert = 0',
    );
    fileMs.push(performance.now() - startedAt);
    fileCpuMs.push(cpuMs(cpu));
  }
  const figures = {
    spans: spanCount,
    bytesPerRow: Math.round(fileBytes / spanCount),
    sinkRowsPerSecond: perSecond(median(sinkMs)),
    stageRowsPerSecond: perSecond(median(encodeMs)),
    fileRowsPerSecond: perSecond(median(fileMs)),
    ratio: Number((median(fileMs) / median(sinkMs)).toFixed(2)),
    // Of all threads, background merges among them: comparable also on a busy machine.
    sinkCpuMicrosecondsPerRow: Number(((median(sinkCpuMs) / spanCount) * 1000).toFixed(1)),
    fileCpuMicrosecondsPerRow: Number(((median(fileCpuMs) / spanCount) * 1000).toFixed(1)),
    residentMegabytes: Math.round(process.memoryUsage().rss / 1e6),
  };
  console.log(JSON.stringify(figures, undefined, 2));
  await clickHouse.close();
} finally {
  await rm(directory, { recursive: true, force: true });
}
