import { Heap } from '../../core/collections/heap.ts';

interface Entry<Item> {
  readonly due: number;
  readonly order: number;
  readonly item: Item;
}

const isBefore = (left: Entry<unknown>, right: Entry<unknown>): boolean =>
  left.due < right.due || (left.due === right.due && left.order < right.order);

/**
 * Items by due time. Of equal times the item pushed first is taken first. An item that is pushed twice is taken twice: the
 * caller checks which entry still counts.
 */
export class DueHeap<Item> {
  readonly #entries = new Heap<Entry<Item>>(isBefore);
  #pushed = 0;

  get size(): number {
    return this.#entries.size;
  }

  push(item: Item, due: number): void {
    this.#entries.push({ due, order: ++this.#pushed, item });
  }

  /** Removes and returns the first item that is due; undefined if none is. */
  take(now: number): { readonly item: Item; readonly due: number } | undefined {
    const { front } = this.#entries;
    return front === undefined || front.due > now ? undefined : this.#entries.pop();
  }
}
