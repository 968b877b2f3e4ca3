/** Spans, moves and restarts in any order: what is left at the end is one trace for each component, with all its spans. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { partitionOf } from '../../core/bus/partitioner.ts';
import { imbalance } from '../../core/stage/accounting.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { recordOf } from '../testing/records.ts';
import { events, lasting } from '../testing/scenario.ts';
import { finalTraces, hexId, side, testConfig, tracesOf } from '../testing/span-messages.ts';
import { aSpan } from '../../schemas/testing/a-span.ts';
import { propertyRuns } from '../../schemas/testing/property-runs.ts';
import { AssembleStage } from './assemble-stage.ts';
import { encodeLinkedRecords, linkedMessages, noCause } from './linked-message.ts';

const partitions = 2;
const ids = 12;

/** A span without any relation, and with a bucket that follows from its number. */
function spanRecord(number: number, headerTraceId: string): SpanRecord {
  const span = aSpan({
    spanId: idOf(number),
    ...lasting(number, number + 1),
    ...events(number * 2 + 1, number * 2 + 2),
    client: side(number % 200, 1),
    headerTraceId,
  });
  return recordOf(span);
}

/** Ids whose middle digits spread over buckets. */
const idOf = (number: number): string => hexId(number).slice(8) + hexId(number * 7919).slice(8);

const steps = fc.array(
  fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant('span' as const),
        span: fc.nat(ids - 1),
        afterMs: fc.constantFrom(0, 10, 4_000),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('join' as const), left: fc.nat(ids - 1), right: fc.nat(ids - 1) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  ),
  { minLength: 5, maxLength: 40 },
);

/** The topic `linked`, those who read it, and the components as the link store knows them. */
class World {
  readonly log: ReceivedMessage[][] = Array.from({ length: partitions }, () => []);
  readonly outputs: OutgoingMessage[] = [];
  readonly #read: number[] = Array.from({ length: partitions }, () => 0);
  readonly #from: number[] = Array.from({ length: partitions }, () => 0);
  readonly #above = new Map<string, string>();
  readonly #exposed = new Set<string>();
  #assembler = new AssembleStage(testConfig);
  nowMs = 1_000_000;

