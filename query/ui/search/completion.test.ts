import { expect, it } from 'vitest';
import { parseWhere } from '../../where/parse-where.ts';
import { matchingFields, quoted, withWord, wordAt } from './completion.ts';
import { withCondition } from './use-search-url.ts';

const at = (where: string) => wordAt(where, where.length);

it('the word before the caret is the name of a field, or a value of one', () => {
  expect(at('client.po')).toEqual({ from: 0, to: 9, text: 'client.po' });
  expect(at('client.pod = ca')).toEqual({ from: 13, to: 15, text: 'ca', field: 'client.pod' });
  expect(at("label(app) != 'the sh")).toMatchObject({ text: 'the sh', field: 'label(app)' });
  expect(at('pod in (a, b')).toMatchObject({ text: 'b', field: 'pod' });
  expect(at('pod = a and wo')).toMatchObject({ text: 'wo', from: 12 });
  expect(at('not (label(ap')).toMatchObject({ text: '(label(ap' });
  expect(at('')).toEqual({ from: 0, to: 0, text: '' });
});

it('what is chosen takes its place, written as the language reads it', () => {
  expect(withWord('cl', at('cl'), 'client.pod')).toBe('client.pod = ');
  for (const value of ["it's", 'back\\slash', 'and', 'cart-1', '<b>', '']) {
    const where = withWord('pod = x', at('pod = x'), value);
    expect(parseWhere(where)).toMatchObject({ kind: 'where' });
    expect(where.trim()).toBe(`pod = ${quoted(value)}`);
  }
});

it('a condition joins those that there are without changing their meaning', () => {
  expect(withCondition('', 'a = b')).toBe('a = b');
  expect(withCondition('a = b', 'c = d')).toBe('a = b and c = d');
  expect(withCondition('a = b or e = f', 'c = d')).toBe('(a = b or e = f) and c = d');
});

it('fields that begin so come before those that have it somewhere', () => {
  expect(matchingFields(['server.pod', 'pod', 'client.pod', 'host'], 'po')).toEqual([
    'pod',
    'server.pod',
    'client.pod',
  ]);
});
