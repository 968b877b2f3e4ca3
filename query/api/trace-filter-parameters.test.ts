import { describe, expect, it } from 'vitest';
import { parseTraceFilter, traceFilterParameters } from './trace-filter-parameters.ts';
import type { TraceFilter } from '../store/trace-store.ts';

const parse = (text: string): ReturnType<typeof parseTraceFilter> => parseTraceFilter(new URLSearchParams(text));

describe('parameters of a list', () => {
  it('are all optional', () => {
    expect(parse('')).toEqual({ kind: 'filter', filter: { sort: 'newest', limit: 20 } });
    expect(parse('service=&limit=')).toEqual({ kind: 'filter', filter: { sort: 'newest', limit: 20 } });
  });

  it('are read with their units', () => {
    const text =
      'service=shop&endpoint=/api&protocol=http1&status=error&min_duration=1.5ms&max_duration=2s' +
      '&from=2026-01-31T12:00:00Z&to=1769861400&sort=slowest&limit=5';
    expect(parse(text)).toEqual({
      kind: 'filter',
      filter: {
        service: 'shop',
        endpoint: '/api',
        protocol: 'http1',
        status: 'error',
        minDurationNs: 1_500_000,
        maxDurationNs: 2_000_000_000,
        fromNs: 1_769_860_800_000_000_000n,
        toNs: 1_769_861_400_000_000_000n,
        sort: 'slowest',
        limit: 5,
      },
    });
    for (const time of ['1769860800', '1769860800000', '1769860800000000', '1769860800000000000'])
      expect(parse(`from=${time}`)).toMatchObject({ filter: { fromNs: 1_769_860_800_000_000_000n } });
  });

  it('that are wrong are told all at once', () => {
    const parsed = parse('limit=0&limit=3&sort=oldest&status=bad&from=soon&min_duration=long&color=red&to=99999999999');
    expect(parsed.kind).toBe('problems');
    const problems = parsed.kind === 'problems' ? parsed.problems : [];
    for (const name of ['limit', 'sort', 'status', 'from', 'min_duration', 'color', 'to'])
      expect(problems.filter((problem) => problem.startsWith(`${name}: `))).toHaveLength(1);
    expect(parse('limit=1001')).toMatchObject({ problems: ['limit: must be at most 1000, not "1001"'] });
    expect(parse(`service=${'x'.repeat(1001)}`).kind).toBe('problems');
    expect(parse('min_duration=99999999999d').kind).toBe('problems');
  });

  it('can be made of a filter and read again', () => {
    const filter: TraceFilter = {
      service: "a b&c='",
      status: 'timeout',
      minDurationNs: 1_234_567,
      maxDurationNs: 9_000_000_000_001,
      fromNs: 1_760_000_000_000_000_001n,
      sort: 'slowest',
      limit: 1000,
    };
    expect(parse(traceFilterParameters(filter).toString())).toEqual({ kind: 'filter', filter });
  });
});
