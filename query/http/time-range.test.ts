import { expect, it } from 'vitest';
import { timeRangeOf } from './time-range.ts';

const hourNs = 3_600_000_000_000n;
const nowNs = 1_760_000_000_000_000_000n;
const range = (query: Parameters<typeof timeRangeOf>[0]): ReturnType<typeof timeRangeOf> =>
  timeRangeOf(query, nowNs, 48n * hourNs);

it('a range of time ends now and is an hour long, unless something else is said', () => {
  expect(range({})).toEqual({ kind: 'range', range: { fromNs: nowNs - hourNs, toNs: nowNs } });
  expect(range({ to: hourNs / 2n })).toEqual({ kind: 'range', range: { fromNs: 0n, toNs: hourNs / 2n } });
  expect(range({ from: nowNs - 48n * hourNs })).toMatchObject({ kind: 'range' });
});

it('a range of time that is too long or upside down is refused', () => {
  expect(range({ from: 0n })).toEqual({ kind: 'problem', problem: 'from: must be at most 2 days before now' });
  expect(range({ from: 0n, to: 2n ** 62n })).toEqual({
    kind: 'problem',
    problem: 'from: must be at most 2 days before to',
  });
  expect(range({ from: nowNs + 1n })).toEqual({ kind: 'problem', problem: 'from: must not be in the future' });
  expect(range({ from: nowNs, to: nowNs - 1n })).toEqual({ kind: 'problem', problem: 'from: must not be after to' });
});
