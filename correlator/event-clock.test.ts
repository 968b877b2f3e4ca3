import { expect, test } from 'vitest';
import { EventClock } from './event-clock.ts';

const second = 1e9;
const start = 1_750_000_000 * second;

test('time is the greatest watermark and never goes back', () => {
  const clock = new EventClock();
  clock.observe(1, start);
  clock.observe(2, start + 5 * second);
  clock.observe(1, start + 2 * second);
  expect(clock.nowNs).toBe(start + 5 * second);
});

test('an agent whose clock is years off neither stops time nor tears it forward', () => {
  const clock = new EventClock();
  clock.observe(1, start);
  clock.observe(2, start * 2);
  clock.observe(3, start / 2);
  expect(clock.nowNs).toBe(start);
  clock.observe(2, start * 2 + 7 * second);
  expect(clock.nowNs).toBe(start + 7 * second);
  clock.observe(3, start / 2 + 9 * second);
  expect(clock.nowNs).toBe(start + 9 * second);
});
