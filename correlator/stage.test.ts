import { describe, expect, test } from 'vitest';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readDeadLetter } from '../schemas/generated/dead-letter.ts';
import type { Span } from '../schemas/generated/span.ts';
import { Correlator } from './stage.ts';
import { callOf, innerCall, Scenario } from './testing/scenario.ts';
import {
  afterRequest,
  afterResponse,
  batchMessage,
  finalTraces,
  hexId,
  testConfig,
  tracesOf,
} from './testing/span-messages.ts';

/** The call as another host saw it, which served it. */
const servedBy = (call: Span): Span => ({
  ...call,
  spanId: hexId(Number(`0x${call.spanId}`) + 1),
  agentId: 2,
  observationPoint: 's-p',
  processId: 300,
  causes: [],
});

describe('when a trace comes out', () => {
  test('it does so when its last span is three seconds of event time old, whole', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 100, 200);
    expect(scenario.arrive(199, served)).toEqual([]);
    expect(scenario.arrive(200, call)).toEqual([]);
    expect(scenario.arrive(3_199)).toEqual([]);
    const [trace] = scenario.arrive(3_200);
    expect(trace).toMatchObject({
      revision: 2,
      rootSpanId: call.spanId,
      rootCount: 1,
      startTimeNs: call.startTimeNs,
      durationNs: 100_000_000,
      errorCount: 0,
    });
    expect(trace!.spans).toEqual([
      {
        ...call,
        reason: 'root',
        client: { ...call.client, address: expect.anything() as unknown },
        server: expect.anything() as unknown,
      },
      expect.objectContaining({
        spanId: served.spanId,
        parentSpanId: call.spanId,
        reason: 'tcp_sequence',
        confidence: 1,
      }),
    ]);
  });

  test('a span that comes later makes a new revision of the same trace', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 100, 200);
    scenario.arrive(200, served);
    const [first] = scenario.arrive(4_000);
    scenario.arrive(60_000, call);
    const [second] = scenario.arrive(64_000);
    expect(first).toMatchObject({ revision: 1, rootSpanId: served.spanId });
    expect(second).toMatchObject({ traceId: first!.traceId, revision: 2, rootSpanId: call.spanId });
  });

  test('after the late window it makes a trace of its own', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 100, 200);
    scenario.arrive(200, served);
    scenario.arrive(4_000);
    scenario.arrive(151_000);
    scenario.arrive(152_000, call);
    scenario.drain();
    expect(scenario.traces.map(({ revision, spans }) => [revision, spans.length])).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  test('two that turn out to be one are merged into the older', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 60_000);
    const inner = innerCall(900, 10_000, 10_100, { causes: [afterRequest(served)] });
    const [innerTrace] = [scenario.arrive(10_100, inner), scenario.arrive(18_200)].flat();
    const [callTrace] = [scenario.arrive(60_000, call), scenario.arrive(63_000)].flat();
    expect([innerTrace, callTrace].map((trace) => trace!.revision)).toEqual([1, 1]);
    scenario.arrive(64_000, served);
    const [merged, gone] = scenario.arrive(67_000);
    expect(merged).toMatchObject({ traceId: innerTrace!.traceId, revision: 3, rootSpanId: call.spanId, rootCount: 1 });
    expect(gone).toMatchObject({
      traceId: callTrace!.traceId,
      revision: 3,
      mergedInto: innerTrace!.traceId,
      spans: [],
    });
    expect(scenario.traces).toHaveLength(1);
  });

  test('it goes out once although the servers of its calls are heard of later, the next call only by the one before', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    const first = innerCall(900, 10, 40, { causes: [afterRequest(served)] });
    const second = innerCall(902, 50, 80, { causes: [afterResponse(first)] });
    scenario.arrive(100, first, second, served, call);
    scenario.arrive(1_100, servedBy(first));
    scenario.arrive(2_100, servedBy(second));
    expect(scenario.arrive(3_100)).toEqual([]);
    expect(scenario.arrive(5_000)).toEqual([]);
    const [trace] = scenario.arrive(5_100);
    scenario.drain();
    expect(scenario.messages).toHaveLength(1);
    expect(trace).toMatchObject({ revision: 6, rootSpanId: call.spanId, rootCount: 1 });
  });

  test('one that never becomes quiet comes out in revisions', () => {
    const scenario = new Scenario({ maxOpenMs: 10_000 });
    const traces = [];
    for (let index = 0; index < 40; index++) {
      const [call, served] = callOf(index, index * 1000, index * 1000 + 100, { headerTraceId: 'ab'.repeat(16) });
      traces.push(...scenario.arrive(index * 1000 + 100, served, call));
    }
    expect(traces.map(({ revision }) => revision)).toEqual([24, 48, 72]);
    scenario.drain();
    expect(scenario.traces).toMatchObject([{ carriedTraceId: 'ab'.repeat(16), revision: 80 }]);
  });

  test('spans that come twice are dropped', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 100, 200);
    scenario.arrive(200, served, call, served);
    scenario.arrive(4_000, call);
    scenario.drain();
    expect(scenario.traces).toMatchObject([{ revision: 2 }]);
    expect(scenario.correlator.accounting()).toMatchObject({
      received: 4,
      emitted: 2,
      buffered: 0,
      dropped: { duplicate: 2 },
    });
  });

  test('the trace id of a header goes with it, unless there are two', () => {
    const one = new Scenario();
    one.arrive(0, ...callOf(1, 0, 100, { headerTraceId: '00f067aa0ba902b7' }));
    one.drain();
    expect(one.traces[0]!.carriedTraceId).toBe('000000000000000000f067aa0ba902b7');
    const two = new Scenario();
    const [call, served] = callOf(1, 0, 100);
    two.arrive(0, { ...call, headerTraceId: 'a'.repeat(32) }, { ...served, headerTraceId: 'b'.repeat(32) });
    two.drain();
    expect(two.traces).toMatchObject([{ carriedTraceId: '', spans: [{}, {}] }]);
  });
});

