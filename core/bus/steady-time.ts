/** A step back by less is disorder among messages; by more, a clock that was set. */
const slackMs = 1_000;

/**
 * Time by the accept times of one partition's messages, which never goes back: when the clock of the bus is set back, it
 * goes on from where it was.
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
