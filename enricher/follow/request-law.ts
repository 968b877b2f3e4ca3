/**
 * Of a proxy or a fan-out: how many phases after it was read a request makes its calls, and how many; found by counting.
 * Also how many phases after its last response a request is answered, which is what the law is checked by.
 */

import { freshStart, maxRequestLag, maxResponseLag, weightOf } from './turn-law.ts';

const lagCount = maxRequestLag + 1;
const maxFactor = 8;
const leastSeen = 8;
const window = 256;
const leastRate = 0.8;
const lostRate = 0.7;
const margin = 0.05;
const replyLagCount = maxResponseLag + 1;

/** Learns the law of one process and kind of context. */
export class RequestLaw {
  private readonly hits = new Float64Array(lagCount * maxFactor);
  private readonly seen = new Float64Array(lagCount);
  private readonly streaks = new Int32Array(lagCount * maxFactor);
  private readonly replyLags = new Float64Array(replyLagCount + 1);
  private best = -1;

  /** Phases from a request to its calls; -1 before that is known. */
  get lag(): number {
    return this.best < 0 ? -1 : Math.floor(this.best / maxFactor);
  }

  /** Calls that each request makes. */
  get factor(): number {
    return (this.best % maxFactor) + 1;
  }

  /**
   * Takes in one phase.
   *
   * @param requests at [lag], requests read that many phases before that are not answered yet
   * @param calls units of calls written in the phase
   * @returns whether another law is in force now
   */
  observe(requests: readonly number[], calls: number): boolean {
    for (let lag = 0; lag < lagCount; lag++) {
      const due = requests[lag]!;
      if (due === 0 && calls === 0) continue;
      const weight = weightOf(Math.max(due, calls));
      this.seen[lag]! += weight;
      const factor = due === 0 ? 0 : calls / due;
      for (let index = 0; index < maxFactor; index++) {
        const place = lag * maxFactor + index;
        const obeys = factor === index + 1;
        if (obeys) this.hits[place]! += weight;
        this.streaks[place] = obeys ? this.streaks[place]! + 1 : 0;
        if (this.streaks[place] === freshStart) this.seen[lag] = this.hits[place] = freshStart;
      }
      if (this.seen[lag]! >= window) {
        this.seen[lag]! /= 2;
        for (let index = lag * maxFactor; index < (lag + 1) * maxFactor; index++) this.hits[index]! /= 2;
      }
    }
    return this.choose();
  }

  /**
   * Judges a reply by the phases since the last response that belongs to it.
   *
   * @returns undefined while it is not known how many that should be, and when it is a little late: a loop with much to do
   *   leaves some of it for the next phase
   */
  judgeReply(lag: number): boolean | undefined {
    const place = Math.min(lag, replyLagCount);
    let total = 0;
    let usual = 0;
    this.replyLags.forEach((count, index) => {
      total += count;
      if (count > this.replyLags[usual]!) usual = index;
    });
    const isKnown = total >= leastSeen && usual !== replyLagCount;
    const isLate = place === usual + 1 || place === usual + 2;
    const verdict = isKnown && !isLate ? place === usual : undefined;
    this.replyLags[place]!++;
    if (total >= window) this.replyLags.forEach((count, index) => (this.replyLags[index] = count / 2));
    return verdict;
  }

  private rate(index: number): number {
    const seen = this.seen[Math.floor(index / maxFactor)]!;
    return seen < leastSeen ? 0 : this.hits[index]! / seen;
  }

  private choose(): boolean {
    let best = this.best >= 0 && this.rate(this.best) >= lostRate ? this.best : -1;
    let bestRate = best < 0 ? leastRate : Math.max(leastRate, this.rate(best) + margin);
    for (let index = 0; index < this.hits.length; index++) {
      const rate = this.rate(index);
      if (rate > bestRate) {
        best = index;
        bestRate = rate;
      }
    }
    if (best === this.best) return false;
    this.best = best;
    return true;
  }
}
