import { describe, expect, it } from 'vitest';
import { readParameters } from '../http/read-parameters.ts';
import { writeParameters } from '../http/write-parameters.ts';
import type { SpanFilter } from '../store/trace-store.ts';
import { filterOf, filterValues } from './filter-parameters.ts';
import { listTraces } from './routes/list-traces.ts';

type Parsed =
  | { readonly kind: 'filter'; readonly filter: SpanFilter & { readonly sort: string; readonly limit: number } }
  | { readonly kind: 'problems'; readonly problems: readonly string[] };

function parse(text: string): Parsed {
  const read = readParameters(listTraces, {}, new URLSearchParams(text));
  if (read.kind === 'problems') return read;
  const { query } = read.request;
  return { kind: 'filter', filter: { ...filterOf(query), sort: query.sort, limit: query.limit } };
}

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
    const filter: SpanFilter = {
      service: "a b&c='",
      status: 'timeout',
      minDurationNs: 1_234_567,
      maxDurationNs: 9_000_000_000_001,
      fromNs: 1_760_000_000_000_000_001n,
    };
    const after = { key: 1_760_000_000_000_000_000n, id: 'ab'.repeat(16) };
    const query = { ...filterValues(filter), sort: 'slowest', limit: 1000, cursor: after } as const;
    const written = writeParameters(listTraces, { path: {}, query });
    if (written.kind === 'problems') throw new Error(written.problems.join());
    const search = written.path.slice(written.path.indexOf('?') + 1);
    expect(parse(search)).toEqual({ kind: 'filter', filter: { ...filter, sort: 'slowest', limit: 1000 } });
    expect(readParameters(listTraces, {}, new URLSearchParams(search))).toMatchObject({
      request: { query: { cursor: after } },
    });
  });

  it('of a place in a list are those of a list', () => {
    expect(parse('cursor=1-zz')).toMatchObject({ problems: ['cursor: must be next_cursor of a list'] });
    expect(parse('cursor=99999999999999999999-ab').kind).toBe('problems');
  });
});
