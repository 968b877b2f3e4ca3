import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assignPartitions, type GroupMember, topicsWithNumbers } from './assign-partitions.ts';

const members = fc.uniqueArray(
  fc.record({ id: fc.string({ minLength: 1 }), had: fc.array(fc.integer({ min: 0, max: 40 })) }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 8 },
);
const partitionCounts = fc.integer({ min: 0, max: 32 });

test('every partition goes to exactly one member, and no member has two more than another', () => {
  fc.assert(
    fc.property(members, partitionCounts, (group, partitions) => {
      const assigned = [...assignPartitions(group, partitions).values()];
      expect(assigned.flat().sort((left, right) => left - right)).toEqual(
        Array.from({ length: partitions }, (_, index) => index),
      );
      const sizes = assigned.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

test('the order in which the leader knows the members does not matter', () => {
  fc.assert(
    fc.property(members, partitionCounts, (group, partitions) => {
      const sorted = (map: ReadonlyMap<string, readonly number[]>): unknown => [...map].sort();
      expect(sorted(assignPartitions([...group].reverse(), partitions))).toEqual(
        sorted(assignPartitions(group, partitions)),
      );
    }),
  );
});

/** The group after an assignment, as its members report themselves. */
function after(group: readonly GroupMember[], partitions: number): readonly GroupMember[] {
  return [...assignPartitions(group, partitions)].map(([id, had]) => ({ id, had }));
}

test('a group in which nothing changed keeps everything', () => {
  fc.assert(
    fc.property(members, partitionCounts, (group, partitions) => {
      const settled = after(group, partitions);
      const again = assignPartitions(settled, partitions);
      for (const { id, had } of settled) expect([...again.get(id)!].sort()).toEqual([...had].sort());
    }),
  );
});

test('a member that joins takes only its own share, and one that leaves moves only its own partitions', () => {
  fc.assert(
    fc.property(members, partitionCounts, (group, partitions) => {
      const settled = after(group, partitions);
      const moved = (before: readonly GroupMember[], now: ReadonlyMap<string, readonly number[]>): number =>
        before.reduce((sum, { id, had }) => sum + had.filter((one) => !now.get(id)?.includes(one)).length, 0);
      const joined = assignPartitions([...settled, { id: '\uffff newcomer', had: [] }], partitions);
      expect(moved(settled, joined)).toBe(joined.get('\uffff newcomer')!.length);
      const [leaving, ...staying] = settled;
      expect(moved(staying, assignPartitions(staying, partitions))).toBe(0);
      expect(leaving).toBeDefined();
    }),
  );
});

test('partitions with the same number of all topics go together', () => {
  const partitionsOf = new Map([
    ['a', 3],
    ['b', 2],
  ]);
  expect(topicsWithNumbers([1, 2], partitionsOf)).toEqual([
    { topic: 'a', partition: 1 },
    { topic: 'a', partition: 2 },
    { topic: 'b', partition: 1 },
  ]);
});
