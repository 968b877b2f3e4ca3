/** Input for each stage: the messages of a busy while, made once and sent to as many topics as needed. */
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { batchMessage } from '../../correlator/testing/span-fixtures.ts';
import { eighteenSpans, simulate } from '../../correlator/testing/simulated-services.ts';
import { writeEventBatch } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { AvroWriter } from '../../schemas/avro-writer.ts';
import { makeLoadTrace, traceMessage } from '../../sink/testing/traces.ts';
import { gatewayEvents } from '../gateway-events.ts';

/** Messages and what they hold. */
export interface Input {
  readonly topic: 'events' | 'spans' | 'traces';
  readonly messages: readonly OutgoingMessage[];
  readonly records: number;
  readonly bytes: number;
}

const recordsPerMessage = 500;
const agents = 8;

function inputOf(topic: Input['topic'], messages: readonly OutgoingMessage[], records: number): Input {
  return { topic, messages, records, bytes: messages.reduce((sum, { value }) => sum + value.length, 0) };
}

/** Events of eight agents, taking turns, 500 a message. */
export function eventInput(records: number): Input {
  const events = gatewayEvents(Math.ceil(records / agents)).slice(0, Math.ceil(records / agents));
  const messages: OutgoingMessage[] = [];
  for (let from = 0; from < events.length; from += recordsPerMessage) {
    const part = events.slice(from, from + recordsPerMessage);
    const batch = {
      agentId: 1,
      hostName: 'bench',
      sequence: from / recordsPerMessage + 1,
      baseTimeNs: 1_700_000_000_000_000_000n,
      baseMonotonicNs: 0,
      untilOffsetNs: part.at(-1)!.timeOffsetNs,
      losses: [],
      processes: [],
      events: part,
    };
    const value = encodeValue(batch, writeEventBatch);
    for (let agentId = 1; agentId <= agents; agentId++)
      messages.push(outgoingMessage('events', String(agentId), 'EventBatch', ofAgent(value, agentId)));
  }
  return inputOf('events', messages, events.length * agents);
}

/** The same batches as of further agents: their events are no repetitions. */
export function ofFurtherAgents(input: Input, round: number): readonly OutgoingMessage[] {
  return input.messages.map((message) => {
    const agentId = Number(message.key) + round * agents;
    return { ...message, key: String(agentId), value: ofAgent(Buffer.from(message.value), agentId) };
  });
}

/** The agent's id is the first field. */
function ofAgent(value: Buffer, agentId: number): Buffer {
  const reader = new AvroReader(value);
  reader.readLong();
  const writer = new AvroWriter(16);
  writer.writeLong(agentId);
  return Buffer.concat([writer.finish(), value.subarray(reader.position)]);
}

/** Spans of traces of 18, of eight agents in four groups that call each other, `spansPerSecond` by their own clock. */
export function spanInput(records: number, spansPerSecond: number): Input {
  const groups = 4;
  const requestsAtOnce = 1_000;
  const everyUs = (18 * groups * 1e6) / spansPerSecond;
  const sliceUs = requestsAtOnce * everyUs;
  const waiting = new Map<number, Span[]>();
  const messages: OutgoingMessage[] = [];
  const add = (agentId: number, atUs: number, spans: readonly Span[]): void => {
    const { topic, key, value, headers } = batchMessage(0, atUs / 1e3, spans, { agentId });
    messages.push({ topic, key, value, headers });
  };
  let made = 0;
  let slice = 0;
  for (; made < records; slice++) {
    for (let group = 0; group < groups; group++) {
      const simulation = { seed: 1 + slice * groups + group, requests: requestsAtOnce, everyUs, isLearned: true };
      for (const span of simulate(eighteenSpans, { ...simulation, withRequestIds: true }).spans) {
        const agentId = span.agentId + 2 * group;
        const moved: Span = {
          ...span,
          agentId,
          startTimeNs: span.startTimeNs + BigInt(Math.round(slice * sliceUs)) * 1_000n,
          requestEventId: span.requestEventId + slice * 1_000_000,
          responseEventId: span.responseEventId + slice * 1_000_000,
        };
        const own = waiting.get(agentId);
        if (own === undefined) waiting.set(agentId, [moved]);
        else own.push(moved);
        made++;
      }
    }
    for (let from = 0; [...waiting.values()].some((spans) => from < spans.length); from += recordsPerMessage)
      for (const [agentId, spans] of waiting) {
        const part = spans.slice(from, from + recordsPerMessage);
        // The watermark stays a little behind, as an enricher's does.
        if (part.length > 0) add(agentId, slice * sliceUs + Math.min(1, from / spans.length) * sliceUs, part);
      }
    waiting.clear();
  }
  // Progress of time without spans: everything that waits is decided.
  for (let step = 1; step <= 4; step++)
    for (let agentId = 1; agentId <= 2 * groups; agentId++) add(agentId, slice * sliceUs + step * 5e6, []);
  return inputOf('spans', messages, made);
}

/** Traces of 8 spans, one a message. */
export function traceInput(records: number): Input {
  const messages = Array.from({ length: Math.ceil(records / 8) }, (_, number) => {
    const { topic, key, value, headers } = traceMessage(makeLoadTrace(number), number);
    return { topic, key, value, headers };
  });
  return inputOf('traces', messages, messages.length * 8);
}
