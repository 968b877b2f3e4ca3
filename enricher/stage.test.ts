import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OutgoingMessage, ReceivedMessage } from '../core/bus/bus.ts';
import { decodeValue } from '../core/codec.ts';
import { imbalance } from '../core/stage/accounting.ts';
import type { Stage } from '../core/stage/stage.ts';
import { readDeadLetter } from '../schemas/generated/dead-letter.ts';
import { type EventBatch, type SocketEvent } from '../schemas/generated/event-batch.ts';
import type { Span } from '../schemas/generated/span.ts';
import { readSpanBatch, type SpanBatch } from '../schemas/generated/span-batch.ts';
import { dissectors } from '../protocols/dissectors.ts';
import { simulate } from './causality/testing/simulate.ts';
import { createEnricher } from './stage.ts';
import { eventMessage } from './testing/event-message.ts';
import { anEvent } from '../schemas/testing/an-event.ts';
import { lineDissector } from './testing/line-protocol.ts';
import { testConfig } from './testing/run-agent.ts';

const source = { topic: 'events', partition: 0 };

const message = (batch: Partial<EventBatch>, offset: number, partition = 0): ReceivedMessage =>
  eventMessage(batch, { offset, partition });

function spanBatch(output: OutgoingMessage): SpanBatch {
  expect(output.topic).toBe('spans');
  const decoded = decodeValue(
    'SpanBatch',
    { headers: output.headers ?? {}, value: output.value as Buffer },
    readSpanBatch,
  );
  if (decoded.kind === 'rejected') throw new Error(decoded.detail);
  return decoded.value;
}

const spansOf = (outputs: readonly OutgoingMessage[]): readonly Span[] =>
  outputs.flatMap((output) => spanBatch(output).spans);

const create = (config = testConfig): Stage<OutgoingMessage> => createEnricher(config, { dissectors: [lineDissector] });

const call = (id: number, given: Partial<SocketEvent> = {}): SocketEvent =>
  anEvent({ id, direction: 'egress', text: 'Q a 1\n', ...given });
const response = (id: number, given: Partial<SocketEvent> = {}): SocketEvent =>
  anEvent({ id, direction: 'ingress', text: 'A 200\n', ...given });

describe('messages', () => {
  test('each batch of events gives one batch of spans with its progress, also a heartbeat', () => {
    const stage = create();
    const [first] = stage.process(message({ untilOffsetNs: 70 }, 0), 0);
    expect(spanBatch(first!)).toEqual({ agentId: 5, watermarkNs: 1_700_000_000_000_000_070n, spans: [] });
    expect(first!.key).toBe('5');
    const outputs = stage.process(message({ events: [call(1), response(2)] }, 1), 0);
    expect(outputs).toHaveLength(1);
    expect(spansOf(outputs)).toHaveLength(1);
  });

  test('the progress of an agent goes back with its clock', () => {
    const stage = create();
    const send = (sequence: number, baseTimeNs: bigint): bigint => {
      const batch = { sequence, baseTimeNs, baseMonotonicNs: sequence * 1_000, untilOffsetNs: 70 };
      return spanBatch(stage.process(message(batch, sequence), 0)[0]!).watermarkNs;
    };
    expect(send(1, 1_700_000_300_000_000_000n)).toBe(1_700_000_300_000_000_070n);
    expect(send(2, 1_700_000_000_000_000_000n)).toBe(1_700_000_000_000_000_070n);
  });

  test('what cannot be read becomes a dead letter, and the next message is read', () => {
    const stage = create();
    const good = message({ events: [call(1)] }, 0);
    const broken = { ...good, value: good.value.subarray(0, good.value.length - 3) };
    const foreign = { ...good, offset: 1, headers: { schema: 'ffffffffffffffff' } };
    const letters = [broken, foreign].map((bad) => {
      const [output] = stage.process(bad, 1000);
      const decoded = decodeValue(
        'DeadLetter',
        { headers: output!.headers ?? {}, value: output!.value as Buffer },
        readDeadLetter,
      );
      return decoded.kind === 'ok' ? decoded.value : undefined;
    });
    expect(letters.map((letter) => letter?.reason)).toEqual(['undecodable', 'unknown_schema']);
    expect(letters[1]).toMatchObject({ stage: 'enricher', topic: 'events', offset: 1 });
    expect(stage.accounting().rejected).toEqual({
      undecodable: 1,
      unknown_schema: 1,
      forged: 0,
      unsigned: 0,
      time_out_of_range: 0,
    });
    expect(spansOf(stage.process(message({ events: [call(1), response(2)] }, 2), 0))).toHaveLength(1);
  });

  test('a batch that was sent twice counts once', () => {
    const stage = create();
    const twice = message({ events: [call(1), response(2)] }, 0);
    expect(spansOf(stage.process(twice, 0))).toHaveLength(1);
    expect(spansOf(stage.process({ ...twice, offset: 1 }, 0))).toHaveLength(0);
    expect(stage.accounting().dropped['duplicate']).toBe(2);
  });

  test('a heartbeat that was sent twice does not count as a loss, so calls in flight keep their causes', () => {
    const exchange = (repeated: readonly ReceivedMessage[]): readonly string[] => {
      const stage = create();
      const served = { role: 'server', socketId: 7 } as const;
      const heartbeat = message({ sequence: 2, untilOffsetNs: 1_000 }, 1);
      const messages = [
        message({ sequence: 1, untilOffsetNs: 500, events: [response(1, { ...served, payload: call(1).payload })] }, 0),
        heartbeat,
        message({ sequence: 3, untilOffsetNs: 2_000 }, 2),
        ...repeated.map((one) => ({ ...one, offset: 3 })),
        message({ sequence: 4, untilOffsetNs: 3_000, events: [call(2, { after: 1 }), response(3)] }, 4),
      ];
      return messages
        .flatMap((one) => spansOf(stage.process(one, 0)))
        .flatMap(({ causes }) => causes.map(({ spanId }) => spanId));
    };
    const again = message({ sequence: 2, untilOffsetNs: 1_000 }, 1);
    expect(exchange([])).toHaveLength(1);
    expect(exchange([again])).toEqual(exchange([]));
  });
});

