import { expect, it } from 'vitest';
import { ReadProgress } from './read-progress.ts';

it('says how much of a file was read, and how fast', () => {
  const clock = { nowMs: 1000 };
  const progress = new ReadProgress(() => clock.nowMs);
  expect(progress.text(0, 10_000_000)).toBe('0 % read, 0.0 MB');
  clock.nowMs = 3000;
  expect(progress.text(5_000_000, 10_000_000)).toBe('50 % read, 5.0 MB, 2.5 MB/s');
  expect(progress.text(5_000_000, undefined)).toBe('5.0 MB, 2.5 MB/s');
  expect(progress.text(0, 0)).toBe('0 % read, 0.0 MB, 0.0 MB/s');
});
