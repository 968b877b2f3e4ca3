import { describe, expect, test } from 'vitest';
import { Random } from '../../core/testing/random.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { afterResponse } from '../testing/span-messages.ts';
import { callOf, innerCall, Scenario } from '../testing/scenario.ts';

/** A request with the call that it makes, and nothing that says so. */
interface Served {
  readonly request: Span;
  readonly call: Span;
}

/** Requests of a busy process, a new one every 5 ms, each open for about `openMs`; their calls begin 2 to 4 ms after them. */
function busy(
  count: number,
  openMs: number,
  random = new Random(3),
): { spans: readonly Span[]; served: readonly Served[] } {
  const spans: Span[] = [];
  const served: Served[] = [];
  for (let id = 1; id <= count; id++) {
    const fromMs = 5 * id + random.next();
    const [outside, request] = callOf(id, fromMs, fromMs + openMs * (1 + 0.5 * random.next()));
    const callFromMs = fromMs + 3 + 2 * random.next();
    const call = innerCall(1_000_000 + id, callFromMs, callFromMs + 0.4 * openMs * random.next());
    spans.push(outside, call, request);
    served.push({ request, call });
  }
  return { spans, served };
}

/** Takes the spans in as they end, and gives the share of calls whose likeliest parent is their request, and their claims. */
function shareOfRight(scenario: Scenario, { spans, served }: ReturnType<typeof busy>) {
  const inOrder = spans.toSorted((a, b) => a.responseEventId - b.responseEventId);
  for (let from = 0; from < inOrder.length; from += 100) {
    const batch = inOrder.slice(from, from + 100);
    scenario.arrive(batch.at(-1)!.responseEventId / 10, ...batch);
  }
  scenario.drain();
  const found = new Map(scenario.traces.flatMap((trace) => trace.spans).map((span) => [span.spanId, span]));
  // The first requests are alone: time decides.
  const outcomes = served.slice(10).map(({ request, call }) => ({ request, call: found.get(call.spanId)! }));
  const right = outcomes.filter(({ request, call }) => call.likelyParents[0]?.spanId === request.spanId);
  return { right: right.length / outcomes.length, calls: outcomes.map(({ call }) => call) };
}

/** The same, where whoever read the response of a call then woke these threads, by the request of the call. */
function woken(work: ReturnType<typeof busy>, wokenBy: (index: number) => readonly number[]): typeof work {
  const causes = new Map<string, Span['causes']>();
  for (const [index, { call }] of work.served.entries()) {
    for (const request of wokenBy(index)) {
      const spanId = work.served[request]?.request.spanId ?? '';
      causes.set(spanId, [...(causes.get(spanId) ?? []), afterResponse(call, { rule: 'wake', learned: false })]);
    }
  }
  return { ...work, spans: work.spans.map((span) => ({ ...span, causes: causes.get(span.spanId) ?? [] })) };
}

const withParent = (calls: readonly Span[]): number =>
  calls.filter(({ reason, parentSpanId }) => reason === 'wake' && parentSpanId !== '').length;

describe('a wake-up after the response of a call', () => {
  test('makes the likeliest parent certain, once the process is known', () => {
    const work = woken(busy(1_000, 60), (index) => [index]);
    const { calls } = shareOfRight(new Scenario(), work);
    expect(withParent(calls.slice(0, 150))).toBe(0);
    expect(withParent(calls.slice(400))).toBeGreaterThan(550);
    for (const [index, { request }] of work.served.slice(10).entries())
      if (calls[index]!.reason === 'wake') expect(calls[index]!.parentSpanId).toBe(request.spanId);
  });

  test('does not where others are woken, too: a connection of a pool is free again', () => {
    const { calls } = shareOfRight(
      new Scenario(),
      woken(busy(1_000, 60), (index) => (index % 40 === 0 ? [index, index + 1] : [index])),
    );
    expect(withParent(calls)).toBe(0);
  });

  test('does not where it names another than the likeliest', () => {
    const { calls } = shareOfRight(
      new Scenario(),
      woken(busy(1_000, 60), (index) => [index % 40 === 0 ? index + 1 : index]),
    );
    expect(withParent(calls)).toBeLessThan(40);
  });
});

describe('likely parents', () => {
  test('are found by when calls usually come, and never become parents', () => {
    const { right, calls } = shareOfRight(new Scenario(), busy(600, 60));
    expect(right).toBeGreaterThan(0.7);
    expect(calls.filter(({ parentSpanId }) => parentSpanId !== '')).toEqual([]);
    const claims = calls.flatMap(({ likelyParents }) => likelyParents.map(({ confidence }) => confidence));
    expect(Math.max(...claims)).toBeLessThanOrEqual(0.999);
    expect(Math.min(...claims)).toBeGreaterThanOrEqual(0.1);
    expect(Math.max(...calls.map(({ likelyParents }) => likelyParents.length))).toBeLessThanOrEqual(3);
    for (const { likelyParents } of calls) {
      const inTurn = likelyParents.map(({ confidence }) => confidence);
      expect(inTurn).toEqual(inTurn.toSorted((a, b) => b - a));
    }
  });

  test('are claimed less where requests take so long that others like them have not arrived', () => {
    const quick = shareOfRight(new Scenario(), busy(300, 60)).calls;
    const slow = shareOfRight(new Scenario({ quietMs: 50 }), busy(300, 60)).calls;
    const claimed = (calls: readonly Span[]): number =>
      calls.reduce((sum, { likelyParents: [best] }) => sum + (best?.confidence ?? 0), 0) / calls.length;
    expect(claimed(slow)).toBeLessThan(0.5 * claimed(quick));
  });

  test('are the same for the same messages', () => {
    const texts = [1, 2].map(() => {
      const scenario = new Scenario();
      shareOfRight(scenario, busy(100, 60));
      return scenario.messages.map(({ value }) => Buffer.from(value).toString('latin1'));
    });
    expect(texts[0]).toEqual(texts[1]);
  });

  test('are none where too many requests are open', () => {
    const { calls } = shareOfRight(new Scenario(), busy(400, 1_500));
    // The first ones have few enough around them.
    expect(calls.slice(200).every(({ likelyParents }) => likelyParents.length === 0)).toBe(true);
  });
});
