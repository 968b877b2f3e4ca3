/** Of about so many of the latest phases this share may misfit: of the last ones more, as several come together. */
const limits = [
  { window: 128, share: 0.01 },
  { window: 512, share: 0.005 },
] as const;

/**
 * How many of the latest phases did not fit a number that is taken to hold. In a phase that lacks one write and has one of an
 * earlier phase the sum still fits, and every write between the two is given to the wrong message; that is as rare as the square
 * of this share.
 */
export class Misfits {
  private readonly shares = limits.map(() => 0);

  add(fits: boolean): void {
    limits.forEach(({ window }, index) => (this.shares[index]! += (Number(!fits) - this.shares[index]!) / window));
  }

  reset(): void {
    this.shares.fill(0);
  }

  /** Whether a phase that fits hardly ever does so by coincidence. */
  get areRare(): boolean {
    return limits.every(({ share }, index) => this.shares[index]! <= share);
  }
}
