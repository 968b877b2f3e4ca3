import { describe, expect, it } from 'vitest';
import { CountedSeries, idleMs } from './counted-series.ts';

/** What is counted by the value of label `name`. */
const valuesOf = (series: CountedSeries): Readonly<Record<string, number>> => {
  series.read();
  return Object.fromEntries(series.read().map(({ labels, values }) => [labels['name']!, values[0]!]));
};

describe('counters by labels', () => {
  it('have as many sets of labels as they may; one that was idle for long gives its place away', () => {
    const series = new CountedSeries(2, 1);
    expect(series.add({ name: 'a' }, [1], 0)).toBe(true);
    expect(series.add({ name: 'b' }, [1], 1)).toBe(true);
    expect(series.add({ name: 'a' }, [1], 2)).toBe(true);
    expect(series.add({ name: 'c' }, [1], idleMs)).toBe(false);
    // b is the one that was touched longest ago.
    expect(series.add({ name: 'c' }, [1], idleMs + 1)).toBe(true);
    expect(series.size).toBe(2);
    expect(valuesOf(series)).toEqual({ a: 2, c: 1 });
  });

  it('cut long texts', () => {
    const series = new CountedSeries(5, 1);
    series.add({ name: `${'x'.repeat(199)}😀` }, [1], 0);
    series.add({ name: `${'x'.repeat(199)}😀 and more` }, [1], 0);
    expect(valuesOf(series)).toEqual({ ['x'.repeat(199)]: 2 });
  });
});
