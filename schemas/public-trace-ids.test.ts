import { expect, it } from 'vitest';
import { publicTraceIds } from './public-trace-ids.ts';

it('a carried id names the earliest that carries it, unless another is stored by it', () => {
  const trace = (traceId: string, carriedTraceId: string, startTimeNs: bigint) => ({
    traceId,
    carriedTraceId,
    startTimeNs,
  });
  const ids = publicTraceIds([
    trace('b', 'w', 2n),
    trace('a', 'w', 1n),
    trace('d', 'x', 5n),
    trace('c', 'x', 5n),
    trace('e', 'b', 1n),
    trace('f', '', 1n),
  ]);
  expect(Object.fromEntries(ids)).toEqual({ a: 'w', b: 'b', c: 'x', d: 'd', e: 'e', f: 'f' });
});
