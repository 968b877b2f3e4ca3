/** Binary heap of items by due time. Of equal times the item pushed first is taken first. */

interface Entry<Item> {
  readonly due: number;
  readonly order: number;
  readonly item: Item;
}

const isBefore = (left: Entry<unknown>, right: Entry<unknown>): boolean =>
  left.due < right.due || (left.due === right.due && left.order < right.order);

/** Items by due time. An item that is pushed twice is taken twice: the caller checks which entry still counts. */
export class DueHeap<Item> {
  readonly #entries: Entry<Item>[] = [];
  #pushed = 0;

  get size(): number {
    return this.#entries.length;
  }

  push(item: Item, due: number): void {
    const entries = this.#entries;
    const entry = { due, order: ++this.#pushed, item };
    let index = entries.length;
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!isBefore(entry, entries[above]!)) break;
      entries[index] = entries[above]!;
      index = above;
    }
    entries[index] = entry;
  }

  /** Removes and returns the first item that is due; undefined if none is. */
  take(now: number): { readonly item: Item; readonly due: number } | undefined {
    const [first] = this.#entries;
    if (first === undefined || first.due > now) return undefined;
    const last = this.#entries.pop()!;
    if (last !== first) this.#sink(last);
    return first;
  }

  /** Replaces the first entry and moves the new one to its position. */
  #sink(entry: Entry<Item>): void {
    const entries = this.#entries;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= entries.length) break;
      if (below + 1 < entries.length && isBefore(entries[below + 1]!, entries[below]!)) below++;
      if (!isBefore(entries[below]!, entry)) break;
      entries[index] = entries[below]!;
      index = below;
    }
    entries[index] = entry;
  }
}
