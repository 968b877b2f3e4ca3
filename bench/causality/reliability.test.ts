import { expect, it } from 'vitest';
import { markdownTable, percent, reliabilityTable } from './matrix.ts';
import { Reliability } from './reliability.ts';

it('edges of a reason are counted by what they claim, the surest first', () => {
  const reliability = new Reliability();
  const edge = (reason: string, confidence: number, isRight: boolean) => ({ reason, confidence, isRight });
  reliability.add([edge('queue', 0.95, true), edge('queue', 0.93, false), edge('queue', 1, true)]);
  reliability.add([edge('last_read', 0.4, false), edge('queue', 0.9, true)]);
  expect(reliabilityTable(reliability).slice(1)).toEqual([
    ['last_read', '0 to 0.5', '1', '0.4000', '0.0000'],
    ['queue', '1', '1', '1.0000', '1'],
    ['queue', '0.9 to 0.99', '3', '0.9267', '0.6667'],
  ]);
});

it('a share is 0 or 100 only when it is exactly that', () => {
  expect([percent(0, 5), percent(1, 100_000), percent(1, 8), percent(99_999, 100_000), percent(5, 5)]).toEqual([
    '0',
    '0.01',
    '12.50',
    '99.99',
    '100',
  ]);
  expect(percent(0, 0)).toBe('–');
});

it('a table is as wide as its widest cell', () => {
  const table = markdownTable([
    ['a', 'heading'],
    ['wide cell', '1'],
  ]);
  expect(table).toBe('| a         | heading |\n| --------- | ------- |\n| wide cell | 1       |\n');
});
