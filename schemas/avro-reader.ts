/** Bytes that are not the Avro record they should be. `position` is where reading stopped, in bytes. */
export class AvroDecodeError extends Error {
  readonly position: number;

  constructor(message: string, position: number) {
    super(`${message} at byte ${position}`);
    this.name = 'AvroDecodeError';
    this.position = position;
  }
}

const shortStringBytes = 16;

/**
 * Reads Avro binary encoding (Avro 1.11, "Binary Encoding") from one buffer.
 * Every read is bounds-checked and throws {@link AvroDecodeError}; nothing is copied, byte fields are views.
 */
export class AvroReader {
  readonly buffer: Buffer;
  position: number;

  constructor(buffer: Buffer, position = 0) {
    this.buffer = buffer;
    this.position = position;
  }

  fail(message: string): never {
    throw new AvroDecodeError(message, this.position);
  }

  /** A long as a number: exact below 2^53, rounded to the nearest double above. */
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
        return (low & 1) === 0 ? magnitude : -magnitude - 1;
      }
      scale *= 128;
    }
    return this.fail('long of more than ten bytes');
  }

  /** A long as a bigint, exact over all 64 bits. */
  readBigLong(): bigint {
    const buffer = this.buffer;
    let low = 0;
    let high = 0;
    let scale = 1;
    for (let index = 0; index < 10; index++) {
      const byte = buffer[this.position++];
      if (byte === undefined) this.fail('end of data in a long');
      if (index < 4) {
        low += (byte & 0x7f) * scale;
        scale = index === 3 ? 1 : scale * 128;
      } else {
        high += (byte & 0x7f) * scale;
        scale *= 128;
      }
      if (byte < 0x80) {
        // high may reach 2^42, which a double holds exactly.
        const unsigned = (BigInt(high) << 28n) | BigInt(low);
        return BigInt.asIntN(64, (unsigned >> 1n) ^ -(unsigned & 1n));
      }
    }
    return this.fail('long of more than ten bytes');
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

  #readLength(): number {
    const length = this.readLong();
    if (length < 0 || this.position + length > this.buffer.length) this.fail('length beyond the end of data');
    return length;
  }

  /** A view into the buffer: valid as long as the buffer is not overwritten. */
  readBytes(): Buffer {
    const length = this.#readLength();
    const start = this.position;
    this.position += length;
    return this.buffer.subarray(start, this.position);
  }

  /** Moves behind a string or bytes. */
  skipBytes(): void {
    const length = this.#readLength();
    this.position += length;
  }

  readString(): string {
    const length = this.#readLength();
    if (length === 0) return '';
    const start = this.position;
    this.position += length;
    if (length > shortStringBytes) return this.buffer.toString('utf8', start, this.position);
    let text = '';
    for (let index = start; index < this.position; index++) {
      const byte = this.buffer[index]!;
      if (byte >= 0x80) return this.buffer.toString('utf8', start, this.position);
      text += String.fromCharCode(byte);
    }
    return text;
  }

  readEnum<Symbol extends string>(symbols: readonly Symbol[]): Symbol {
    const symbol = symbols[this.readLong()];
    if (symbol === undefined) this.fail('enum symbol out of range');
    return symbol;
  }

  /** Count of the next block of an array or map; 0 ends it. The byte size of a block, where given, is skipped. */
  readBlockCount(): number {
    let count = this.readLong();
    if (count < 0) {
      count = -count;
      this.readLong();
    }
    if (count > this.buffer.length - this.position) this.fail('more items than bytes');
    return count;
  }
}
