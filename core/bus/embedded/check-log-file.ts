/**
 * Looks through the file of a log before LMDB maps it. LMDB believes its file: a page that is cut off ends the process by
 * SIGBUS, one that was changed by SIGSEGV or an assertion, and neither can be caught.
 *
 * Every page that LMDB can come to is looked at: that it is there, is of its kind, and refers only to places within
 * itself and to pages that nothing else refers to. Values are not checked: their readers do that.
 */
import {
  headerBytes,
  LogDamage,
  type LogFile,
  pageKinds,
  treeAt,
  type TreeRecord,
  treeRecordBytes,
  countAt,
} from './log-file.ts';

/** Deeper trees LMDB does not make: it has no room for the way down. */
const greatestDepth = 32;
const nodeHeaderBytes = 8;
const overflowRecordBytes = 24;
const largestKeyBytes = 4_096;
const nodeFlags = { overflow: 1, tree: 2 } as const;
/** Keys are numbers: of the tree of free pages, and of no other. */
const integerKeys = 0x08;
/** Duplicate keys in any form, and encryption: the log has neither. */
const foreignTreeFlags = 0x2074;

/** What an entry of a leaf holds. */
type Visit = (key: Buffer, value: () => Buffer, isTree: boolean) => void;

/** @throws LogDamage at the first thing that LMDB cannot have written */
export function checkLogFile(file: LogFile, treeNames: readonly string[]): void {
  new Check(file, treeNames).run();
}

class Check {
  readonly #file: LogFile;
  readonly #treeNames: readonly string[];
  readonly #lastPage: number;
  readonly #trees: { readonly free: TreeRecord; readonly main: TreeRecord };
  readonly #pageBytes: number;
  readonly #transaction: bigint;
  /** A bit for each page that something refers to. */
  readonly #used: Uint8Array;

  constructor(file: LogFile, treeNames: readonly string[]) {
    const meta = file.newestMeta();
    this.#file = file;
    this.#treeNames = treeNames;
    this.#lastPage = meta.lastPage;
    this.#pageBytes = meta.pageBytes;
    this.#transaction = meta.transaction;
    this.#trees = { free: meta.freeTree, main: meta.mainTree };
    this.#used = new Uint8Array((meta.lastPage >>> 3) + 1);
    this.#use(0);
    this.#use(1);
  }

