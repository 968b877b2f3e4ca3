import { describe, expect, it } from 'vitest';
import { rangeParameters, rangeSeconds, rangeText, readRange, writeRange } from './time-range.ts';

const read = (text: string): ReturnType<typeof readRange> => readRange(new URLSearchParams(text), 900_000);
const nowMs = Date.UTC(2026, 0, 31, 12);

describe('a range of time', () => {
  it.each([
    ['last=15m', { kind: 'last', ms: 900_000 }],
    ['last=2h', { kind: 'last', ms: 7_200_000 }],
    ['last=1d', { kind: 'last', ms: 86_400_000 }],
    ['last=9000h', { kind: 'last', ms: 366 * 86_400_000 }],
    [
      'from=1769860800000000001&to=1769860800000000009',
      { kind: 'between', fromNs: 1769860800000000001n, toNs: 1769860800000000009n },
    ],
    [
      'from=2026-01-31T12:00:00Z&to=2026-01-31T12:00:01Z',
      { kind: 'between', fromNs: 1769860800000000000n, toNs: 1769860801000000000n },
    ],
  ])('is read from %s', (text, range) => {
    expect(read(text)).toEqual(range);
    expect(read(new URLSearchParams(writeRange(read(text))).toString())).toEqual(range);
  });

  it.each([
    '',
    'last=x',
    'last=-1h',
    'last=0m',
    'last=1ms',
    'from=9&to=1',
    'from=1',
    'from=x&to=y',
    'from=1e99&to=2e99',
  ])('is the default where the address has none: "%s"', (text) =>
    expect(read(text)).toEqual({ kind: 'last', ms: 900_000 }),
  );

  it('ends now where it is the last minutes, and is asked for in nanoseconds of 19 digits', () => {
    expect(rangeParameters({ kind: 'last', ms: 1_000 }, nowMs)).toEqual({
      from: '1769860799000000000',
      to: '1769860800000000000',
    });
    expect(rangeParameters({ kind: 'between', fromNs: -5n, toNs: 10n ** 19n }, nowMs)).toEqual({
      from: '1000000000000000000',
      to: '9223372036000000000',
    });
  });

  it('says its length', () => {
    expect(rangeSeconds({ kind: 'between', fromNs: 0n, toNs: 2_500_000_000n })).toBe(2.5);
    expect(rangeText({ kind: 'last', ms: 3_600_000 })).toBe('the last 1 h');
    expect(rangeText({ kind: 'last', ms: 900_000 })).toBe('the last 15 min');
    expect(rangeText({ kind: 'last', ms: 90_000 })).toBe('the last 90 s');
  });
});
