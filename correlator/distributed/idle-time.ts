/** Longer than a normal turn. */
const longestStepMs = 5_000;

/**
 * How long a partition has been idle, by the wall clock. A long pause between two looks counts little: the bus or the link
 * store was unavailable, and messages that arrived meanwhile are still unread.
 */
export class IdleTime {
  #lookedMs = 0;
  #idleMs = 0;

  /** A message arrived. */
  end(nowMs: number): void {
    this.#lookedMs = nowMs;
    this.#idleMs = 0;
  }

  /** No message arrived since the last look. Returns the idle time. */
  look(nowMs: number): number {
    this.#idleMs += Math.min(longestStepMs, Math.max(0, nowMs - this.#lookedMs));
    this.#lookedMs = nowMs;
    return this.#idleMs;
  }
}
