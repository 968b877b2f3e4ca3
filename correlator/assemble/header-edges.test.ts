import { describe, expect, test } from 'vitest';
import type { Span } from '../../schemas/generated/span.ts';
import { callOf, carrying, innerCall, lasting, reportedSpan, Scenario } from '../testing/scenario.ts';
import { afterRequest, hexId, side } from '../testing/span-messages.ts';

/** The parents of spans, by their numbers, whatever the order in which they came. */
function parentsOf(spans: readonly Span[], of: readonly Span[] = spans): readonly (number | undefined)[] {
  const outcomes = [spans, spans.toReversed()].map((inTurn) => {
    const scenario = new Scenario();
    for (const span of inTurn) scenario.arrive(100, span);
    scenario.drain();
    return of.map((span) => {
      const parent = scenario.parentOf(span);
      return parent === undefined ? undefined : Number.parseInt(parent, 16);
    });
  });
  expect(outcomes[1]).toEqual(outcomes[0]);
  return outcomes[0]!;
}

const caller = { program: 100 };
/** The span that made the call, the call's two views 2 and 3, and what the server says of it. */
const exit = reportedSpan(0xa1, 0, 'c-app', [0, 101], caller);
const [call, served] = callOf(1, 0, 100, carrying(0xa1));
const entry = reportedSpan(0xb1, 0xa1, 's-app', [5, 95]);

/** A view of the call on the network. */
const onNetwork = (id: number, observationPoint: string, facts: Partial<Span> = {}): Span => ({
  ...call,
  spanId: hexId(id),
  observationPoint,
  signalSource: 'packet',
  processId: 0,
  startTimeNs: call.startTimeNs + BigInt(id) * 1_000n,
  ...facts,
});

test('reported spans lie between what the kernel saw of their process', () => {
  const work = reportedSpan(0xb2, 0xb1, 'app', [6, 90]);
  const nextExit = reportedSpan(0xb3, 0xb2, 'c-app', [9, 80]);
  const inner = innerCall(901, 10, 20, carrying(0xb3));
  const scenario = new Scenario();
  scenario.arrive(100, inner, nextExit, work, entry, served, call, exit);
  scenario.drain();
  expect(scenario.traces).toMatchObject([{ rootCount: 1, carriedTraceId: 'd'.repeat(32) }]);
  expect(scenario.traces[0]!.spans.map(({ spanId }) => spanId)).toEqual(
    [exit, call, served, entry, work, nextExit, inner].map(({ spanId }) => spanId),
  );
  expect(scenario.find(entry)).toMatchObject({ reason: 'trace_context', confidence: 0.9999 });
});

describe('a reported span hangs below the last view of the call that carried the id of its parent', () => {
  const views = [onNetwork(10, 'c'), onNetwork(20, 'c-nd'), onNetwork(30, 's')];

  test.each<[string, readonly Span[], readonly number[]]>([
    ['seen at both ends and between', [call, ...views, served], [0xa1, 2, 10, 20, 30]],
    ['seen on the network only', views, [0xa1, 10, 20]],
    ['seen at its client only', [call], [0xa1]],
    ['seen at its server only', [served], [0xa1]],
  ])('%s', (_, seen, parents) => {
    const last = Number.parseInt(seen.at(-1)!.spanId, 16);
    expect(parentsOf([exit, ...seen, entry])).toEqual([undefined, ...parents, last]);
  });

  test('seen nowhere: below the span itself', () => {
    expect(parentsOf([exit, entry])).toEqual([undefined, 0xa1]);
  });

  test('while the span that made the call is lost', () => {
    expect(parentsOf([call, served, entry])).toEqual([undefined, 2, 3]);
  });

  test('behind proxies that pass the id on, one seen and one not', () => {
    const context = carrying(0xa1);
    const passed = innerCall(40, 10, 90, { ...context, causes: [afterRequest(served)], server: side(7, 80) });
    const behind = {
      ...passed,
      spanId: hexId(41),
      observationPoint: 's-p',
      processId: 300,
      causes: [],
      ...lasting(12, 88),
    };
    const unseen = { ...behind, spanId: hexId(42), processId: 400, requestTcpSequence: 77, responseTcpSequence: 78 };
    const spans = [exit, call, served, passed, behind, entry];
    expect(parentsOf(spans)).toEqual([undefined, 0xa1, 2, 3, 40, 41]);
    const further = { ...unseen, ...lasting(20, 80) };
    expect(parentsOf([exit, call, served, passed, further, entry])).toEqual([undefined, 0xa1, 2, 3, 40, 42]);
  });
});

