import { expect, it } from 'vitest';
import { everyStep } from './every-step.ts';

const range = { fromNs: 100_000_000_000n, toNs: 160_000_000_000n };

it('has every step of the range, and what was there', () => {
  const point = { time_s: 120, calls: 3 };
  expect(everyStep([point], 20, range)).toEqual([
    { timeS: 100, point: undefined },
    { timeS: 120, point },
    { timeS: 140, point: undefined },
    { timeS: 160, point: undefined },
  ]);
});

it('keeps points beyond the range, in the order of time', () => {
  const points = [{ time_s: 200 }, { time_s: 80 }];
  expect(everyStep(points, 60, range).map(({ timeS }) => timeS)).toEqual([60, 80, 120, 200]);
});

it('fills nothing in where that would be too many', () => {
  expect(everyStep([{ time_s: 120 }], 0.001, range)).toEqual([{ timeS: 120, point: { time_s: 120 } }]);
  expect(everyStep([], 0, range)).toEqual([]);
});