describe('buffered state', () => {
  test('the oldest batch that an open request came in is named until the request ends', () => {
    const stage = create();
    stage.process(message({ events: [call(1, { socketId: 1 })] }, 0), 0);
    stage.process(message({ events: [call(2, { socketId: 2 })] }, 1), 0);
    expect(stage.lowWatermark(source)).toBe(0);
    expect(stage.lowWatermark({ ...source, partition: 1 })).toBeUndefined();
    stage.process(message({ events: [response(3, { socketId: 1 })] }, 2), 0);
    expect(stage.lowWatermark(source)).toBe(1);
    stage.process(message({ events: [response(4, { socketId: 2 })] }, 3), 0);
    expect(stage.lowWatermark(source)).toBeUndefined();
  });

  test('it is bounded by the time limit of the protocol', () => {
    const stage = create();
    stage.process(message({ events: [call(1)] }, 0), 0);
    const outputs = stage.process(message({ untilOffsetNs: 3_000_000_000 }, 1), 0);
    expect(spansOf(outputs)[0]!.status).toBe('timeout');
    expect(stage.lowWatermark(source)).toBeUndefined();
  });

  test('an agent that was not heard of for long ends with its requests', () => {
    const stage = create();
    stage.process(message({ events: [call(1)] }, 0), 1000);
    expect(stage.flush(1000 + testConfig.agentSilence - 1)).toEqual([]);
    const outputs = stage.flush(1000 + testConfig.agentSilence);
    expect(spansOf(outputs)[0]!.status).toBe('unknown');
    expect(stage.lowWatermark(source)).toBeUndefined();
    expect(stage.flush(1e12)).toEqual([]);
  });

  test('revoked partitions are forgotten and counted, others stay', () => {
    const stage = create();
    stage.process(message({ events: [call(1)] }, 0), 0);
    stage.process(message({ agentId: 6, events: [call(1)] }, 0, 1), 0);
    stage.revoke([source]);
    expect(stage.accounting()).toMatchObject({ buffered: 1, dropped: { revoked: 1 } });
    expect(stage.lowWatermark(source)).toBeUndefined();
    expect(stage.lowWatermark({ ...source, partition: 1 })).toBe(0);
  });

  test('a restart at the buffered offset makes the spans that were missing, with the same ids', () => {
    const { events } = simulate({
      scheduling: 'immediate',
      seed: 3,
      inFlight: 8,
      requests: 300,
      steps: () => [{ kind: 'calls', count: 1, endpoint: 'a' }],
    });
    const messages: ReceivedMessage[] = [];
    for (let index = 0; index < events.length; index += 50)
      messages.push(message({ events: events.slice(index, index + 50) }, messages.length));
    const whole = create();
    const expected = messages.flatMap((one) => spansOf(whole.process(one, 0)).map((span) => span.spanId));

    const stopAt = Math.floor(messages.length / 2);
    const before = create();
    const found: string[] = [];
    for (const one of messages.slice(0, stopAt))
      found.push(...spansOf(before.process(one, 0)).map((span) => span.spanId));
    const after = create();
    for (const one of messages.slice(before.lowWatermark(source) ?? stopAt)) {
      const ids = spansOf(after.process(one, 0)).map((span) => span.spanId);
      // Results of batches that were acknowledged before are suppressed by the runtime.
      if (one.offset >= stopAt) found.push(...ids);
    }
    expect(found).toEqual(expected);
  });
});

