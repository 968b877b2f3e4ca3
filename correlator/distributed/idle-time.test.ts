import { expect, test } from 'vitest';
import { IdleTime } from './idle-time.ts';

test('time goes on while nothing comes', () => {
  const idle = new IdleTime();
  idle.end(1_000_000);
  expect([500, 1_000, 4_000].map((afterMs) => idle.look(1_000_000 + afterMs))).toEqual([500, 1_000, 4_000]);
  idle.end(1_004_100);
  expect(idle.look(1_004_600)).toBe(500);
});

test('an outage makes nothing old that was only not read', () => {
  const idle = new IdleTime();
  idle.end(1_000_000);
  idle.look(1_000_500);
  expect(idle.look(1_600_500)).toBeLessThan(10_000);
});
