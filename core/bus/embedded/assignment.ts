import type { TopicPartition } from '../bus.ts';
import type { MemberRow } from './layout.ts';

/**
 * Which partitions a member should have: each topic is cut into contiguous ranges, one for each member that reads it,
 * in the order in which they joined. Members that read the same topics thus get equal partition numbers of each.
 * It follows from the rows alone, so every member computes the same.
 */
export function targetOf(
  memberId: string,
  members: readonly MemberRow[],
  partitionsOf: (topic: string) => number,
): readonly TopicPartition[] {
  const target: TopicPartition[] = [];
  const self = members.find((member) => member.id === memberId);
  for (const topic of self?.topics ?? []) {
    const readers = members.filter((member) => member.topics.includes(topic));
    const rank = readers.findIndex((member) => member.id === memberId);
    const partitions = partitionsOf(topic);
    const start = Math.floor((rank * partitions) / readers.length);
    const end = Math.floor(((rank + 1) * partitions) / readers.length);
    for (let partition = start; partition < end; partition++) target.push({ topic, partition });
  }
  return target;
}
