/** Comparisons of one trace, over all: with more, calls keep the request as their parent. */
export class Budget {
  left = 4e6;

  /** Whether so many more are possible. */
  take(comparisons: number): boolean {
    this.left -= comparisons;
    return this.left >= 0;
  }
}
