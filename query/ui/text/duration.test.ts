import { expect, it } from 'vitest';
import { durationParameter, durationText, parseDuration, shareText } from './duration.ts';
import { exactMoment } from './moment.ts';

it('a duration has three digits and a unit, and is read back in any', () => {
  expect([0, 999, 1_234, 53_203_652, 999_950_000, 61e9, 4.2e12, -5e6].map(durationText)).toEqual([
    '0 ns',
    '999 ns',
    '1.23 µs',
    '53.2 ms',
    '1.00 s',
    '1.02 min',
    '1.17 h',
    '−5.00 ms',
  ]);
  expect(['20', '20ms', ' 1.5 s', '3us', '2m', '.5h', 'soon', '-1', '1.2.3'].map(parseDuration)).toEqual([
    20e6,
    20e6,
    1.5e9,
    3e3,
    120e9,
    1_800e9,
    undefined,
    undefined,
    undefined,
  ]);
  expect(durationParameter(53_203_652)).toBe('53.203652ms');
  expect([0, 0.004, 0.34, 1].map(shareText)).toEqual(['0 %', '0.4 %', '34 %', '100 %']);
});

it('a moment has all of its nanoseconds, from 1970 to 2262', () => {
  expect([0n, 1n, 1_760_000_000_123_456_789n, 9_223_372_036_854_775_807n].map(exactMoment)).toEqual([
    '1970-01-01T00:00:00.000000000Z',
    '1970-01-01T00:00:00.000000001Z',
    '2025-10-09T08:53:20.123456789Z',
    '2262-04-11T23:47:16.854775807Z',
  ]);
});
