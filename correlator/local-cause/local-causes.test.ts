import { describe, expect, test } from 'vitest';
import type { Span } from '../../schemas/generated/span.ts';
import { callOf, innerCall, Scenario } from '../testing/scenario.ts';
import { afterRequest, afterResponse } from '../testing/span-messages.ts';

describe('what caused a call', () => {
  test('a learned rule is enough on one side, and better on two', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100, {});
    const first = innerCall(901, 10, 20, { causes: [afterRequest(served)] });
    const second = innerCall(902, 11, 30, { causes: [afterRequest(served)] });
    scenario.arrive(100, first, second, { ...served, causes: [afterResponse(second)] }, call);
    scenario.drain();
    expect(scenario.find(first)).toMatchObject({
      parentSpanId: served.spanId,
      reason: 'last_read',
      confidence: 0.9999,
    });
    expect(scenario.find(second)).toMatchObject({ parentSpanId: served.spanId, reason: 'agreement' });
    expect(scenario.find(second).confidence).toBeGreaterThan(0.9999);
  });

  test('a call that continued a response has the parent of that call, however long the row', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 10_000);
    const row: Span[] = [];
    for (let index = 0; index < 900; index++) {
      const causes = [index === 0 ? afterRequest(served) : afterResponse(row[index - 1]!)];
      row.push(innerCall(5000 + index, 10 + index * 10, 18 + index * 10, { causes }));
    }
    scenario.arrive(10_000, ...row, { ...served, causes: [afterResponse(row.at(-1)!)] }, call);
    scenario.drain();
    expect(scenario.traces).toMatchObject([{ rootCount: 1, revision: 902 }]);
    for (const span of row.slice(1))
      expect(scenario.find(span)).toMatchObject({ parentSpanId: served.spanId, reason: 'resumed' });
  });

  test('a server span that had replied before the call began is refused', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    const late = innerCall(901, 200, 210, { causes: [afterRequest(served)] });
    scenario.arrive(210, served, call, late);
    scenario.drain();
    expect(scenario.parentOf(late)).toBeUndefined();
    expect(scenario.correlator.diagnostics()).toMatchObject({ cause_stale: 1 });
  });

  test('a server span that answers in parts is open up to its last byte, and at that moment no longer', () => {
    for (const [beginMs, isOpen] of [
      [40, true],
      [98.999_999, true],
      [99, false],
      [99.000_001, false],
    ] as const) {
      const scenario = new Scenario();
      const [call, whole] = callOf(1, 0, 100);
      // Its first byte is at 20 ms, its last one at 99 ms.
      const served = { ...whole, responseEventId: 200, timeToFirstByteNs: 19_000_000 };
      const inner = innerCall(901, beginMs, beginMs + 0.5, { causes: [afterRequest(served)] });
      scenario.arrive(100, served, call, inner);
      scenario.drain();
      expect(scenario.parentOf(inner), String(beginMs)).toBe(isOpen ? served.spanId : undefined);
      expect(scenario.correlator.diagnostics()).toMatchObject({ cause_stale: isOpen ? 0 : 1 });
    }
  });

  test('a reply in one piece ends at its event, whatever the times say', () => {
    const [call, whole] = callOf(1, 0, 100);
    // Of enrichers of earlier versions the time to the first byte is not known.
    for (const timeToFirstByteNs of [0, whole.durationNs]) {
      const scenario = new Scenario();
      const served = { ...whole, responseEventId: 200, timeToFirstByteNs };
      const inner = innerCall(901, 40, 50, { causes: [afterRequest(served)] });
      scenario.arrive(100, served, call, inner);
      scenario.drain();
      expect(scenario.parentOf(inner)).toBeUndefined();
    }
  });

  test('a body that is being sent counts as a request in progress, however long ago it began', () => {
    const unlearned = { learned: false, confidence: 0.6 } as const;
    for (const isStreaming of [false, true]) {
      const scenario = new Scenario();
      const [firstCall, first] = callOf(1, 0, 900);
      const streamed = { ...first, responseEventId: 20, timeToFirstByteNs: 1_000_000 };
      const [call, served] = callOf(2, 500, 600);
      const inner = innerCall(901, 510, 520, { causes: [afterRequest(served, unlearned)] });
      scenario.arrive(900, inner, served, call, ...(isStreaming ? [streamed, firstCall] : []));
      scenario.drain();
      expect(scenario.parentOf(inner)).toBe(isStreaming ? undefined : served.spanId);
    }
  });

  test('a request whose client left within the body may still be worked for', () => {
    const unlearned = { learned: false, confidence: 0.6 } as const;
    for (const status of ['ok', 'client_error', 'closed'] as const) {
      const scenario = new Scenario();
      const [leftCall, first] = callOf(1, 0, 400);
      const left = { ...first, status, responseEventId: 20, timeToFirstByteNs: 1_000_000 };
      const [call, served] = callOf(2, 500, 600);
      const inner = innerCall(901, 510, 520, { causes: [afterRequest(served, unlearned)] });
      scenario.arrive(900, left, leftCall, inner, served, call);
      scenario.drain();
      expect(scenario.parentOf(inner), status).toBe(status === 'closed' ? undefined : served.spanId);
    }
  });

  test('by time, a call within a body belongs to it if it ends before the body', () => {
    for (const [endMs, isWithin] of [
      [60, true],
      [120, false],
    ] as const) {
      const scenario = new Scenario();
      const [call, whole] = callOf(1, 0, 100);
      const served = { ...whole, responseEventId: 200, timeToFirstByteNs: 19_000_000 };
      const inner = innerCall(901, 40, endMs);
      scenario.arrive(120, served, call, inner);
      scenario.drain();
      expect(scenario.parentOf(inner)).toBe(isWithin ? served.spanId : undefined);
    }
  });

  test('sides that name different parents give none', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    const [otherCall, other] = callOf(2, 2, 99);
    const inner = innerCall(901, 10, 20, { causes: [afterRequest(served)] });
    scenario.arrive(100, inner, { ...other, causes: [afterResponse(inner)] }, otherCall, served, call);
    scenario.drain();
    expect(scenario.parentOf(inner)).toBeUndefined();
    expect(scenario.traces).toHaveLength(3);
  });

  test('a reply that is known vouches for its call, and for no call before it that was only perhaps continued', () => {
    // Two requests of one connection are read at once; a thread works them off in turn.
    const note = { learned: false, confidence: 0.5 } as const;
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 50);
    const [nextCall, next] = callOf(2, 0, 100);
    const first = innerCall(901, 10, 20);
    const second = innerCall(902, 60, 70, { causes: [afterResponse(first, note)] });
    scenario.arrive(100, first, { ...served, causes: [afterResponse(first, note)] }, call);
    scenario.arrive(100, second, { ...next, causes: [afterResponse(second)] }, nextCall);
    scenario.drain();
    expect(scenario.parentOf(first)).not.toBe(next.spanId);
    expect(scenario.parentOf(second)).toBe(next.spanId);
  });

  test('a rule that was not learned needs a second witness', () => {
    const note = { learned: false, confidence: 0.6 } as const;
    const [call, served] = callOf(1, 0, 100);
    const [otherCall, other] = callOf(2, 2, 99);
    const inner = innerCall(901, 10, 20, { causes: [afterRequest(served, note)] });
    const alone = new Scenario();
    alone.arrive(100, inner, served, call);
    alone.drain();
    expect(alone.find(inner)).toMatchObject({ parentSpanId: served.spanId, reason: 'last_read', confidence: 0.95 });
    const crowded = new Scenario();
    crowded.arrive(100, inner, other, otherCall, served, call);
    crowded.drain();
    expect(crowded.parentOf(inner)).toBeUndefined();
    const agreed = new Scenario();
    agreed.arrive(100, inner, other, otherCall, { ...served, causes: [afterResponse(inner, note)] }, call);
    agreed.drain();
    const { spanId, startTimeNs } = served;
    expect(agreed.find(inner)).toMatchObject({
      parentSpanId: '',
      likelyParents: [{ spanId, startTimeNs, reason: 'agreement', confidence: 0.84 }],
    });
    expect(agreed.correlator.diagnostics()).toMatchObject({ cause_improbable: 1 });
    const bothRules = new Scenario();
    const twice = { ...inner, causes: [...inner.causes, afterRequest(served, { ...note, rule: 'queue' })] };
    bothRules.arrive(100, twice, other, otherCall, served, call);
    bothRules.drain();
    expect(bothRules.find(inner)).toMatchObject({ parentSpanId: '', likelyParents: [{ spanId, confidence: 0.6 }] });
  });

  test('an X-Request-ID decides over a wrong note', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100, { xRequestIdRequest: 'r1' });
    const [otherCall, other] = callOf(2, 2, 99, { xRequestIdRequest: 'r2' });
    const inner = innerCall(901, 10, 20, { xRequestIdRequest: 'r1', causes: [afterRequest(other)] });
    scenario.arrive(100, inner, other, otherCall, served, call);
    scenario.drain();
    expect(scenario.find(inner)).toMatchObject({ parentSpanId: served.spanId, reason: 'x_request_id' });
  });

  test('an X-Request-ID that two open requests carry decides nothing by itself', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100, { xRequestIdRequest: 'r1' });
    const [otherCall, other] = callOf(2, 2, 99, { xRequestIdRequest: 'r1' });
    const blind = innerCall(901, 10, 20, { xRequestIdRequest: 'r1' });
    const noted = innerCall(902, 10, 20, { xRequestIdRequest: 'r1', causes: [afterRequest(other)] });
    scenario.arrive(100, blind, noted, other, otherCall, served, call);
    scenario.drain();
    expect(scenario.parentOf(blind)).toBeUndefined();
    expect(scenario.find(noted)).toMatchObject({ parentSpanId: other.spanId, reason: 'x_request_id' });
  });

  describe('of two open requests with one X-Request-ID', () => {
    const withId = { xRequestIdRequest: 'r1' };
    const [call, served] = callOf(1, 0, 100, { ...withId, endpoint: '/reviews/7' });
    const [asked, outbound] = callOf(2, 4, 99, { ...withId, endpoint: '/ratings/7' });
    const passedOn = innerCall(902, 10, 20, { ...withId, endpoint: '/ratings/7' });

    test('a sidecar passes on the one for the same', () => {
      const scenario = new Scenario();
      const inbound = innerCall(901, 1, 98, { ...withId, endpoint: '/reviews/7' });
      const other = innerCall(903, 10, 20, { ...withId, endpoint: '/health' });
      scenario.arrive(100, passedOn, other, inbound, outbound, asked, served, call);
      scenario.drain();
      expect(scenario.find(inbound)).toMatchObject({ parentSpanId: served.spanId, reason: 'x_request_id' });
      expect(scenario.find(passedOn)).toMatchObject({ parentSpanId: outbound.spanId, reason: 'x_request_id' });
      expect(scenario.parentOf(other)).toBeUndefined();
    });

    test('a program that calls itself and others may continue either', () => {
      const scenario = new Scenario();
      const toItself = innerCall(901, 3, 98, { ...withId, endpoint: '/ratings/7' });
      scenario.arrive(100, passedOn, toItself, outbound, asked, served, call);
      scenario.drain();
      expect(scenario.parentOf(toItself)).toBe(served.spanId);
      expect(scenario.parentOf(passedOn)).toBeUndefined();
    });
  });

  test('a proxy passes the trace context on', () => {
    const scenario = new Scenario();
    const context = { headerTraceId: 'c'.repeat(32), headerSpanId: '1'.repeat(16) };
    const [call, served] = callOf(1, 0, 100, context);
    const [otherCall, other] = callOf(2, 2, 99);
    const inner = innerCall(901, 10, 20, context);
    scenario.arrive(100, inner, other, otherCall, served, call);
    scenario.drain();
    expect(scenario.find(inner)).toMatchObject({ parentSpanId: served.spanId, reason: 'trace_context' });
  });

  test('without any note the only open request is taken, once it is known to be the only one', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    const inner = innerCall(901, 10, 20);
    scenario.arrive(100, inner, served, call);
    scenario.arrive(3_100);
    expect(scenario.find(inner)).toMatchObject({ parentSpanId: served.spanId, reason: 'time', confidence: 0.9 });
  });

  test('a request whose client left may still make calls: time gives them to no other request', () => {
    const scenario = new Scenario();
    scenario.arrive(100, ...callOf(7, 0, 100));
    const [leftCall, left] = callOf(1, 1_000, 1_005, { status: 'closed', responseEventId: 0, responseTcpSequence: 0 });
    const [call, served] = callOf(2, 1_008, 1_100);
    const inner = innerCall(901, 1_010, 1_020);
    scenario.arrive(1_100, left, leftCall, inner, served, call);
    scenario.arrive(5_000);
    scenario.drain();
    expect(scenario.parentOf(inner)).toBeUndefined();
  });

  test('calls of a request whose client left are no background work', () => {
    const scenario = new Scenario();
    scenario.arrive(100, ...callOf(7, 0, 100));
    const [leftCall, left] = callOf(1, 1_000, 1_005, { status: 'closed', responseEventId: 0, responseTcpSequence: 0 });
    scenario.arrive(1_020, left, leftCall, innerCall(900, 1_010, 1_020));
    scenario.arrive(6_000);
    const [call, served] = callOf(2, 7_000, 7_100);
    const inner = innerCall(901, 7_010, 7_020);
    scenario.arrive(7_100, inner, served, call);
    scenario.arrive(11_000);
    scenario.drain();
    expect(scenario.find(inner)).toMatchObject({ parentSpanId: served.spanId, reason: 'time' });
  });

  test('a call that went on from one older than the only open request is not its work', () => {
    const note = { learned: false, confidence: 0.5 } as const;
    for (const reply of [[], ['claims it']]) {
      const scenario = new Scenario();
      // Its client left, so the process answered at once; its handler went on.
      const [leftCall, left] = callOf(1, 0, 20, { status: 'client_error', responseCode: 400 });
      const older = innerCall(901, 25, 40, { endpoint: '/first' });
      const [call, served] = callOf(2, 30, 100);
      const inner = innerCall(902, 41, 60, { causes: [afterResponse(older, note)] });
      const causes = reply.length === 0 ? [] : [afterResponse(inner, note)];
      scenario.arrive(100, leftCall, left, older, inner, { ...served, causes }, call);
      scenario.arrive(3_100);
      scenario.drain();
      expect(scenario.parentOf(older)).toBeUndefined();
      expect(scenario.parentOf(inner), String(reply)).toBeUndefined();
    }
  });

  test('a learned note of a reply says nothing of calls that lead to it by notes that were not learned', () => {
    const scenario = new Scenario();
    // A pool sends what waits for a connection when the response of another request's call has freed it.
    const [leftCall, left] = callOf(1, 0, 20, { status: 'client_error', responseCode: 400 });
    const older = innerCall(901, 35, 40, { endpoint: '/first' });
    const [call, served] = callOf(2, 30, 100);
    const queued = innerCall(902, 41, 60, { causes: [afterResponse(older, { learned: false, confidence: 0.5 })] });
    const [otherCall, other] = callOf(3, 31, 90);
    const spans = [
      leftCall,
      left,
      older,
      queued,
      { ...served, causes: [afterResponse(queued)] },
      call,
      other,
      otherCall,
    ];
    scenario.arrive(100, ...spans);
    scenario.drain();
    expect(scenario.parentOf(queued)).toBe(served.spanId);
    expect(scenario.parentOf(older)).toBeUndefined();
  });

  test('a call that went on from one of the only open request is its work', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(2, 20, 100);
    const hello = innerCall(901, 25, 40, { endpoint: '/hello' });
    const inner = innerCall(902, 41, 60, { causes: [afterResponse(hello, { learned: false, confidence: 0.5 })] });
    scenario.arrive(100, hello, inner, served, call);
    scenario.arrive(3_100);
    scenario.drain();
    expect(scenario.parentOf(hello)).toBe(served.spanId);
    expect(scenario.parentOf(inner)).toBe(served.spanId);
  });

  test('time waits for requests of a process whose requests take long', () => {
    const scenario = new Scenario();
    scenario.arrive(3_500, ...callOf(7, 0, 3_500));
    const [call, served] = callOf(1, 10_000, 10_100);
    const [longCall, long] = callOf(2, 9_999, 13_500);
    const inner = innerCall(901, 10_010, 10_020);
    scenario.arrive(10_100, inner, served, call);
    scenario.arrive(13_500, long, longCall);
    scenario.drain();
    expect(scenario.parentOf(inner)).toBeUndefined();
  });

  test('a kind of call that is also made while nothing is served is background work', () => {
    const scenario = new Scenario();
    scenario.arrive(20, innerCall(900, 10, 20));
    scenario.arrive(5_000);
    const [call, served] = callOf(1, 6_000, 6_100);
    const background = innerCall(901, 6_010, 6_020);
    const other = innerCall(902, 6_010, 6_020, { endpoint: '/other' });
    scenario.arrive(6_100, background, other, served, call);
    scenario.drain();
    expect(scenario.parentOf(background)).toBeUndefined();
    expect(scenario.parentOf(other)).toBe(served.spanId);
  });

  test('a worker that serves one request at a time vouches for the request whose reply it writes', () => {
    const scenario = new Scenario();
    const spans: Span[] = [];
    const truth = new Map<Span, Span>();
    for (let index = 0; index < 60; index++) {
      // Two workers that take turns; another context reads the requests.
      const worker = 501 + (index % 2);
      const fromMs = index * 20;
      const [call, server] = callOf(index, fromMs, fromMs + 30);
      const served = { ...server, requestContextId: 500, responseContextId: worker };
      const contexts = { requestContextId: worker, responseContextId: worker };
      const inner = innerCall(9000 + index, fromMs + 12, fromMs + 20, contexts);
      truth.set(inner, served);
      spans.push(inner, served, call);
    }
    scenario.arrive(2_000, ...spans);
    scenario.drain();
    for (const [inner, served] of truth)
      expect(scenario.find(inner)).toMatchObject({ parentSpanId: served.spanId, reason: 'serial_context' });
  });

  test('a call of a Python context that no reply claims is not given to the only request that is open', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    const ofTask = innerCall(901, 10, 20, { requestContextId: 2 ** 50, responseContextId: 2 ** 50 });
    const ofThread = innerCall(902, 30, 40);
    scenario.arrive(100, ofTask, ofThread, served, call);
    scenario.drain();
    expect(scenario.parentOf(ofTask)).toBeUndefined();
    expect(scenario.find(ofThread)).toMatchObject({ parentSpanId: served.spanId, reason: 'time' });
  });

  test('a call belongs to the reply that its context wrote, answered before it or not; not to one of two', () => {
    const scenario = new Scenario();
    const contextOf = (...calls: Span[]): Partial<Span> => ({
      causes: calls.map((call) => afterResponse(call, { rule: 'context' })),
    });
    const answered = innerCall(901, 30, 40);
    const unanswered = innerCall(902, 50, 200);
    const disputed = innerCall(903, 60, 70);
    const [firstCall, first] = callOf(1, 0, 100);
    const [secondCall, second] = callOf(2, 10, 110);
    const served = [
      { ...first, ...contextOf(answered, unanswered, disputed) },
      { ...second, ...contextOf(disputed) },
    ];
    scenario.arrive(200, answered, unanswered, disputed, ...served, firstCall, secondCall);
    scenario.drain();
    for (const call of [answered, unanswered])
      expect(scenario.find(call)).toMatchObject({ parentSpanId: first.spanId, reason: 'context', confidence: 0.9999 });
    expect(scenario.parentOf(disputed)).toBeUndefined();
  });

  test('a call waits for a server span that comes late, and then needs no second revision', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 7_000);
    const inner = innerCall(901, 10, 20, { causes: [afterRequest(served)] });
    const before = [scenario.arrive(20, inner), scenario.arrive(6_000), scenario.arrive(7_000, served, call)].flat();
    expect(before).toEqual([]);
    const traces = [scenario.arrive(9_000), scenario.arrive(10_000)].flat();
    expect(traces).toMatchObject([{ revision: 3, rootCount: 1 }]);
  });
});
