/**
 * One LMDB environment, open once per process however many buses use it: LMDB forbids a second handle in the same
 * process, and waiting readers are to be woken by writers next to them without a detour over the file.
 *
 * Writes go through LMDB's own thread: each transaction's callback runs here while that thread holds the write lock,
 * transactions that queue up meanwhile share one commit, and the promise resolves when the commit is on disk.
 */
import { realpathSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { type Database, open, type RootDatabase } from 'lmdb';
import { hasCode, PipelineError } from '../../errors.ts';
import { makePrivateDirectory, requireOwn } from '../../files/private-directory.ts';
import {
  emptyPartition,
  formatVersion,
  type GroupRow,
  type IndexEntry,
  type PartitionRow,
  type PositionRow,
  type ProcessRow,
  type TopicRow,
} from './layout.ts';
import { damagedLog, requireSoundLog } from './require-sound-log.ts';
import {
  isCount,
  isGroupRow,
  isIndexEntry,
  isPartitionRow,
  isPositionRow,
  isProcessRow,
  isText,
  isTopicRow,
} from './row-shapes.ts';
import { openRows, Rows } from './rows.ts';
import { workNotesFolder } from './work-notes.ts';

/** How often changes by other processes are looked for while someone waits. */
const foreignChangesEveryMs = 100;
/** Kept free on the disk for positions, membership and retention, which is what makes room again. */
const reservedBytes = 2 * 1024 * 1024;

const isLog = (names: readonly string[]): boolean =>
  names.every((name) => ['data.mdb', 'lock.mdb', workNotesFolder].includes(name));

const stores = new Map<string, LogStore>();

/** Opens the log in a directory, made when missing, or shares it when this process has it open. */
export function openLogStore(directory: string): LogStore {
  let path = resolve(directory);
  try {
    requireOwn(dirname(path));
    makePrivateDirectory(path, isLog);
    path = realpathSync(path);
    let store = stores.get(path);
    if (store === undefined) {
      requireSoundLog(path);
      stores.set(path, (store = new LogStore(path)));
    }
    store.users++;
    return store;
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    throw new PipelineError('BUS_UNAVAILABLE', `The log in ${path} cannot be opened: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** The databases of one log, their transactions, and those who wait for news in them. */
export class LogStore {
  users = 0;
  readonly path: string;
  readonly index: Database<IndexEntry>;
  readonly values: Database<Buffer>;
  readonly newest: Database<number>;
  readonly topics: Rows<TopicRow>;
  readonly groups: Rows<GroupRow>;
  readonly processes: Rows<ProcessRow>;
  /** By group, topic, partition: the member that has the partition now; no row when it is free. */
  readonly owners: Rows<string>;
  /** By group, topic, partition. */
  readonly positions: Rows<PositionRow>;
  /** Single numbers, by name. */
  readonly numbers: Rows<number>;
  /** By topic id, partition. */
  readonly #partitions: Rows<PartitionRow>;
  /** What is thrown when something stored is not what was written. */
  readonly damaged = (cause?: unknown): PipelineError =>
    damagedLog(this.path, 'a row of it is not what was written', cause);
  readonly #root: RootDatabase;
  readonly #waiters = new Map<() => void, ReadonlySet<string> | undefined>();
  #foreignChanges: NodeJS.Timeout | undefined;
  #lastTransactionId = 0;

  constructor(path: string) {
    this.path = path;
    // Without event-turn batching a commit that fails rejects exactly one promise: the transaction's. Overlapping sync
    // is off because its lock makes the survivors of a killed process fail (MDB_PANIC) when they meet it half-way.
    this.#root = open({ path, noSubdir: false, maxDbs: 8, eventTurnBatching: false, overlappingSync: false });
    const meta: Database = openRows(this.#root, 'meta', (value): value is unknown => value !== undefined, this.damaged);
    this.topics = new Rows(meta, 'topic', isTopicRow, this.damaged);
    this.groups = new Rows(meta, 'group', isGroupRow, this.damaged);
    this.processes = new Rows(meta, 'process', isProcessRow, this.damaged);
    this.owners = new Rows(meta, 'owner', isText, this.damaged);
    this.positions = new Rows(meta, 'position', isPositionRow, this.damaged);
    this.numbers = new Rows(meta, 'number', isCount, this.damaged);
    this.#partitions = new Rows(meta, 'partition', isPartitionRow, this.damaged);
    this.index = openRows(this.#root, 'index', isIndexEntry, this.damaged);
    this.values = this.#root.openDB('values', { encoding: 'binary' });
    this.newest = openRows(this.#root, 'newest', isCount, this.damaged);
    const version = this.numbers.get('format');
    if (version === undefined) this.numbers.put(formatVersion, 'format');
    else if (version !== formatVersion) {
      void this.#root.close();
      throw new PipelineError(
        'BUS_INCOMPATIBLE',
        `The log in ${path} has format ${version}; this version reads format ${formatVersion}.`,
      );
    }
  }

  partition(topicId: number, partition: number): PartitionRow {
    return this.#partitions.get(topicId, partition) ?? emptyPartition;
  }

  /** Only inside {@link transaction}. */
  putPartition(row: PartitionRow, topicId: number, partition: number): void {
    this.#partitions.put(row, topicId, partition);
  }

  /**
   * Runs `action` with the write lock and resolves with its result once that is on disk. `action` must find out
   * whether it can succeed before it writes: what it wrote before an exception would be committed.
   *
   * @throws PipelineError BUS_FULL, BUS_UNAVAILABLE; nothing was stored
   */
  async transaction<Result>(action: () => Result): Promise<Result> {
    try {
      return await this.#root.transaction(action);
    } catch (error) {
      throw await this.#explain(error);
    }
  }

  async #explain(error: unknown): Promise<unknown> {
    const { commitError } = error as { readonly commitError?: Promise<never> };
    if (commitError === undefined) return error;
    let cause: unknown = error;
    await commitError.catch((reason: unknown) => (cause = reason));
    // A disk without room shows as ENOSPC or, when a page still went in half, as EIO.
    if (this.#freeBytes() < reservedBytes) return this.#full(cause);
    const text = cause instanceof Error ? cause.message : String(cause);
    return new PipelineError('BUS_UNAVAILABLE', `The log in ${this.path} cannot be written: ${text}`, { cause });
  }

  #freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  #full(cause?: unknown): PipelineError {
    const text = `There is no room left on the disk of ${this.path}. Nothing is lost; make room and start again.`;
    return new PipelineError('BUS_FULL', text, { cause });
  }

  /**
   * Makes sure before a write that it will fit, on the disk or in pages that retention has set free in the file.
   *
   * @throws PipelineError BUS_FULL
   */
  requireRoom(bytes: number): void {
    if (this.#freeBytes() >= bytes + reservedBytes) return;
    const { lastPageNumber, pageSize } = this.#root.getStats() as { lastPageNumber: number; pageSize: number };
    let usedBytes = reservedBytes;
    for (const { row } of this.topics.named())
      for (let partition = 0; partition < row.partitions; partition++)
        usedBytes += this.partition(row.id, partition).bytes;
    // Free pages are scattered, and recently freed ones not yet usable: count on half of them.
    if ((lastPageNumber * pageSize - usedBytes) / 2 < bytes) throw this.#full();
  }

  /** Wakes those who wait for these topics, or everyone. */
  notify(topics?: ReadonlySet<string>): void {
    for (const [wake, wanted] of this.#waiters) {
      if (topics === undefined || wanted === undefined || [...topics].some((topic) => wanted.has(topic))) wake();
    }
  }

  /** Resolves when something may have changed in these topics or in the groups, or after the time. */
  wait(topics: ReadonlySet<string>, milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#waiters.delete(wake);
        if (this.#waiters.size === 0) clearInterval(this.#foreignChanges);
        resolve();
      };
      const timer = setTimeout(wake, milliseconds);
      if (this.#waiters.size === 0) {
        this.#foreignChanges = setInterval(() => this.#lookForForeignChanges(), foreignChangesEveryMs);
      }
      this.#waiters.set(wake, topics);
    });
  }

  #lookForForeignChanges(): void {
    const { lastTxnId } = this.#root.getStats() as { lastTxnId: number };
    if (lastTxnId === this.#lastTransactionId) return;
    this.#lastTransactionId = lastTxnId;
    this.notify();
  }

  /** Makes the next reads see what other processes committed up to now. */
  refresh(): void {
    this.#root.resetReadTxn();
  }

  /** A process that was killed while it read would keep what it read from being reused. */
  forgetDeadReaders(): void {
    this.#root.readerCheck();
  }

  async release(): Promise<void> {
    if (--this.users > 0) return;
    stores.delete(this.path);
    this.notify();
    await this.#root.close();
  }
}

/** Runs an upkeep action that is allowed to fail for want of room or a disk; it comes again. */
export async function tolerant(action: Promise<unknown>): Promise<void> {
  try {
    await action;
  } catch (error) {
    // Who reads what is damaged says so.
    const isDamage = hasCode(error, 'FILE_CORRUPT');
    if (!isDamage && !hasCode(error, 'BUS_FULL') && !hasCode(error, 'BUS_UNAVAILABLE')) throw error;
  }
}