  root(id: string): string {
    let current = id;
    for (let above = this.#above.get(current); above !== undefined; above = this.#above.get(current)) current = above;
    return current;
  }

  send(record: SpanRecord): void {
    const componentId = this.root(record.spanId);
    this.#exposed.add(componentId);
    this.#append(linkedMessages({ spans: [{ componentId, span: record, cause: noCause }], moves: [], names: [] }));
  }

  join(left: string, right: string): void {
    const [low, high] = [this.root(left), this.root(right)].sort() as [string, string];
    if (low === high) return;
    this.#above.set(high, low);
    if (!this.#exposed.has(high)) return;
    this.#exposed.add(low);
    this.#append(linkedMessages({ spans: [], moves: [{ componentId: high, movedTo: low }], names: [] }));
  }

  /** Reads all there is, as the runtime would; `resultsDue` as after a restart. */
  work(): void {
    for (let isMore = true; isMore;) {
      isMore = false;
      for (const [partition, messages] of this.log.entries()) {
        while (this.#read[partition]! < messages.length) {
          isMore = true;
          this.#deliver(this.#assembler.process(messages[this.#read[partition]!++]!, this.nowMs));
        }
      }
    }
    this.#deliver(this.#assembler.flush(this.nowMs));
    expect(imbalance(this.#assembler.accounting())).toBe(0);
    expect(this.#assembler.accounting().buffered).toBeGreaterThanOrEqual(0);
    for (const [partition, next] of this.#read.entries())
      this.#from[partition] = this.#assembler.lowWatermark({ topic: 'linked', partition }) ?? next;
  }

  restart(): void {
    this.work();
    this.#assembler = new AssembleStage(testConfig);
    this.#assembler.assign(
      this.#from.map((offset, partition) => ({
        topic: 'linked',
        partition,
        offset,
        emittedBelow: this.#read[partition]!,
      })),
    );
    for (const [partition, messages] of this.log.entries())
      for (const message of messages.slice(this.#from[partition], this.#read[partition]))
        this.#assembler.process(message, this.nowMs);
  }

  end(): void {
    // Spans that move make more to read, and revisions keep a distance.
    for (let round = 0; round < 40; round++) {
      this.nowMs += 4_000;
      this.work();
    }
  }

  #deliver(outputs: readonly OutgoingMessage[]): void {
    this.#append(outputs.filter(({ topic }) => topic === 'linked'));
    this.outputs.push(...outputs.filter(({ topic }) => topic !== 'linked'));
  }

  #append(messages: readonly OutgoingMessage[]): void {
    for (const { topic, key, value, headers } of messages) {
      const partition = partitionOf(key, partitions);
      const place = { topic, partition, offset: this.log[partition]!.length, timestampMs: this.nowMs };
      this.log[partition]!.push({ ...place, key, value: Buffer.from(value), headers: headers ?? {} });
    }
  }
}

test('each component ends as one trace with all of its spans, whatever moved when and whoever restarted', () => {
  fc.assert(
    fc.property(
      steps,
      fc.array(fc.constantFrom('', '', '', 'a'.repeat(32), 'b'.repeat(32)), { minLength: ids, maxLength: ids }),
      (wild, headers) => {
        const world = new World();
        const records = headers.map((header, number) => spanRecord(number, header));
        // One carried id for all of a component, so that names change as spans come; the same in two would be one component.
        for (const header of ['a'.repeat(32), 'b'.repeat(32)]) {
          const carriers = records.filter(({ headerTraceId }) => headerTraceId === header);
          for (const carrier of carriers) world.join(carriers[0]!.spanId, carrier.spanId);
        }
        const sent = new Set<string>();
        for (const step of wild) {
          if (step.kind === 'join') world.join(idOf(step.left), idOf(step.right));
          else if (step.kind === 'span') {
            world.nowMs += step.afterMs;
            world.send(records[step.span]!);
            sent.add(idOf(step.span));
            if (step.afterMs > 0) world.work();
          } else world.restart();
        }
        world.end();
        const expected = new Map<string, string[]>();
        for (const id of [...sent].sort()) expected.set(world.root(id), [...(expected.get(world.root(id)) ?? []), id]);
        const traces = finalTraces(tracesOf(world.outputs));
        const found = traces.map(({ spans }) => spans.map(({ spanId }) => spanId).sort());
        expect(found.sort()).toEqual([...expected.values()].sort());
      },
    ),
    { numRuns: propertyRuns(300) },
  );
});

test('a clock of the bus that is set back does not delay traces', () => {
  const assembler = new AssembleStage(testConfig);
  const outputs: OutgoingMessage[] = [];
  for (let number = 0; number < 60; number++) {
    const linked = { spans: [{ componentId: idOf(number), span: spanRecord(number, ''), cause: noCause }] };
    const [{ key, value, headers }] = linkedMessages({ ...linked, moves: [], names: [] }) as [OutgoingMessage];
    const timestampMs = 1_000_000 + number * 1_000 - (number < 30 ? 0 : 300_000);
    const place = { topic: 'linked', partition: 0, offset: number, timestampMs };
    outputs.push(...assembler.process({ ...place, key, value: Buffer.from(value), headers: headers ?? {} }, 0));
  }
  expect(tracesOf(outputs)).toHaveLength(57);
});

test('a trace that was forgotten does not come out anew, in pieces, when its messages are read again slowly', () => {
  const [early, late, other, last, next] = [1, 2, 3, 4, 5].map((number) => spanRecord(number, ''));
  const inOne = idOf(1);
  const place = (offset: number, timestampMs: number): Omit<ReceivedMessage, 'key' | 'value' | 'headers'> => ({
    topic: 'linked',
    partition: 0,
    offset,
    timestampMs,
  });
  const message = (
    offset: number,
    timestampMs: number,
    spans: readonly (readonly [string, SpanRecord])[],
  ): ReceivedMessage => {
    const linked = spans.map(([componentId, span]) => ({ componentId, span, cause: noCause }));
    const [{ key, value, headers }] = linkedMessages({ spans: linked, moves: [], names: [] }) as [OutgoingMessage];
    return { ...place(offset, timestampMs), key, value: Buffer.from(value), headers: headers ?? {} };
  };
  // In the same bucket, so that components come in one message.
  const [inOther, inNext] = ['e', 'f'].map((digit) => digit.repeat(8) + inOne.slice(8)) as [string, string];
  const log = [
    message(0, 1_000, [[inOne, early!]]),
    message(1, 1_100, [
      [inOne, late!],
      [inOther, other!],
    ]),
    message(2, 100_000, [[inOther, last!]]),
    message(3, 1_200 + testConfig.lateMs, [[inNext, next!]]),
  ];
  const before = new AssembleStage(testConfig);
  const outputs = log.flatMap((one) => before.process(one, one.timestampMs));
  expect(tracesOf(outputs).map(({ spans }) => spans.length)).toEqual([2, 1, 2]);
  const offset = before.lowWatermark({ topic: 'linked', partition: 0 })!;
  expect(offset).toBe(1);
  const after = new AssembleStage(testConfig);
  after.assign([{ topic: 'linked', partition: 0, offset, emittedBelow: log.length }]);
  let nowMs = 1_000_000;
  const again = log.slice(offset).flatMap((one) => {
    after.process(one, nowMs);
    return after.flush((nowMs += testConfig.quietMs + 1_000));
  });
  expect(tracesOf(again).filter(({ spans }) => spans.some(({ spanId }) => spanId === late!.spanId))).toEqual([]);
});

/** The first or next message of a partition: spans of a component. */
function linkedMessage(
  offset: number,
  timestampMs: number,
  componentId: string,
  spans: readonly SpanRecord[],
): ReceivedMessage {
  const linked = spans.map((span) => ({ componentId, span, cause: noCause }));
  const [{ key, value, headers }] = linkedMessages({ spans: linked, moves: [], names: [] }) as [OutgoingMessage];
  const place = { topic: 'linked', partition: 0, offset, timestampMs };
  return { ...place, key, value: Buffer.from(value), headers: headers ?? {} };
}

test('a stranger who carries the id of a stored trace gets another one, whoever assembles it and whatever is remembered', () => {
  const [victim, stranger] = [spanRecord(1, 'a'.repeat(32)), spanRecord(2, 'a'.repeat(32))];
  const assembled = (record: SpanRecord, ...before: readonly SpanRecord[]): readonly string[] => {
    const assembler = new AssembleStage(testConfig);
    const outputs = [...before, record].flatMap((one, offset) => [
      ...assembler.process(linkedMessage(offset, 1_000 + offset * 400_000, one.spanId, [one]), 0),
    ]);
    return tracesOf([...outputs, ...assembler.drain()]).map(
      ({ traceId, carriedTraceId }) => `${traceId} ${carriedTraceId}`,
    );
  };
  const [[own], [others]] = [assembled(victim), assembled(stranger)];
  expect(own!.split(' ')[1]).toBe('a'.repeat(32));
  expect(others!.split(' ')[1]).toBe('a'.repeat(32));
  expect(own).not.toBe(others);
  expect(assembled(stranger, victim)).toEqual([own, others]);
});

test('more spans with one trace id than a trace may have are several traces, each stored by an id of its own', () => {
  const assembler = new AssembleStage({ ...testConfig, maxTraceSpans: 10 });
  const records = Array.from({ length: 35 }, (_, number) => spanRecord(number, 'a'.repeat(32)));
  const outputs = [...assembler.process(linkedMessage(0, 1_000, records[0]!.spanId, records), 0), ...assembler.drain()];
  const traces = tracesOf(outputs);
  expect(new Set(traces.map(({ traceId }) => traceId)).size).toBe(4);
  expect(traces.map(({ spans }) => spans.length)).toEqual([10, 10, 10, 5]);
});

test('spans that come one at a time into a large component repeat it a few times only, and are all out in the end', () => {
  const assembler = new AssembleStage(testConfig);
  const count = 2_000;
  const inOne = idOf(0);
  const records = Array.from({ length: count + 60 }, (_, number) => spanRecord(number, ''));
  const outputs = [...assembler.process(linkedMessage(0, 1_000, inOne, records.slice(0, count)), 0)];
  for (const [index, record] of records.slice(count).entries()) {
    const nowMs = 1_000 + (index + 1) * 3_100;
    outputs.push(...assembler.process(linkedMessage(index + 1, nowMs, inOne, [record]), nowMs));
    expect(imbalance(assembler.accounting())).toBe(0);
  }
  const end = linkedMessage(61, 1_000 + 61 * 3_100 + testConfig.lateMs, inOne, [records[0]!]);
  const nothing = encodeLinkedRecords({ spans: [], moves: [], names: [] });
  outputs.push(...assembler.process({ ...end, value: nothing }, 0));
  const traces = outputs.filter(({ topic }) => topic === 'traces');
  expect(traces.length).toBeLessThanOrEqual(7);
  expect(finalTraces(tracesOf(outputs))).toMatchObject([{ revision: count + 60 }]);
  expect(assembler.accounting()).toMatchObject({ buffered: 0 });
  expect(assembler.lowWatermark({ topic: 'linked', partition: 0 })).toBeUndefined();
});
