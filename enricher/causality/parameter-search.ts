import { Misfits } from './misfits.ts';

/**
 * Finds the parameters of a queue by counting, for each possible value, how often the phases of a context matched it. Values
 * are in groups that are observed together; at most one value of a group matches an observation. The best value is used
 * until another one is clearly better.
 */

const leastSeen = 8;
const window = 256;
/** Matching observations in a row after which earlier ones no longer count, such as those while connections were opened. */
const freshStart = 16;
const leastRate = 0.8;
const lostRate = 0.7;
const margin = 0.05;

/** Large numbers are equal by chance less often than small ones. */
export function weightOf(count: number): number {
  return count < 8 ? 1 : count < 32 ? 2 : 4;
}

/** How often each value matched, with exponential decay. */
export class ParameterSearch {
  private readonly groupSize: number;
  private readonly hits: Float64Array;
  private readonly seen: Float64Array;
  private readonly streaks: Int32Array;
  /** Of the value in use. */
  private readonly misfits = new Misfits();
  /** The value in use: group * groupSize + index in the group; -1 before there is one. */
  best = -1;

  constructor(groups: number, groupSize: number) {
    this.groupSize = groupSize;
    this.hits = new Float64Array(groups * groupSize);
    this.seen = new Float64Array(groups);
    this.streaks = new Int32Array(groups * groupSize);
  }

  /** Adds one observation of a group. @param fitting index in the group of the value that matches; -1 if none does */
  observe(group: number, weight: number, fitting: number): void {
    const first = group * this.groupSize;
    const end = first + this.groupSize;
    this.seen[group]! += weight;
    if (this.best >= first && this.best < end) this.misfits.add(this.best - first === fitting);
    for (let value = first; value < end; value++) {
      const fits = value - first === fitting;
      if (fits) this.hits[value]! += weight;
      this.streaks[value] = fits ? this.streaks[value]! + 1 : 0;
      if (this.streaks[value] === freshStart) this.seen[group] = this.hits[value] = freshStart;
    }
    if (this.seen[group]! < window) return;
    this.seen[group]! /= 2;
    for (let value = first; value < end; value++) this.hits[value]! /= 2;
  }

  /** Selects the best value again. Returns whether it changed. */
  choose(): boolean {
    let best = this.best >= 0 && this.rate(this.best) >= lostRate ? this.best : -1;
    let bestRate = best < 0 ? leastRate : Math.max(leastRate, this.rate(best) + margin);
    for (let value = 0; value < this.hits.length; value++) {
      const rate = this.rate(value);
      if (rate > bestRate) {
        best = value;
        bestRate = rate;
      }
    }
    if (best === this.best) return false;
    this.best = best;
    this.misfits.reset();
    return true;
  }

  /** Whether a match is hardly ever a coincidence. */
  get isSteady(): boolean {
    return this.misfits.areRare;
  }

  private rate(value: number): number {
    const seen = this.seen[Math.floor(value / this.groupSize)]!;
    return seen < leastSeen ? 0 : this.hits[value]! / seen;
  }
}
