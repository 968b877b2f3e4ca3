import { Cusum } from '../../core/statistics/cusum.ts';

const window = 512;
const leastTotal = 16;
const learnRate = 0.995;
const freshStart = 128;

/**
 * How often a hypothesis was right, with exponential decay (half weight after 512 newer judgements). It is learned after 16
 * judgements with next to none wrong, and unlearned as soon as a sequential test finds that it fails; only that test can
 * let it be learned again. After 128 right ones in a row, earlier judgements no longer count.
 */
export class TrackRecord {
  right = 0;
  wrong = 0;
  learned = false;
  private streak = 0;
  /** Tests what was learned; before, failures only say that there is something to learn. */
  private alarm: Cusum | undefined;

  add(right: boolean): void {
    this.streak = right ? this.streak + 1 : 0;
    if (right) this.right++;
    else this.wrong++;
    if (this.streak === freshStart) {
      this.right = freshStart;
      this.wrong = 0;
    }
    this.alarm?.add(right);
    const total = this.right + this.wrong;
    if (this.alarm?.isAlarmed === true) this.learned = false;
    else if (!this.learned) this.learned = total >= leastTotal && this.right >= learnRate * total;
    if (this.learned) this.alarm ??= new Cusum();
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

  /** Its parameters changed: it is another rule from now on. */
  reset(): void {
    this.right = 0;
    this.wrong = 0;
    this.streak = 0;
    this.learned = false;
    this.alarm = undefined;
  }
}
