import type { AttributeKey, Attributes } from './attributes.ts';
import type { ProtobufWriter } from './protobuf-writer.ts';

// Wire types of opentelemetry.proto.common.v1: AnyValue { string_value = 1, int_value = 3, double_value = 4 }.
const stringTag = 0x0a;
const intTag = 0x18;
const doubleTag = 0x21;

/** Writes attributes under one tag: those of a span and those of a resource have different field numbers. */
export class ProtobufAttributes implements Attributes {
  readonly #writer: ProtobufWriter;
  readonly #tag: number;

  /** @param tag of the field that lists the attributes */
  constructor(writer: ProtobufWriter, tag: number) {
    this.#writer = writer;
    this.#tag = tag;
  }

  text(key: AttributeKey, value: string): void {
    if (value === '') return;
    const writer = this.#writer;
    writer.writeByte(this.#tag);
    const content = writer.open(1);
    writer.writeRaw(key.bytes);
    const any = writer.open(1);
    writer.writeByte(stringTag);
    writer.writeText(value);
    writer.close(any, 1);
    writer.close(content, 1);
  }

  integer(key: AttributeKey, value: number): void {
    const writer = this.#writer;
    writer.writeByte(this.#tag);
    const content = writer.open(1);
    writer.writeRaw(key.bytes);
    const any = writer.open(1);
    writer.writeByte(intTag);
    writer.writeVarint(value);
    writer.close(any, 1);
    writer.close(content, 1);
  }

  integerUnlessZero(key: AttributeKey, value: number): void {
    if (value !== 0) this.integer(key, value);
  }

  double(key: AttributeKey, value: number): void {
    const writer = this.#writer;
    writer.writeByte(this.#tag);
    const content = writer.open(1);
    writer.writeRaw(key.bytes);
    const any = writer.open(1);
    writer.writeByte(doubleTag);
    writer.writeDouble(value);
    writer.close(any, 1);
    writer.close(content, 1);
  }
}
