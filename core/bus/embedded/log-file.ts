/** The file of an LMDB environment, read page by page with plain reads: what is not there is an answer, not a SIGBUS. */
import { fstatSync, readSync } from 'node:fs';

/** Something in the file that LMDB could not have written. The message is a part of a sentence. */
export class LogDamage extends Error {
  override readonly name = 'LogDamage';
}

/** One tree of pages: lmdb's MDB_db. */
export interface TreeRecord {
  readonly flags: number;
  readonly depth: number;
  /** Undefined when it has no entries. */
  readonly root: number | undefined;
}

/** What a meta page says: lmdb's MDB_meta. */
export interface MetaPage {
  readonly pageBytes: number;
  readonly freeTree: TreeRecord;
  readonly mainTree: TreeRecord;
  readonly lastPage: number;
  readonly transaction: bigint;
}

/** Bytes of a page's header. Positions within a page count from behind it. */
export const headerBytes = 24;
export const treeRecordBytes = 48;

export const pageKinds = { branch: 1, leaf: 2, overflow: 4, meta: 8 } as const;

const magic = 0xbeefc0de;
const dataVersion = 2;
const metaBytes = headerBytes + 152;
const largestPage = 65_536;
const noPage = 0xffff_ffff_ffff_ffffn;
/** How far the pages may reach beyond the end of the file: those at the end that were given back are not written. */
const unwrittenBytes = 1024 ** 3;

/** A 64-bit number of pages or bytes. @throws LogDamage where a file cannot have so many */
export function countAt(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32LE(at + 4);
  if (high >= 0x10_0000) throw new LogDamage('a page refers to one that cannot be');
  return high * 0x1_0000_0000 + bytes.readUInt32LE(at);
}

/** Reads the record of a tree. */
export function treeAt(bytes: Buffer, at: number): TreeRecord {
  const hasNoRoot = bytes.readBigUInt64LE(at + 40) === noPage;
  return {
    flags: bytes.readUInt16LE(at + 4),
    depth: bytes.readUInt16LE(at + 6),
    root: hasNoRoot ? undefined : countAt(bytes, at + 40),
  };
}

/** The pages of an open file. */
export class LogFile {
  readonly #file: number;
  #pageBytes = 0;
  #transaction = 0n;

  constructor(file: number) {
    this.#file = file;
  }

  /** Looked up each time: another process may be writing. */
  get sizeBytes(): number {
    return fstatSync(this.#file).size;
  }

  /** Whether the magic number of LMDB is where it should be. */
  get beginsAsLog(): boolean {
    return this.sizeBytes >= headerBytes + 4 && this.#read(headerBytes, 4).readUInt32LE(0) === magic;
  }

  /** The newer of both meta pages, which LMDB goes by. */
  newestMeta(): MetaPage {
    const first = this.#meta(0);
    const second = this.#meta(first.pageBytes);
    if (first.pageBytes !== second.pageBytes) throw new LogDamage('its first two pages contradict each other');
    this.#pageBytes = first.pageBytes;
    const newest = first.transaction >= second.transaction ? first : second;
    this.#transaction = newest.transaction;
    return newest;
  }

  #meta(position: number): MetaPage {
    const bytes = this.#read(position, metaBytes);
    const pageBytes = bytes.readUInt32LE(headerBytes + 24);
    const isMeta =
      bytes.readUInt16LE(18) === pageKinds.meta &&
      bytes.readUInt32LE(headerBytes) === magic &&
      bytes.readUInt16LE(headerBytes + 4) === dataVersion;
    if (!isMeta) throw new LogDamage('one of its first two pages is none of a log');
    if (pageBytes < 512 || pageBytes > largestPage || (pageBytes & (pageBytes - 1)) !== 0)
      throw new LogDamage('its pages have no size that can be');
    const lastPage = countAt(bytes, headerBytes + 120);
    if (lastPage < 1 || lastPage * pageBytes > this.sizeBytes + unwrittenBytes)
      throw new LogDamage('it should be much longer than it is');
    return {
      pageBytes,
      freeTree: treeAt(bytes, headerBytes + 24),
      mainTree: treeAt(bytes, headerBytes + 24 + treeRecordBytes),
      lastPage,
      transaction: bytes.readBigUInt64LE(headerBytes + 128),
    };
  }

  /** A page of a tree, whole, with its kind. */
  page(number: number): { readonly bytes: Buffer; readonly kind: number } {
    const bytes = this.#read(number * this.#pageBytes, this.#pageBytes);
    return { bytes, kind: this.#kindOf(bytes, number) };
  }

  /** Looks at `count` pages of one value. @returns what is in them */
  overflow(number: number, count: number, valueBytes: number, isRead: boolean): Buffer {
    const start = number * this.#pageBytes;
    if (start + count * this.#pageBytes > this.sizeBytes) throw this.#cut();
    const bytes = this.#read(start, headerBytes + (isRead ? valueBytes : 0));
    if (this.#kindOf(bytes, number) !== pageKinds.overflow || bytes.readUInt32LE(20) !== count)
      throw new LogDamage(`page ${number} is none of a value, as it should be`);
    return bytes.subarray(headerBytes);
  }

  #kindOf(bytes: Buffer, number: number): number {
    if (countAt(bytes, 0) !== number || bytes.readBigUInt64LE(8) > this.#transaction)
      throw new LogDamage(`page ${number} is not the one that should be there`);
    // Other bits are of pages in memory, and of kinds that this log does not use.
    return bytes.readUInt16LE(18);
  }

  #read(position: number, length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length);
    let filled = 0;
    while (filled < length) {
      const read = readSync(this.#file, bytes, filled, length - filled, position + filled);
      if (read === 0) throw this.#cut();
      filled += read;
    }
    return bytes;
  }

  #cut(): LogDamage {
    return new LogDamage(`it ends at byte ${this.sizeBytes}, within what is stored in it`);
  }
}
