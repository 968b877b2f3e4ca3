/**
 * Runs one target in a thread of its own, so that the main thread sees when an input hangs or exhausts the heap. The
 * input in hand lies in shared memory.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Coverage } from './coverage.ts';
import { Random } from '../core/testing/random.ts';
import { mutated } from './mutate.ts';
import { targets } from './targets.ts';
import { maxInputBytes } from './target.ts';

/** What the main thread gives. */
export interface FuzzOrder {
  readonly target: string;
  readonly seed: number;
  readonly minutes: number;
  /** So many inputs instead. */
  readonly inputs?: number;
  /** Inputs kept from before. */
  readonly corpus: readonly Uint8Array[];
  /** Two words: count of inputs begun, length of the one in hand; then its bytes. */
  readonly shared: SharedArrayBuffer;
}

/** What the worker reports. */
export type FuzzReport =
  | { readonly kind: 'finding'; readonly input: Uint8Array; readonly text: string }
  | {
      readonly kind: 'done';
      readonly runs: number;
      readonly blocks: number;
      readonly kept: readonly Uint8Array[];
    };

/** Bytes before the input in the shared memory. */
export const sharedHeadBytes = 8;
/** Inputs between two looks at the coverage: a look costs about as much as hundreds of inputs. */
const roundInputs = 400;

async function fuzz(order: FuzzOrder, report: (report: FuzzReport) => void): Promise<void> {
  const target = targets[order.target]!;
  const words = target.dictionary.map((word) => Buffer.from(word, 'latin1'));
  const head = new Int32Array(order.shared, 0, 2);
  const place = new Uint8Array(order.shared, sharedHeadBytes);
  const random = new Random(order.seed);
  const coverage = new Coverage();
  const kept: Uint8Array[] = [];

  const run = async (input: Buffer): Promise<void> => {
    place.set(input);
    head[1] = input.length;
    Atomics.add(head, 0, 1);
    // A copy: what a target does to its input must not change the corpus.
    await target.run(Buffer.from(input));
  };
  const attempt = async (input: Buffer): Promise<boolean> => {
    try {
      await run(input);
      return true;
    } catch (error) {
      report({ kind: 'finding', input, text: error instanceof Error ? (error.stack ?? error.message) : String(error) });
      return false;
    }
  };

  const inputs = [...(await target.seeds()), ...order.corpus.map((bytes) => Buffer.from(bytes))]
    .filter((input) => input.length <= maxInputBytes)
    .concat(Buffer.alloc(0));
  coverage.start();
  for (const input of inputs) if (!(await attempt(input))) return;
  coverage.note(coverage.take());
  const endsAt = performance.now() + order.minutes * 60_000;
  const isOver = (): boolean =>
    order.inputs === undefined ? performance.now() >= endsAt : Atomics.load(head, 0) >= order.inputs;
  while (!isOver()) {
    let round = Array.from({ length: roundInputs }, () => mutated(inputs, random, words));
    for (const input of round) if (!(await attempt(input))) return;
    const news = coverage.take();
    coverage.note(news.slice(1));
    // Halving the round finds the input that made the first of the new blocks run.
    while (news.length > 0 && round.length > 1) {
      const half = round.slice(0, round.length >> 1);
      for (const input of half) await run(input);
      round = coverage.take().includes(news[0]!) ? half : round.slice(half.length);
    }
    coverage.note(news);
    if (news.length === 0) continue;
    inputs.push(round[0]!);
    kept.push(round[0]!);
  }
  report({ kind: 'done', runs: Atomics.load(head, 0), blocks: coverage.size, kept });
}

if (parentPort !== null) {
  const port = parentPort;
  await fuzz(workerData as FuzzOrder, (report) => port.postMessage(report));
}
