/**
 * What the collector alone costs: its CPU time per event and its memory, in a process of its own, while wrk loads nginx
 * over keep-alive connections. As root: `npm run build && node dist/bench/collector.js [seconds]`; run by tsx, its compiler's
 * memory counts too. Prints medians of several rounds, once
 * with the embedded log as output and once with an output that forgets. What the kernel programs cost is in
 * bench/bpf-cost.ts: it is spent in the processes that they observe.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../core/free-ports.ts';
import type { Output } from '../collector/outbox.ts';
import { collectInto } from '../collector/run.ts';
import { collectorSections } from '../collector/sources.ts';
import { openEmbeddedBus } from '../core/bus/embedded/embedded-bus.ts';
import { loadConfig } from '../core/config/load-config.ts';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry } from '../core/telemetry/telemetry.ts';
import { topics } from '../core/topics.ts';

const rounds = 5;
const connections = 64;

/** What the collector's process says of itself. */
interface Sample {
  readonly cpuUs: number;
  readonly rssBytes: number;
  readonly events: number;
  readonly lost: number;
}

const outputs = ['embedded log', 'none'] as const;
type OutputKind = (typeof outputs)[number];

/** The process that is measured: answers every message of its parent with a sample, ends when told so. */
async function runMeasured(kind: OutputKind, directory: string): Promise<void> {
  const telemetry = createTelemetry({ logger: createLogger({ name: 'bench', level: 'warn' }) });
  const settings = loadConfig(process.env, collectorSections);
  const controller = new AbortController();
  const metric = async (name: string): Promise<number> =>
    ((await telemetry.registry.getSingleMetric(name)?.get())?.values ?? []).reduce((sum, { value }) => sum + value, 0);
  process.on('message', (message) => {
    if (message === 'stop') controller.abort();
    else
      void (async () => {
        const { user, system } = process.cpuUsage();
        const sample: Sample = {
          cpuUs: user + system,
          rssBytes: process.memoryUsage.rss(),
          events: await metric('spanloom_stage_emitted_total'),
          lost: await metric('spanloom_stage_dropped_total'),
        };
        process.send!(sample);
      })();
  });
  let output: Output = { send: () => Promise.resolve() };
  let close = (): Promise<void> => Promise.resolve();
  if (kind === 'embedded log') {
    const bus = openEmbeddedBus({ directory: join(directory, 'log') });
    await bus.ensureTopics(topics.map((name) => ({ name, partitions: 1, retentionBytes: 256 * 1024 * 1024 })));
    output = await bus.producer();
    close = () => bus.close();
  }
  const running = collectInto({ settings, dataDirectory: directory, telemetry, signal: controller.signal }, output);
  process.send!('started');
  await running;
  await close();
  process.disconnect();
}

async function startNginx(directory: string): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const port = await freePort();
  const folder = join(directory, 'nginx');
  mkdirSync(folder);
  const config = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  );
  writeFileSync(
    config,
    `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
     events { worker_connections 1024; }
     http { access_log off; keepalive_requests 1000000000; ${temporary.join(' ')}
       server { listen 127.0.0.1:${port}; location / { return 200 "hello"; } } }`,
  );
  const child = spawn('nginx', ['-p', folder, '-c', config], { stdio: 'inherit' });
  await new Promise((resolve) => setTimeout(resolve, 500));
  return { child, url: `http://127.0.0.1:${port}/` };
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const failed = (code: number | null): void => reject(new Error(`the measured process ended with ${String(code)}`));
    child.once('exit', failed);
    child.once('message', (message) => {
      child.off('exit', failed);
      resolve(message);
    });
  });
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;

async function measure(kind: OutputKind, url: string, seconds: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-bench-'));
  const execArgv = import.meta.url.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const child = fork(fileURLToPath(import.meta.url), [kind, directory], { execArgv });
  try {
    await nextMessage(child);
    const sample = async (): Promise<Sample> => {
      const answer = nextMessage(child);
      child.send('sample');
      return (await answer) as Sample;
    };
    const load = (): Promise<void> =>
      new Promise((resolve, reject) => {
        const wrk = spawn('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, url], { stdio: 'ignore' });
        wrk.once('error', reject).once('exit', () => resolve());
      });
    // The first load warms up the compiler, and the page cache.
    await load();
    const costs: number[] = [];
    const rates: number[] = [];
    let lost = 0;
    let peakBytes = 0;
    for (let round = 0; round < rounds; round++) {
      const before = await sample();
      await load();
      const after = await sample();
      const events = after.events - before.events;
      costs.push((after.cpuUs - before.cpuUs) / events);
      rates.push(events / seconds);
      lost += after.lost - before.lost;
      peakBytes = Math.max(peakBytes, after.rssBytes);
    }
    console.log(
      `output ${kind}: ${median(costs).toFixed(2)} µs CPU per event (${costs.map((cost) => cost.toFixed(2)).join(', ')}), ` +
        `${Math.round(median(rates))} events/s, ${lost} lost, RSS ${Math.round(peakBytes / 1024 / 1024)} MiB`,
    );
    child.send('stop');
    await new Promise((resolve) => child.once('exit', resolve));
  } finally {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
}

async function main(seconds: number): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-bench-'));
  const { child, url } = await startNginx(directory);
  try {
    for (const kind of outputs) await measure(kind, url, seconds);
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    rmSync(directory, { recursive: true, force: true });
  }
}

const [first, second] = process.argv.slice(2);
if (process.send !== undefined && second !== undefined) await runMeasured(first as OutputKind, second);
else await main(Number(first ?? 5));
