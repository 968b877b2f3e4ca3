const window = 512;
const leastTotal = 16;
const learnRate = 0.995;
const unlearnRate = 0.98;
const freshStart = 128;

/**
 * How often a hypothesis was right, with exponential decay (half weight after 512 newer judgements). It is learned after 16
 * judgements with next to none wrong, and unlearned when more than two in a hundred are wrong. After 128 right ones in a row,
 * earlier judgements no longer count.
 */
export class TrackRecord {
  right = 0;
  wrong = 0;
  learned = false;
  private streak = 0;

  add(right: boolean): void {
    this.streak = right ? this.streak + 1 : 0;
    if (right) this.right++;
    else this.wrong++;
    if (this.streak === freshStart) {
      this.right = freshStart;
      this.wrong = 0;
    }
    const total = this.right + this.wrong;
    const rate = this.right / total;
    if (this.learned) this.learned = rate >= unlearnRate;
    else this.learned = total >= leastTotal && rate >= learnRate;
    if (total >= 2 * window) {
      this.right /= 2;
      this.wrong /= 2;
    }
  }

  /** Probability that the next judgement is right; never quite 0 or 1. */
  get confidence(): number {
    return (this.right + 0.5) / (this.right + this.wrong + 1);
  }

  /** Enough judgements to know that it does not hold here. */
  get refuted(): boolean {
    return this.right + this.wrong >= 8 && this.right < 0.9 * (this.right + this.wrong);
  }

  reset(): void {
    this.right = 0;
    this.wrong = 0;
    this.streak = 0;
    this.learned = false;
  }
}
