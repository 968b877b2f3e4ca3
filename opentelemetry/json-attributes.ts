import type { AttributeKey, Attributes } from './attributes.ts';

/** An attribute in OTLP's JSON: 64-bit numbers are text, numbers that JSON has no form for too. */
export interface JsonAttribute {
  readonly key: string;
  readonly value:
    { readonly stringValue: string } | { readonly intValue: string } | { readonly doubleValue: number | string };
}

/** Collects attributes as KeyValue of opentelemetry.proto.common.v1 in its JSON form. */
export class JsonAttributes implements Attributes {
  readonly list: JsonAttribute[] = [];

  text({ name }: AttributeKey, value: string): void {
    if (value !== '') this.list.push({ key: name, value: { stringValue: value } });
  }

  integer({ name }: AttributeKey, value: number): void {
    this.list.push({ key: name, value: { intValue: String(value) } });
  }

  integerUnlessZero(key: AttributeKey, value: number): void {
    if (value !== 0) this.integer(key, value);
  }

  double({ name }: AttributeKey, value: number): void {
    this.list.push({ key: name, value: { doubleValue: Number.isFinite(value) ? value : String(value) } });
  }
}
