import { Heap } from '../core/collections/heap.ts';

/** Counts items by offset, and knows the oldest offset with a count: each step costs at most a heap operation. */
export class OffsetCounts {
  readonly #counts = new Map<number, number>();
  /** Every offset that has a count, and some whose count is zero by now. */
  readonly #heap = new Heap<number>((left, right) => left < right);

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
    for (let { front } = this.#heap; front !== undefined && this.#counts.get(front) === 0; front = this.#heap.front) {
      this.#heap.pop();
      this.#counts.delete(front);
    }
  }

  /** The oldest offset that has something. */
  get oldest(): number | undefined {
    return this.#heap.front;
  }
}
