import { expect, it } from 'vitest';
import { scenarios } from './scenario.ts';
import { callsPerRequest, goalOf, shapesOf } from './shapes.ts';
import { stackNamed } from './stacks.ts';

it('every scenario has a name of its own, also as a file', () => {
  expect(new Set(scenarios.map(({ name }) => name)).size).toBe(scenarios.length);
  expect(new Set(scenarios.map(({ fileName }) => fileName)).size).toBe(scenarios.length);
});

it('a stack is put under each of its endpoints alone, then under all of them, one after the other and in turn', () => {
  const stack = stackNamed('express + axios');
  const shapes = shapesOf(stack);
  expect(shapes.map(({ name }) => name)).toEqual([
    'one call',
    'three in sequence',
    'three in parallel',
    'databases',
    'changing',
  ]);
  expect(shapes.at(-1)!.phases.map(({ endpoints }) => endpoints)).toEqual([
    ['one'],
    ['sequence'],
    ['parallel'],
    ['databases'],
    ['one', 'sequence', 'parallel', 'databases'],
  ]);
  // 1, 3, 3, and 3 queries with a call.
  expect(shapes.map((shape) => callsPerRequest(shape, stack.databases))).toEqual([1, 3, 3, 4, 2.75]);
});

it('of a load with several endpoints the smallest goal counts', () => {
  const stack = stackNamed('gunicorn threads + Flask');
  expect(shapesOf(stack).map((shape) => goalOf(shape, stack))).toEqual([0.999, 0.999, 0.95, 0.999, 0.95]);
});
