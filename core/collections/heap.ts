/** Binary heap: the item that comes before all others is at the front. Adding or removing one costs O(log n). */
export class Heap<Item> {
  readonly #items: Item[] = [];
  readonly #isBefore: (left: Item, right: Item) => boolean;

  constructor(isBefore: (left: Item, right: Item) => boolean) {
    this.#isBefore = isBefore;
  }

  get size(): number {
    return this.#items.length;
  }

  get front(): Item | undefined {
    return this.#items[0];
  }

  push(item: Item): void {
    const items = this.#items;
    let index = items.length;
    items.push(item);
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (!this.#isBefore(item, items[above]!)) break;
      items[index] = items[above]!;
      index = above;
    }
    items[index] = item;
  }

  /** Removes the front. */
  pop(): Item | undefined {
    const front = this.#items[0];
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.replaceFront(last);
    return front;
  }

  /** Puts an item in place of the front; the same one, if it has changed. */
  replaceFront(item: Item): void {
    const items = this.#items;
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below >= items.length) break;
      if (below + 1 < items.length && this.#isBefore(items[below + 1]!, items[below]!)) below++;
      if (!this.#isBefore(items[below]!, item)) break;
      items[index] = items[below]!;
      index = below;
    }
    items[index] = item;
  }

  /** Removes all items, and returns them in no order. */
  drain(): readonly Item[] {
    return this.#items.splice(0);
  }
}
