/**
 * How the log lies in LMDB. Four databases in one environment:
 *
 *   meta    topics, partitions, groups, positions, processes (small rows, see below)
 *   index   [topic id, partition, offset] → what is known of a message without its value
 *   values  [topic id, partition, offset] → the value; absent when it is empty
 *   newest  [topic id, partition, hash of the key] → newest offset of that key, for compacted topics
 *
 * Index and values are apart so that retention and the budget of a poll never touch values.
 */

import type { InHand } from '../bus.ts';

/** Names of the four. */
export const databaseNames: readonly string[] = ['meta', 'index', 'values', 'newest'];

/** Written once; another number is another layout. */
export const formatVersion = 1;

/** Row ['topic', name]. */
export interface TopicRow {
  readonly id: number;
  readonly partitions: number;
  readonly retentionMs?: number;
  readonly retentionBytes?: number;
  readonly consumedBytes?: number;
  readonly refusesWhenFull?: boolean;
  readonly compacted: boolean;
}

/** Row ['partition', topic id, partition]. `first` to `next` is the range of offsets that may be there. */
export interface PartitionRow {
  readonly first: number;
  readonly next: number;
  /** Room that its messages take in the file, as {@link storedBytes} estimates it. */
  readonly bytes: number;
}
export const emptyPartition: PartitionRow = { first: 0, next: 0, bytes: 0 };

/** Row ['position', group, topic name, partition]. */
export interface PositionRow {
  readonly offset: number;
  readonly emittedBelow: number;
  readonly inHand?: InHand;
  readonly putAside?: readonly number[];
  /** Unix time in milliseconds of the commit; not in rows of former versions. */
  readonly storedAtMs?: number;
}

/** A member of a group; members are listed in the order in which they joined. */
export interface MemberRow {
  readonly id: string;
  readonly processId: string;
  readonly topics: readonly string[];
}

/** Row ['group', group]. */
export interface GroupRow {
  readonly members: readonly MemberRow[];
}

/** Row ['process', process id]: a process that has members. */
export interface ProcessRow {
  /** Unix time in milliseconds of its last heartbeat. */
  readonly seenAtMs: number;
  readonly pid: number;
  /** Start of the process in clock ticks since boot, so that a reused pid is not mistaken for it; 0 when unknown. */
  readonly startTicks: number;
  /** Names the boot and PID namespace in which `pid` means something. */
  readonly namespace: string;
}

/** Entry of the database `index`: timestamp in milliseconds, bytes of the value, key, headers when there are any. */
export type IndexEntry = readonly [
  timestampMs: number,
  valueBytes: number,
  key: string,
  headers?: Readonly<Record<string, string>>,
];

const pageBytes = 4096;
/** Index entry, B-tree overhead of both entries. */
const entryBytes = 128;

/** Estimate of the room that a message takes in the file: larger values fill whole pages of their own. */
export function storedBytes(valueBytes: number, keyBytes: number): number {
  const value = valueBytes > pageBytes / 2 ? Math.ceil((valueBytes + 16) / pageBytes) * pageBytes : valueBytes;
  return value + keyBytes + entryBytes;
}

/** Names that LMDB keys and Kafka both take. */
export const validName = /^[A-Za-z0-9._-]{1,200}$/;