describe('memory', () => {
  test('what was accepted a while ago counts as buffered, so whoever continues knows the processes', () => {
    const stage = createEnricher({ ...testConfig, memory: 60_000 }, { dissectors: [lineDissector] });
    for (let offset = 0; offset < 200; offset++)
      stage.process({ ...message({}, offset), timestampMs: 1_000 * offset }, 0);
    const from = stage.lowWatermark(source)!;
    expect(from).toBeGreaterThanOrEqual(138);
    expect(from).toBeLessThanOrEqual(139);
    expect(stage.lowWatermark({ ...source, partition: 1 })).toBeUndefined();
    stage.revoke([source]);
    expect(stage.lowWatermark(source)).toBeUndefined();
  });
});

describe('conservation', () => {
  const texts = [
    'Q a 1\n',
    'A 200\n',
    'Q a 1 50\n',
    'Q a',
    ' 1\n',
    'Q a 1 0 one-way\n',
    'A 2',
    '00\n',
    'Q a 1\nQ b 2\n',
    'zzz',
    '',
  ];
  const realTexts = [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n\r\n',
    'GET / HT',
    '*1\r\n$4\r\nPING\r\n',
    '+PONG\r\n',
  ];
  const arbitraryEvent = fc.record({
    kind: fc.constantFrom('data', 'data', 'data', 'data', 'data', 'connect', 'accept', 'close'),
    direction: fc.constantFrom('ingress', 'egress'),
    socketId: fc.integer({ min: 1, max: 5 }),
    contextId: fc.integer({ min: 1, max: 3 }),
    transport: fc.constantFrom('tcp', 'tcp', 'tcp', 'udp', 'unix'),
    role: fc.constantFrom('unknown', 'unknown', 'client', 'server'),
    text: fc.oneof(fc.constantFrom(...texts, ...realTexts), fc.string({ maxLength: 20 })),
    extraLength: fc.constantFrom(0, 0, 0, 40),
    stepNs: fc.constantFrom(0, 1000, 5_000_000, 1_500_000_000),
    phase: fc.integer({ min: 0, max: 6 }),
    after: fc.integer({ min: 0, max: 40 }),
    connectId: fc.constantFrom(0, 0, 0, 3, 5),
    startsMessage: fc.boolean(),
    error: fc.constantFrom(0, 0, 111, 115),
    tls: fc.boolean(),
  });

  test('every event is emitted, dropped, rejected or buffered, whatever comes in whatever order', () => {
    const runs = fc.property(
      fc.array(arbitraryEvent, { maxLength: 60 }),
      fc.integer({ min: 1, max: 9 }),
      fc.boolean(),
      (steps, batchEvents, small) => {
        let timeNs = 0;
        const events = steps.map((step, index) => {
          const { text, extraLength, stepNs, startsMessage, ...given } = step;
          timeNs += stepNs;
          const id = index + 1;
          const isData = given.kind === 'data';
          const length = isData ? Buffer.byteLength(text, 'latin1') + extraLength : 0;
          const messageId = startsMessage ? id : Math.max(1, id - 1);
          const payload = isData ? { text } : {};
          return anEvent({
            id,
            ...(given as Partial<SocketEvent>),
            ...payload,
            length,
            timeOffsetNs: timeNs,
            messageId,
          });
        });
        const config = small ? { ...testConfig, maxSockets: 2, maxOpenRequests: 3, maxContexts: 2 } : testConfig;
        const stage = createEnricher(config, { dissectors: [lineDissector, ...dissectors] });
        let emitted = 0;
        for (let offset = 0; offset * batchEvents < events.length; offset++) {
          const part = events.slice(offset * batchEvents, (offset + 1) * batchEvents);
          emitted += spansOf(stage.process(message({ events: part }, offset), 0)).length;
          const accounting = stage.accounting();
          expect(imbalance(accounting)).toBe(0);
          expect(accounting.buffered).toBeGreaterThanOrEqual(0);
          if (accounting.buffered > 0) expect(stage.lowWatermark(source)).toBeLessThanOrEqual(offset);
        }
        emitted += spansOf(stage.drain()).length;
        const end = stage.accounting();
        expect(end.received).toBe(events.length);
        expect(end.buffered).toBe(0);
        expect(imbalance(end)).toBe(0);
        expect(stage.lowWatermark(source)).toBeUndefined();
        if (end.emitted > 0) expect(emitted).toBeGreaterThan(0);
      },
    );
    fc.assert(runs, { numRuns: 600 });
  });
});

test('losses make what is in flight unknown rather than wrong', () => {
  const { events } = simulate({
    scheduling: 'immediate',
    seed: 4,
    inFlight: 1,
    requests: 2,
    steps: () => [{ kind: 'calls', count: 1, endpoint: 'a' }],
  });
  const callAt = events.findIndex((event) => event.direction === 'egress');
  const stage = create();
  stage.process(message({ events: events.slice(0, callAt) }, 0), 0);
  const rest = message({ events: events.slice(callAt), losses: [{ reason: 'ring_full', count: 3 }] }, 1);
  const spans = spansOf(stage.process(rest, 0));
  const first = spans.find((span) => span.observationPoint === 'c-p')!;
  expect(first.causes).toEqual([]);
});
