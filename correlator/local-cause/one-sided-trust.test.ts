import { describe, expect, test } from 'vitest';
import type { Span } from '../../schemas/generated/span.ts';
import { callOf, innerCall, Scenario } from '../testing/scenario.ts';
import { afterRequest, afterResponse, side } from '../testing/span-messages.ts';

const doubt = { learned: false, confidence: 0.6 } as const;

/** Requests of a process, one every 10 ms and each open for 200 ms, so that about twenty are open at any time. */
function busyRequests(
  from: number,
  count: number,
  work: (id: number, fromMs: number, served: Span) => readonly Span[],
) {
  const spans: Span[] = [];
  for (let id = from; id < from + count; id++) {
    const fromMs = id * 10;
    const [call, served] = callOf(id, fromMs, fromMs + 200);
    const inner = work(id, fromMs, served);
    const last = inner.at(-1);
    spans.push(call, ...inner, last === undefined ? served : { ...served, ...replyAfter(last) });
  }
  return spans;
}

const replyAfter = (call: Span): Pick<Span, 'causes'> => ({ causes: [afterResponse(call)] });

/** How many of these calls have a parent by what is known of each alone. */
function known(scenario: Scenario, calls: readonly Span[]): number {
  const reasons = new Map(scenario.traces.flatMap(({ spans }) => spans).map((span) => [span.spanId, span.reason]));
  return calls.filter(({ spanId }) => !['root', 'assignment'].includes(reasons.get(spanId)!)).length;
}

const id = (request: number, call: number): number => 10_000 + request * 10 + call;

describe('one side of a call is enough', () => {
  test('where work stays in the context that read the request, and not where it moves', () => {
    for (const readBy of [501, 502]) {
      const scenario = new Scenario();
      const calls: Span[] = [];
      const spans = busyRequests(1, 50, (request, fromMs, served) => {
        const first = innerCall(id(request, 1), fromMs + 10, fromMs + 20, { causes: [afterRequest(served)] });
        const second = innerCall(id(request, 2), fromMs + 11, fromMs + 30, { causes: [afterRequest(served)] });
        calls.push(first);
        return [first, second];
      });
      const served = (span: Span): Span =>
        span.observationPoint === 's-p' ? { ...span, requestContextId: readBy, responseContextId: 501 } : span;
      scenario.arrive(1_000, ...spans.map(served));
      scenario.drain();
      // Each first call has a request side only: the reply came after the response of the second. The first request is alone.
      expect(known(scenario, calls.slice(1))).toBe(readBy === 501 ? calls.length - 1 : 0);
    }
  });

  test('until the two sides of calls to its endpoint differ, and again after hundreds that agreed', () => {
    const scenario = new Scenario();
    const oneSided: Span[] = [];
    const store = side(3, 6379);
    const other = side(4, 3306);
    const elsewhere: Span[] = [];
    let isConfused = false;
    const work = (request: number, fromMs: number, served: Span): readonly Span[] => {
      const wrong = callOf(request - 1, fromMs - 10, fromMs + 190)[1];
      const calls = [
        innerCall(id(request, 1), fromMs + 10, fromMs + 20, { causes: [afterRequest(served)] }),
        innerCall(id(request, 2), fromMs + 11, fromMs + 21, { server: other, causes: [afterRequest(served)] }),
        innerCall(id(request, 3), fromMs + 12, fromMs + 30, {
          server: store,
          causes: [afterRequest(isConfused ? wrong : served)],
        }),
      ];
      oneSided.push(calls[0]!);
      elsewhere.push(calls[1]!);
      return calls;
    };
    const phase = (from: number, count: number): readonly [store: number, elsewhere: number] => {
      oneSided.length = elsewhere.length = 0;
      for (let next = from; next < from + count; next += 50)
        scenario.arrive(next * 10 + 1_000, ...busyRequests(next, 50, work));
      scenario.arrive((from + count) * 10 + 10_000);
      return [known(scenario, oneSided) / count, known(scenario, elsewhere) / count];
    };
    expect(phase(100, 200)).toEqual([1, 1]);
    isConfused = true;
    expect(phase(1_500, 50)).toEqual([0, 1]);
    isConfused = false;
    expect(phase(3_000, 500)).toEqual([0, 1]);
    phase(5_000, 2_000);
    expect(phase(9_000, 50)).toEqual([1, 1]);
  });
});

