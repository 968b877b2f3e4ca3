/** What can be in such a list: it carries where it is, and its neighbours there. */
export interface RecencyItem<Item extends RecencyItem<Item>> {
  list: RecencyList<Item> | undefined;
  previous: Item | undefined;
  next: Item | undefined;
}

/** Items in the order they were added: a linked list through the items themselves, every step O(1). */
export class RecencyList<Item extends RecencyItem<Item>> {
  #first: Item | undefined;
  #last: Item | undefined;
  size = 0;

  get first(): Item | undefined {
    return this.#first;
  }

  get last(): Item | undefined {
    return this.#last;
  }

  append(item: Item): void {
    item.previous = this.#last;
    item.next = undefined;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    item.list = this;
    this.size++;
  }

  /** Gives `replacement`, which is in no list, the place of `item`. */
  replace(item: Item, replacement: Item): void {
    const { previous, next } = item;
    replacement.previous = previous;
    replacement.next = next;
    if (previous === undefined) this.#first = replacement;
    else previous.next = replacement;
    if (next === undefined) this.#last = replacement;
    else next.previous = replacement;
    replacement.list = this;
    item.previous = undefined;
    item.next = undefined;
    item.list = undefined;
  }

  /** Takes an item out; nothing happens when it is not in this list. */
  remove(item: Item): void {
    if (item.list !== this) return;
    const { previous, next } = item;
    if (previous === undefined) this.#first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    item.previous = undefined;
    item.next = undefined;
    item.list = undefined;
    this.size--;
  }
}
