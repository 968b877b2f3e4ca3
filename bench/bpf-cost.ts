/**
 * What capture costs: wrk against nginx with keep-alive, without and with capture in turn, medians. Once with both ends
 * captured, once with nginx alone, as when its clients are on other hosts. On a machine that is busy with other things the
 * CPU time that nginx takes for a request says more than the throughput.
 * Needs root, wrk and nginx: `npx tsx bench/bpf-cost.ts [seconds per run] [rounds] [connections]`
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Capture } from '../native/capture.ts';
import { loadNative } from '../native/load.ts';
import { smallCapture } from '../native/testing/live-events.ts';

const seconds = Number(process.argv[2] ?? 3);
const rounds = Number(process.argv[3] ?? 5);
const connections = Number(process.argv[4] ?? 32);
const port = 18480;
const statisticsSwitch = '/proc/sys/kernel/bpf_stats_enabled';

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

function startNginx(folder: string): ChildProcess {
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
     events { worker_connections 1024; }
     http { access_log off; keepalive_requests 100000000; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p;
       fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
       server { listen 127.0.0.1:${port}; location / { return 200 "a body of no great length\\n"; } } }`,
  );
  return spawn('nginx', ['-c', join(folder, 'nginx.conf')], { stdio: 'inherit' });
}

interface Load {
  readonly requestsPerSecond: number;
  readonly serverNsPerRequest: number;
}

/** Nanoseconds on a CPU since it started. */
function cpuTimeNs(processId: number): number {
  return Number(readFileSync(`/proc/${processId}/schedstat`, 'utf8').split(' ')[0]);
}

async function load(onStart: (clientProcessId: number) => void = () => undefined): Promise<Load> {
  const before = cpuTimeNs(nginx.pid!);
  const wrk = spawn('wrk', ['-t1', `-c${connections}`, `-d${seconds}s`, `http://127.0.0.1:${port}/`]);
  onStart(wrk.pid!);
  let output = '';
  wrk.stdout.on('data', (data: Buffer) => (output += data.toString()));
  await new Promise((resolve, reject) => wrk.on('error', reject).on('close', resolve));
  const rate = /Requests\/sec:\s*([\d.]+)/.exec(output);
  const count = /(\d+) requests in/.exec(output);
  if (rate === null || count === null) throw new Error(`wrk did not say how many requests it made: ${output}`);
  return {
    requestsPerSecond: Number(rate[1]),
    serverNsPerRequest: (cpuTimeNs(nginx.pid!) - before) / Number(count[1]),
  };
}

interface Captured extends Load {
  readonly events: number;
  readonly bytes: number;
  readonly lost: number;
  readonly programs: ReturnType<Capture['statistics']>;
  readonly cpuSeconds: number;
}

async function loadWithCapture(withClient: boolean): Promise<Captured> {
  let events = 0;
  let bytes = 0;
  let lost = 0;
  const capture: Capture = loadNative().startCapture(
    smallCapture({
      ringBytes: 64 * 1024 * 1024,
      maxSockets: 131072,
      pollIntervalMs: 10,
      excludedProcessIds: [process.pid],
      redaction: { patterns: [], headers: [], parameters: [], values: [], sendUnrecognised: false },
    }),
    (block) => {
      events += block.eventCount;
      bytes += block.events.length;
      for (const count of Object.values(block.losses)) lost += count;
      capture.acknowledge(1);
    },
  );
  const before = process.cpuUsage();
  const measured = await load((client) => {
    if (!withClient) capture.exclude(client);
  });
  const used = process.cpuUsage(before);
  const programs = capture.statistics();
  await capture.stop();
  return { ...measured, events, bytes, lost, programs, cpuSeconds: (used.user + used.system) / 1e6 };
}

function printCost(measured: Captured): void {
  const inPrograms = measured.programs.reduce((sum, program) => sum + program.runTimeNs, 0);
  console.log(`\nkernel statistics on: ${measured.events} events, ${measured.lost} lost`);
  for (const { program, runs, runTimeNs } of measured.programs)
    if (runs > 0)
      console.log(
        `  ${program.padEnd(16)} ${String(runs).padStart(9)} runs ${(runTimeNs / runs).toFixed(0).padStart(5)} ns a run ` +
          `${(runTimeNs / measured.events).toFixed(0).padStart(5)} ns an event`,
      );
  console.log(`BPF time per event: ${(inPrograms / measured.events).toFixed(0)} ns (at most 1000)`);
}

const missing = ['wrk', 'nginx'].filter((command) => spawnSync('which', [command]).status !== 0);
if (missing.length > 0) throw new Error(`${missing.join(' and ')} must be installed (Debian: wrk, nginx-light)`);
const folder = mkdtempSync(join(tmpdir(), 'spanloom-bpf-cost-'));
const nginx = startNginx(folder);
const statisticsBefore = readFileSync(statisticsSwitch, 'utf8');
try {
  await sleep(500);
  await load();
  const without: Load[] = [];
  const bothEnds: Captured[] = [];
  const serverOnly: Captured[] = [];
  for (let round = 0; round < rounds; round++) {
    without.push(await load());
    bothEnds.push(await loadWithCapture(true));
    serverOnly.push(await loadWithCapture(false));
    const rates = [without, bothEnds, serverOnly].map((runs) => runs.at(-1)!.requestsPerSecond.toFixed(0));
    console.log(`round ${round + 1}: ${rates.join(', ')} requests/s without, with both ends, with nginx captured`);
  }
  const middle = (runs: readonly Load[], of: keyof Load): number => median(runs.map((run) => run[of]));
  const baseRate = middle(without, 'requestsPerSecond');
  const baseNs = middle(without, 'serverNsPerRequest');
  for (const [name, runs] of [
    ['both ends', bothEnds],
    ['nginx', serverOnly],
  ] as const) {
    const rate = middle(runs, 'requestsPerSecond');
    const serverNs = middle(runs, 'serverNsPerRequest');
    const events = runs.reduce((sum, run) => sum + run.events, 0);
    const bytes = runs.reduce((sum, run) => sum + run.bytes, 0);
    const lost = runs.reduce((sum, run) => sum + run.lost, 0);
    const readerUs = median(runs.map((run) => (run.cpuSeconds / run.events) * 1e6));
    console.log(
      `\n${name} captured: throughput ${((100 * rate) / baseRate).toFixed(1)} % of without (at least 85), ` +
        `nginx ${(serverNs / 1000).toFixed(2)} µs CPU a request, ${(baseNs / 1000).toFixed(2)} without ` +
        `(${((100 * baseNs) / serverNs).toFixed(1)} %)\n` +
        `  ${events} events of ${(bytes / events).toFixed(0)} B, ${lost} lost, ` +
        `${readerUs.toFixed(2)} µs CPU each to drain, order, redact and encode`,
    );
  }

  writeFileSync(statisticsSwitch, '1');
  printCost(await loadWithCapture(true));
} finally {
  writeFileSync(statisticsSwitch, statisticsBefore);
  nginx.kill();
  rmSync(folder, { recursive: true, force: true });
}
