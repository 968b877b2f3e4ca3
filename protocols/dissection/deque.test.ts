import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Deque } from './deque.ts';

test('has what an array has, whatever is put in and taken out at its ends', () => {
  const step = fc.constantFrom('push', 'push', 'unshift', 'shift', 'clear');
  fc.assert(
    fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
      const deque = new Deque<number>();
      const array: number[] = [];
      for (const [index, what] of steps.entries()) {
        if (what === 'push') array.push(index);
        if (what === 'push') deque.push(index);
        if (what === 'unshift') array.unshift(index);
        if (what === 'unshift') deque.unshift(index);
        if (what === 'shift') expect(deque.shift()).toBe(array.shift());
        if (what === 'clear' && index % 7 === 0) array.length = 0;
        if (what === 'clear' && index % 7 === 0) deque.clear();
        expect(Array.from({ length: deque.length + 1 }, (_, at) => deque.at(at))).toEqual([...array, undefined]);
      }
    }),
  );
});
