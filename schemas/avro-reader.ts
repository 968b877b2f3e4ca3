/** Bytes that are not the Avro record they should be. `position` is where reading stopped, in bytes. */
export class AvroDecodeError extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    super(`${message} at byte ${position}`);
    this.name = 'AvroDecodeError';
    this.position = position;
  }
}

/** Measured (bench/codec.ts): up to here putting characters together is faster than a call out of JavaScript. */
const shortStringBytes = 10;

/** `toString('utf8', start, end)` without its checks of arguments, which take a fifth of its time on short strings. */
interface SliceableBuffer extends Buffer {
  utf8Slice(start: number, end: number): string;
}

const noBytes = Buffer.alloc(0);

/**
 * IPv4 addresses seen lately, by a hash of theirs: making a view takes longer than all else of reading one, a host sees
 * few addresses, and a view would keep the whole message alive. All begin as 0.0.0.0, whose key is 0, as the keys do.
 */
const addressCacheBits = 10;
const addressCacheSize = 1 << addressCacheBits;
const addressKeys = new Int32Array(addressCacheSize);
const addresses: Buffer[] = Array.from({ length: addressCacheSize }, () => Buffer.alloc(4));

/** Two views of one 64-bit number. */
const wholeLong = new BigInt64Array(1);
const longHalves = new Uint32Array(wholeLong.buffer);
wholeLong[0] = 1n;
const lowHalf = longHalves[0] === 1 ? 0 : 1;

/**
 * Reads Avro binary encoding (Avro 1.11, "Binary Encoding") from one buffer.
 * Every read is bounds-checked and throws {@link AvroDecodeError}. Byte fields are views of the buffer, except those of
 * four bytes, which records share: never write into any of them.
 */
export class AvroReader {
  readonly buffer: Buffer;
  position: number;

  constructor(buffer: Buffer, position = 0) {
    this.buffer = buffer;
    this.position = position;
  }

  fail(message: string): never {
    // Reads that run into the end have moved one beyond it.
    throw new AvroDecodeError(message, Math.min(this.position, this.buffer.length));
  }

