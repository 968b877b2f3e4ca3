/**
 * How many phases after it was read a piece of work has its turn: a number for requests and one for responses, found
 * by counting. Under the right pair, as many units are written in a phase as works are due, in nearly every phase.
 */

export const maxRequestLag = 4;
export const maxResponseLag = 3;

const pairs = (maxRequestLag + 1) * (maxResponseLag + 1);
const leastSeen = 8;
const window = 256;
/** After so many phases in a row that obey, those before no longer count: connections were being opened, say. */
export const freshStart = 16;
const leastRate = 0.8;
const lostRate = 0.7;
const margin = 0.05;

/** Lags of requests and of responses, in phases. */
export interface Lags {
  readonly request: number;
  readonly response: number;
}

const lagsOf: readonly Lags[] = Array.from({ length: pairs }, (_, pair) => ({
  request: Math.floor(pair / (maxResponseLag + 1)),
  response: pair % (maxResponseLag + 1),
}));

/** Large numbers are equal by chance less often than small ones. */
export function weightOf(count: number): number {
  return count < 8 ? 1 : count < 32 ? 2 : 4;
}

/** Learns the lags of one process and kind of context. */
export class TurnLaw {
  private readonly hits = new Float64Array(pairs);
  private readonly seen = new Float64Array(pairs);
  private readonly streaks = new Int32Array(pairs);
  private best = -1;

  /** The lags in force; undefined before there are any. */
  get lags(): Lags | undefined {
    return lagsOf[this.best];
  }

  /**
   * Takes in one phase.
   *
   * @param requests at [lag], requests read that many phases before
   * @param responses likewise
   * @param units written in the phase
   * @returns whether other lags are in force now
   */
  observe(requests: readonly number[], responses: readonly number[], units: number): boolean {
    for (let pair = 0; pair < pairs; pair++) {
      const { request, response } = lagsOf[pair]!;
      const due = requests[request]! + responses[response]!;
      if (due === 0 && units === 0) continue;
      const weight = weightOf(Math.max(due, units));
      this.seen[pair]! += weight;
      if (due === units) this.hits[pair]! += weight;
      this.streaks[pair] = due === units ? this.streaks[pair]! + 1 : 0;
      if (this.streaks[pair] === freshStart) this.seen[pair] = this.hits[pair] = freshStart;
      if (this.seen[pair]! >= window) {
        this.seen[pair]! /= 2;
        this.hits[pair]! /= 2;
      }
    }
    return this.choose();
  }

  private rate(pair: number): number {
    return this.seen[pair]! < leastSeen ? 0 : this.hits[pair]! / this.seen[pair]!;
  }

  private choose(): boolean {
    let best = this.best >= 0 && this.rate(this.best) >= lostRate ? this.best : -1;
    let bestRate = best < 0 ? leastRate : Math.max(leastRate, this.rate(best) + margin);
    for (let pair = 0; pair < pairs; pair++) {
      const rate = this.rate(pair);
      if (rate > bestRate) {
        best = pair;
        bestRate = rate;
      }
    }
    if (best === this.best) return false;
    this.best = best;
    return true;
  }
}
