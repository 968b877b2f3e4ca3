/** A step back by less is disorder among messages; by more, a clock that was set. */
const slackMs = 1_000;

/**
 * Monotonic time by the timestamps of one partition's messages: if the clock of the bus is set back, it continues from where it
 * was.
 */
export class SteadyTime {
  nowMs = 0;
  #lastMs: number | undefined;

  /** Takes note of an accept time. Returns the time now. */
  advance(acceptedMs: number): number {
    const last = this.#lastMs;
    if (last === undefined) this.nowMs = acceptedMs;
    else if (acceptedMs > last) this.nowMs += acceptedMs - last;
    else if (acceptedMs >= last - slackMs) return this.nowMs;
    this.#lastMs = acceptedMs;
    return this.nowMs;
  }
}
