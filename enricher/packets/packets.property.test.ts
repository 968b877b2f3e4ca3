import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { imbalance } from '../../core/stage/accounting.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { EventBatch, FlowInterval, PacketSegment, SocketEvent } from '../../schemas/generated/event-batch.ts';
import { readFlowBatch } from '../../schemas/generated/flow-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { readSpanBatch } from '../../schemas/generated/span-batch.ts';
import { aFlowInterval, anInterface, anObservation, aSegment, flowMetrics } from '../../schemas/testing/a-segment.ts';
import { anEvent } from '../../schemas/testing/an-event.ts';
import { propertyRuns } from '../../schemas/testing/property-runs.ts';
import { createEnricher, type Enricher } from '../stage.ts';
import { eventMessage } from '../testing/event-message.ts';
import { testConfig } from '../testing/run-agent.ts';

const source = { topic: 'events', partition: 0 };
const stepNs = 1_000_000;

/** What one side says next on a connection, in pieces as they are sent. */
interface Turn {
  readonly connection: number;
  readonly fromClient: boolean;
  readonly pieces: readonly Buffer[];
}

const exchange = fc.record({
  protocol: fc.constantFrom('http', 'redis'),
  connection: fc.integer({ min: 0, max: 3 }),
  path: fc.constantFrom('a', 'b', 'items'),
  code: fc.constantFrom(200, 404, 500),
  bodyBytes: fc.integer({ min: 0, max: 600 }),
  isAnswered: fc.boolean(),
  cuts: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 4 }),
});
type Exchange = typeof exchange extends fc.Arbitrary<infer Value> ? Value : never;

/** A connection speaks one protocol, and only its last request may stay without an answer. */
function turnsOf(exchanges: readonly Exchange[]): readonly Turn[] {
  return exchanges.flatMap((each, index): readonly Turn[] => {
    const { protocol, path, code, bodyBytes, cuts } = each;
    const connection = each.connection * 2 + (protocol === 'http' ? 0 : 1);
    const isLast = !exchanges.slice(index + 1).some((later) => later.connection === each.connection);
    const [asked, answered] =
      protocol === 'http'
        ? [
            `POST /${path}/${index} HTTP/1.1\r\nHost: shop\r\nContent-Length: ${bodyBytes % 100}\r\n\r\n${'q'.repeat(bodyBytes % 100)}`,
            `HTTP/1.1 ${code} X\r\nContent-Length: ${bodyBytes}\r\n\r\n${'r'.repeat(bodyBytes)}`,
          ]
        : [
            `*2\r\n$3\r\nGET\r\n$${path.length}\r\n${path}\r\n`,
            code === 500 ? '-ERR no\r\n' : `$${bodyBytes}\r\n${'r'.repeat(bodyBytes)}\r\n`,
          ];
    const request = { connection, fromClient: true, pieces: cutAt(Buffer.from(asked, 'latin1'), cuts) };
    if (isLast && !each.isAnswered) return [request];
    return [request, { connection, fromClient: false, pieces: cutAt(Buffer.from(answered, 'latin1'), cuts) }];
  });
}

/** Cuts bytes at these places, as parts of their length. */
function cutAt(bytes: Buffer, cuts: readonly number[]): readonly Buffer[] {
  const places = [...new Set(cuts.map((cut) => Math.floor(cut * bytes.length)))].sort((one, other) => one - other);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const place of places) {
    if (place <= from || place >= bytes.length) continue;
    pieces.push(bytes.subarray(from, place));
    from = place;
  }
  return [...pieces, bytes.subarray(from)];
}

const isHttp = (connection: number): boolean => connection % 2 === 0;
const serverPort = (connection: number): number => (isHttp(connection) ? 80 : 6379);

/** The same turns as the server's process sees them: each piece a call. */
function eventsOf(turns: readonly Turn[]): readonly SocketEvent[] {
  const sequences = new Map<string, number>();
  let id = 0;
  return turns.flatMap(({ connection, fromClient, pieces }) => {
    const messageId = id + 1;
    return pieces.map((payload): SocketEvent => {
      const tcpSequence = advance(sequences, `${connection}${fromClient}`, payload.length);
      const direction = fromClient ? 'ingress' : 'egress';
      id++;
      return anEvent({
        ...{ id, messageId, direction, payload, length: payload.length, tcpSequence, role: 'server' },
        ...{ socketId: connection + 1, localPort: serverPort(connection), remotePort: 40_000 + connection },
        timeOffsetNs: id * stepNs,
      });
    });
  });
}

