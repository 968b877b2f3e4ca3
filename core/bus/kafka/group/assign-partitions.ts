/**
 * Which member of a consumer group has which partitions. All topics' partitions with the same number go to the same
 * member, and members keep what they have as far as an even distribution allows: a stage holds state for its partitions.
 */
import type { TopicPartition } from '../../bus.ts';

/** A member as the leader of the group sees it. */
export interface GroupMember {
  readonly id: string;
  /** Numbers of the partitions that it had in the generation before. */
  readonly had: readonly number[];
}

/** Numbers of partitions for each member; the same for everyone who is given the same members in any order. */
export function assignPartitions(
  members: readonly GroupMember[],
  partitions: number,
): ReadonlyMap<string, readonly number[]> {
  const ordered = [...members].sort((left, right) => (left.id < right.id ? -1 : 1));
  const assigned = new Map<string, number[]>(ordered.map(({ id }) => [id, []]));
  if (ordered.length === 0) return assigned;
  const minimum = Math.floor(partitions / ordered.length);
  let extras = partitions % ordered.length;
  const free = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  const keep = (member: GroupMember, limit: number): void => {
    const own = assigned.get(member.id)!;
    for (const partition of [...new Set(member.had)].sort((left, right) => left - right)) {
      if (own.length >= limit) return;
      if (free.delete(partition)) own.push(partition);
    }
  };
  for (const member of ordered) keep(member, minimum);
  // One more each, as long as there are some: first for those who had one more.
  for (const member of ordered) {
    if (extras === 0) break;
    const own = assigned.get(member.id)!;
    keep(member, minimum + 1);
    if (own.length > minimum) extras--;
  }
  const rest = [...free];
  for (const member of ordered) {
    const own = assigned.get(member.id)!;
    while (own.length < minimum && rest.length > 0) own.push(rest.shift()!);
  }
  for (const member of ordered) {
    const own = assigned.get(member.id)!;
    if (extras > 0 && own.length === minimum && rest.length > 0) {
      own.push(rest.shift()!);
      extras--;
    }
  }
  return assigned;
}

/** The partitions of all topics that have these numbers. */
export function topicsWithNumbers(
  numbers: readonly number[],
  partitionsOf: ReadonlyMap<string, number>,
): readonly TopicPartition[] {
  return [...partitionsOf].flatMap(([topic, count]) =>
    numbers.filter((partition) => partition < count).map((partition) => ({ topic, partition })),
  );
}
