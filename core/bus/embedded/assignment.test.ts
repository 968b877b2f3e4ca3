import fc from 'fast-check';
import { expect, test } from 'vitest';
import { targetOf } from './assignment.ts';

test('every partition goes to exactly one of the members that read its topic, evenly', () => {
  const topics = fc.subarray(['a', 'b', 'c'], { minLength: 1 });
  const counts = fc.record({ a: fc.nat(9), b: fc.nat(9), c: fc.nat(9) });
  fc.assert(
    fc.property(fc.array(topics, { maxLength: 6 }), counts, (subscriptions, partitions) => {
      const members = subscriptions.map((list, index) => ({ id: `m${index}`, processId: 'p', topics: list }));
      for (const topic of ['a', 'b', 'c'] as const) {
        const shares = members.map((member) =>
          targetOf(member.id, members, (name) => partitions[name as 'a']).filter((share) => share.topic === topic),
        );
        const readers = shares.filter((_, index) => members[index]!.topics.includes(topic));
        const all = shares.flat().map(({ partition }) => partition);
        expect(all.sort((left, right) => left - right)).toEqual(
          readers.length === 0 ? [] : Array.from({ length: partitions[topic] }, (_, index) => index),
        );
        const sizes = readers.map((share) => share.length);
        if (sizes.length > 0) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }
    }),
  );
});
