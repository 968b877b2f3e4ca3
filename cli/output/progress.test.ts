import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startProgress } from './progress.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function stream(isTTY: boolean): { readonly stream: NodeJS.WriteStream; readonly written: string[] } {
  const written: string[] = [];
  const write = (text: string): boolean => written.push(text) > 0;
  return { stream: { isTTY, columns: 40, write } as unknown as NodeJS.WriteStream, written };
}

it('says nothing about what is over within two seconds', () => {
  const { stream: log, written } = stream(false);
  const progress = startProgress('reading', log);
  vi.advanceTimersByTime(1_900);
  progress.end();
  vi.advanceTimersByTime(60_000);
  expect(written).toEqual([]);
});

it('adds a line every five seconds where nobody sees a terminal', () => {
  const { stream: log, written } = stream(false);
  const progress = startProgress('reading', log);
  progress.update('7 events');
  vi.advanceTimersByTime(11_000);
  progress.end();
  expect(written).toEqual(['reading … 7 events, 2 s\n', 'reading … 7 events, 5 s\n', 'reading … 7 events, 10 s\n']);
});

it('rewrites one line on a terminal, never wider than it, and removes it at the end', () => {
  const { stream: terminal, written } = stream(true);
  const progress = startProgress('reading', terminal);
  progress.update('x'.repeat(100));
  vi.advanceTimersByTime(3_000);
  progress.end();
  expect(written.every((text) => /^\r\x1b\[K/.test(text) && text.length <= 4 + 39)).toBe(true);
  expect(written.at(-1)).toBe('\r\x1b[K');
});
