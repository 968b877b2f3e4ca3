import { GrowingBuffer } from '../schemas/growing-buffer.ts';

/** Two views of one 64-bit number. */
const wholeLong = new BigUint64Array(1);
const longHalves = new Uint32Array(wholeLong.buffer);
wholeLong[0] = 1n;
const lowHalf = longHalves[0] === 1 ? 0 : 1;

/** Room for a length that is written behind what it counts, by the number of bytes it is expected to take. */
export type LengthBytes = 1 | 2 | 3;

/**
 * Writes protobuf's wire format (https://protobuf.dev/programming-guides/encoding) into one growing buffer, kept for the
 * next message. A nested message is written in place between {@link open} and {@link close}, which puts its length in
 * front; the encoding is always the shortest one. Field numbers are those of the caller, as tag bytes.
 */
export class ProtobufWriter extends GrowingBuffer {
  /** A copy of what was written, for the caller to keep; the next message begins. */
  take(): Buffer {
    const taken = this.finish();
    this.reset();
    return taken;
  }

  /** A tag below 128, or any other byte. */
  writeByte(value: number): void {
    this.reserve(1);
    this.buffer[this.position++] = value;
  }

  /** A whole number as int64: up to 2^53, and below 0 in ten bytes. */
  writeVarint(value: number): void {
    this.reserve(10);
    const { buffer } = this;
    let { position } = this;
    if (value >= 0 && value < 0x80000000) {
      let rest = value;
      while (rest > 0x7f) {
        buffer[position++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      buffer[position++] = rest;
      this.position = position;
      return;
    }
    wholeLong[0] = BigInt(value);
    let low = longHalves[lowHalf]!;
    let high = longHalves[1 - lowHalf]!;
    while (high !== 0 || low > 0x7f) {
      buffer[position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    buffer[position++] = low;
    this.position = position;
  }

  /** An unsigned number of 64 bits, little-endian. */
  writeFixed64(value: bigint): void {
    this.reserve(8);
    this.position = this.buffer.writeBigUInt64LE(value, this.position);
  }

  /** Length and UTF-8 bytes of a text. */
  writeText(value: string): void {
    const { length } = value;
    if (length < 0x80) {
      this.reserve(length + 1);
      const { buffer } = this;
      let { position } = this;
      buffer[position++] = length;
      let index = 0;
      for (; index < length; index++) {
        const code = value.charCodeAt(index);
        if (code >= 0x80) break;
        buffer[position++] = code;
      }
      if (index === length) {
        this.position = position;
        return;
      }
    }
    const bytes = Buffer.byteLength(value);
    this.writeVarint(bytes);
    this.reserve(bytes);
    this.position += this.buffer.write(value, this.position, bytes, 'utf8');
  }

  /** Length and bytes of an id of so many hexadecimal digits, which must have been checked. */
  writeHex(digits: string): void {
    const bytes = digits.length >>> 1;
    this.reserve(bytes + 1);
    const { buffer } = this;
    let { position } = this;
    buffer[position++] = bytes;
    for (let index = 0; index < digits.length; index += 2)
      buffer[position++] = (nibble(digits.charCodeAt(index)) << 4) | nibble(digits.charCodeAt(index + 1));
    this.position = position;
  }

  /**
   * Begins a nested message or anything else with its length in front.
   *
   * @param lengthBytes how many bytes the length will take; a wrong guess costs a move of what is inside
   * @returns where its content begins, for {@link close}
   */
  open(lengthBytes: LengthBytes): number {
    this.reserve(lengthBytes);
    this.position += lengthBytes;
    return this.position;
  }

  /** Ends what {@link open} began, with the same `lengthBytes`. */
  close(start: number, lengthBytes: LengthBytes): void {
    const length = this.position - start;
    const needed = varintBytes(length);
    if (needed !== lengthBytes) {
      this.reserve(needed);
      this.buffer.copyWithin(start + needed - lengthBytes, start, this.position);
      this.position += needed - lengthBytes;
    }
    const { buffer } = this;
    let at = start - lengthBytes;
    let rest = length;
    while (rest > 0x7f) {
      buffer[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    buffer[at] = rest;
  }
}

function nibble(code: number): number {
  return (code & 0x0f) + (code > 0x39 ? 9 : 0);
}

/** Bytes of a whole number below 2^31 as a varint. */
function varintBytes(value: number): number {
  return value < 0x80 ? 1 : value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5;
}
