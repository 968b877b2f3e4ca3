/** Share of failures that a rule may have, and share at which it must be noticed. */
const acceptedRate = 1e-4;
const refusedRate = 1e-2;
const failureWeight = Math.log(refusedRate / acceptedRate);
const successWeight = Math.log((1 - refusedRate) / (1 - acceptedRate));
/** Two failures in a short time reach it, one does not. */
const alarmScore = 1.9 * failureWeight;

/**
 * Sequential test of a rule that should hardly ever fail (CUSUM, a likelihood ratio of one failure in a hundred against one
 * in ten thousand): two failures within some hundred judgements raise an alarm. It ends after about 460 successes for
 * each failure.
 */
export class Cusum {
  #score = 0;
  #isAlarmed = false;

  add(isSuccess: boolean): void {
    this.#score = Math.max(0, this.#score + (isSuccess ? successWeight : failureWeight));
    if (this.#score >= alarmScore) this.#isAlarmed = true;
    else if (this.#score === 0) this.#isAlarmed = false;
    // Many failures are not worse than a few: what changed back is believed again in the same time.
    this.#score = Math.min(this.#score, 2 * alarmScore);
  }

  get isAlarmed(): boolean {
    return this.#isAlarmed;
  }
}