/** The same turns as segments: joined and cut elsewhere than the calls were. */
function segmentsOf(turns: readonly Turn[], everyBytes: number): readonly PacketSegment[] {
  const sequences = new Map<string, number>();
  let id = 2 ** 52;
  return turns.flatMap(({ connection, fromClient, pieces }) => {
    const whole = Buffer.concat(pieces);
    const count = Math.ceil(whole.length / everyBytes);
    return Array.from({ length: count }, (_, index): PacketSegment => {
      const payload = whole.subarray(index * everyBytes, (index + 1) * everyBytes);
      const ends = fromClient
        ? { senderPort: 40_000 + connection, receiverPort: serverPort(connection) }
        : { senderPort: serverPort(connection), receiverPort: 40_000 + connection };
      id++;
      const timeOffsetNs = (id - 2 ** 52) * stepNs;
      return aSegment({
        ...{ id, fromClient, payload, startsMessage: index === 0, flowId: connection + 1, ...ends },
        tcpSequence: advance(sequences, `${connection}${fromClient}`, payload.length),
        ...{ timeOffsetNs, lastTimeOffsetNs: timeOffsetNs + (id % 3) * 1000 },
        observation: anObservation({ passage: fromClient ? 'incoming' : 'outgoing' }),
      });
    });
  });
}

function advance(sequences: Map<string, number>, direction: string, bytes: number): number {
  // Near the end of 32 bits: numbers begin anew within a connection.
  const at = sequences.get(direction) ?? 2 ** 32 - 500;
  sequences.set(direction, (at + bytes) % 2 ** 32);
  return at;
}

/** Batches of so many records, the last of which ends all flows. */
function batchesOfPackets(segments: readonly PacketSegment[], size: number, hasFlows: boolean): Partial<EventBatch>[] {
  const batches: Partial<EventBatch>[] = [];
  for (let from = 0; from < segments.length; from += size) {
    const part = segments.slice(from, from + size);
    const last = part[part.length - 1]!;
    const flows = hasFlows ? [intervalOf(last, true)] : [];
    batches.push({ source: 'packets', segments: part, flows, untilOffsetNs: last.timeOffsetNs });
  }
  const ends = new Map(segments.map((segment) => [segment.flowId, segment]));
  const untilOffsetNs = (segments[segments.length - 1]?.timeOffsetNs ?? 0) + stepNs;
  batches.push({ source: 'packets', flows: [...ends.values()].map((each) => intervalOf(each, false)), untilOffsetNs });
  return batches;
}

function intervalOf(segment: PacketSegment, isOpen: boolean): FlowInterval {
  const closeType = isOpen ? 'open' : 'finished';
  const endOffsetNs = segment.timeOffsetNs;
  const startOffsetNs = endOffsetNs - stepNs;
  return aFlowInterval({
    flowId: segment.flowId,
    startOffsetNs,
    endOffsetNs,
    metrics: flowMetrics({ isOpen, closeType }),
  });
}

const messagesOf = (batches: readonly Partial<EventBatch>[]): readonly ReceivedMessage[] =>
  batches.map((batch, offset) => eventMessage(batch, { offset, timestampMs: 1_700_000_000_000 + 100 * offset }));

const spansOf = ({ topic, value }: OutgoingMessage): readonly Span[] =>
  topic === 'spans' ? readSpanBatch(new AvroReader(value as Buffer)).spans : [];

/** Spans and flows in the order in which they came, as far as the rest of the pipeline tells them apart. */
const resultsOf = (outputs: readonly OutgoingMessage[]): readonly string[] => [
  ...outputs
    .flatMap(spansOf)
    .map((span) => JSON.stringify({ ...messageOf(span), at: span.spanId, by: span.observationPoint })),
  ...outputs
    .filter(({ topic }) => topic === 'flows')
    .flatMap(({ value }) => readFlowBatch(new AvroReader(value as Buffer)).flows)
    .map(({ flowId, startTimeNs, observationPoint }) => `${flowId} ${startTimeNs} ${observationPoint}`),
];

function messageOf(span: Span): object {
  const { protocol, requestType, requestResource, requestDomain, status, responseCode, responseException } = span;
  const { requestTcpSequence, responseTcpSequence, requestBytes, responseBytes } = span;
  return {
    ...{ protocol, requestType, requestResource, requestDomain, status, responseCode, responseException },
    ...{ requestTcpSequence, responseTcpSequence, requestBytes, responseBytes },
  };
}

const create = (memory = 0): Enricher => createEnricher({ ...testConfig, memory }, { dissectors });

function runAll(stage: Enricher, messages: readonly ReceivedMessage[]): readonly OutgoingMessage[] {
  return messages.flatMap((message) => {
    const outputs = stage.process(message, 0);
    const accounting = stage.accounting();
    expect(imbalance(accounting)).toBe(0);
    expect(accounting.buffered).toBeGreaterThanOrEqual(0);
    if (accounting.buffered > 0) expect(stage.lowWatermark(source)).toBeLessThanOrEqual(message.offset);
    return outputs;
  });
}

const conversations = fc.array(exchange, { minLength: 1, maxLength: 20 });

