/** Up to here copying in a loop is faster than a call of TypedArray.set. */
const shortBytes = 32;

/** One growing buffer that a writer of a binary format fills, kept for the next message. */
export class GrowingBuffer {
  buffer: Buffer;
  position = 0;

  /** @param initialBytes size of the first buffer; it doubles when needed */
  constructor(initialBytes = 64 * 1024) {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes);
  }

  /** Starts the next message in the same buffer. */
  reset(): void {
    this.position = 0;
  }

  /** A copy of what was written since {@link reset}, for the caller to keep. */
  finish(): Buffer {
    return Buffer.from(this.buffer.subarray(0, this.position));
  }

  /** Makes room for `bytes` more. */
  reserve(bytes: number): void {
    const needed = this.position + bytes;
    if (needed <= this.buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.buffer.length * 2));
    this.buffer.copy(larger, 0, 0, this.position);
    this.buffer = larger;
  }

  /** Bytes as they are. */
  writeRaw(value: Uint8Array): void {
    const length = value.length;
    this.reserve(length);
    const { buffer, position } = this;
    if (length > shortBytes) buffer.set(value, position);
    else for (let index = 0; index < length; index++) buffer[position + index] = value[index]!;
    this.position = position + length;
  }

  /** 64 bits of IEEE 754, little-endian. */
  writeDouble(value: number): void {
    this.reserve(8);
    this.position = this.buffer.writeDoubleLE(value, this.position);
  }

  /** 32 bits of IEEE 754, little-endian. */
  writeFloat(value: number): void {
    this.reserve(4);
    this.position = this.buffer.writeFloatLE(value, this.position);
  }
}
