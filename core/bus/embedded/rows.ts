import type { Database } from 'lmdb';

type KeyPart = string | number;

/** Small rows of one kind in the database `meta`: keys are [kind, ...]. Writes only inside a transaction. */
export class Rows<Row> {
  readonly #database: Database<Row>;
  readonly #kind: string;

  constructor(database: Database, kind: string) {
    this.#database = database as Database<Row>;
    this.#kind = kind;
  }

  get(...key: readonly KeyPart[]): Row | undefined {
    return this.#database.get([this.#kind, ...key]);
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
    return [...range].map(({ key, value }) => ({ key: (key as KeyPart[]).slice(1), row: value }));
  }

  /** All rows of this kind whose key is one name. */
  named(): { readonly name: string; readonly row: Row }[] {
    return this.all().map(({ key, row }) => ({ name: key[0] as string, row }));
  }
}
