/** Position of an item in a list. */
export class ListNode<Item> {
  readonly item: Item;
  readonly list: LinkedList<Item>;
  older: ListNode<Item> | undefined = undefined;
  newer: ListNode<Item> | undefined = undefined;

  constructor(item: Item, list: LinkedList<Item>) {
    this.item = item;
    this.list = list;
  }
}

/** A doubly linked list: first in, first out; removing an item in the middle is O(1). */
export class LinkedList<Item> {
  oldest: ListNode<Item> | undefined = undefined;
  newest: ListNode<Item> | undefined = undefined;
  size = 0;

  append(item: Item): ListNode<Item> {
    const node = new ListNode(item, this);
    node.older = this.newest;
    if (this.newest === undefined) this.oldest = node;
    else this.newest.newer = node;
    this.newest = node;
    this.size++;
    return node;
  }

  remove(node: ListNode<Item>): void {
    if (node.older === undefined) this.oldest = node.newer;
    else node.older.newer = node.newer;
    if (node.newer === undefined) this.newest = node.older;
    else node.newer.older = node.older;
    this.size--;
  }
}
