import { expect, it } from 'vitest';
import { shortened } from './printable.ts';

it('a long text keeps its beginning and its end', () => {
  expect(shortened('short', 5)).toBe('short');
  expect(shortened(`error: ${'x'.repeat(10_000)} is invalid`, 31)).toBe(`error: ${'x'.repeat(8)}…xxxx is invalid`);
});
