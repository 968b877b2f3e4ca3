/** Longer than a turn takes while all goes well. */
const longestStepMs = 5_000;

/**
 * For how long nothing has come, by the wall clock. A pause between two looks counts little however long it was: then
 * the bus or the link store was away, and what has come meanwhile is only about to be read.
 */
export class IdleTime {
  #lookedMs = 0;
  #idleMs = 0;

  /** Something came. */
  end(nowMs: number): void {
    this.#lookedMs = nowMs;
    this.#idleMs = 0;
  }

  /** Nothing came since the last look. Returns for how long nothing has come now. */
  look(nowMs: number): number {
    this.#idleMs += Math.min(longestStepMs, Math.max(0, nowMs - this.#lookedMs));
    this.#lookedMs = nowMs;
    return this.#idleMs;
  }
}
