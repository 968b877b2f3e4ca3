/** What stored rows have to be like: a damaged log may hold any other value, which must not get as far as a loop over it. */
import type { GroupRow, IndexEntry, PartitionRow, PositionRow, ProcessRow, TopicRow } from './layout.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Partitions that a topic may have; what asks for more was refused. */
const maximumPartitions = 65_536;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const isMaybe = (value: unknown, isIt: (value: unknown) => boolean): boolean => value === undefined || isIt(value);
const isFlag = (value: unknown): boolean => typeof value === 'boolean';

/** A time may have a fraction, a count may not. */
const isTime = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value);

export const isText = (value: unknown): value is string => typeof value === 'string';
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

export function isIndexEntry(value: unknown): value is IndexEntry {
  if (!Array.isArray(value) || !isTime(value[0]) || !isCount(value[1]) || !isText(value[2])) return false;
  const headers: unknown = value[3];
  return headers === undefined || (isFields(headers) && Object.values(headers).every(isText));
}

export function isTopicRow(value: unknown): value is TopicRow {
  return (
    isFields(value) &&
    isCount(value['id']) &&
    isCount(value['partitions']) &&
    value['partitions'] <= maximumPartitions &&
    isMaybe(value['retentionMs'], isTime) &&
    isMaybe(value['retentionBytes'], isTime) &&
    isMaybe(value['consumedBytes'], isTime) &&
    isMaybe(value['refusesWhenFull'], isFlag) &&
    isFlag(value['compacted'])
  );
}

export function isPartitionRow(value: unknown): value is PartitionRow {
  return isFields(value) && isCount(value['first']) && isCount(value['next']) && isTime(value['bytes']);
}

export function isPositionRow(value: unknown): value is PositionRow {
  return (
    isFields(value) &&
    isCount(value['offset']) &&
    isCount(value['emittedBelow']) &&
    isMaybe(value['storedAtMs'], isTime)
  );
}

export function isGroupRow(value: unknown): value is GroupRow {
  if (!isFields(value) || !Array.isArray(value['members'])) return false;
  return value['members'].every(
    (member: unknown) =>
      isFields(member) &&
      isText(member['id']) &&
      isText(member['processId']) &&
      Array.isArray(member['topics']) &&
      member['topics'].every(isText),
  );
}

export function isProcessRow(value: unknown): value is ProcessRow {
  return (
    isFields(value) &&
    isTime(value['seenAtMs']) &&
    isTime(value['pid']) &&
    isTime(value['startTicks']) &&
    isText(value['namespace'])
  );
}
