/** A binary heap of numbers: the least first. */
class NumberHeap {
  readonly #values: number[] = [];

  get least(): number | undefined {
    return this.#values[0];
  }

  push(value: number): void {
    const values = this.#values;
    let at = values.length;
    values.push(value);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (values[above]! <= value) break;
      values[at] = values[above]!;
      at = above;
    }
    values[at] = value;
  }

  pop(): void {
    const values = this.#values;
    const last = values.pop();
    if (last === undefined || values.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= values.length) break;
      if (below + 1 < values.length && values[below + 1]! < values[below]!) below++;
      if (values[below]! >= last) break;
      values[at] = values[below]!;
      at = below;
    }
    values[at] = last;
  }
}

/** Counts items by offset, and knows the oldest offset with a count: each step costs at most a heap operation. */
export class OffsetCounts {
  readonly #counts = new Map<number, number>();
  /** Every offset that has a count, and some whose count is zero by now. */
  readonly #heap = new NumberHeap();

  add(offset: number): void {
    const count = this.#counts.get(offset);
    this.#counts.set(offset, (count ?? 0) + 1);
    if (count === undefined) this.#heap.push(offset);
  }

  remove(offset: number): void {
    const count = this.#counts.get(offset);
    if (count === undefined) return;
    // A count of zero stays until the heap has forgotten the offset, so that no offset is there twice.
    this.#counts.set(offset, count - 1);
    for (let least = this.#heap.least; least !== undefined && this.#counts.get(least) === 0; least = this.#heap.least) {
      this.#heap.pop();
      this.#counts.delete(least);
    }
  }

  /** The oldest offset that has something. */
  get oldest(): number | undefined {
    return this.#heap.least;
  }
}
