import type { ProtobufWriter } from './protobuf-writer.ts';

/** Name of an attribute, as the bytes that begin its KeyValue: the field `key`, and the tag of the field `value`. */
export type AttributeKey = Buffer;

// Field numbers and wire types of opentelemetry.proto.common.v1: KeyValue { key = 1, value = 2 },
// AnyValue { string_value = 1, bool_value = 2, int_value = 3, double_value = 4 }.
const keyTag = 0x0a;
const valueTag = 0x12;
const stringTag = 0x0a;
const intTag = 0x18;
const doubleTag = 0x21;

/** An attribute's name, made once. */
export function attributeKey(name: string): AttributeKey {
  return Buffer.from([keyTag, name.length, ...Buffer.from(name, 'latin1'), valueTag]);
}

/** Writes attributes under one tag: those of a span and those of a resource have different field numbers. */
export class AttributeWriter {
  readonly #writer: ProtobufWriter;
  readonly #tag: number;

  /** @param tag of the field that lists the attributes */
  constructor(writer: ProtobufWriter, tag: number) {
    this.#writer = writer;
    this.#tag = tag;
  }

  /** An empty text is no attribute. */
  text(key: AttributeKey, value: string): void {
    if (value === '') return;
    const writer = this.#writer;
    writer.writeByte(this.#tag);
    const content = writer.open(1);
    writer.writeRaw(key);
    const any = writer.open(1);
    writer.writeByte(stringTag);
    writer.writeText(value);
    writer.close(any, 1);
    writer.close(content, 1);
  }

  /** A whole number within ±2^53. */
  integer(key: AttributeKey, value: number): void {
    const writer = this.#writer;
    writer.writeByte(this.#tag);
    const content = writer.open(1);
    writer.writeRaw(key);
    const any = writer.open(1);
    writer.writeByte(intTag);
    writer.writeVarint(value);
    writer.close(any, 1);
    writer.close(content, 1);
  }

  /** 0 is no attribute: most numbers of a span say "not known" by it. */
  integerUnlessZero(key: AttributeKey, value: number): void {
    if (value !== 0) this.integer(key, value);
  }

  double(key: AttributeKey, value: number): void {
    const writer = this.#writer;
    writer.writeByte(this.#tag);
    const content = writer.open(1);
    writer.writeRaw(key);
    const any = writer.open(1);
    writer.writeByte(doubleTag);
    writer.writeDouble(value);
    writer.close(any, 1);
    writer.close(content, 1);
  }
}
