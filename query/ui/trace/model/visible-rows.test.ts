import { describe, expect, it } from 'vitest';
import { filterSpans, isFiltering, noFilter } from './span-filter.ts';
import { positionOf, spanIdAt } from './span-ids.ts';
import { testId, testName } from './testing/outline-of.ts';
import { aTraceModel } from './testing/a-trace-model.ts';
import { allOpen, type Folding, visibleRows } from './visible-rows.ts';

const model = aTraceModel(
  { id: 'root', ms: [0, 100], service_name: 'page', server_service_name: 'page', endpoint: '/products' },
  { id: 'call', parent: 'root', ms: [10, 50], observation_point: 'c-p', server_service_name: 'reviews' },
  {
    id: 'served',
    parent: 'call',
    ms: [12, 48],
    reason: 'tcp_sequence',
    server_service_name: 'reviews',
    endpoint: '/Reviews/<b>',
  },
  {
    id: 'stars',
    parent: 'served',
    ms: [20, 30],
    server_service_name: 'ratings',
    status: 'server_error',
    response_code: 503,
  },
  { id: 'other', parent: 'root', ms: [60, 61], server_service_name: 'details' },
);
const { ids } = model.columns;
const nameAt = (span: number): string => testName(spanIdAt(ids, span));
const rowsOf = (folding: Partial<Folding>, filter?: Parameters<typeof visibleRows>[2]): readonly string[] => {
  const { span, isHop, level } = visibleRows(model, { ...allOpen, ...folding }, filter);
  return Array.from(span, (position, row) => `${level[row]} ${nameAt(position)}${isHop[row] === 1 ? ' hop' : ''}`);
};
const at = (id: string): number => positionOf(ids, testId(id));

describe('rows', () => {
  it('are one for each call, by their start, unless it is unfolded', () => {
    expect(rowsOf({})).toEqual(['0 root', '1 call', '2 stars', '1 other']);
    expect(rowsOf({ unfolded: new Set([at('call')]) })).toEqual([
      '0 root',
      '1 call',
      '2 call hop',
      '2 served hop',
      '2 stars',
      '1 other',
    ]);
  });

  it('are closed by level, one by one, or to a subtree', () => {
    expect(rowsOf({ depth: 0 })).toEqual(['0 root']);
    expect(rowsOf({ depth: 1 })).toEqual(['0 root', '1 call', '1 other']);
    expect(rowsOf({ depth: 1, opened: new Set([at('call')]) })).toHaveLength(4);
    expect(rowsOf({ closed: new Set([at('call')]) })).toEqual(['0 root', '1 call', '1 other']);
    expect(rowsOf({ focus: at('call') })).toEqual(['0 call', '1 stars']);
  });
});

describe('a filter within a trace', () => {
  it('finds calls by any of their observations, and keeps what leads there', () => {
    const found = filterSpans(model, { ...noFilter, text: 'reviews/<B>' });
    expect(found.count).toBe(1);
    expect(rowsOf({}, found)).toEqual(['0 root', '1 call']);
    expect(rowsOf({}, filterSpans(model, { ...noFilter, onlyErrors: true }))).toEqual(['0 root', '1 call', '2 stars']);
    expect(filterSpans(model, { ...noFilter, text: '503' }).count).toBe(1);
    expect(filterSpans(model, { ...noFilter, text: 'sta' }).count).toBe(0);
    expect(filterSpans(model, { ...noFilter, text: testId('stars') }).count).toBe(1);
  });

  it('holds together: one observation has to satisfy all of it', () => {
    expect(filterSpans(model, { ...noFilter, service: 'ratings', minDurationNs: 20e6 }).count).toBe(0);
    expect(filterSpans(model, { ...noFilter, service: 'ratings', minDurationNs: 10e6 }).count).toBe(1);
    expect(filterSpans(model, { ...noFilter, onlyPath: true }).count).toBe(4);
    expect(isFiltering(noFilter)).toBe(false);
    expect(isFiltering({ ...noFilter, onlyPath: true })).toBe(true);
  });
});
