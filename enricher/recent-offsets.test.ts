import { expect, it } from 'vitest';
import { RecentOffsets } from './recent-offsets.ts';

const message = (offset: number, timestampMs: number, bytes: number) => ({
  topic: 'events',
  partition: 0,
  offset,
  timestampMs,
  key: '',
  value: Buffer.alloc(bytes),
  headers: {},
});

it('remembers as long as it is told', () => {
  const recent = new RecentOffsets(60_000, Infinity);
  for (let second = 0; second < 200; second++) recent.note(message(second, second * 1_000, 1_000));
  expect(recent.oldest(0)).toBe(139);
  expect(recent.oldest(1)).toBeUndefined();
});

it('remembers no more bytes than it is told, but always the last second', () => {
  const recent = new RecentOffsets(60_000, 10_000);
  for (let second = 0; second < 200; second++) recent.note(message(second, second * 1_000, 1_000));
  expect(recent.oldest(0)).toBe(190);
  for (let offset = 200; offset < 300; offset++) recent.note(message(offset, 200_000 + offset, 1_000));
  expect(recent.oldest(0)).toBe(200);
});

it('remembers as long as it is told when the clock of the bus is set', () => {
  const recent = new RecentOffsets(60_000, Infinity);
  for (let second = 0; second < 100; second++) recent.note(message(second, second * 1_000, 1_000));
  for (let second = 100; second < 200; second++) recent.note(message(second, second * 1_000 - 80_000, 1_000));
  expect(recent.oldest(0)).toBe(139);
});

it('goes by no time that only one message has', () => {
  for (const farMs of [2 ** 50, -(2 ** 50)]) {
    const recent = new RecentOffsets(60_000, Infinity);
    for (let second = 0; second < 100; second++) recent.note(message(second, second * 1_000, 1_000));
    recent.note(message(100, farMs, 1_000));
    expect(recent.oldest(0)).toBe(39);
    for (let second = 101; second < 200; second++) recent.note(message(second, second * 1_000, 1_000));
    expect(recent.oldest(0)).toBe(139);
  }
});

it('goes by a time that two messages have, and by the true one again', () => {
  const recent = new RecentOffsets(60_000, Infinity);
  for (let second = 0; second < 100; second++) recent.note(message(second, second * 1_000, 1_000));
  for (const offset of [100, 101]) recent.note(message(offset, 2 ** 50, 1_000));
  for (let second = 102; second < 300; second++) recent.note(message(second, second * 1_000, 1_000));
  expect(recent.oldest(0)).toBe(239);
});
