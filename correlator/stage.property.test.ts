import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutgoingMessage, ReceivedMessage } from '../core/bus/bus.ts';
import { imbalance } from '../core/stage/accounting.ts';
import { Random } from '../core/testing/random.ts';
import type { Cause, Span } from '../schemas/generated/span.ts';
import type { Trace } from '../schemas/generated/trace.ts';
import { Correlator } from './stage.ts';
import { events } from './testing/scenario.ts';
import { batchMessage, finalTraces, hexId, testConfig, tracesOf } from './testing/span-messages.ts';
import { aSpan } from '../schemas/testing/a-span.ts';
import { propertyRuns } from '../schemas/testing/property-runs.ts';
import { eighteenSpans, simulate } from './testing/simulated-services.ts';
import { wildBatches, wildMessages } from './testing/wild-spans.ts';

const source = { topic: 'spans', partition: 0 };

/** Messages of random size with the spans of one agent each, in an order that only the seed knows. */
function regroup(spans: readonly Span[], seed: number): readonly ReceivedMessage[] {
  const random = new Random(seed);
  const left = spans.map((span) => ({ span, order: random.next() })).sort((one, other) => one.order - other.order);
  const messages: ReceivedMessage[] = [];
  while (left.length > 0) {
    const agentId = left[0]!.span.agentId;
    const size = 1 + random.below(20);
    const batch: Span[] = [];
    for (let index = 0; index < left.length && batch.length < size;) {
      if (left[index]!.span.agentId === agentId) batch.push(left.splice(index, 1)[0]!.span);
      else index++;
    }
    messages.push(batchMessage(messages.length, messages.length / 1000, batch));
  }
  return messages;
}

function correlate(messages: readonly ReceivedMessage[]): readonly OutgoingMessage[] {
  const correlator = new Correlator(testConfig);
  return [...messages.flatMap((message) => correlator.process(message, 0)), ...correlator.drain()];
}

function byKey(messages: readonly OutgoingMessage[]): readonly string[] {
  return messages.map(({ key, value }) => `${key} ${Buffer.from(value).toString('hex')}`).sort();
}

/** What has to be true of any trace. */
function expectTree({ spans, rootCount, rootSpanId, revision }: Trace): void {
  const seen = new Set<string>();
  let roots = 0;
  for (const span of spans) {
    if (span.parentSpanId === '') {
      roots++;
      expect([span.reason, span.confidence]).toEqual(['root', 0]);
    } else {
      // Parents come first, so there can be no cycle either.
      expect(seen.has(span.parentSpanId)).toBe(true);
      expect(span.confidence).toBeGreaterThan(0);
      expect(span.confidence).toBeLessThanOrEqual(1);
    }
    expect(seen.has(span.spanId)).toBe(false);
    seen.add(span.spanId);
  }
  expect(roots).toBe(rootCount);
  expect(spans[0]!.spanId).toBe(rootSpanId);
  expect(revision).toBeGreaterThanOrEqual(spans.length);
}

const kinds = fc.record({
  isLearned: fc.boolean(),
  withWrongRule: fc.boolean(),
  withoutNotes: fc.boolean(),
  withRequestIds: fc.boolean(),
  everyUs: fc.constantFrom(20, 200, 5_000),
});
const seeds = fc.integer({ min: 1, max: 1_000_000 });

test('traces do not depend on how spans were grouped into messages and interleaved', () => {
  fc.assert(
    fc.property(seeds, kinds, (seed, kind) => {
      const { spans } = simulate(eighteenSpans, { seed, requests: 8, ...kind });
      const inOrder = byKey(correlate(regroup(spans, 0)));
      for (const other of [seed, seed + 1]) expect(byKey(correlate(regroup(spans, other)))).toEqual(inOrder);
    }),
    { numRuns: propertyRuns(60) },
  );
});

