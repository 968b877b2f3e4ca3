import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DueHeap } from './due-heap.ts';

test('items come out when they are due, in order, and of equal moments as they were asked for', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(20)), fc.nat(20), (moments, now) => {
      const heap = new DueHeap<number>();
      for (const [index, due] of moments.entries()) heap.push(index, due);
      const taken: number[] = [];
      for (let next = heap.take(now); next !== undefined; next = heap.take(now)) taken.push(next.item);
      const expected = [...moments.keys()].sort((left, right) => moments[left]! - moments[right]! || left - right);
      expect(taken).toEqual(expected.filter((index) => moments[index]! <= now));
      expect(heap.size).toBe(moments.length - taken.length);
    }),
  );
});
