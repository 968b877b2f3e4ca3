/**
 * How large compressed bytes can become, from the heads of their frames and blocks alone: known before anything is
 * decompressed, and before memory is taken. Decoders hold every block to its size, so the sums are bounds.
 *
 * zstd: RFC 8878, section 3.1. LZ4: "LZ4 Frame Format Description" and "LZ4 Block Format Description".
 */

/** Bytes that are not what their codec writes. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'FrameError';
  }
}

/** What is known of the size of a result. */
export interface SizeBounds {
  /** What the frames say themselves, of those that say it: a claim, not a bound. */
  readonly claimed: number;
  /** The result is never larger. */
  readonly most: number;
}

const zstdMagic = 0xfd2fb528;
const lz4Magic = 0x184d2204;
const skippableMagic = 0x184d2a50;
const zstdBlockBytes = 128 * 1024;
/** Block sizes of LZ4 by their number in the head of a frame. */
const lz4BlockBytes: readonly (number | undefined)[] = [, , , , 2 ** 16, 2 ** 18, 2 ** 20, 2 ** 22];

/** Reads numbers, least significant byte first, and never beyond the end. */
class FrameReader {
  readonly bytes: Buffer;
  position = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get isOver(): boolean {
    return this.position >= this.bytes.length;
  }

  /** Moves on. */
  skip(length: number): void {
    this.position += length;
    if (this.position > this.bytes.length) throw new FrameError('a frame that is cut');
  }

  /** A number of up to eight bytes; above 2^53 it is not exact, which bounds can bear. */
  number(length: number): number {
    const at = this.position;
    this.skip(length);
    let value = 0;
    for (let index = length - 1; index >= 0; index--) value = value * 256 + this.bytes[at + index]!;
    return value;
  }
}

/** Frames of any user, which decoders pass over. */
function isSkipped(reader: FrameReader, magic: number): boolean {
  if ((magic & 0xfffffff0) >>> 0 !== skippableMagic) return false;
  reader.skip(reader.number(4));
  return true;
}

/** @throws FrameError */
export function zstdSize(bytes: Buffer): SizeBounds {
  const reader = new FrameReader(bytes);
  let [claimed, most] = [0, 0];
  while (!reader.isOver) {
    const magic = reader.number(4);
    if (isSkipped(reader, magic)) continue;
    if (magic !== zstdMagic) throw new FrameError('not a zstd frame');
    const descriptor = reader.number(1);
    const isSingle = (descriptor & 0x20) !== 0;
    const window = isSingle ? Infinity : windowBytes(reader.number(1));
    reader.skip([0, 1, 2, 4][descriptor & 3]!);
    const sizeFlag = descriptor >>> 6;
    const sizeBytes = sizeFlag === 0 ? (isSingle ? 1 : 0) : 2 ** sizeFlag;
    const content = sizeBytes === 0 ? undefined : reader.number(sizeBytes) + (sizeBytes === 2 ? 256 : 0);
    claimed += content ?? 0;
    most += zstdBlocks(reader, Math.min(zstdBlockBytes, isSingle ? (content ?? 0) : window));
    if ((descriptor & 4) !== 0) reader.skip(4);
  }
  return { claimed, most };
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3));
  return base + (base / 8) * (descriptor & 7);
}

function zstdBlocks(reader: FrameReader, blockBytes: number): number {
  let most = 0;
  for (let isLast = false; !isLast;) {
    const head = reader.number(3);
    const size = head >>> 3;
    isLast = (head & 1) !== 0;
    const type = (head >>> 1) & 3;
    if (type === 3) throw new FrameError('a block of no known type');
    // Raw, or one byte many times, or compressed.
    reader.skip(type === 1 ? 1 : size);
    most += type === 2 ? blockBytes : size;
  }
  return most;
}

/**
 * @param enough where the sizes of blocks already say that the result is no larger than this, their content is not looked at
 * @throws FrameError
 */
export function lz4Size(bytes: Buffer, enough: number): SizeBounds {
  const byBlocks = lz4Frames(bytes, (_, blockBytes) => blockBytes);
  return byBlocks.most <= enough ? byBlocks : lz4Frames(bytes, lz4BlockSize);
}

function lz4Frames(bytes: Buffer, blockSize: (block: Buffer, blockBytes: number) => number): SizeBounds {
  const reader = new FrameReader(bytes);
  let [claimed, most] = [0, 0];
  while (!reader.isOver) {
    const magic = reader.number(4);
    if (isSkipped(reader, magic)) continue;
    if (magic !== lz4Magic) throw new FrameError('not an LZ4 frame');
    const flags = reader.number(1);
    const blockBytes = lz4BlockBytes[(reader.number(1) >>> 4) & 7];
    if (blockBytes === undefined) throw new FrameError('blocks of no known size');
    if ((flags & 8) !== 0) claimed += reader.number(8);
    if ((flags & 1) !== 0) reader.skip(4);
    reader.skip(1);
    for (let head = reader.number(4); head !== 0; head = reader.number(4)) {
      const size = head & 0x7fffffff;
      const at = reader.position;
      reader.skip(size);
      most += head > 0x7fffffff ? size : blockSize(bytes.subarray(at, at + size), blockBytes);
      if ((flags & 16) !== 0) reader.skip(4);
    }
    if ((flags & 4) !== 0) reader.skip(4);
  }
  return { claimed, most };
}

/** What a compressed block becomes: the sum of its literals and matches. */
function lz4BlockSize(block: Buffer): number {
  let size = 0;
  let position = 0;
  const length = (nibble: number): number => {
    let sum = nibble;
    if (nibble === 15)
      for (let byte = 255; byte === 255; sum += byte) {
        byte = block[position++] ?? 0;
      }
    return sum;
  };
  while (position < block.length) {
    const token = block[position++]!;
    const literals = length(token >>> 4);
    size += literals;
    position += literals;
    if (position >= block.length) break;
    position += 2;
    size += 4 + length(token & 15);
  }
  return size;
}
