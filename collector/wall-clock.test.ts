import { describe, expect, it } from 'vitest';
import { machineClocks, measureOffset, WallClock, type ClockPair } from './wall-clock.ts';

/** Clocks that advance by a step with every reading. */
class SteppedClocks implements ClockPair {
  #monotonic = 5_000_000_000n;
  wallOffset: bigint;
  readonly #stepNs: bigint;

  constructor(wallOffset: bigint, stepNs: bigint) {
    this.wallOffset = wallOffset;
    this.#stepNs = stepNs;
  }

  monotonicNs(): bigint {
    return (this.#monotonic += this.#stepNs);
  }

  wallMs(): number {
    this.#monotonic += this.#stepNs;
    return Number((this.#monotonic + this.wallOffset) / 1_000_000n);
  }
}

const offset = 1_763_800_000_123_456_789n;

describe('the wall clock', () => {
  it.each([100n, 7_777n, 400_000n])('is measured within the error it tells, with readings of %s ns', (stepNs) => {
    const { offsetNs, uncertaintyNs } = measureOffset(new SteppedClocks(offset, stepNs));
    const error = offsetNs > offset ? offsetNs - offset : offset - offsetNs;
    expect(error).toBeLessThanOrEqual(uncertaintyNs);
    expect(uncertaintyNs).toBeLessThanOrEqual(stepNs * 6n);
  });

  it('does not move event times by what is only the error of a measurement', () => {
    const clocks = new SteppedClocks(offset, 300n);
    const clock = new WallClock(clocks);
    const before = clock.toUnixNs(1_000);
    clocks.wallOffset += 20_000n;
    expect(clock.refresh()).toBe(0n);
    expect(clock.toUnixNs(1_000)).toBe(before);
  });

  it('follows when it is set, by no more than it was set', () => {
    const clocks = new SteppedClocks(offset, 300n);
    const clock = new WallClock(clocks);
    const before = clock.toUnixNs(1_000);
    clocks.wallOffset -= 2_000_000_000n;
    const change = clock.refresh();
    expect(Number(change)).toBeCloseTo(-2_000_000_000, -3);
    expect(clock.toUnixNs(1_000) - before).toBe(change);
    expect(clock.correctedNs).toBe(change);
  });

  it('of this machine agrees with Date', () => {
    const clock = new WallClock();
    const error = Number(clock.toUnixNs(Number(machineClocks.monotonicNs()))) / 1e6 - Date.now();
    expect(Math.abs(error)).toBeLessThan(50);
  });
});
