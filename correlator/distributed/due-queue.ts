/** First in, first out, with a look at the front: what waits for a moment, in the order in which that comes. */
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
    // What has been taken out goes when it is the larger half, so that each item is moved once at most.
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
