import { describe, expect, it } from 'vitest';
import {
  durationMs,
  filterText,
  listLength,
  momentMs,
  outputPath,
  path,
  periodMs,
  topicPrefix,
  traceDurationMs,
  wholeNumber,
} from './arguments.ts';

const nowMs = Date.UTC(2026, 0, 31, 12);

describe('a moment on the command line', () => {
  it('is a time with its zone, a date in UTC, now, or how long ago', () => {
    expect(momentMs('2026-01-31T08:00:00Z', nowMs)).toBe(Date.UTC(2026, 0, 31, 8));
    expect(momentMs('2026-01-31T08:00:00.250+02:00', nowMs)).toBe(Date.UTC(2026, 0, 31, 6, 0, 0, 250));
    expect(momentMs('2026-01-31', nowMs)).toBe(Date.UTC(2026, 0, 31));
    expect(momentMs(' now ', nowMs)).toBe(nowMs);
    expect(momentMs('2h', nowMs)).toBe(Date.UTC(2026, 0, 31, 10));
    expect(momentMs('0s', nowMs)).toBe(nowMs);
    expect(momentMs('99999d', nowMs)).toBe(0);
  });

  it('is never guessed: a time without a zone, a bare number and other texts are refused', () => {
    expect(() => momentMs('2026-01-31T08:00:00', nowMs)).toThrow('zone');
    for (const text of ['1769846400000', '2026-13-01', 'yesterday', '', '-2h', '2026-01-31 08:00Z'])
      expect(() => momentMs(text, nowMs)).toThrow('It must be a time');
  });
});

describe('a duration on the command line', () => {
  it('has its unit: a bare number is refused with the units there are', () => {
    expect(durationMs('5ms')).toBe(5);
    expect(durationMs(' 1.5 s ')).toBe(1_500);
    expect(() => durationMs('5')).toThrow('Its unit is missing: 5ms, 5s, 5m, 5h, 5d.');
    expect(() => durationMs('five')).toThrow('It must be a duration such as 250ms, 5s or 1h');
    expect(durationMs('0.5ms')).toBe(0.5);
    expect(() => durationMs('-1s')).toThrow('at least 0 ms');
    expect(() => periodMs('0s')).toThrow('at least 1 ms');
  });

  it('is no longer than it can be waited for', () => {
    expect(durationMs('3650d')).toBe(3650 * 86_400_000);
    expect(() => durationMs('999999d')).toThrow('at most');
    expect(traceDurationMs('100d') * 1e6).toBeLessThan(Number.MAX_SAFE_INTEGER);
    expect(() => traceDurationMs('101d')).toThrow('at most');
    expect(periodMs('24d')).toBe(24 * 86_400_000);
    expect(() => periodMs('25d')).toThrow('at most');
  });
});

describe('other arguments', () => {
  it('are held to what Kafka, the API, a count and a path can be', () => {
    expect(topicPrefix('trial.')).toBe('trial.');
    expect(() => topicPrefix('a b')).toThrow('letters, digits');
    expect(wholeNumber('0')).toBe(0);
    expect(() => wholeNumber('-1')).toThrow('at least 0');
    expect(listLength('1000')).toBe(1000);
    expect(() => listLength('1001')).toThrow('at most 1000');
    expect(filterText('a\nb')).toBe('a\nb');
    for (const text of ['', 'x'.repeat(1001)]) expect(() => filterText(text)).toThrow('a text of 1 to 1000 characters');
    expect(path('a b')).toBe('a b');
    expect(['-', './-'].map(outputPath)).toEqual(['/dev/stdout', './-']);
    expect(() => path('')).toThrow('It must be a path, and is empty.');
  });
});
