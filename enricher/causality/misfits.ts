const window = 128;
const maxShare = 0.01;

/**
 * How many of the latest phases, about 128, did not fit a number that is taken to hold. In a phase that lacks one write and has one of
 * an earlier phase the sum still fits, and every write between the two is given to the wrong message; that is as rare as the
 * square of this share.
 */
export class Misfits {
  private share = 0;

  add(fits: boolean): void {
    this.share += (Number(!fits) - this.share) / window;
  }

  reset(): void {
    this.share = 0;
  }

  /** Whether a phase that fits hardly ever does so by coincidence. */
  get areRare(): boolean {
    return this.share <= maxShare;
  }
}
