/** First-in, first-out queue of items in the order of their due times, with access to the front. */
export class DueQueue<Item> {
  #items: Item[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  get front(): Item | undefined {
    return this.#items[this.#first];
  }

  push(item: Item): void {
    this.#items.push(item);
  }

  shift(): Item | undefined {
    const item = this.#items[this.#first];
    if (item === undefined) return undefined;
    this.#first++;
    // Removed items are dropped once they are the larger half, so that each item is copied at most once.
    if (this.#first > 1024 && this.#first * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  clear(): void {
    this.#items = [];
    this.#first = 0;
  }

  /** Takes out the items at the front for which this holds. */
  takeWhile(isDue: (item: Item) => boolean): readonly Item[] {
    const taken: Item[] = [];
    for (let { front } = this; front !== undefined && isDue(front); front = this.front) {
      taken.push(front);
      this.shift();
    }
    return taken;
  }

  *[Symbol.iterator](): Generator<Item> {
    for (let index = this.#first; index < this.#items.length; index++) yield this.#items[index]!;
  }
}