/** What was decided of each span, in the order of ids. */
function decisions(spans: readonly Span[]): readonly string[] {
  const traces = finalTraces(tracesOf(correlate(regroup(spans, 0))));
  return traces
    .flatMap((trace) =>
      trace.spans.map((span) => `${span.spanId} ${span.parentSpanId} ${span.reason} ${span.confidence}`),
    )
    .sort();
}

test('hints of wake-ups change no parent and no confidence, right or wrong', () => {
  fc.assert(
    fc.property(seeds, kinds, (seed, kind) => {
      const { spans } = simulate(eighteenSpans, { seed, requests: 8, ...kind });
      const random = new Random(seed);
      const hinted = spans.map((span): Span => {
        const count = span.observationPoint === 's-p' ? random.below(5) : 0;
        const hints = Array.from({ length: count }, (): Cause => {
          const { spanId } = spans[random.below(spans.length)]!;
          return { kind: 'response', spanId, rule: 'wake', confidence: 0.99, learned: false };
        });
        return { ...span, causes: [...span.causes, ...hints] };
      });
      expect(decisions(hinted)).toEqual(decisions(spans));
    }),
    { numRuns: propertyRuns(60) },
  );
});

const tight = { ...testConfig, maxSpans: 12, maxTraceSpans: 6, maxRequestIdSpans: 4, maxOpenMs: 2_000 };

