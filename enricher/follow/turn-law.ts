/**
 * How many phases after it was read a piece of work has its turn: a number for requests and one for responses, found
 * by counting. Under the right pair, as many units are written in a phase as works are due, in nearly every phase.
 */

import { ParameterSearch, weightOf } from './parameter-search.ts';

export const maxRequestLag = 4;
export const maxResponseLag = 3;

const pairs = (maxRequestLag + 1) * (maxResponseLag + 1);

/** Lags of requests and of responses, in phases. */
export interface Lags {
  readonly request: number;
  readonly response: number;
}

const lagsOf: readonly Lags[] = Array.from({ length: pairs }, (_, pair) => ({
  request: Math.floor(pair / (maxResponseLag + 1)),
  response: pair % (maxResponseLag + 1),
}));

/** Learns the lags of one process and kind of context. */
export class TurnLaw {
  private readonly search = new ParameterSearch(pairs, 1);

  /** The lags in force; undefined before there are any. */
  get lags(): Lags | undefined {
    return lagsOf[this.search.best];
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
      this.search.observe(pair, weightOf(Math.max(due, units)), due === units ? 0 : -1);
    }
    return this.search.choose();
  }
}
