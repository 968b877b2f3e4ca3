import type { AttributeKey, Attributes } from './attributes.ts';

/** Passes on attributes whose names are not there yet. */
export class MissingAttributes implements Attributes {
  readonly #present: ReadonlySet<string>;
  readonly #attributes: Attributes;

  constructor(present: ReadonlySet<string>, attributes: Attributes) {
    this.#present = present;
    this.#attributes = attributes;
  }

  text(key: AttributeKey, value: string): void {
    if (!this.#present.has(key.name)) this.#attributes.text(key, value);
  }

  integer(key: AttributeKey, value: number): void {
    if (!this.#present.has(key.name)) this.#attributes.integer(key, value);
  }

  integerUnlessZero(key: AttributeKey, value: number): void {
    if (value !== 0) this.integer(key, value);
  }

  double(key: AttributeKey, value: number): void {
    if (!this.#present.has(key.name)) this.#attributes.double(key, value);
  }
}
