import { expect, it } from 'vitest';
import { parseTraceFilter, traceFilterParameters } from '../../query/api/trace-filter-parameters.ts';
import { filterOf } from './traces.ts';

it('what is asked for reaches the API whatever its size', () => {
  const day = 86_400_000;
  for (const options of [{ slowerThan: 0.0004 }, { slowerThan: 100 * day }, { since: 36_500 * day }, { since: 0 }]) {
    const filter = filterOf({ ...options, limit: 1000 });
    expect(parseTraceFilter(traceFilterParameters(filter))).toEqual({ kind: 'filter', filter });
  }
});
