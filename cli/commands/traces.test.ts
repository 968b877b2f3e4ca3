import { expect, it } from 'vitest';
import { filterOf as filterOfValues, filterValues } from '../../query/api/filter-parameters.ts';
import { listTraces } from '../../query/api/routes/list-traces.ts';
import { readParameters } from '../../query/http/read-parameters.ts';
import { writeParameters } from '../../query/http/write-parameters.ts';
import { filterOf } from './traces.ts';

it('what is asked for reaches the API whatever its size', () => {
  const day = 86_400_000;
  for (const options of [{ slowerThan: 0.0004 }, { slowerThan: 100 * day }, { since: 36_500 * day }, { since: 0 }]) {
    const filter = filterOf({ ...options, limit: 1000 });
    const { sort, limit } = filter;
    const written = writeParameters(listTraces, { path: {}, query: { ...filterValues(filter), sort, limit } });
    if (written.kind === 'problems') throw new Error(written.problems.join());
    const { searchParams } = new URL(written.path, 'http://localhost');
    const read = readParameters(listTraces, {}, searchParams);
    if (read.kind === 'problems') throw new Error(read.problems.join());
    const { query } = read.request;
    expect({ ...filterOfValues(query), sort: query.sort, limit: query.limit }).toEqual(filter);
  }
});
