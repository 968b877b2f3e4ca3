import { expect, it } from 'vitest';
import { isolatedAt } from './isolated-at.ts';

it('a value without one beside it has to be drawn as a point', () => {
  expect(isolatedAt([1, null, 2, 3, null, 0])).toEqual([0, 5]);
  expect(isolatedAt([null, 7, null])).toEqual([1]);
  expect(isolatedAt([])).toEqual([]);
});