  /** A long as a number. One beyond ±2^53, which a number does not hold exactly, is refused: ids must not be rounded. */
  readLong(): number {
    const buffer = this.buffer;
    let byte = buffer[this.position++];
    if (byte === undefined) this.fail('end of data in a long');
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1);
    let low = byte & 0x7f;
    let shift = 7;
    for (; shift < 28; shift += 7) {
      byte = buffer[this.position++];
      if (byte === undefined) this.fail('end of data in a long');
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return (low >>> 1) ^ -(low & 1);
    }
    // The low 28 bits are in `low`; the other 36 follow as a double.
    let high = 0;
    let scale = 1;
    for (; shift < 70; shift += 7) {
      byte = buffer[this.position++];
      if (byte === undefined) this.fail('end of data in a long');
      high += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        const magnitude = high * 0x8000000 + (low >>> 1);
        if (magnitude > Number.MAX_SAFE_INTEGER) this.fail('long beyond 2^53');
        return (low & 1) === 0 ? magnitude : -magnitude - 1;
      }
      scale *= 128;
    }
    return this.fail('long of more than ten bytes');
  }

  /** A long as a number, beyond ±2^53 as the nearest one: for clocks, which pass that in 104 days. */
  readRoundedLong(): number {
    return Number(this.readBigLong());
  }

  /** A long as a bigint, exact over all 64 bits. */
  readBigLong(): bigint {
    const buffer = this.buffer;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = buffer[this.position++];
      if (byte === undefined) this.fail('end of data in a long');
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high = bits >>> 4;
      } else high |= bits << (shift - 32);
      if (shift === 63 && bits > 1) this.fail('long of more than 64 bits');
      if (byte < 0x80) {
        // Two stores and one load make the bigint; arithmetic on bigints would allocate several.
        const sign = -(low & 1);
        longHalves[lowHalf] = ((low >>> 1) | (high << 31)) ^ sign;
        longHalves[1 - lowHalf] = (high >>> 1) ^ sign;
        return wholeLong[0]!;
      }
    }
    return this.fail('long of more than ten bytes');
  }

  /** Moves behind a long of any size. */
  skipLong(): void {
    const buffer = this.buffer;
    for (let index = 0; index < 10; index++) {
      const byte = buffer[this.position++];
      if (byte === undefined) this.fail('end of data in a long');
      if (byte < 0x80) return;
    }
    this.fail('long of more than ten bytes');
  }

  readInt(): number {
    const value = this.readLong();
    if (value < -0x80000000 || value > 0x7fffffff) this.fail('int out of range');
    return value;
  }

  readBoolean(): boolean {
    const byte = this.buffer[this.position++];
    if (byte === 0) return false;
    if (byte === 1) return true;
    return this.fail('boolean is neither 0 nor 1');
  }

  readDouble(): number {
    if (this.position + 8 > this.buffer.length) this.fail('end of data in a double');
    const value = this.buffer.readDoubleLE(this.position);
    this.position += 8;
    return value;
  }

  readFloat(): number {
    return this.readFixed(4).readFloatLE();
  }

  /** A view of so many bytes. */
  readFixed(size: number): Buffer {
    const start = this.position;
    this.skipFixed(size);
    return this.buffer.subarray(start, this.position);
  }

  /** Moves so many bytes on. */
  skipFixed(size: number): void {
    if (size > this.buffer.length - this.position) this.fail('end of data');
    this.position += size;
  }

  #readLength(): number {
    const length = this.readLong();
    if (length < 0 || this.position + length > this.buffer.length) this.fail('length beyond the end of data');
    return length;
  }

  /** A view into the buffer, valid as long as the buffer is not overwritten; four bytes may be shared with others. */
  readBytes(): Buffer {
    const length = this.#readLength();
    if (length === 0) return noBytes;
    const start = this.position;
    this.position += length;
    if (length === 4) return this.#readAddress(start);
    return this.buffer.subarray(start, this.position);
  }

  #readAddress(start: number): Buffer {
    const buffer = this.buffer;
    const key = buffer[start]! | (buffer[start + 1]! << 8) | (buffer[start + 2]! << 16) | (buffer[start + 3]! << 24);
    const place = Math.imul(key, 0x9e3779b1) >>> (32 - addressCacheBits);
    if (addressKeys[place] === key) return addresses[place]!;
    addressKeys[place] = key;
    return (addresses[place] = Buffer.from(buffer.subarray(start, start + 4)));
  }

  /** Moves behind a string or bytes. */
  skipBytes(): void {
    const length = this.#readLength();
    this.position += length;
  }

  readString(): string {
    const length = this.#readLength();
    if (length === 0) return '';
    const buffer = this.buffer;
    const start = this.position;
    const end = start + length;
    this.position = end;
    if (length > shortStringBytes) return (buffer as SliceableBuffer).utf8Slice(start, end);
    let text = '';
    for (let index = start; index < end; index++) {
      const byte = buffer[index]!;
      if (byte >= 0x80) return (buffer as SliceableBuffer).utf8Slice(start, end);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  readEnum<Symbol extends string>(symbols: readonly Symbol[]): Symbol {
    const symbol = symbols[this.readLong()];
    if (symbol === undefined) this.fail('enum symbol out of range');
    return symbol;
  }

  /**
   * Count of the next block of an array or map; 0 ends it. The byte size of a block, where given, is passed over.
   *
   * @param itemBytes fewest bytes of one item, so that a count is never more than the data can hold. With 0 there is no such
   *   bound: the caller has one of its own.
   */
  readBlockCount(itemBytes = 1): number {
    let count = this.readLong();
    if (count < 0) {
      count = -count;
      if (this.readLong() < 0) this.fail('block of negative size');
    }
    if (count * itemBytes > this.buffer.length - this.position) this.fail('more items than bytes');
    return count;
  }
}
