/**
 * Which blocks of our own code ran, by V8's precise coverage: an input that makes a new block run is worth keeping.
 */
import { Session } from 'node:inspector';
import type { Profiler } from 'node:inspector';

const root = new URL('..', import.meta.url).href;

/** Not of packages, and not of the fuzzing itself. */
function isOurs(url: string): boolean {
  return url.startsWith(root) && !/^(?:node_modules|fuzz)\//.test(url.slice(root.length));
}

/** Coverage of this thread since {@link start}. */
export class Coverage {
  readonly #session = new Session();
  readonly #seen = new Set<string>();

  /** Blocks that were noted. */
  get size(): number {
    return this.#seen.size;
  }

  start(): void {
    this.#session.connect();
    this.#post('Profiler.enable');
    this.#post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Blocks that ran since the last call and were not noted yet. */
  take(): readonly string[] {
    const news: string[] = [];
    const { result } = this.#post('Profiler.takePreciseCoverage') as Profiler.TakePreciseCoverageReturnType;
    for (const { url, scriptId, functions } of result) {
      if (!isOurs(url)) continue;
      for (const { ranges } of functions)
        for (const { startOffset, endOffset, count } of ranges) {
          const block = `${scriptId} ${startOffset} ${endOffset}`;
          if (count > 0 && !this.#seen.has(block)) news.push(block);
        }
    }
    return news;
  }

  note(blocks: readonly string[]): void {
    for (const block of blocks) this.#seen.add(block);
  }

  #post(method: string, parameters: object = {}): unknown {
    let outcome: unknown;
    // Within one thread the answer comes before the call returns.
    this.#session.post(method, parameters, (error, result: unknown) => {
      if (error !== null) throw error;
      outcome = result;
    });
    return outcome;
  }
}
