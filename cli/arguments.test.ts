import { describe, expect, it } from 'vitest';
import { momentMs, topicPrefix, wholeNumber } from './arguments.ts';

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

describe('other arguments', () => {
  it('are held to what Kafka and a count can be', () => {
    expect(topicPrefix('trial.')).toBe('trial.');
    expect(() => topicPrefix('a b')).toThrow('letters, digits');
    expect(wholeNumber('0')).toBe(0);
    expect(() => wholeNumber('-1')).toThrow('at least 0');
  });
});
