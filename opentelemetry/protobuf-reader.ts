/** A message that is no protobuf: cut, longer than its frame, or with a wire type that there is not. */
export class ProtobufError extends Error {}

/** Wire types of protobuf. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, endGroup: 4, fixed32: 5 } as const;

/** Groups are within each other at most this deep; they have been deprecated since proto3, and OTLP has none. */
const maxGroups = 64;

/**
 * Reads protobuf's wire format (https://protobuf.dev/programming-guides/encoding) in place: a pull reader over one buffer that
 * makes no objects. A caller loops `while (reader.next())`, looks at {@link field} and {@link wireType}, and reads the
 * value or {@link skip}s it. A nested message is entered by {@link enter} and left by {@link leave}.
 *
 * @throws ProtobufError from every method on bytes that are none
 */
export class ProtobufReader {
  buffer: Buffer;
  position: number;
  /** Where the message that is being read ends. */
  end: number;
  /** Of the field that {@link next} has found. */
  field = 0;
  wireType = 0;

  /** @param bytes is not copied */
  constructor(bytes: Uint8Array = Buffer.alloc(0)) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.position = 0;
    this.end = bytes.length;
  }

  /** Begins another message. */
  reset(bytes: Buffer, start = 0, end = bytes.length): void {
    this.buffer = bytes;
    this.position = start;
    this.end = end;
  }

  /** Finds the next field; false at the end of the message. */
  next(): boolean {
    if (this.position >= this.end) return false;
    const start = this.position;
    const tag = this.readVarint32();
    const bytes = this.position - start;
    if (bytes > 5 || (bytes === 5 && this.buffer[this.position - 1]! > 0x0f))
      throw new ProtobufError('the number of a field has more than 32 bits');
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    if (this.field === 0) throw new ProtobufError('a field has the number 0');
    return true;
  }

  /** The lower 32 bits of a varint, unsigned; those above are passed over. */
  readVarint32(): number {
    const { buffer, end } = this;
    let { position } = this;
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (position >= end) throw new ProtobufError('a number is cut');
      const byte = buffer[position++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        this.position = position;
        return value >>> 0;
      }
    }
    throw new ProtobufError('a number is longer than ten bytes');
  }

  /** A varint as int64. */
  readInt64(): bigint {
    const start = this.position;
    const low = this.readVarint32();
    const bytes = this.position - start;
    // Most are small.
    if (bytes < 5) return BigInt(low);
    let value = 0n;
    for (let index = 0; index < bytes; index++)
      value |= BigInt(this.buffer[start + index]! & 0x7f) << BigInt(7 * index);
    return BigInt.asIntN(64, value);
  }

  readFixed32(): number {
    const at = this.#pass(4);
    return this.buffer.readUInt32LE(at);
  }

  readFixed64(): bigint {
    const at = this.#pass(8);
    return this.buffer.readBigUInt64LE(at);
  }

  readDouble(): number {
    const at = this.#pass(8);
    return this.buffer.readDoubleLE(at);
  }

  /** A text or bytes in place: passes over it and returns where it begins; it ends at {@link position}. */
  readSpan(): number {
    const length = this.readVarint32();
    return this.#pass(length);
  }

  /** A view, not a copy. */
  readBytes(): Buffer {
    const start = this.readSpan();
    return this.buffer.subarray(start, this.position);
  }

  /** UTF-8; what is none becomes U+FFFD. */
  readText(): string {
    const start = this.readSpan();
    return this.buffer.toString('utf8', start, this.position);
  }

  /** Begins a nested message; returns where the one around it ends, for {@link leave}. */
  enter(): number {
    const length = this.readVarint32();
    const outer = this.end;
    if (length > outer - this.position) throw new ProtobufError('a message is longer than the one around it');
    this.end = this.position + length;
    return outer;
  }

  /** Ends a nested message, wherever in it the reader is. */
  leave(outer: number): void {
    this.position = this.end;
    this.end = outer;
  }

  /** Passes over the value of the field that was found last. */
  skip(): void {
    this.#skip(this.wireType, this.field, 0);
  }

  #skip(wireType: number, field: number, depth: number): void {
    switch (wireType) {
      case wireTypes.varint:
        this.readVarint32();
        return;
      case wireTypes.fixed64:
        this.#pass(8);
        return;
      case wireTypes.bytes:
        this.readSpan();
        return;
      case wireTypes.fixed32:
        this.#pass(4);
        return;
      case wireTypes.startGroup:
        this.#skipGroup(field, depth);
        return;
      default:
        throw new ProtobufError(`there is no wire type ${wireType} here`);
    }
  }

  #skipGroup(group: number, depth: number): void {
    if (depth >= maxGroups) throw new ProtobufError('groups are nested too deep');
    while (this.next()) {
      const { field, wireType } = this;
      if (wireType === wireTypes.endGroup) {
        if (field !== group) throw new ProtobufError('a group ends that has not begun');
        return;
      }
      this.#skip(wireType, field, depth + 1);
    }
    throw new ProtobufError('a group does not end');
  }

  #pass(length: number): number {
    const at = this.position;
    if (length > this.end - at) throw new ProtobufError('a value is longer than its message');
    this.position = at + length;
    return at;
  }
}
