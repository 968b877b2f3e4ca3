import { expect, it } from 'vitest';
import { parseQueryString } from './query-string.ts';

const problemsOf = (text: string): readonly string[] => {
  const parsed = parseQueryString(text);
  return parsed.kind === 'problems' ? parsed.problems : [];
};

it('is read as a form writes it', () => {
  const parsed = parseQueryString('service=a+b&where=%C3%A4%3D1=2&&flag&=x');
  if (parsed.kind === 'problems') throw new Error(parsed.problems.join());
  expect([...parsed.parameters]).toEqual([
    ['service', 'a b'],
    ['where', 'ä=1=2'],
    ['flag', ''],
    ['', 'x'],
  ]);
  expect(parseQueryString('').kind).toBe('parameters');
});

it('with what a lenient reader would replace is refused, each with its name', () => {
  for (const broken of ['%', '%z', '%zz', 'a%', '%ff', '%c3', '%ed%a0%80'])
    expect(problemsOf(`service=${broken}&limit=5`), broken).toEqual([expect.stringContaining('service:')]);
  expect(problemsOf('%zz=1')).toEqual([expect.stringContaining('parameter 1:')]);
  expect(problemsOf('service=a%00b&x=%zz')).toEqual([
    expect.stringContaining('service: contains'),
    expect.stringContaining('x:'),
  ]);
});

it('has an end', () => {
  expect(problemsOf('a&'.repeat(10_000))).toHaveLength(1);
});
