/**
 * A list that grows and shrinks at both ends, each at the same cost however long it is: a ring in an array that doubles.
 * Items between are looked at by their place.
 */
export class Deque<Item> {
  length = 0;
  private items: (Item | undefined)[] = [];
  private head = 0;

  /** The item at a place; undefined where there is none. */
  at(index: number): Item | undefined {
    return index >= 0 && index < this.length ? this.items[(this.head + index) & (this.items.length - 1)] : undefined;
  }

  push(item: Item): void {
    if (this.length === this.items.length) this.grow();
    this.items[(this.head + this.length++) & (this.items.length - 1)] = item;
  }

  unshift(item: Item): void {
    if (this.length === this.items.length) this.grow();
    this.head = (this.head - 1) & (this.items.length - 1);
    this.items[this.head] = item;
    this.length++;
  }

  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.items[this.head];
    this.items[this.head] = undefined;
    this.head = (this.head + 1) & (this.items.length - 1);
    this.length--;
    return item;
  }

  clear(): void {
    if (this.length === 0) return;
    this.items = [];
    this.head = 0;
    this.length = 0;
  }

  private grow(): void {
    const { length } = this.items;
    const items: (Item | undefined)[] = [];
    for (let index = 0; index < length; index++) items.push(this.items[(this.head + index) & (length - 1)]);
    const size = length === 0 ? 4 : 2 * length;
    while (items.length < size) items.push(undefined);
    this.items = items;
    this.head = 0;
  }
}
