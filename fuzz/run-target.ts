/** Runs one target in a worker and looks on. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { maxInputBytes } from './target.ts';
import { type FuzzOrder, type FuzzReport, sharedHeadBytes } from './worker.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** An input that takes longer is a finding. */
const hangMs = 20_000;
const maxHeapMiB = 512;

/** What came of one target. */
export interface Outcome {
  readonly runs: number;
  /** Where coverage was measured: blocks of TypeScript, or edges of C++. */
  readonly coverage: number;
  readonly finding?: string;
}

/** How long and from where. */
export interface FuzzOptions {
  readonly minutes: number;
  /** So many inputs instead: the same ones each time, however fast the machine is. */
  readonly inputs?: number;
  readonly seed: number;
}

/** Inputs that are in the project, and those that runs on this machine kept. */
export function corpusFolders(name: string): readonly [kept: string, project: string] {
  return [join(root, '.fuzz', name), join(root, 'fuzz', 'corpus', name)];
}

function filesOf(folder: string): Buffer[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => readFileSync(join(folder, name)));
}

/** Writes an input under the hash of its content. @returns its path */
export function keep(folder: string, input: Uint8Array): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, createHash('sha256').update(input).digest('hex').slice(0, 16));
  writeFileSync(path, input);
  return path;
}

/** Where findings go. */
export const findingsFolder = join(root, '.fuzz', 'findings');

export async function runTarget(name: string, options: FuzzOptions): Promise<Outcome> {
  const shared = new SharedArrayBuffer(sharedHeadBytes + maxInputBytes);
  const head = new Int32Array(shared, 0, 2);
  const corpus = corpusFolders(name).flatMap(filesOf);
  const order: FuzzOrder = { target: name, ...options, corpus, shared };
  const worker = new Worker(new URL('./worker-start.mjs', import.meta.url), {
    workerData: order,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMiB },
  });
  const report = await new Promise<FuzzReport>((resolve) => {
    const inHand = (text: string): FuzzReport => {
      const input = Buffer.from(new Uint8Array(shared, sharedHeadBytes, Atomics.load(head, 1)));
      return { kind: 'finding', input, text };
    };
    let [last, since] = [-1, performance.now()];
    const timer = setInterval(() => {
      const runs = Atomics.load(head, 0);
      if (runs !== last) [last, since] = [runs, performance.now()];
      else if (performance.now() - since > hangMs) end(inHand(`no end after ${hangMs} ms`));
    }, 500);
    const end = (outcome: FuzzReport): void => {
      clearInterval(timer);
      resolve(outcome);
    };
    worker.on('message', end);
    worker.on('error', (error: Error) => end(inHand(error.stack ?? error.message)));
    worker.on('exit', (code) => end(inHand(`the worker ended with ${code}`)));
  });
  await worker.terminate();
  const runs = Atomics.load(head, 0);
  if (report.kind === 'finding') {
    console.error(`${name}: ${report.text}`);
    return { runs, coverage: 0, finding: `finding in ${keep(findingsFolder, report.input)}` };
  }
  for (const input of report.kept) keep(corpusFolders(name)[0], input);
  return { runs, coverage: report.blocks };
}
