import { SpanRecord } from '../spans/span-record.ts';

interface Sharers {
  readonly records: SpanRecord[];
  /** Records in state with the id, also those not listed. */
  total: number;
}

const none: readonly SpanRecord[] = [];

/**
 * Records by one of their ids. An id that more than `limit` records share identifies none of them, so further ones are only
 * counted. An id with one record, the usual case, needs no list.
 */
export class SharedIdIndex {
  readonly #limit: number;
  readonly #sharersById = new Map<string, SpanRecord | Sharers>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  add(id: string, record: SpanRecord): void {
    const sharers = this.#sharersById.get(id);
    if (sharers === undefined) this.#sharersById.set(id, record);
    else if (sharers instanceof SpanRecord) this.#sharersById.set(id, { records: [sharers, record], total: 2 });
    else {
      sharers.total++;
      // One more than the limit: from then on the id counts as shared until all its records are released.
      if (sharers.records.length <= this.#limit) sharers.records.push(record);
    }
  }

  /** Forgets a record that has been marked as released. */
  remove(id: string): void {
    const sharers = this.#sharersById.get(id);
    if (sharers !== undefined && (sharers instanceof SpanRecord || --sharers.total === 0)) this.#sharersById.delete(id);
  }

  /** The records with this id; undefined when too many share it. */
  get(id: string): readonly SpanRecord[] | undefined {
    const sharers = this.#sharersById.get(id);
    if (sharers === undefined) return none;
    if (sharers instanceof SpanRecord) return sharers.released ? none : [sharers];
    const { records } = sharers;
    if (records.length > this.#limit) return undefined;
    return records.some((record) => record.released) ? records.filter((record) => !record.released) : records;
  }
}
