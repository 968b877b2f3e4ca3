import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type OffsetRange, RangeMerge } from './range-merge.ts';

interface Message {
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly value: string;
}

const message = (partition: number, offset: number, timestampMs: number): Message => ({
  ...{ partition, offset, timestampMs },
  value: 'x',
});
const range = (partition: number, from: number, to: number): OffsetRange => ({ topic: 't', partition, from, to });
const at = (partition: number): { topic: string; partition: number } => ({ topic: 't', partition });

describe('merging ranges of partitions', () => {
  it('gives nothing while a partition may still bring something older', () => {
    const merge = new RangeMerge<Message>([range(0, 5, 7), range(1, 0, 1)]);
    merge.add(at(0), [message(0, 5, 10), message(0, 6, 30)]);
    expect(merge.take()).toBeUndefined();
    expect(merge.unread()).toEqual([{ ...at(1), next: 0 }]);
    merge.add(at(1), [message(1, 0, 20)]);
    expect([merge.take(), merge.take(), merge.take()].map((taken) => taken?.timestampMs)).toEqual([10, 20, 30]);
    expect(merge.isOver).toBe(true);
  });

  it('is over where messages behind the range, or the removal of the rest, show that nothing more comes', () => {
    const merge = new RangeMerge<Message>([range(0, 5, 9), range(1, 0, 4)]);
    merge.add(at(0), [message(0, 5, 1), message(0, 20, 2)]);
    merge.skipTo(at(1), 4);
    expect(merge.take()?.offset).toBe(5);
    expect(merge.take()).toBeUndefined();
    expect(merge.isOver).toBe(true);
  });

  it('keeps the order of every partition and loses and doubles nothing, however messages come and repeat', () => {
    const step = fc.record({ partition: fc.nat(2), from: fc.nat(12), count: fc.nat(6), takes: fc.nat(5) });
    const timestamps = fc.array(fc.array(fc.nat(100), { minLength: 12, maxLength: 12 }), {
      minLength: 3,
      maxLength: 3,
    });
    fc.assert(
      fc.property(timestamps, fc.array(step), (times, steps) => {
        const log = times.map((row, partition) => row.map((time, offset) => message(partition, offset, time)));
        const merge = new RangeMerge<Message>([range(0, 0, 12), range(1, 3, 9), range(2, 0, 12)]);
        const taken: Message[] = [];
        const takeAll = (limit: number): void => {
          for (let left = limit; left > 0; left--) {
            const next = merge.take();
            if (next === undefined) return;
            taken.push(next);
          }
        };
        const nextOf = (partition: number): number =>
          merge.unread().find((unread) => unread.partition === partition)?.next ?? 12;
        for (const { partition, from, count, takes } of steps) {
          // A repetition may begin anywhere before what is expected, but nothing is left out.
          const begin = Math.min(from, nextOf(partition));
          merge.add(at(partition), log[partition]!.slice(begin, begin + count));
          takeAll(takes);
        }
        for (const partition of [0, 1, 2]) merge.add(at(partition), log[partition]!.slice(nextOf(partition)));
        takeAll(Infinity);
        expect(merge.isOver).toBe(true);
        const offsets = (partition: number): number[] =>
          taken.filter((one) => one.partition === partition).map(({ offset }) => offset);
        expect(offsets(0)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
        expect(offsets(1)).toEqual([3, 4, 5, 6, 7, 8]);
        expect(offsets(2)).toEqual(offsets(0));
      }),
    );
  });
});
