/**
 * What `spanloom up` takes of a machine that it watches for long: memory by kind, processor time an event, room on the disk.
 *
 *   npm run build && node dist/bench/up.js [--minutes 10] [--rate 500] [--every 30] [--no-replay]
 *
 * As root. A gateway, its backend and a load at a steady rate run beside it; all are captured. One line every `--every` seconds,
 * then the last minute against the first one after a minute of warming up, and the processor time an event against a
 * replay of a recording of the same load, which is what the stages need without a kernel, waiting and small batches.
 * SPANLOOM_… settings of the environment apply.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { freePort } from '../core/free-ports.ts';
import { projectFile } from '../core/project-files.ts';
import { peakResidentBytes, processorSeconds } from './kafka/process-usage.ts';
import { stopChild } from './kafka/stop-child.ts';
import { diskBytes, type ResidentMemory, residentMemory } from './up/process-memory.ts';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    rate: { type: 'string', default: '500' },
    every: { type: 'string', default: '30' },
    'no-replay': { type: 'boolean', default: false },
  },
});
const everySeconds = Number(options.every);
const recordedSeconds = 30;
const spanloom = projectFile('dist', 'cli', 'main.js');
const workload = (name: string): string => projectFile('bench', 'causality', 'workloads', name);
const children: ChildProcess[] = [];

function start(args: readonly string[], environment: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn(process.execPath, args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...environment },
  });
  children.push(child);
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface(child.stdout!).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`ended with ${code ?? 'a signal'} before it said anything`)));
  });
}

/** Everything that is told of one moment. */
interface Sample {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly events: number;
  readonly lost: number;
  readonly spans: number;
  readonly memory: ResidentMemory;
  /** The largest that it ever was. */
  readonly peakBytes: number;
  readonly logBytes: number;
  readonly databaseBytes: number;
}

async function metrics(port: number): Promise<(pattern: RegExp) => number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return (pattern) =>
    text
      .split('\n')
      .filter((line) => pattern.test(line))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

