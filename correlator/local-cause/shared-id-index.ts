import type { SpanRecord } from '../span-record.ts';

interface Sharers {
  readonly records: SpanRecord[];
  /** Records in state with the id, also those not listed. */
  total: number;
}

const none: readonly SpanRecord[] = [];

/** Records by an id of theirs. An id that more than `limit` records share identifies nothing, and costs no more. */
export class SharedIdIndex {
  readonly #limit: number;
  readonly #sharersById = new Map<string, Sharers>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(id: string, record: SpanRecord): void {
    const sharers = this.#sharersById.get(id);
    if (sharers === undefined) this.#sharersById.set(id, { records: [record], total: 1 });
    else {
      sharers.total++;
      // One more than the limit: from then on the id stays shared until all who share it are gone.
      if (sharers.records.length <= this.#limit) sharers.records.push(record);
    }
  }

  /** Forgets a record that has been marked as released. */
  remove(id: string): void {
    const sharers = this.#sharersById.get(id);
    if (sharers !== undefined && --sharers.total === 0) this.#sharersById.delete(id);
  }

  /** The records with this id; undefined when too many share it. */
  get(id: string): readonly SpanRecord[] | undefined {
    const records = this.#sharersById.get(id)?.records;
    if (records === undefined) return none;
    if (records.length > this.#limit) return undefined;
    return records.some((record) => record.released) ? records.filter((record) => !record.released) : records;
  }
}
