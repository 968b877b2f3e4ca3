/**
 * What consumer groups still need of a partition. A group that has members is there: it comes back to its position after a
 * restart, so nothing from there on may be removed. A group without members may come back too, as a stage does that is
 * restarted, or may never, as one that was switched off: its position counts as long as it is younger than what the topic keeps,
 * and no longer than there is room.
 */
import type { LogStore } from './log-store.ts';
import type { PartitionRow, TopicRow } from './layout.ts';

/** Offsets of one partition; infinite when there is no group. */
export interface NeededOffsets {
  /** Groups that are there need everything from here on. */
  readonly fromPresent: number;
  /** All groups need everything from here on. */
  readonly fromAny: number;
  /** Some group that is there has not worked off everything below this. */
  readonly unreadFrom: number;
}

/** Reads what groups need of a partition. */
export function neededOffsets(
  store: LogStore,
  topic: TopicRow & { readonly name: string },
  partition: number,
  { first }: Pick<PartitionRow, 'first'>,
  nowMs: number,
): NeededOffsets {
  const present = new Set<string>();
  let [fromPresent, unreadFrom] = [Infinity, Infinity];
  for (const { name: group, row } of store.groups.named()) {
    if (!row.members.some((member) => member.topics.includes(topic.name))) continue;
    present.add(group);
    const position = store.positions.get(group, topic.name, partition);
    fromPresent = Math.min(fromPresent, position?.offset ?? first);
    unreadFrom = Math.min(unreadFrom, position?.emittedBelow ?? first);
  }
  let fromAny = fromPresent;
  const oldestMs = nowMs - (topic.retentionMs ?? Infinity);
  for (const { key, row } of store.positions.all()) {
    const [group, name, number] = key;
    if (name !== topic.name || number !== partition || present.has(group as string)) continue;
    if ((row.storedAtMs ?? oldestMs) >= oldestMs) fromAny = Math.min(fromAny, row.offset);
  }
  return { fromPresent, fromAny, unreadFrom };
}
