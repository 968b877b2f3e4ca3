import { describe, expect, test } from 'vitest';
import type { Span } from '../schemas/generated/span.ts';
import { redisCommand, redisValue } from './dissect/fixtures/wire.ts';
import { type ConnectionView, spansOfConnection, type Step } from './testing/connection.ts';

/** Whole Redis connections through the stage: the status that each command ends with, and what is said of it. */

const c = (...words: readonly string[]): Step => ['C', redisCommand(...words)];
const s = (text: string): Step => ['S', redisValue(text)];
const write = (...commands: readonly Step[]): Step => ['C', Buffer.concat(commands.map(([, bytes]) => bytes))];
const later = ([sender, bytes]: Step, afterMs: number): Step => [sender, bytes, afterMs];
const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n';
const get = c('GET', 'a');
const gotOne = s('$1\r\n1\r\n');
const push = c('LPUSH', 'str', '1');
const refused = s(wrongType);

const row = (span: Span): string => `${span.requestType} ${span.status}`;
function rows(steps: readonly Step[], view?: ConnectionView): readonly string[] {
  return spansOfConnection(steps, view).map(row);
}

describe('doubt', () => {
  const overlap = [get, get, gotOne, get, gotOne, gotOne];
  const sets = Array.from({ length: 40 }, (_, index) => c('SET', `k${index}`, 'v'.repeat(30)));
  const doubtful = [...overlap, ...overlap, write(...sets), s('+OK\r\n'.repeat(40))];
  const alternating = (afterMs: number): readonly Step[] =>
    Array.from({ length: 5 }, () => [later(get, afterMs), gotOne, later(push, afterMs), refused]).flat();

  test('ends after a calm second, by the time of the events', () => {
    const right = Array.from({ length: 5 }, () => ['GET ok', 'LPUSH client_error']).flat();
    expect(rows([...doubtful, ...alternating(3000)], { budgetBytes: 512 }).slice(-10)).toEqual(right);
    expect(rows([...doubtful, ...alternating(1000)], { budgetBytes: 512 }).slice(-10)).toEqual(right);
    const busy = rows([...doubtful, ...alternating(998)], { budgetBytes: 512 }).slice(-10);
    expect(new Set(busy)).toEqual(new Set(['GET unknown', 'LPUSH unknown']));
  });

  test('leaves the commands before the hidden ones their replies', () => {
    expect(rows(doubtful, { budgetBytes: 512 }).slice(6)).toEqual(Array.from({ length: 9 }, () => 'SET ok'));
  });

  test('does not end while a reply is known to be on its way, however long that takes', () => {
    const waits = [...doubtful, write(get, c('BLPOP', 'queue', '0')), gotOne];
    const steps = [...waits, later(push, 3000), s('*2\r\n$5\r\nqueue\r\n$1\r\n1\r\n'), refused];
    expect(rows(steps, { budgetBytes: 512 }).slice(-1)).toEqual(['LPUSH unknown']);
    expect(rows([...steps, later(get, 1500), gotOne], { budgetBytes: 512 }).slice(-1)).toEqual(['GET ok']);
  });

  test('ends with a reply that only one of the commands can have', () => {
    const probe = [c('ECHO', 'probe-7f3a'), s('$10\r\nprobe-7f3a\r\n')];
    const proven = ['ECHO ok', 'LPUSH client_error', 'GET ok'];
    expect(rows([...doubtful, ...probe, push, refused, get, gotOne], { budgetBytes: 512 }).slice(-3)).toEqual(proven);
    const ping = [c('PING'), s('+PONG\r\n'), push, refused, get, gotOne];
    expect(rows([...doubtful, ...ping], { budgetBytes: 512 }).slice(-3)).toEqual(['PING ok', ...proven.slice(1)]);
    // The commands before it got theirs, unknown to us, and those behind it get their own.
    const among = [write(get, c('ECHO', 'probe-7f3a'), push), s('$1\r\n1\r\n$10\r\nprobe-7f3a\r\n' + wrongType)];
    expect(rows([...doubtful, ...among], { budgetBytes: 512 }).slice(-3)).toEqual([
      'GET unknown',
      'ECHO unknown',
      'LPUSH unknown',
    ]);
    expect(rows([...doubtful, ...among, get, gotOne, push, refused], { budgetBytes: 512 }).slice(-2)).toEqual([
      'GET ok',
      'LPUSH client_error',
    ]);
  });
});

describe('commands without reply', () => {
  test('CLIENT REPLY SKIP has none, nor has the next command', () => {
    const calls = [get, gotOne, write(c('CLIENT', 'REPLY', 'SKIP'), c('SET', 'k', 'v')), push, refused, get, gotOne];
    const spans = spansOfConnection([...calls, push, refused]);
    expect(spans.map(row)).toEqual([
      'GET ok',
      'CLIENT ok',
      'SET ok',
      'LPUSH client_error',
      'GET ok',
      'LPUSH client_error',
    ]);
    expect(spans.map((span) => span.responseEventId)).toEqual([2, 0, 0, 5, 7, 9]);
  });
});
