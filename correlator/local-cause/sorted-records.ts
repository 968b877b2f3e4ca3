import type { SpanRecord } from '../span-record.ts';

/** Below this many, removed records are not worth the copying. */
const compactAbove = 64;

/** Which event of a span it is sorted by. */
export type SortEvent = 'request' | 'response';

/** Records in ascending order of one of their event ids. Records mostly come in that order, so inserting is cheap. */
export class SortedRecords {
  readonly #isByResponse: boolean;
  #items: SpanRecord[] = [];
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

  /** To be called once for each inserted record after it was marked as released. */
  noteReleased(): void {
    this.#released++;
    if (this.#items.length <= compactAbove || this.#released * 2 < this.#items.length) return;
    this.#items = this.#items.filter((record) => !record.released);
    this.#released = 0;
  }
}
