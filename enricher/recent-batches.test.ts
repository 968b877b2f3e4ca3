import { expect, test } from 'vitest';
import type { EventBatch } from '../schemas/generated/event-batch.ts';
import { RecentBatches } from './recent-batches.ts';
import { anEvent, anEventBatch } from '../schemas/testing/an-event.ts';

const batch = (sequence: number, ids: readonly number[] = [2 * sequence, 2 * sequence + 1]): EventBatch =>
  anEventBatch({
    sequence,
    baseMonotonicNs: sequence * 1000,
    untilOffsetNs: 10,
    events: ids.map((id) => anEvent({ id })),
  });

test('a batch that was sent again is known, also some hundred batches later, and once', () => {
  const recent = new RecentBatches();
  for (let sequence = 1; sequence <= 2000; sequence++) {
    expect(recent.isRepeated(batch(sequence))).toBe(false);
    expect(recent.isRepeated(batch(sequence))).toBe(true);
    if (sequence > 900) expect(recent.isRepeated(batch(sequence - 900))).toBe(true);
  }
});

test('one with its number and other events, or another time, is another one', () => {
  const recent = new RecentBatches();
  recent.isRepeated(batch(5));
  expect(recent.isRepeated(batch(5, [10, 12]))).toBe(false);
  expect(recent.isRepeated({ ...batch(5), untilOffsetNs: 11 })).toBe(false);
  expect(recent.isRepeated(batch(5, []))).toBe(false);
});

test('ids and numbers far away make nothing a repetition', () => {
  const recent = new RecentBatches();
  for (let sequence = 1; sequence <= 50; sequence++) recent.isRepeated(batch(sequence));
  for (const far of [2 ** 40, -(2 ** 40), 0, 2 ** 53 - 1]) expect(recent.isRepeated(batch(far, [2 ** 52]))).toBe(false);
  for (let sequence = 51; sequence <= 100; sequence++) expect(recent.isRepeated(batch(sequence))).toBe(false);
  expect(recent.isRepeated(batch(60))).toBe(true);
});