describe('whatever spans come', () => {
  test('every trace is a tree, each span is in one of them, and all are accounted for at every moment', () => {
    fc.assert(
      fc.property(wildMessages, fc.constantFrom(testConfig, tight), (wild, config) => {
        const correlator = new Correlator(config);
        const outputs: OutgoingMessage[] = [];
        const distinct = new Set<string>();
        for (const message of wildBatches(wild)) {
          outputs.push(...correlator.process(message, 0));
          expect(imbalance(correlator.accounting())).toBe(0);
          expect(correlator.accounting().buffered).toBeGreaterThanOrEqual(0);
        }
        for (const { spans } of wild) for (const { id } of spans) distinct.add(hexId(id));
        outputs.push(...correlator.drain());
        const traces = tracesOf(outputs);
        const { received, emitted, buffered, dropped } = correlator.accounting();
        expect([buffered, received - emitted - dropped['duplicate']!]).toEqual([0, 0]);
        expect(correlator.lowWatermark(source)).toBeUndefined();
        for (const trace of traces.filter(({ mergedInto }) => mergedInto === '')) expectTree(trace);
        // An id that came again after its trace was forgotten is a span of its own, and may give that trace's name to
        // another one: its spans came out, but the other one stands for both. Else each is in one trace.
        const isRepeated = emitted > distinct.size;
        const told = isRepeated ? traces.filter(({ mergedInto }) => mergedInto === '') : finalTraces(traces);
        const spanIds = told.flatMap(({ spans }) => spans.map(({ spanId }) => spanId));
        expect(new Set(spanIds)).toEqual(distinct);
        if (config === testConfig && !isRepeated) expect(spanIds).toHaveLength(distinct.size);
      }),
      { numRuns: propertyRuns(400) },
    );
  });

  test('the same messages give the same bytes', () => {
    fc.assert(
      fc.property(wildMessages, (wild) => {
        const messages = wildBatches(wild);
        const values = (): readonly string[] =>
          correlate(messages).map(({ value }) => Buffer.from(value).toString('hex'));
        expect(values()).toEqual(values());
      }),
      { numRuns: propertyRuns(100) },
    );
  });

  describe('with a restart at any message', () => {
    /** Traces without a restart, and with one. */
    function outcomes(messages: readonly ReceivedMessage[], crash: number): readonly (readonly Trace[])[] {
      const before = new Correlator(testConfig);
      const outputs = messages.slice(0, crash).flatMap((message) => before.process(message, 0));
      const from = before.lowWatermark(source) ?? crash;
      const after = new Correlator(testConfig);
      after.assign([{ ...source, offset: from, emittedBelow: crash }]);
      for (const message of messages.slice(from, crash)) after.process(message, 0);
      for (const message of messages.slice(crash)) outputs.push(...after.process(message, 0));
      outputs.push(...after.drain());
      return [correlate(messages), outputs].map(tracesOf);
    }

    const spansOf = (traces: readonly Trace[]): readonly string[] =>
      finalTraces(traces)
        .flatMap(({ traceId, spans }) => spans.map(({ spanId }) => `${traceId} ${spanId}`))
        .sort();

    const [one, other] = ['a'.repeat(32), 'b'.repeat(32)] as const;
    const carrying = (id: number, headerTraceId: string, facts: Partial<Span> = {}): Span =>
      aSpan({ ...facts, spanId: hexId(id), headerTraceId });
    const datagram = { transport: 'udp', requestId: 7 } as const;
    const call = { requestTcpSequence: 1 };

    test.each<[string, readonly (readonly [seconds: number, ...spans: Span[]])[]]>([
      [
        'a trace that was emitted again before is merged later',
        [
          [0, carrying(1, one), carrying(2, other)],
          [100],
          [100, carrying(3, other)],
          [104],
          [124],
          [124, carrying(4, one, datagram)],
          [124, carrying(5, other, { ...datagram, observationPoint: 'c-nd' })],
        ],
      ],
      [
        'a span comes to a trace whose revision was held back',
        [
          [0, carrying(1, one, call)],
          [20],
          [20, carrying(2, one)],
          [120],
          [120, carrying(3, '', { ...call, observationPoint: 'c' })],
        ],
      ],
    ])('the traces are the same where %s', (_, batches) => {
      const messages = batches.map(([seconds, ...spans], offset) => batchMessage(offset, 1000 * seconds, spans));
      for (let crash = 0; crash <= messages.length; crash++) {
        const [whole, restarted] = outcomes(messages, crash).map(spansOf);
        expect(restarted).toEqual(whole);
      }
    });

    test('the traces are the same', () => {
      // Within the late window. What comes later may meet other parts of the past after a restart.
      const withinWindow = wildMessages.filter(
        (wild) => wild.reduce((sum, { stepMs }) => sum + stepMs, 0) < testConfig.lateMs,
      );
      fc.assert(
        fc.property(withinWindow, fc.nat(), (wild, at) => {
          const messages = wildBatches(wild);
          const [whole, restarted] = outcomes(messages, at % (messages.length + 1)).map(spansOf);
          expect(restarted).toEqual(whole);
        }),
        { numRuns: propertyRuns(200) },
      );
    });

    test('no span is missing, however late it comes', () => {
      fc.assert(
        fc.property(wildMessages, fc.nat(), (wild, at) => {
          const messages = wildBatches(wild);
          const spansOf = (traces: readonly Trace[]): ReadonlySet<string> =>
            new Set(traces.flatMap(({ spans }) => spans.map(({ spanId }) => spanId)));
          const [whole, restarted] = outcomes(messages, at % (messages.length + 1)).map(spansOf);
          expect(restarted).toEqual(whole);
        }),
        { numRuns: propertyRuns(200) },
      );
    });
  });

  test('a message is needed as long as a later one repeats a span of it', () => {
    const correlator = new Correlator(testConfig);
    const spans = [1, 2].map((id) => aSpan({ spanId: hexId(id), processId: id, ...events(id * 10, id * 10 + 1) }));
    correlator.process(batchMessage(0, 0, [spans[0]!]), 0);
    correlator.process(batchMessage(1, 100_000, []), 0);
    correlator.process(batchMessage(2, 140_000, spans), 0);
    correlator.process(batchMessage(3, 200_000, []), 0);
    expect(correlator.accounting()).toMatchObject({ received: 3, dropped: { duplicate: 1 } });
    expect(correlator.lowWatermark(source)).toBe(0);
    correlator.process(batchMessage(4, 300_000, []), 0);
    expect(correlator.lowWatermark(source)).toBeUndefined();
  });
});
