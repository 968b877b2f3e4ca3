/**
 * Of a proxy or a fan-out: how many phases after it was read a request makes its calls, and how many; found by counting.
 * Also how many phases after its last response a request is answered, which is what the law is checked by.
 */

import { ParameterSearch, weightOf } from './parameter-search.ts';
import { maxRequestLag, maxResponseLag } from './turn-law.ts';

const lagCount = maxRequestLag + 1;
const maxFactor = 8;
const leastReplies = 8;
const replyWindow = 256;
const replyLagCount = maxResponseLag + 1;

/** Learns the law of one process and kind of context. */
export class RequestLaw {
  private readonly search = new ParameterSearch(lagCount, maxFactor);
  private readonly replyLags = new Float64Array(replyLagCount + 1);

  /** Phases from a request to its calls; -1 before that is known. */
  get lag(): number {
    const { best } = this.search;
    return best < 0 ? -1 : Math.floor(best / maxFactor);
  }

  /** Calls that each request makes. */
  get factor(): number {
    return (this.search.best % maxFactor) + 1;
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
      const factor = due === 0 ? 0 : calls / due;
      const fits = Number.isInteger(factor) && factor >= 1 && factor <= maxFactor;
      this.search.observe(lag, weightOf(Math.max(due, calls)), fits ? factor - 1 : -1);
    }
    return this.search.choose();
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
    const isKnown = total >= leastReplies && usual !== replyLagCount;
    const isLate = place === usual + 1 || place === usual + 2;
    const verdict = isKnown && !isLate ? place === usual : undefined;
    this.replyLags[place]!++;
    if (total >= replyWindow) this.replyLags.forEach((count, index) => (this.replyLags[index] = count / 2));
    return verdict;
  }
}
