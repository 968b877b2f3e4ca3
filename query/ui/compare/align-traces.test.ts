import { describe, expect, it } from 'vitest';
import { aTraceModel, modelOf, type TestSpan } from '../trace/model/testing/a-trace-model.ts';
import { testName } from '../trace/model/testing/outline-of.ts';
import { alignTraces, type AlignedCall, byDifference, differenceNs } from './align-traces.ts';

const call = (id: string, parent: string, server: string, ms: readonly [number, number]): TestSpan => ({
  id,
  parent,
  ms,
  server_service_name: server,
  endpoint: `/${server}`,
});
const name = (call: AlignedCall['left']): string => (call === undefined ? '-' : testName(call.spanId));
const shown = (calls: readonly AlignedCall[]): readonly string[] =>
  calls.map(({ level, server, left, right }) => `${'.'.repeat(level)}${server} ${name(left)} ${name(right)}`);

const left = aTraceModel(
  call('1', '', 'shop', [0, 100]),
  call('2', '1', 'cart', [10, 20]),
  call('3', '1', 'stock', [20, 40]),
  call('4', '1', 'stock', [50, 60]),
  call('5', '4', 'db', [52, 55]),
);
const right = aTraceModel(
  call('a', '', 'shop', [0, 150]),
  call('b', '1x', 'lost', [5, 6]),
  call('c', 'a', 'stock', [10, 80]),
  call('d', 'a', 'ads', [85, 90]),
  call('e', 'a', 'stock', [90, 100]),
  call('f', 'e', 'db', [92, 99]),
);

describe('calls of two traces', () => {
  it('are one where the same call made them, to the same server, as the same one of several', () => {
    expect(shown(alignTraces(left, right))).toEqual([
      'shop 1 a',
      '.cart 2 -',
      '.stock 3 c',
      '.ads - d',
      '.stock 4 e',
      '..db 5 f',
      'lost - b',
    ]);
  });

  it('differ by their durations and own times', () => {
    const calls = alignTraces(left, right);
    expect(differenceNs(calls[0]!, 'durationNs')).toBe(50e6);
    expect(differenceNs(calls[2]!, 'ownNs')).toBe(50e6);
    expect(differenceNs(calls[1]!, 'durationNs')).toBeUndefined();
    expect(byDifference(calls)[0]?.server).toBe('stock');
  });

  it('are all the same of a trace and itself, and all alone beside none', () => {
    expect(alignTraces(left, left).every((each) => differenceNs(each, 'durationNs') === 0)).toBe(true);
    expect(alignTraces(left, aTraceModel()).every((each) => each.right === undefined)).toBe(true);
    expect(alignTraces(aTraceModel(), aTraceModel())).toEqual([]);
  });

  it('may be below one another ten thousand times, or beside one another', () => {
    const deep = modelOf(
      Array.from({ length: 10_000 }, (_, at) => call(`s${at}`, at === 0 ? '' : `s${at - 1}`, 'chain', [at / 1e4, 2])),
    );
    const wide = modelOf(
      Array.from({ length: 10_000 }, (_, at) => call(`s${at}`, at === 0 ? '' : 's0', `x${at % 7}`, [at / 1e4, 2])),
    );
    expect(alignTraces(deep, deep)).toHaveLength(10_000);
    expect(alignTraces(wide, wide)).toHaveLength(10_000);
  });
});