test('parts of a span that made a call stay beside the call', () => {
  const connect = reportedSpan(0xa2, 0xa1, 'app', [0, 1], caller);
  const nested = reportedSpan(0xa3, 0xa1, 'c-app', [1, 99], caller);
  expect(parentsOf([exit, connect, nested, call, served, entry])).toEqual([undefined, 0xa1, 0xa1, 0xa1, 2, 3]);
  expect(parentsOf([connect, call, served, entry])).toEqual([undefined, undefined, 2, 3]);
});

describe('a client that tries twice with one id', () => {
  const context = carrying(0xa1);
  const wide = reportedSpan(0xa1, 0, 'c-app', [0, 501], caller);
  const [again, servedAgain] = callOf(5, 400, 500, context);
  const entries = (offsetMs: number): readonly Span[] => [
    reportedSpan(0xb1, 0xa1, 's-app', [2 + offsetMs, 98 + offsetMs]),
    reportedSpan(0xb2, 0xa1, 's-app', [402 + offsetMs, 498 + offsetMs]),
  ];

  test('has both calls, and each with what its server says of it', () => {
    const spans = [wide, call, served, again, servedAgain, ...entries(0)];
    expect(parentsOf(spans)).toEqual([undefined, 0xa1, 2, 0xa1, 10, 3, 11]);
  });

  test.each([
    ['50 ms', 50],
    ['-50 ms', -50],
    ['three minutes', 180_000],
    ['just the time between both', 400],
  ])('has no wrong one where the clock of the server is off by %s', (_, offsetMs) => {
    const [one, two] = entries(offsetMs);
    const parents = parentsOf([wide, call, served, again, servedAgain, one!, two!], [one!, two!]);
    expect(parents).toEqual([0xa1, 0xa1]);
  });

  test('is told by the port that the server says, whatever the clocks', () => {
    const at = (id: number, port: number): Span =>
      reportedSpan(id, 0xa1, 's-app', [180_000, 180_090], { client: side(1, port) });
    const [one, two] = [at(0xb1, 30_001), at(0xb2, 30_005)];
    expect(parentsOf([wide, call, served, again, servedAgain, one, two], [one, two])).toEqual([3, 11]);
  });
});

test('where several programs sent the id and how is not known, only the outermost call is the span’s own', () => {
  const context = carrying(0xa1);
  const [behind, servedBehind] = callOf(7, 20, 60, context);
  const spans = [exit, call, served, { ...behind, processId: 777 }, { ...servedBehind, processId: 888 }];
  expect(parentsOf(spans)).toEqual([undefined, 0xa1, 2, undefined, 14]);
});

test('trace ids of 64 bits and their 32 digits are one', () => {
  const short = '00f067aa0ba902b7';
  const long = { headerTraceId: '0'.repeat(16) + short };
  const [client, server] = callOf(1, 0, 100, { ...carrying(0xa1), headerTraceId: short });
  const scenario = new Scenario();
  scenario.arrive(100, { ...exit, ...long }, client, server, { ...entry, ...long });
  scenario.drain();
  expect(scenario.traces).toMatchObject([{ rootCount: 1, carriedTraceId: long.headerTraceId }]);
  expect(scenario.parentOf(entry)).toBe(hexId(3));
});

describe('spans that state what cannot be', () => {
  test('their own id, each other, or a parent that never comes: they are roots', () => {
    const own = reportedSpan(1, 1, 'app', [0, 10]);
    expect(parentsOf([own])).toEqual([undefined]);
    const circle = [reportedSpan(1, 2, 'app', [0, 10]), reportedSpan(2, 1, 'app', [1, 9])];
    expect(parentsOf(circle)).toEqual([undefined, 1]);
    expect(parentsOf([reportedSpan(1, 99, 's-app', [0, 10])])).toEqual([undefined]);
  });

  test('a span that comes twice counts once, as it came first', () => {
    const scenario = new Scenario();
    scenario.arrive(100, entry);
    scenario.arrive(100, { ...entry, endpoint: 'another', parentSpanId: '', agentId: 8 });
    scenario.drain();
    expect(scenario.correlator.accounting()).toMatchObject({ received: 2, emitted: 1, dropped: { duplicate: 1 } });
    expect(scenario.find(entry).endpoint).toBe(entry.endpoint);
  });

  test('ids that are told apart by their traces only are all there', () => {
    const scenario = new Scenario();
    const others = ['a', 'b'].map((digit) => ({ ...entry, headerTraceId: digit.repeat(32) }));
    const process = { ...call, headerTraceId: '', headerSpanId: '', spanId: entry.spanId };
    scenario.arrive(100, ...others, process);
    scenario.drain();
    expect(scenario.traces.map(({ spans }) => spans.length)).toEqual([1, 1, 1]);
    expect(new Set(scenario.traces.map(({ traceId }) => traceId)).size).toBe(3);
  });
});