test('a conversation gives the same messages as calls and as packets, however either is cut', () => {
  fc.assert(
    fc.property(conversations, fc.integer({ min: 8, max: 700 }), fc.integer({ min: 1, max: 9 }), (all, cut, size) => {
      const turns = turnsOf(all);
      const events = eventsOf(turns);
      const ends = [...new Set(events.map(({ socketId }) => socketId))].map((socketId, index) =>
        anEvent({ id: events.length + 1 + index, kind: 'close', socketId, timeOffsetNs: (events.length + 1) * stepNs }),
      );
      const sockets = runAll(create(), messagesOf([{ events: [...events, ...ends] }]));
      const packets = runAll(create(), messagesOf(batchesOfPackets(segmentsOf(turns, cut), size, false)));
      const sorted = (outputs: readonly OutgoingMessage[]): readonly string[] =>
        outputs
          .flatMap(spansOf)
          .map((span) => JSON.stringify(messageOf(span)))
          .sort();
      expect(sorted(packets)).toEqual(sorted(sockets));
      expect(packets.flatMap(spansOf)).toHaveLength(turns.filter(({ fromClient }) => fromClient).length);
    }),
    { numRuns: propertyRuns(400) },
  );
});

/** What is left when the capture loses some of these segments, which all reach their receiver. */
function withLosses(segments: readonly PacketSegment[], isLost: (index: number) => boolean): readonly PacketSegment[] {
  const lastSenders = new Map<number, boolean>();
  const gaps = new Map<string, number>();
  return segments.flatMap((segment, index): readonly PacketSegment[] => {
    const { flowId, fromClient, length } = segment;
    const direction = `${flowId}${fromClient}`;
    const startsMessage = lastSenders.get(flowId) !== fromClient;
    // The acknowledgment shows at once that there was something.
    lastSenders.set(flowId, fromClient);
    const gapBytes = gaps.get(direction) ?? 0;
    if (isLost(index)) {
      gaps.set(direction, gapBytes + length);
      return [];
    }
    gaps.delete(direction);
    return [{ ...segment, startsMessage, gapBytes, gap: gapBytes > 0 ? 'acknowledged' : 'none' }];
  });
}

test('whatever the capture loses, no request gets the response of another', () => {
  const pairOf = ({ flowId, requestTcpSequence, responseTcpSequence, responseCode }: Span): string =>
    `${flowId} ${requestTcpSequence} ${responseTcpSequence} ${responseCode}`;
  const isAnswered = ({ status }: Span): boolean => status !== 'unknown' && status !== 'closed' && status !== 'timeout';
  fc.assert(
    fc.property(
      conversations,
      fc.integer({ min: 20, max: 700 }),
      fc.array(fc.nat({ max: 99 }), { minLength: 1, maxLength: 8 }),
      (all, cut, lost) => {
        const segments = segmentsOf(turnsOf(all), cut);
        const spansFrom = (some: readonly PacketSegment[]): readonly Span[] =>
          runAll(create(), messagesOf(batchesOfPackets(some, 5, false))).flatMap(spansOf);
        const truth = new Set(spansFrom(segments).map(pairOf));
        const found = spansFrom(withLosses(segments, (index) => lost.includes(index))).filter(isAnswered);
        expect(found.filter((span) => !truth.has(pairOf(span)))).toEqual([]);
      },
    ),
    { numRuns: propertyRuns(1000) },
  );
});

test.each([
  ['when only what is open is read again', 0],
  ['when the last minute is read again', 60_000],
])('a restart at any message gives the same spans and flows, %s', (_, memory) => {
  fc.assert(
    fc.property(
      conversations,
      fc.integer({ min: 20, max: 700 }),
      fc.integer({ min: 1, max: 9 }),
      fc.nat(),
      (all, cut, size, at) => {
        const batches = batchesOfPackets(segmentsOf(turnsOf(all), cut), size, true);
        // What the interfaces are is known as long as it is remembered.
        if (memory > 0) batches.unshift({ source: 'packets', interfaces: [anInterface()], untilOffsetNs: 0 });
        const messages = messagesOf(batches);
        const whole = create(memory);
        const results = messages.map((message) => resultsOf(runAll(whole, [message])));
        const stopAt = at % messages.length;
        const before = create(memory);
        runAll(before, messages.slice(0, stopAt));
        const after = create(memory);
        after.assign?.([{ ...source, offset: stopAt, emittedBelow: stopAt }]);
        for (const message of messages.slice(before.lowWatermark(source) ?? stopAt)) {
          const found = resultsOf(runAll(after, [message]));
          // Results of what was emitted before are suppressed by the runtime.
          if (message.offset >= stopAt) expect(found).toEqual(results[message.offset]);
        }
      },
    ),
    { numRuns: propertyRuns(200) },
  );
});
