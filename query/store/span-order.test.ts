import { describe, expect, it } from 'vitest';
import type { Span } from '../../schemas/generated/span.ts';
import { inTreeOrder } from './span-order.ts';

const spans = (...pairs: readonly (readonly [string, string])[]): readonly Span[] =>
  pairs.map(([spanId, parentSpanId]) => ({ spanId, parentSpanId }) as Span);
const order = (...pairs: readonly (readonly [string, string])[]): string =>
  inTreeOrder(spans(...pairs))
    .map((span) => span.spanId)
    .join('');

describe('spans of a trace', () => {
  it('come parents before children, siblings in the order of their start', () => {
    expect(order(['a', ''], ['b', 'a'], ['c', 'a'], ['d', 'b'], ['e', 'c'])).toBe('abdce');
    expect(order(['c', 'b'], ['b', 'a'], ['a', ''])).toBe('abc');
  });

  it('are all there, also with parents that are missing or that are each other', () => {
    expect(order(['a', 'x'], ['b', 'a'], ['c', ''])).toBe('abc');
    expect(order(['a', ''], ['b', 'c'], ['c', 'b'], ['d', 'd'])).toBe('abcd');
  });

  it('may be a chain of any length', () => {
    const long = Array.from({ length: 20_000 }, (_, index): readonly [string, string] => [
      String(index),
      index === 0 ? '' : String(index - 1),
    ]);
    expect(inTreeOrder(spans(...long.toReversed())).map((span) => span.spanId)).toEqual(long.map(([id]) => id));
  });
});
