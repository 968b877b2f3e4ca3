import { expect, test } from 'vitest';
import { SteadyTime } from './steady-time.ts';

test('time goes on by what accept times went on, and rests where they step back', () => {
  const time = new SteadyTime();
  expect([1_000, 2_000, 1_500, 2_500].map((at) => time.advance(at))).toEqual([1_000, 2_000, 2_000, 2_500]);
  // The clock of the bus is set back by a minute, and forward again.
  expect([1_000_000, 940_000, 941_000].map((at) => time.advance(at))).toEqual([1_000_000, 1_000_000, 1_001_000]);
});