  run(): void {
    const { free, main } = this.#trees;
    if ((free.flags & (foreignTreeFlags | integerKeys)) !== integerKeys)
      throw new LogDamage('its list of free pages is none');
    this.#tree(main, (key, value, isTree) => {
      if (!isTree) return;
      const name = key.toString('latin1').replace(/\0$/, '');
      if (!this.#treeNames.includes(name)) throw new LogDamage('it holds a database that is none of a log');
      this.#tree(treeAt(value(), 0), (_key, _value, isTree) => {
        if (isTree) throw new LogDamage('it holds a database within another');
      });
    });
    const freePages: { readonly first: number; readonly count: number }[] = [];
    this.#tree(
      free,
      (key, value, isTree) => {
        if (isTree || key.length !== 8) throw new LogDamage('its list of free pages is none');
        freePages.push(...freePagesIn(value()));
      },
      true,
    );
    // Page by page: what is used and free at once would be written over.
    for (const { first, count } of freePages) for (let page = first; page < first + count; page++) this.#use(page);
  }

  #use(page: number): void {
    if (page > this.#lastPage) throw new LogDamage(`it refers to page ${page}, behind its last one`);
    const bit = 1 << (page & 7);
    if ((this.#used[page >>> 3]! & bit) !== 0) throw new LogDamage(`page ${page} is in it twice`);
    this.#used[page >>> 3]! |= bit;
  }

  #tree(tree: TreeRecord, visit: Visit, isFreeTree = false): void {
    if (!isFreeTree && tree.flags !== 0) throw new LogDamage('it holds a database that is none of a log');
    if (tree.root === undefined) {
      if (tree.depth !== 0) throw new LogDamage('a database in it has lost its pages');
      return;
    }
    if (tree.depth < 1 || tree.depth > greatestDepth) throw new LogDamage('a database in it is deeper than can be');
    this.#page(tree.root, tree.depth, visit, isFreeTree);
  }

  #page(number: number, depth: number, visit: Visit, isFreeTree: boolean): void {
    this.#use(number);
    const { bytes, kind } = this.#file.page(number);
    if (kind !== (depth > 1 ? pageKinds.branch : pageKinds.leaf))
      throw new LogDamage(`page ${number} is of another kind than it should be`);
    const lower = bytes.readUInt16LE(20);
    const upper = bytes.readUInt16LE(22);
    const room = this.#pageBytes - headerBytes;
    if (lower % 2 !== 0 || lower > upper || upper > room || (kind === pageKinds.branch && lower < 4))
      throw this.#nonsense(number);
    for (let index = 0; index < lower / 2; index++) {
      const at = bytes.readUInt16LE(headerBytes + 2 * index);
      if (at < upper || at % 2 !== 0 || at + nodeHeaderBytes > room) throw this.#nonsense(number);
      const node = bytes.subarray(headerBytes + at);
      const keyBytes = node.readUInt16LE(6);
      if (keyBytes > largestKeyBytes || nodeHeaderBytes + keyBytes > node.length) throw this.#nonsense(number);
      if (kind === pageKinds.leaf) this.#leafNode(number, node, keyBytes, visit, isFreeTree);
      else this.#page(node.readUInt32LE(0) + node.readUInt16LE(4) * 0x1_0000_0000, depth - 1, visit, isFreeTree);
    }
  }

  #leafNode(page: number, node: Buffer, keyBytes: number, visit: Visit, isFreeTree: boolean): void {
    const flags = node.readUInt16LE(4);
    const valueBytes = node.readUInt32LE(0);
    const key = node.subarray(nodeHeaderBytes, nodeHeaderBytes + keyBytes);
    const data = node.subarray(nodeHeaderBytes + keyBytes);
    const isTree = flags === nodeFlags.tree;
    if (keyBytes === 0 || (flags !== 0 && !isTree && flags !== nodeFlags.overflow)) throw this.#nonsense(page);
    if (flags !== nodeFlags.overflow) {
      if (valueBytes > data.length || (isTree && valueBytes !== treeRecordBytes)) throw this.#nonsense(page);
      visit(key, () => data.subarray(0, valueBytes), isTree);
      return;
    }
    if (data.length < overflowRecordBytes) throw this.#nonsense(page);
    const first = countAt(data, 0);
    if (data.readBigUInt64LE(8) > this.#transaction) throw this.#nonsense(page);
    const count = countAt(data, 16);
    if (count !== Math.floor((headerBytes - 1 + valueBytes) / this.#pageBytes) + 1) throw this.#nonsense(page);
    for (let index = 0; index < count; index++) this.#use(first + index);
    const value = this.#file.overflow(first, count, valueBytes, isFreeTree);
    visit(key, () => value, false);
  }

  #nonsense(page: number): LogDamage {
    return new LogDamage(`page ${page} of it makes no sense`);
  }
}

/** Runs of pages in a list of free ones: how many numbers follow, then pages, or the length of a run, negative, and its first page. */
function freePagesIn(list: Buffer): { readonly first: number; readonly count: number }[] {
  const pages: { readonly first: number; readonly count: number }[] = [];
  const length = list.length < 8 ? Infinity : countAt(list, 0);
  if (8 * (length + 1) > list.length) throw new LogDamage('its list of free pages is longer than its place');
  let run = 1;
  for (let index = 1; index <= length; index++) {
    const entry = Number(list.readBigInt64LE(8 * index));
    if (entry < 0) run = -entry;
    else {
      if (entry > 0) pages.push({ first: entry, count: run });
      run = 1;
    }
  }
  return pages;
}
