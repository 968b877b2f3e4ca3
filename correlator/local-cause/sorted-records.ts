import type { SpanRecord } from '../spans/span-record.ts';

/** Which event of a span it is sorted by. */
export type SortEvent = 'request' | 'response';

/** Records in ascending order of one of their event ids. Records mostly come in that order, so inserting is cheap. */
export class SortedRecords {
  readonly #isByResponse: boolean;
  readonly #items: SpanRecord[] = [];
  #released = 0;

  constructor(event: SortEvent) {
    this.#isByResponse = event === 'response';
  }

  #keyOf(record: SpanRecord): number {
    return this.#isByResponse ? record.responseEventId : record.requestEventId;
  }

  /** Records, some of which may have been released since. */
  get items(): readonly SpanRecord[] {
    return this.#items;
  }

  get isEmpty(): boolean {
    return this.#items.length === this.#released;
  }

  insert(record: SpanRecord): void {
    const items = this.#items;
    const key = this.#keyOf(record);
    if (items.length === 0 || this.#keyOf(items[items.length - 1]!) <= key) items.push(record);
    else items.splice(this.indexAfter(key), 0, record);
  }

  /** Position of the first record whose key is greater than `key`. */
  indexAfter(key: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keyOf(this.#items[middle]!) <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * To be called once for each inserted record after it was marked as released. Released records are at most a third of
   * those in state, in lists of any length: a process has thousands of contexts, and each record keeps the bytes of a whole
   * message alive.
   */
  noteReleased(): void {
    const items = this.#items;
    this.#released++;
    if (this.#released * 4 <= items.length) return;
    let kept = 0;
    for (const record of items) if (!record.released) items[kept++] = record;
    items.length = kept;
    this.#released = 0;
  }
}
