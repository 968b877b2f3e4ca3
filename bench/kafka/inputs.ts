/** Input for each stage: the messages of a busy while, made once and sent to as many topics as needed. */
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { batchMessage, hexId } from '../../correlator/testing/span-messages.ts';
import { eighteenSpans, simulate } from '../../correlator/testing/simulated-services.ts';
import { writeEventBatch } from '../../schemas/generated/event-batch.ts';
import { anEventBatch } from '../../schemas/testing/an-event.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { AvroWriter } from '../../schemas/avro-writer.ts';
import { makeLoadTrace, traceMessage } from '../../sink/testing/traces.ts';
import { gatewayEvents } from '../input/gateway-events.ts';

/** Messages and what they hold. */
export interface Input {
  readonly topic: 'events' | 'spans' | 'traces';
  readonly messages: readonly OutgoingMessage[];
  readonly records: number;
  readonly bytes: number;
  /** Such a load without end, from its beginning. Events and spans are new ones each time, traces come again. */
  readonly endless: () => Iterable<OutgoingMessage>;
}

const recordsPerMessage = 500;
const agents = 8;

type Endless = Input['endless'];

function inputOf(
  topic: Input['topic'],
  messages: readonly OutgoingMessage[],
  records: number,
  endless: Endless,
): Input {
  return { topic, messages, records, endless, bytes: messages.reduce((sum, { value }) => sum + value.length, 0) };
}

/** Events of eight agents, taking turns, 500 a message. */
export function eventInput(records: number): Input {
  const events = gatewayEvents(Math.ceil(records / agents)).slice(0, Math.ceil(records / agents));
  const messages: OutgoingMessage[] = [];
  for (let from = 0; from < events.length; from += recordsPerMessage) {
    const part = events.slice(from, from + recordsPerMessage);
    const batch = anEventBatch({ agentId: 1, sequence: from / recordsPerMessage + 1, events: part });
    const value = encodeValue(batch, writeEventBatch);
    for (let agentId = 1; agentId <= agents; agentId++)
      messages.push(outgoingMessage('events', String(agentId), 'EventBatch', ofAgent(value, agentId)));
  }
  return inputOf('events', messages, events.length * agents, () => ofFurtherAgents(messages));
}

/** The same batches again and again, each time as of further agents. */
function* ofFurtherAgents(messages: readonly OutgoingMessage[]): Generator<OutgoingMessage> {
  for (let round = 1; ; round++)
    for (const message of messages) {
      const agentId = Number(message.key) + round * agents;
      yield { ...message, key: String(agentId), value: ofAgent(Buffer.from(message.value), agentId) };
    }
}

/** The agent's id is the first field. */
function ofAgent(value: Buffer, agentId: number): Buffer {
  const reader = new AvroReader(value);
  reader.readLong();
  const writer = new AvroWriter(16);
  writer.writeLong(agentId);
  return Buffer.concat([writer.finish(), value.subarray(reader.position)]);
}

/** A SpanBatch and how many spans it has. */
export interface SpanMessage extends OutgoingMessage {
  readonly spans: number;
}

const groups = 4;
const requestsAtOnce = 1_000;

function spanMessageOf(agentId: number, atUs: number, spans: readonly Span[]): OutgoingMessage {
  const { topic, key, value, headers } = batchMessage(0, atUs / 1e3, spans, { agentId });
  return { topic, key, value, headers };
}

/** Spans of each agent while its group serves 1000 requests, in the order in which they ended. */
function oneSlice(everyUs: number): ReadonlyMap<number, readonly Span[]> {
  const byAgent = new Map<number, Span[]>();
  for (let group = 0; group < groups; group++) {
    const simulation = { seed: 1 + group, requests: requestsAtOnce, everyUs, isLearned: true, withRequestIds: true };
    for (const span of simulate(eighteenSpans, simulation).spans) {
      const agentId = span.agentId + 2 * group;
      const own = byAgent.get(agentId);
      if (own === undefined) byAgent.set(agentId, [{ ...span, agentId }]);
      else own.push({ ...span, agentId });
    }
  }
  return byAgent;
}

/** A span of the first slice as one of a later slice: everything that says which request it is of is another. */
function ofSlice(span: Span, slice: number, sliceUs: number): Span {
  const spanId = (id: string): string => hexId(slice).slice(8) + id.slice(8);
  return {
    ...span,
    spanId: spanId(span.spanId),
    causes: span.causes.map((cause) => ({ ...cause, spanId: spanId(cause.spanId) })),
    startTimeNs: span.startTimeNs + BigInt(Math.round(slice * sliceUs)) * 1_000n,
    requestEventId: span.requestEventId + slice * 1_000_000,
    responseEventId: span.responseEventId + slice * 1_000_000,
    requestTcpSequence: moved(span.requestTcpSequence, slice),
    responseTcpSequence: moved(span.responseTcpSequence, slice),
    xRequestIdRequest: span.xRequestIdRequest && `${span.xRequestIdRequest}-${slice}`,
  };
}

/** 0 stands for none. */
const moved = (sequence: number, slice: number): number => sequence && (sequence + slice * 2_654_435_761) % 2 ** 32;

/** The messages of slice after slice, agents taking turns. */
function* spanMessages(everyUs: number): Generator<SpanMessage> {
  const sliceUs = requestsAtOnce * everyUs;
  const byAgent = oneSlice(everyUs);
  const longest = Math.max(...[...byAgent.values()].map(({ length }) => length));
  for (let slice = 0; ; slice++)
    for (let from = 0; from < longest; from += recordsPerMessage)
      for (const [agentId, spans] of byAgent) {
        const part = spans.slice(from, from + recordsPerMessage);
        // The watermark stays a little behind, as an enricher's does.
        const atUs = (slice + Math.min(1, from / spans.length)) * sliceUs;
        if (part.length === 0) continue;
        const own = part.map((span) => ofSlice(span, slice, sliceUs));
        yield { ...spanMessageOf(agentId, atUs, own), spans: part.length };
      }
}

/** Spans of traces of 18, of eight agents in four groups that call each other, `spansPerSecond` by their own clock. */
export function spanInput(records: number, spansPerSecond: number): Input {
  const everyUs = (18 * groups * 1e6) / spansPerSecond;
  const spansOfOneSlice = 18 * groups * requestsAtOnce;
  const slices = Math.ceil(records / spansOfOneSlice);
  const messages: OutgoingMessage[] = [];
  let made = 0;
  for (const { spans, ...message } of spanMessages(everyUs)) {
    messages.push(message);
    made += spans;
    if (made === slices * spansOfOneSlice) break;
  }
  // Progress of time without spans: everything that waits is decided.
  const endUs = slices * requestsAtOnce * everyUs;
  for (let step = 1; step <= 4; step++)
    for (let agentId = 1; agentId <= 2 * groups; agentId++)
      messages.push(spanMessageOf(agentId, endUs + step * 5e6, []));
  return inputOf('spans', messages, made, () => spanMessages(everyUs));
}

function* againAndAgain(messages: readonly OutgoingMessage[]): Generator<OutgoingMessage> {
  for (;;) yield* messages;
}

/** Traces of 8 spans, one a message. */
export function traceInput(records: number): Input {
  const messages = Array.from({ length: Math.ceil(records / 8) }, (_, number) => {
    const { topic, key, value, headers } = traceMessage(makeLoadTrace(number), number);
    return { topic, key, value, headers };
  });
  return inputOf('traces', messages, messages.length * 8, () => againAndAgain(messages));
}
