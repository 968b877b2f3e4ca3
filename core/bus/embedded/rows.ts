import type { Database, RootDatabase } from 'lmdb';

type KeyPart = string | number;

/** A type guard; false for values that only a damaged log has. */
export type IsRow<Row> = (value: unknown) => value is Row;

/** Makes the error for a damaged log. */
export type Damaged = (cause?: unknown) => Error;

/** Opens a database whose values are looked at when they are read. @throws what `damaged` makes, when one is none */
export function openRows<Row>(root: RootDatabase, name: string, isRow: IsRow<Row>, damaged: Damaged): Database<Row> {
  const database = root.openDB(name, { encoding: 'msgpack' }) as unknown as Database<Row>;
  // Not in the types: what every read of the database goes through.
  const { decoder } = database as unknown as { readonly decoder: { decode: (...given: unknown[]) => unknown } };
  const decode = decoder.decode.bind(decoder);
  decoder.decode = (...given) => {
    let value: unknown;
    try {
      value = decode(...given);
    } catch (error) {
      throw damaged(error);
    }
    if (!isRow(value)) throw damaged();
    return value;
  };
  return database;
}

/** Small rows of one kind in the database `meta`: keys are [kind, ...]. Writes only inside a transaction. */
export class Rows<Row> {
  readonly #database: Database;
  readonly #kind: string;
  readonly #isRow: IsRow<Row>;
  readonly #damaged: Damaged;

  constructor(database: Database, kind: string, isRow: IsRow<Row>, damaged: Damaged) {
    this.#database = database;
    this.#kind = kind;
    this.#isRow = isRow;
    this.#damaged = damaged;
  }

  get(...key: readonly KeyPart[]): Row | undefined {
    const row: unknown = this.#database.get([this.#kind, ...key]);
    return row === undefined ? undefined : this.#sound(row);
  }

  put(row: Row, ...key: readonly KeyPart[]): void {
    this.#database.putSync([this.#kind, ...key], row);
  }

  remove(...key: readonly KeyPart[]): void {
    this.#database.removeSync([this.#kind, ...key]);
  }

  /** All rows of this kind, with the parts of their keys. The first part is a name. */
  all(): { readonly key: readonly KeyPart[]; readonly row: Row }[] {
    const range = this.#database.getRange({ start: [this.#kind, ''], end: [this.#kind, '\uffff'] });
    return [...range].map(({ key, value }) => ({ key: (key as KeyPart[]).slice(1), row: this.#sound(value) }));
  }

  /** All rows of this kind whose key is one name. */
  named(): { readonly name: string; readonly row: Row }[] {
    return this.all().map(({ key, row }) => ({ name: key[0] as string, row }));
  }

  #sound(row: unknown): Row {
    if (!this.#isRow(row)) throw this.#damaged();
    return row;
  }
}
