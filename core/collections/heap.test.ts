import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Heap } from './heap.ts';

const ascending = (left: number, right: number): number => left - right;

test('items come out in order, whatever is pushed, popped and replaced in between', () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('push' as const), item: fc.nat(20) }),
    fc.record({ kind: fc.constant('replace' as const), item: fc.nat(20) }),
    fc.constant({ kind: 'pop' as const, item: 0 }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new Heap<number>((left, right) => left < right);
      const expected: number[] = [];
      for (const { kind, item } of steps) {
        if (kind === 'push') {
          heap.push(item);
          expected.push(item);
        } else if (kind === 'pop') expect(heap.pop()).toBe(expected.shift());
        else if (expected.length > 0) {
          heap.replaceFront(item);
          expected[0] = item;
        }
        expected.sort(ascending);
        expect(heap.front).toBe(expected[0]);
        expect(heap.size).toBe(expected.length);
      }
      expect([...heap.drain()].sort(ascending)).toEqual(expected);
      expect(heap.size).toBe(0);
    }),
  );
});
