import type { AttributeKey, Attributes } from '../../opentelemetry/attributes.ts';

/** A tag as Jaeger's JSON has it. */
export interface JaegerTag {
  readonly key: string;
  readonly type: 'string' | 'bool' | 'int64' | 'float64';
  readonly value: string | number | boolean;
}

/** Collects attributes as tags. */
export class JaegerTags implements Attributes {
  readonly #tags: JaegerTag[] = [];

  text({ name }: AttributeKey, value: string): void {
    if (value !== '') this.add({ key: name, type: 'string', value });
  }

  integer({ name }: AttributeKey, value: number): void {
    this.add({ key: name, type: 'int64', value });
  }

  integerUnlessZero(key: AttributeKey, value: number): void {
    if (value !== 0) this.integer(key, value);
  }

  double({ name }: AttributeKey, value: number): void {
    if (Number.isFinite(value)) this.add({ key: name, type: 'float64', value });
  }

  add(tag: JaegerTag): void {
    this.#tags.push(tag);
  }

  /** By name, as Jaeger sorts them. */
  sorted(): readonly JaegerTag[] {
    return this.#tags.toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
  }
}