describe('a connection that a response has just freed', () => {
  /** Two calls one after the other on one connection. */
  function pair(request: number, fromMs: number, causes: Pick<Span, 'causes'>): readonly [Span, Span] {
    const client = side(2, 40_000 + request);
    const first = innerCall(id(request, 1), fromMs + 10, fromMs + 20, { client, ...causes });
    const second = innerCall(id(request, 2), fromMs + 21, fromMs + 30, { client, causes: [afterResponse(first)] });
    return [first, second];
  }

  test('is handed to the next request in the queue of its pool: its response side decides', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    const [waitingCall, waiting] = callOf(2, 2, 90);
    const [query, handedOver] = pair(1, 0, { causes: [afterRequest(served)] });
    scenario.arrive(100, call, query, handedOver, { ...waiting, ...replyAfter(handedOver) }, waitingCall, served);
    scenario.drain();
    expect(scenario.parentOf(query)).not.toBe(waiting.spanId);
    expect(scenario.parentOf(handedOver)).not.toBe(served.spanId);
  });

  test('says nothing of the next call while that has no response side', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    const [waitingCall, waiting] = callOf(2, 2, 90);
    const [query, next] = pair(1, 0, { causes: [afterRequest(served)] });
    scenario.arrive(100, call, query, next, waiting, waitingCall, served);
    scenario.drain();
    expect(scenario.parentOf(query)).toBe(served.spanId);
    expect(scenario.parentOf(next)).toBeUndefined();
  });

  test('is kept by its request where that was so for long', () => {
    const scenario = new Scenario();
    const spans = busyRequests(1, 100, (request, fromMs, served) =>
      pair(request, fromMs, { causes: [afterRequest(served)] }),
    );
    scenario.arrive(1_300, ...spans);
    const [call, served] = callOf(1_000, 10_000, 10_100);
    const [otherCall, other] = callOf(1_001, 10_002, 10_099);
    const [query, next] = pair(1_000, 10_000, { causes: [afterRequest(served)] });
    scenario.arrive(10_100, call, query, next, other, otherCall, served);
    scenario.drain();
    expect(scenario.parentOf(next)).toBe(served.spanId);
  });
});

test('what leads to another reply by way of later calls contradicts as well', () => {
  const scenario = new Scenario();
  const [call, served] = callOf(1, 0, 100);
  const [otherCall, other] = callOf(2, 2, 99);
  const first = innerCall(901, 10, 20, { causes: [afterRequest(served)] });
  const second = innerCall(902, 21, 30, { causes: [afterResponse(first, doubt)] });
  scenario.arrive(100, first, second, { ...other, causes: [afterResponse(second, doubt)] }, otherCall, served, call);
  scenario.drain();
  expect(scenario.parentOf(first)).toBeUndefined();
});

test('a queue that was not learned does not confirm itself', () => {
  const scenario = new Scenario();
  const queued = { ...doubt, rule: 'queue' } as const;
  const [call, served] = callOf(1, 0, 100);
  const [otherCall, other] = callOf(2, 2, 99);
  const inner = innerCall(901, 10, 20, { causes: [afterRequest(served, queued)] });
  scenario.arrive(100, inner, { ...served, causes: [afterResponse(inner, queued)] }, call, other, otherCall);
  scenario.drain();
  expect(scenario.parentOf(inner)).toBeUndefined();
});

test('what a context serves is enough, also where work moves between threads', () => {
  const scenario = new Scenario();
  const spans = busyRequests(1, 20, (request, fromMs, served) => [
    innerCall(id(request, 1), fromMs + 10, fromMs + 20, { causes: [afterRequest(served, { rule: 'context' })] }),
  ]).map((span) => (span.observationPoint === 's-p' ? { ...span, requestContextId: 502, causes: [] } : span));
  scenario.arrive(1_000, ...spans);
  scenario.drain();
  const calls = spans.filter(({ processId, observationPoint }) => processId === 200 && observationPoint === 'c-p');
  expect(calls).toHaveLength(20);
  expect(known(scenario, calls)).toBe(20);
  expect(scenario.find(calls[0]!)).toMatchObject({ reason: 'context', confidence: 0.9999 });
});
