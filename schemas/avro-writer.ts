import { GrowingBuffer } from './growing-buffer.ts';

/** Two views of one 64-bit number. */
const wholeLong = new BigInt64Array(1);
const longHalves = new Uint32Array(wholeLong.buffer);
wholeLong[0] = 1n;
const lowHalf = longHalves[0] === 1 ? 0 : 1;

/** The number, or the greatest that a reader takes: for sums, and for lengths that others may state without end. */
export function readableLong(value: number): number {
  return Math.min(value, Number.MAX_SAFE_INTEGER);
}

/**
 * Writes Avro binary encoding (Avro 1.11, "Binary Encoding") into a growing buffer.
 * Numbers given as longs must be whole, and within ±2^53 where a reader does not take rounded ones; they are not checked in
 * this hot path.
 */
export class AvroWriter extends GrowingBuffer {
  writeLong(value: number): void {
    this.reserve(10);
    const buffer = this.buffer;
    let position = this.position;
    if (value >= -0x40000000 && value < 0x40000000) {
      let zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
      while (zigzag > 0x7f) {
        buffer[position++] = (zigzag & 0x7f) | 0x80;
        zigzag >>>= 7;
      }
      buffer[position++] = zigzag;
      this.position = position;
      return;
    }
    // zigzag = 2·value or -2·value - 1, in two halves of 28 and up to 36 bits: doubles hold both exactly.
    const magnitude = value >= 0 ? value : -value - 1;
    let high = Math.floor(magnitude / 0x8000000);
    let low = ((magnitude - high * 0x8000000) << 1) | (value >= 0 ? 0 : 1);
    for (let index = 0; index < 4; index++) {
      buffer[position++] = (low & 0x7f) | 0x80;
      low >>>= 7;
    }
    while (high > 0x7f) {
      buffer[position++] = (high % 128) | 0x80;
      high = Math.floor(high / 128);
    }
    buffer[position++] = high;
    this.position = position;
  }

  writeBigLong(value: bigint): void {
    this.reserve(10);
    // One store splits the bigint into two halves; shifting it byte by byte would allocate a bigint each time.
    wholeLong[0] = value;
    let low = longHalves[lowHalf]!;
    let high = longHalves[1 - lowHalf]!;
    const sign = -(high >>> 31);
    high = ((high << 1) | (low >>> 31)) ^ sign;
    low = ((low << 1) ^ sign) >>> 0;
    high >>>= 0;
    const buffer = this.buffer;
    let position = this.position;
    while (high !== 0 || low > 0x7f) {
      buffer[position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    buffer[position++] = low;
    this.position = position;
  }

  writeBoolean(value: boolean): void {
    this.reserve(1);
    this.buffer[this.position++] = value ? 1 : 0;
  }

  writeBytes(value: Uint8Array): void {
    this.writeLong(value.length);
    this.writeRaw(value);
  }

  writeString(value: string): void {
    const length = value.length;
    if (length <= 64) {
      this.reserve(length + 2);
      const start = this.position;
      this.writeLong(length);
      let position = this.position;
      const buffer = this.buffer;
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
      this.position = start;
    }
    const bytes = Buffer.byteLength(value);
    this.writeLong(bytes);
    this.reserve(bytes);
    this.position += this.buffer.write(value, this.position, bytes, 'utf8');
  }

  /** Symbols are written by their position. */
  writeEnum<Symbol extends string>(value: Symbol, indexBySymbol: Readonly<Record<Symbol, number>>): void {
    this.writeLong(indexBySymbol[value]);
  }
}
