import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ClockOffsets } from './clock-offsets.ts';

test('the estimate is within its uncertainty of the truth, whoever calls whom', () => {
  const delayNs = fc.integer({ min: 1, max: 50_000_000 });
  const call = fc.record({ isForward: fc.boolean(), thereNs: delayNs, backNs: delayNs });
  fc.assert(
    fc.property(fc.integer({ min: -60e9, max: 60e9 }), fc.array(call, { minLength: 1 }), (offsetNs, calls) => {
      const clocks = new ClockOffsets();
      for (const { isForward, thereNs, backNs } of calls) {
        // Clock of 2 minus clock of 1 is offsetNs.
        if (isForward) clocks.observe(1, 2, thereNs + offsetNs, backNs - offsetNs, 0);
        else clocks.observe(2, 1, thereNs - offsetNs, backNs + offsetNs, 0);
      }
      const estimate = clocks.between(1, 2)!;
      expect(Math.abs(estimate.offsetNs - offsetNs)).toBeLessThanOrEqual(estimate.uncertaintyNs + 1);
      expect(clocks.between(2, 1)!.offsetNs).toBe(-estimate.offsetNs);
    }),
  );
});

test('a clock that was set is followed after two windows', () => {
  const clocks = new ClockOffsets();
  clocks.observe(1, 2, 1_000, 1_000, 0);
  for (const second of [70, 140]) clocks.observe(1, 2, 5e9 + 1_000, -5e9 + 1_000, second * 1e9);
  expect(clocks.between(1, 2)).toEqual({ offsetNs: 5e9, uncertaintyNs: 1_000 });
  expect(clocks.between(1, 3)).toBeUndefined();
});
