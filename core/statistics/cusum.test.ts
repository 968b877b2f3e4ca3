import { expect, test } from 'vitest';
import { Cusum } from './cusum.ts';

function after(...results: readonly (readonly [count: number, isSuccess: boolean])[]): boolean {
  const test = new Cusum();
  for (const [count, isSuccess] of results) for (let index = 0; index < count; index++) test.add(isSuccess);
  return test.isAlarmed;
}

test('one failure is an accident, two in a short time are an alarm', () => {
  expect(after([10_000, true])).toBe(false);
  expect(after([10_000, true], [1, false])).toBe(false);
  expect(after([10_000, true], [1, false], [20, true], [1, false])).toBe(true);
});

test('failures as rare as one in ten thousand are no alarm', () => {
  const rare = Array.from({ length: 20 }, () => [[9_999, true] as const, [1, false] as const]).flat();
  expect(after(...rare)).toBe(false);
});

test('an alarm ends after successes alone, however many failures there were', () => {
  expect(after([2, false], [900, true])).toBe(true);
  expect(after([2, false], [1_000, true])).toBe(false);
  expect(after([5_000, false], [1_500, true])).toBe(true);
  expect(after([5_000, false], [2_000, true])).toBe(false);
});