describe('a header with the trace id of somebody else', () => {
  const carried = { headerTraceId: 'ab'.repeat(16) };
  const victim = callOf(1, 0, 100, carried);
  const stranger = callOf(2, 400_000, 400_100, carried);

  test('is another trace after the window, also for a correlator that knows nothing of the first', () => {
    const [own] = new Scenario().drainedAfter(100, ...victim);
    const [others] = new Scenario().drainedAfter(400_100, ...stranger);
    expect(own).toMatchObject({ carriedTraceId: 'ab'.repeat(16) });
    expect(others).toMatchObject({ carriedTraceId: 'ab'.repeat(16) });
    expect(others!.traceId).not.toBe(own!.traceId);
    const both = new Scenario();
    both.arrive(100, ...victim);
    both.arrive(400_100, ...stranger);
    both.drain();
    expect(both.traces.map(({ traceId }) => traceId)).toEqual([own!.traceId, others!.traceId]);
  });

  test('decides no trace id: that is a hash of what the agent saw', () => {
    const [own] = new Scenario().drainedAfter(100, ...victim);
    const [without] = new Scenario().drainedAfter(100, ...callOf(1, 0, 100));
    expect(own!.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(without!.traceId).toBe(own!.traceId);
  });

  test('joins its trace within the window, and displaces none of its spans', () => {
    const scenario = new Scenario();
    scenario.arrive(100, ...victim);
    const [before] = scenario.arrive(4_000);
    scenario.arrive(5_000, ...callOf(2, 4_000, 4_100, carried));
    scenario.drain();
    expect(scenario.traces).toMatchObject([{ traceId: before!.traceId, revision: 4 }]);
    expect(scenario.traces[0]!.spans).toEqual(expect.arrayContaining([...before!.spans]));
  });

  test('fills it up to its bound; what is more are traces of their own', () => {
    const scenario = new Scenario({ maxTraceSpans: 10 });
    scenario.arrive(100, ...victim);
    const [before] = scenario.arrive(4_000);
    for (let index = 0; index < 30; index++)
      scenario.arrive(5_000 + index * 10, ...callOf(10 + index, 4_000 + index * 10, 4_005 + index * 10, carried));
    scenario.drain();
    expect(scenario.traces).toHaveLength(7);
    const own = scenario.traces.find(({ traceId }) => traceId === before!.traceId)!;
    expect(own.spans).toEqual(expect.arrayContaining([...before!.spans]));
    for (const { spans } of scenario.traces) expect(spans.length).toBeLessThanOrEqual(10);
  });

  test('leaves late spans of the first to the first', () => {
    const scenario = new Scenario();
    const [call, served] = callOf(1, 300_000, 300_100, carried);
    scenario.arrive(300_100, served);
    const [first] = scenario.arrive(304_000);
    scenario.arrive(400_000, ...callOf(2, 399_000, 399_100, { headerTraceId: 'cd'.repeat(16) }));
    scenario.arrive(401_000, call);
    scenario.drain();
    expect(scenario.traces.find(({ traceId }) => traceId === first!.traceId)).toMatchObject({
      revision: 2,
      rootSpanId: call.spanId,
    });
  });
});

describe('agents whose clocks are wrong', () => {
  /** A call a second of agent 1, served by agent 2; and what another agent says meanwhile. */
  function traces(other: (second: number, tell: (atMs: number) => void) => void): readonly number[] {
    const correlator = new Correlator(testConfig);
    const messages: OutgoingMessage[] = [];
    let offset = 0;
    const send = (agentId: number, atMs: number, spans: readonly Span[]): void => {
      messages.push(...correlator.process(batchMessage(offset++, atMs, spans, { agentId }), 0));
    };
    let behind = 0;
    for (let second = 1; second <= 60; second++) {
      const [call, served] = callOf(second, second * 1000 - 100, second * 1000);
      send(1, second * 1000, [call]);
      other(second, (atMs) => {
        send(3, atMs, []);
      });
      send(2, second * 1000 + 50, [{ ...served, agentId: 2 }]);
      behind = Math.max(behind, second - finalTraces(tracesOf(messages)).length);
    }
    messages.push(...correlator.drain());
    expect(behind).toBeLessThanOrEqual(6);
    return finalTraces(tracesOf(messages)).map(({ spans }) => spans.length);
  }
  const whole = Array.from({ length: 60 }, () => 2);

  test.each([-59 * 60_000, 15_000, 59 * 60_000, 75 * 365 * 86_400_000])(
    'neither delay nor tear traces, by %d ms once or with every batch',
    (byMs) => {
      const once = traces((second, tell) => {
        if (second === 30) tell(30_000 + byMs);
      });
      expect(once).toEqual(whole);
      const always = traces((second, tell) => {
        tell(second * (1000 + byMs));
      });
      expect(always).toEqual(whole);
    },
  );

  test('do not delay traces when they are set back', () => {
    const scenario = new Scenario();
    for (let second = 1; second <= 20; second++)
      scenario.arrive(second * 1000, ...callOf(second, second * 1000 - 100, second * 1000));
    for (let second = 1; second <= 20; second++)
      scenario.arrive(
        second * 1000 - 280_000,
        ...callOf(100 + second, second * 1000 - 280_100, second * 1000 - 280_000),
      );
    expect(scenario.traces.length).toBeGreaterThanOrEqual(36);
  });
});

describe('state', () => {
  test('holds the oldest message of every trace until its late window is over', () => {
    const { correlator } = new Scenario();
    const source = { topic: 'spans', partition: 0 };
    const send = (offset: number, atMs: number, ...spans: readonly Span[]): unknown =>
      correlator.process(batchMessage(offset, atMs, spans), 0);
    expect(correlator.lowWatermark(source)).toBeUndefined();
    send(0, 0);
    send(1, 100, ...callOf(1, 0, 100));
    send(2, 200, ...callOf(2, 100, 200));
    expect(correlator.lowWatermark(source)).toBe(1);
    send(3, 10_000);
    expect(correlator.lowWatermark(source)).toBe(1);
    send(4, 150_100);
    expect(correlator.lowWatermark(source)).toBe(2);
    send(5, 150_200);
    expect(correlator.lowWatermark(source)).toBeUndefined();
  });

  test('is bounded: the oldest traces go first, none is lost', () => {
    const scenario = new Scenario({ maxSpans: 10 });
    for (let index = 0; index < 50; index++) scenario.arrive(index, ...callOf(index, index, index + 5));
    expect(scenario.correlator.accounting().buffered).toBeLessThanOrEqual(10);
    scenario.drain();
    expect(scenario.traces).toHaveLength(50);
    expect(scenario.correlator.accounting()).toMatchObject({ received: 100, emitted: 100, buffered: 0 });
    expect(scenario.correlator.diagnostics()).toMatchObject({ flushed_early: 45 });
  });

  test('of revoked partitions is forgotten, that of others stays', () => {
    const correlator = new Correlator(testConfig);
    const [call, served] = callOf(1, 0, 100);
    const [otherCall, other] = callOf(2, 0, 100);
    correlator.process(batchMessage(7, 100, [call, otherCall]), 0);
    correlator.process(batchMessage(3, 100, [served, other], { partition: 1 }), 0);
    correlator.revoke([{ topic: 'spans', partition: 0 }]);
    expect(correlator.lowWatermark({ topic: 'spans', partition: 0 })).toBeUndefined();
    expect(correlator.lowWatermark({ topic: 'spans', partition: 1 })).toBe(3);
    const traces = finalTraces(tracesOf(correlator.drain()));
    expect(traces.flatMap(({ spans }) => spans.map(({ spanId }) => spanId)).sort()).toEqual(
      [served.spanId, other.spanId].sort(),
    );
    expect(correlator.accounting()).toMatchObject({ received: 4, emitted: 2, buffered: 0, dropped: { revoked: 2 } });
  });

  test('a message that is no SpanBatch is put aside', () => {
    const correlator = new Correlator(testConfig);
    const broken = { ...batchMessage(0, 0, callOf(1, 0, 100)), value: Buffer.from('no spans') };
    const unknown = { ...batchMessage(1, 0, []), headers: { schema: 'ffff' } };
    const letters = [broken, unknown].flatMap((message) => correlator.process(message, 0));
    expect(letters.map(({ topic }) => topic)).toEqual(['dead-letter', 'dead-letter']);
    expect(letters.map(({ value }) => readDeadLetter(new AvroReader(Buffer.from(value))))).toMatchObject([
      { stage: 'correlator', reason: 'undecodable', offset: 0 },
      { stage: 'correlator', reason: 'unknown_schema', offset: 1 },
    ]);
    expect(correlator.accounting()).toMatchObject({ received: 2, rejected: { undecodable: 1, unknown_schema: 1 } });
  });
});