async function sample(pid: number, port: number, folder: string): Promise<Sample> {
  const sum = await metrics(port);
  return {
    seconds: performance.now() / 1000,
    cpuSeconds: processorSeconds(pid),
    events: sum(/^spanloom_stage_emitted_total\{.*stage="collector"/),
    lost: sum(/^spanloom_stage_dropped_total\{.*stage="collector"/),
    spans: sum(/^spanloom_sink_rows_total\{.*table="spans"/),
    memory: residentMemory(pid),
    peakBytes: peakResidentBytes(pid),
    logBytes: diskBytes(join(folder, 'log')),
    databaseBytes: diskBytes(join(folder, 'clickhouse')),
  };
}

const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
const cpuPerEvent = (from: Sample, to: Sample): number =>
  (1e6 * (to.cpuSeconds - from.cpuSeconds)) / (to.events - from.events);

const columns = [
  'seconds',
  'events',
  'events/s',
  'lost',
  'spans stored',
  'CPU %',
  'µs/event',
  'RSS MiB',
  'anonymous',
  'file',
  'shmem',
  'log on disk',
  'database',
];

function row(first: Sample, before: Sample, now: Sample): string {
  const seconds = now.seconds - before.seconds;
  const cells = [
    (now.seconds - first.seconds).toFixed(0),
    String(now.events),
    ((now.events - before.events) / seconds).toFixed(0),
    String(now.lost),
    String(now.spans),
    ((100 * (now.cpuSeconds - before.cpuSeconds)) / seconds).toFixed(1),
    cpuPerEvent(before, now).toFixed(1),
    mebibytes(now.memory.total),
    mebibytes(now.memory.anonymous),
    mebibytes(now.memory.file),
    mebibytes(now.memory.shared),
    mebibytes(now.logBytes),
    mebibytes(now.databaseBytes),
  ];
  return `| ${cells.map((cell, index) => cell.padStart(columns[index]!.length)).join(' | ')} |`;
}

async function untilServed(up: ChildProcess, port: number): Promise<void> {
  for (;;) {
    if (up.exitCode !== null) throw new Error('spanloom up ended early');
    try {
      if ((await fetch(`http://127.0.0.1:${port}/readyz`)).ok) return;
    } catch {
      // Not there yet.
    }
    await sleep(100);
  }
}

/** Samples of the whole run, the first when everything runs. */
async function watch(folder: string): Promise<readonly Sample[]> {
  const port = await freePort();
  const up = start([spanloom, 'up'], {
    SPANLOOM_DATA_DIR: folder,
    SPANLOOM_METRICS_PORT: String(port),
    SPANLOOM_QUERY_PORT: '0',
  });
  up.stdout!.resume();
  await untilServed(up, port);
  const samples = [await sample(up.pid!, port, folder)];
  console.log(`| ${columns.join(' | ')} |`);
  const begin = performance.now();
  const rounds = Math.round((60 * Number(options.minutes)) / everySeconds);
  for (let round = 1; round <= rounds; round++) {
    await sleep(begin + round * everySeconds * 1000 - performance.now());
    samples.push(await sample(up.pid!, port, folder));
    console.log(row(samples[0]!, samples.at(-2)!, samples.at(-1)!));
  }
  await stopChild(up);
  return samples;
}

/** Processor microseconds an event of a replay of what the same load makes. */
async function replayCost(folder: string): Promise<number> {
  const file = join(folder, 'recording.avro');
  const recorder = start([spanloom, 'record', file, '--duration', `${recordedSeconds}s`]);
  recorder.stdout!.resume();
  await once(recorder, 'exit');
  const counted = start([projectFile('dist', 'bench', 'up', 'replay-cost.js'), file]);
  const { events, cpuSeconds } = JSON.parse(await firstLine(counted)) as { events: number; cpuSeconds: number };
  return (1e6 * cpuSeconds) / events;
}

function tellRatios(samples: readonly Sample[], replayed: number | undefined): void {
  const perMinute = Math.max(1, Math.round(60 / everySeconds));
  const last = samples.at(-1)!;
  const warm = samples[Math.min(2 * perMinute, samples.length - 1)]!;
  const start = samples[Math.min(perMinute, samples.length - 2)]!;
  const end = samples[Math.max(0, samples.length - 1 - perMinute)]!;
  const [firstCost, lastCost] = [cpuPerEvent(start, warm), cpuPerEvent(end, last)];
  const memory = `${mebibytes(last.memory.total)} MiB at the end, ${mebibytes(warm.memory.total)} MiB after the second minute`;
  console.log(
    `RSS: ${memory}: ratio ${(last.memory.total / warm.memory.total).toFixed(2)}; largest ${mebibytes(last.peakBytes)} MiB`,
  );
  console.log(
    `CPU: ${lastCost.toFixed(1)} µs/event in the last minute, ${firstCost.toFixed(1)} in the second: ratio ${(lastCost / firstCost).toFixed(2)}; ` +
      `${cpuPerEvent(samples[0]!, last).toFixed(1)} over all`,
  );
  if (replayed === undefined) return;
  console.log(
    `replay of the same load: ${replayed.toFixed(1)} µs/event; last minute against replay: ratio ${(lastCost / replayed).toFixed(2)}`,
  );
}

const folder = mkdtempSync(join(tmpdir(), 'spanloom-bench-up-'));
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
const backendPort = await freePort();
const gatewayPort = await freePort();
await firstLine(start([workload('backend.mjs'), String(backendPort)]));
await firstLine(start([workload('gateway-node.mjs'), String(gatewayPort), String(backendPort)]));
const load = start([projectFile('bench', 'up', 'paced-load.mjs'), String(gatewayPort), '/one', options.rate]);
load.once('exit', () => {
  console.error('The load ended early.');
  process.exit(1);
});
const samples = await watch(join(folder, 'data'));
tellRatios(samples, options['no-replay'] ? undefined : await replayCost(folder));
process.exit(0);
