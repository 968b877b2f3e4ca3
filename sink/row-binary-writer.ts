/**
 * Writes ClickHouse's RowBinary (https://clickhouse.com/docs/interfaces/formats/RowBinary) into preallocated chunks:
 * integers little-endian, strings and arrays with their length as LEB128 in front, FixedString as it is.
 * Numbers must be whole and fit their type; they are not checked in this hot path.
 */
const hexDigits = '0123456789abcdef';
const valueOfDigit = new Int8Array(256).fill(-1);
for (let value = 0; value < 16; value++) {
  valueOfDigit[hexDigits.charCodeAt(value)] = value;
  valueOfDigit[hexDigits.toUpperCase().charCodeAt(value)] = value;
}

const shortTextLength = 64;
/** Below this a loop copies faster than a call into the runtime. */
const shortCopyLength = 32;

export class RowBinaryWriter {
  readonly #chunkBytes: number;
  /** The present chunk and a view of it; both change with {@link claim}. */
  buffer: Buffer;
  view: DataView;
  #start = 0;
  #position = 0;

  /** @param chunkBytes memory is taken in pieces of this size; a larger row gets a piece of its own */
  constructor(chunkBytes = 1024 * 1024) {
    this.#chunkBytes = chunkBytes;
    this.buffer = Buffer.allocUnsafeSlow(chunkBytes);
    this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
  }

