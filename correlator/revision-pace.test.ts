/** What goes out again of a trace that grows: seldom, but soon where it is small, and never less than everything. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { imbalance } from '../core/stage/accounting.ts';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import type { Span } from '../schemas/generated/span.ts';
import { Correlator } from './stage.ts';
import { lasting, Scenario } from './testing/scenario.ts';
import { batchMessage, finalTraces, hexId, side, testConfig, tracesOf } from './testing/span-messages.ts';
import { aSpan } from '../schemas/testing/a-span.ts';

/** Spans with nothing in common but the trace id of a header. */
const spanAt = (number: number, atMs: number, headerTraceId = 'ab'.repeat(16)): Span =>
  aSpan({
    spanId: hexId(number),
    observationPoint: 's-p',
    processId: 200,
    socketId: number,
    requestEventId: number * 2,
    responseEventId: number * 2 + 1,
    requestTcpSequence: 0,
    responseTcpSequence: 0,
    client: side(9, 1024 + (number % 60_000)),
    headerTraceId,
    ...lasting(atMs, atMs + 1),
  });

const bytesOf = (messages: readonly OutgoingMessage[]): number =>
  messages.reduce((sum, { value }) => sum + value.length, 0);

describe('a span at a time into a trace', () => {
  test('of thousands repeats it a few times, not every quiet period', () => {
    const scenario = new Scenario();
    const count = 3_000;
    scenario.arrive(0, ...Array.from({ length: count }, (_, index) => spanAt(index + 1, index / count)));
    const late = 60;
    for (let index = 0; index < late; index++) {
      const atMs = (index + 1) * 3_100;
      scenario.arrive(atMs - 50);
      scenario.arrive(atMs, spanAt(count + 1 + index, atMs));
      expect(imbalance(scenario.correlator.accounting())).toBe(0);
    }
    const lastMs = late * 3_100;
    // The late window of the last span ends: then at the latest it is out.
    scenario.arrive(lastMs + testConfig.lateMs);
    const [trace] = scenario.traces;
    expect(scenario.traces).toHaveLength(1);
    expect(trace!.revision).toBe(count + late);
    const sizes = scenario.messages.map(({ value }) => value.length);
    expect(sizes.length).toBeLessThanOrEqual(6);
    expect(bytesOf(scenario.messages)).toBeLessThanOrEqual(6 * sizes.at(-1)!);
    expect(scenario.correlator.accounting()).toMatchObject({ buffered: 0, emitted: count + late });
    expect(scenario.correlator.lowWatermark({ topic: 'spans', partition: 0 })).toBeUndefined();
  });

  test('of one makes it complete as soon as it is quiet, then at a distance that doubles', () => {
    const scenario = new Scenario();
    scenario.arrive(0, spanAt(1, 0));
    scenario.arrive(3_000);
    scenario.arrive(10_000, spanAt(2, 10_000));
    expect(scenario.arrive(13_000)).toMatchObject([{ revision: 2 }]);
    scenario.arrive(14_000, spanAt(3, 14_000));
    expect(scenario.arrive(17_000)).toMatchObject([{ revision: 3 }]);
    scenario.arrive(18_000, spanAt(4, 18_000));
    // Twice as many as two would not wait; than three, it does: six seconds after the last revision.
    expect(scenario.arrive(22_999)).toEqual([]);
    expect(scenario.arrive(23_000)).toMatchObject([{ revision: 4 }]);
  });

  test('that never becomes quiet repeats it as seldom', () => {
    const scenario = new Scenario({ maxOpenMs: 5_000 });
    const count = 1_000;
    scenario.arrive(0, ...Array.from({ length: count }, (_, index) => spanAt(index + 1, index / count)));
    for (let index = 0; index < 120; index++)
      scenario.arrive(1_000 + index * 1_000, spanAt(count + 1 + index, 1_000 + index * 1_000));
    expect(scenario.messages.length).toBeGreaterThan(1);
    expect(scenario.messages.length).toBeLessThanOrEqual(6);
    scenario.drain();
    expect(scenario.traces).toMatchObject([{ revision: count + 120 }]);
  });

  test('by joining traces that are out to a large one does not make that go out sooner', () => {
    const scenario = new Scenario();
    const small = 20;
    // Older than the large one, so that their ids survive.
    for (let index = 0; index < small; index++)
      scenario.arrive(index, spanAt(index + 1, index, index.toString(16).padStart(32, 'c')));
    scenario.arrive(4_000);
    const count = 2_000;
    scenario.arrive(5_000, ...Array.from({ length: count }, (_, index) => spanAt(100 + index, 5_000)));
    scenario.arrive(9_000);
    const before = scenario.messages.length;
    for (let index = 0; index < small; index++) {
      const atMs = 10_000 + index * 3_100;
      const shared = { xRequestIdRequest: `r${index}` };
      scenario.arrive(
        atMs,
        { ...spanAt(5_000 + index, atMs, index.toString(16).padStart(32, 'c')), ...shared },
        { ...spanAt(6_000 + index, atMs), ...shared },
      );
    }
    const large = tracesOf(scenario.messages.slice(before)).filter(({ spans }) => spans.length > count);
    expect(large.length).toBeLessThanOrEqual(4);
    scenario.drain();
    expect(scenario.traces.flatMap(({ spans }) => spans)).toHaveLength(small * 3 + count);
  });
});

test('whenever spans come and wherever it starts anew, each is out when its late window ends, in few revisions', () => {
  const source = { topic: 'spans', partition: 0 };
  const gaps = fc.array(fc.constantFrom(0, 100, 2_900, 3_100, 7_000, 20_000), { minLength: 3, maxLength: 60 });
  fc.assert(
    fc.property(gaps, fc.nat(), (steps, at) => {
      let atMs = 0;
      const messages = steps.map((step, offset) => batchMessage(offset, (atMs += step), [spanAt(offset + 1, atMs)]));
      const end = batchMessage(messages.length, atMs + testConfig.lateMs, [], { agentId: 1 });
      const crash = at % (messages.length + 1);
      const before = new Correlator(testConfig);
      const outputs = messages.slice(0, crash).flatMap((message) => before.process(message, 0));
      const from = before.lowWatermark(source) ?? crash;
      const after = new Correlator(testConfig);
      after.assign([{ ...source, offset: from, emittedBelow: crash }]);
      for (const message of messages.slice(from, crash)) after.process(message, 0);
      for (const message of [...messages.slice(crash), end]) outputs.push(...after.process(message, 0));
      const traces = finalTraces(tracesOf(outputs));
      expect(traces.flatMap(({ spans }) => spans)).toHaveLength(messages.length);
      expect(after.accounting().buffered).toBe(0);
      // Twice by doubling, as often as the distance doubles, and once more after the restart.
      const life = Math.max(testConfig.quietMs, atMs + testConfig.lateMs);
      const most = 2 * (Math.log2(messages.length) + Math.log2(life / testConfig.quietMs)) + 4;
      expect(outputs.length).toBeLessThanOrEqual(traces.length * most);
    }),
    { numRuns: 200 },
  );
});
