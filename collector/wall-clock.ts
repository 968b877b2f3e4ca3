/**
 * From CLOCK_MONOTONIC, in which the kernel times events, to Unix time. NTP slews both clocks alike, so the offset between
 * them only changes when the wall clock is set. It is measured now and then; a difference within the error of the
 * measurement is not followed, so that between two settings of the clock event times never go back at all, and at a
 * setting by no more than the clock was set.
 */

/** The two clocks of this process. */
export interface ClockPair {
  /** CLOCK_MONOTONIC in nanoseconds. */
  monotonicNs(): bigint;
  /** Unix time in whole milliseconds, rounded down. */
  wallMs(): number;
}

/** The clocks of this machine. */
export const machineClocks: ClockPair = { monotonicNs: () => process.hrtime.bigint(), wallMs: () => Date.now() };

/** Unix time minus monotonic time, and by how much it may be wrong. */
export interface Offset {
  readonly offsetNs: bigint;
  readonly uncertaintyNs: bigint;
}

/** Resolution: smaller differences of two measurements count as none. */
const noiseNs = 50_000n;

/** A measurement this good is not repeated. */
const goodUncertaintyNs = 10_000n;
const maxAttempts = 5;

/**
 * Measures at the moment at which the wall clock's millisecond changes, because a process in JavaScript reads whole ones.
 * Takes 1 ms of busy waiting, more where other work interrupts it: of several attempts the best counts.
 */
export function measureOffset(clocks: ClockPair): Offset {
  let best = measureOnce(clocks);
  for (let attempt = 1; attempt < maxAttempts && best.uncertaintyNs > goodUncertaintyNs; attempt++) {
    const next = measureOnce(clocks);
    if (next.uncertaintyNs < best.uncertaintyNs) best = next;
  }
  return best;
}

function measureOnce(clocks: ClockPair): Offset {
  let beforeOld = clocks.monotonicNs();
  const oldMs = clocks.wallMs();
  for (;;) {
    const before = clocks.monotonicNs();
    const wallMs = clocks.wallMs();
    const after = clocks.monotonicNs();
    if (wallMs !== oldMs) {
      // The millisecond began after the last reading of the old one, which was itself after `beforeOld`.
      const uncertaintyNs = after - beforeOld;
      return { offsetNs: BigInt(wallMs) * 1_000_000n - (beforeOld + uncertaintyNs / 2n), uncertaintyNs };
    }
    beforeOld = before;
  }
}

/** The offset in use. */
export class WallClock {
  readonly #clocks: ClockPair;
  #current: Offset;
  /** How much the wall clock was set since the start, in nanoseconds. */
  correctedNs = 0n;

  constructor(clocks: ClockPair = machineClocks) {
    this.#clocks = clocks;
    this.#current = measureOffset(clocks);
  }

  /** Unix time in nanoseconds at a moment of CLOCK_MONOTONIC. */
  toUnixNs(monotonicNs: number): bigint {
    return BigInt(Math.round(monotonicNs)) + this.#current.offsetNs;
  }

  /** Measures again. Returns by how many nanoseconds the wall clock was set since the last measurement, 0 if it was not. */
  refresh(): bigint {
    const measured = measureOffset(this.#clocks);
    const change = measured.offsetNs - this.#current.offsetNs;
    const size = change < 0n ? -change : change;
    const error = measured.uncertaintyNs + this.#current.uncertaintyNs;
    if (size <= (error > noiseNs ? error : noiseNs)) {
      // The same offset; the better measurement of the two says how well it is known.
      if (measured.uncertaintyNs < this.#current.uncertaintyNs)
        this.#current = { ...this.#current, uncertaintyNs: measured.uncertaintyNs };
      return 0n;
    }
    this.#current = measured;
    this.correctedNs += change;
    return change;
  }
}