  /** What was written since the last call; a view that is never written to again. */
  take(): Buffer {
    const taken = this.buffer.subarray(this.#start, this.#position);
    this.#start = this.#position;
    return taken;
  }

  /** Bytes since the last {@link take}: positions that {@link patchInt32} understands. */
  get length(): number {
    return this.#position - this.#start;
  }

  /** Forgets what was written since the last {@link take}. */
  discard(): void {
    this.#position = this.#start;
  }

  /** Overwrites four bytes written since the last {@link take}. */
  patchInt32(at: number, value: number): void {
    this.view.setInt32(this.#start + at, value, true);
  }

  /** Overwrites a byte written since the last {@link take}. */
  patchInt8(at: number, value: number): void {
    this.buffer[this.#start + at] = value;
  }

  /** An int that was written since the last {@link take}. */
  int32At(at: number): number {
    return this.view.getInt32(this.#start + at, true);
  }

  /** A long that was written since the last {@link take}, to the nearest double. */
  int64At(at: number): number {
    const position = this.#start + at;
    return this.view.getInt32(position + 4, true) * 0x100000000 + this.view.getUint32(position, true);
  }

  /** Makes room for `bytes` more; they are to be written from the returned position of {@link buffer} on. */
  claim(bytes: number): number {
    let position = this.#position;
    if (position + bytes > this.buffer.length) {
      const pending = this.buffer.subarray(this.#start, position);
      this.buffer = Buffer.allocUnsafeSlow(Math.max(this.#chunkBytes, 2 * (pending.length + bytes)));
      this.view = new DataView(this.buffer.buffer, this.buffer.byteOffset, this.buffer.length);
      this.buffer.set(pending, 0);
      this.#start = 0;
      position = pending.length;
    }
    this.#position = position + bytes;
    return position;
  }

  writeInt8(value: number): void {
    const position = this.claim(1);
    this.buffer[position] = value;
  }

  writeBoolean(value: boolean): void {
    this.writeInt8(value ? 1 : 0);
  }

  writeInt32(value: number): void {
    const position = this.claim(4);
    this.view.setInt32(position, value, true);
  }

  /** A whole number within ±2^53. */
  writeInt64(value: number): void {
    const position = this.claim(8);
    if (value >= -0x80000000 && value <= 0x7fffffff) {
      this.view.setInt32(position, value, true);
      this.view.setInt32(position + 4, value < 0 ? -1 : 0, true);
      return;
    }
    const high = Math.floor(value / 0x100000000);
    this.view.setUint32(position, value - high * 0x100000000, true);
    this.view.setInt32(position + 4, high, true);
  }

  /** A 64-bit integer by its two halves. */
  writeHalves(low: number, high: number): void {
    const position = this.claim(8);
    this.view.setInt32(position, low, true);
    this.view.setInt32(position + 4, high, true);
  }

  writeBigInt64(value: bigint): void {
    const position = this.claim(8);
    this.view.setBigInt64(position, value, true);
  }

  writeFloat64(value: number): void {
    const position = this.claim(8);
    this.view.setFloat64(position, value, true);
  }

  /** The length of an array or a string. */
  writeLength(length: number): void {
    let rest = length;
    while (rest > 0x7f) {
      this.writeInt8((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    this.writeInt8(rest);
  }

  writeString(text: string): void {
    const length = text.length;
    if (length <= shortTextLength) {
      const start = this.claim(length + 1);
      const buffer = this.buffer;
      buffer[start] = length;
      let index = 0;
      for (; index < length; index++) {
        const code = text.charCodeAt(index);
        if (code >= 0x80) break;
        buffer[start + 1 + index] = code;
      }
      if (index === length) return;
      this.#position = start;
    }
    const bytes = Buffer.byteLength(text);
    this.writeLength(bytes);
    const start = this.claim(bytes);
    this.buffer.write(text, start, bytes, 'utf8');
  }

  /** A string whose UTF-8 bytes are a part of a buffer. */
  writeText(source: Buffer, start: number, length: number): void {
    this.writeLength(length);
    const position = this.claim(length);
    const buffer = this.buffer;
    if (length > shortCopyLength) {
      source.copy(buffer, position, start, start + length);
      return;
    }
    for (let index = 0; index < length; index++) buffer[position + index] = source[start + index]!;
  }

  /**
   * Hexadecimal digits that are a part of a buffer, as a FixedString of half as many bytes.
   *
   * @returns false when they are not hexadecimal digits
   */
  writeHexText(source: Buffer, start: number, bytes: number): boolean {
    const position = this.claim(bytes);
    const buffer = this.buffer;
    let all = 0;
    for (let index = 0; index < bytes; index++) {
      const value = (valueOfDigit[source[start + 2 * index]!]! << 4) | valueOfDigit[source[start + 2 * index + 1]!]!;
      all |= value;
      buffer[position + index] = value;
    }
    // A digit that is none counts -1, which makes the whole negative.
    return all >= 0;
  }

  /** Bytes that another writer has written since its last {@link take}. */
  writeBytesOf(other: RowBinaryWriter, at: number, bytes: number): void {
    const position = this.claim(bytes);
    const { buffer } = this;
    const source = other.buffer;
    const start = other.#start + at;
    for (let index = 0; index < bytes; index++) buffer[position + index] = source[start + index]!;
  }

  /** Zeros. */
  writeZeros(bytes: number): void {
    const position = this.claim(bytes);
    const buffer = this.buffer;
    for (let index = position; index < position + bytes; index++) buffer[index] = 0;
  }

  /** Hexadecimal digits as a FixedString of half as many bytes; the empty text as zeros. */
  writeHex(text: string, bytes: number): void {
    const start = this.claim(bytes);
    const buffer = this.buffer;
    if (text.length !== bytes * 2) {
      buffer.fill(0, start, start + bytes);
      return;
    }
    for (let index = 0; index < bytes; index++)
      buffer[start + index] =
        (valueOfDigit[text.charCodeAt(2 * index)]! << 4) | valueOfDigit[text.charCodeAt(2 * index + 1)]!;
  }

  /** An address as IPv6: 4 bytes as an IPv4-mapped one, 16 as they are, anything else as `::`. */
  writeAddress(address: Uint8Array): void {
    this.writeAddressAt(address, 0, address.length);
  }

  /** {@link writeAddress} of a part of a buffer. */
  writeAddressAt(source: Uint8Array, start: number, length: number): void {
    const position = this.claim(16);
    const { buffer, view } = this;
    if (length === 16) {
      for (let index = 0; index < 16; index++) buffer[position + index] = source[start + index]!;
      return;
    }
    for (let index = 0; index < 16; index += 4) view.setInt32(position + index, 0);
    if (length !== 4) return;
    view.setInt16(position + 10, -1);
    for (let index = 0; index < 4; index++) buffer[position + 12 + index] = source[start + index]!;
  }
}
