/**
 * Are the parents right? Real gateways under load, captured live, scored by a header that only the scorer reads.
 *
 *   npx tsx bench/causality/main.ts [part of a scenario's name]
 *
 * Each scenario: a gateway passes requests on to a backend while `spanloom record` records the host; the recording then goes
 * through enricher and correlator; every call of the gateway counts as right, wrong or unknown by its parent. The first 200
 * requests are not scored. Needs the rights to capture; gateways that are not installed are skipped with one line.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../core/free-ports.ts';
import { type Scenario, scenarios, workload } from './scenarios.ts';
import { readTruth, score } from './score.ts';
import { traceRecording } from './trace-recording.ts';

const warmUpRequests = 200;
const entry = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));

function start(command: readonly string[]): ChildProcess {
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'inherit'] });
  process.once('exit', () => child.kill('SIGKILL'));
  return child;
}

async function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    createInterface(child.stdout!).once('line', resolve);
    child.once('exit', (code) => reject(new Error(`ended with ${code ?? 'a signal'} before it was ready`)));
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
}

async function accepts(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      await fetch(`http://127.0.0.1:${port}/ready`);
      return;
    } catch {
      await sleep(50);
    }
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function record(
  scenario: Scenario,
  directory: string,
  file: string,
): Promise<{ gateway: number; backend: number; rate: string }> {
  const ports = { gateway: await freePort(), backend: await freePort() };
  const children: ChildProcess[] = [];
  const run = (command: readonly string[]): ChildProcess => {
    const child = start(command);
    children.push(child);
    return child;
  };
  try {
    await firstLine(run([process.execPath, workload('backend.mjs'), String(ports.backend)]));
    run(scenario.command(ports, directory));
    await accepts(ports.gateway);
    const recorder = run([process.execPath, '--import', 'tsx', entry, 'record', file]);
    while (!existsSync(file)) {
      if (recorder.exitCode !== null) throw new Error('spanloom record ended early');
      await sleep(100);
    }
    await sleep(1500);
    const { path, inFlight, requests } = scenario;
    const load = run([
      process.execPath,
      workload('load.mjs'),
      String(ports.gateway),
      path,
      String(inFlight),
      String(requests),
    ]);
    const rate = await firstLine(load);
    await ended(load);
    await sleep(500);
    recorder.kill('SIGINT');
    await ended(recorder);
    return { ...ports, rate };
  } finally {
    for (const child of children) child.kill();
    await Promise.all(children.map(ended));
  }
}

const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(3)} %`;

const wanted = process.argv[2] ?? '';
let missed = 0;
for (const scenario of scenarios.filter(({ name }) => name.includes(wanted))) {
  const directory = mkdtempSync(join(tmpdir(), 'spanloom-causality-'));
  try {
    const program = scenario.command({ gateway: 0, backend: 0 }, directory)[0]!;
    if (!existsSync(program)) {
      console.log(`${scenario.name}: skipped, ${program} is not installed`);
      continue;
    }
    const file = join(directory, 'recording.avro');
    const { rate, ...ports } = await record(scenario, directory, file);
    const { batches, spans, lost } = await traceRecording(file);
    const result = score(spans, readTruth(batches), ports, warmUpRequests);
    const { right, wrong, unknown } = result;
    const all = right + wrong + unknown;
    const isMet =
      scenario.aim === undefined || (all > 0 && right >= scenario.aim.right * all && wrong <= scenario.aim.wrong * all);
    if (!isMet) missed++;
    console.log(
      `${scenario.name}: ${all} calls, right ${percent(right, all)} (${right}), wrong ${percent(wrong, all)} (${wrong}), unknown ${percent(unknown, all)} (${unknown})` +
        (scenario.aim === undefined ? '' : isMet ? ', aim met' : ', AIM MISSED'),
    );
    console.log(`  by reason ${JSON.stringify(result.byReason)}; events lost ${lost}; load ${rate}`);
  } finally {
    if (process.env['KEEP_RECORDINGS'] === undefined) rmSync(directory, { recursive: true, force: true });
  }
}
process.exit(missed === 0 ? 0 : 1);
