import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { outgoingMessage } from '../../core/codec.ts';
import type { Topic } from '../../core/topics.ts';
import type { AvroReader } from '../../schemas/avro-reader.ts';
import { readArray } from '../../schemas/avro-blocks.ts';
import { AvroWriter } from '../../schemas/avro-writer.ts';
import {
  captureSourceSymbols,
  readLoss,
  readNetworkInterface,
  readProcessFacts,
  readReportedSpans,
  writeEventBatch,
  type EventBatch,
} from '../../schemas/generated/event-batch.ts';

/** An EventBatch without what was captured, which are its last fields. */
export type EventBatchHead = Omit<EventBatch, 'segments' | 'flows' | 'events'>;

/** Records of one kind that are Avro already, one after the other. */
export interface EncodedRecords {
  readonly bytes: Uint8Array;
  readonly count: number;
}

/** What was captured, by field; a field that is absent is empty. */
export interface CapturedRecords {
  readonly segments?: EncodedRecords;
  readonly flows?: EncodedRecords;
  readonly events?: EncodedRecords;
}

/** Reads an EventBatch up to what was captured, which stays unread behind the reader's position. */
export function readEventBatchHead(reader: AvroReader): EventBatchHead {
  const agentId = reader.readLong();
  const hostName = reader.readString();
  const sequence = reader.readLong();
  const source = reader.readEnum(captureSourceSymbols);
  const baseTimeNs = reader.readBigLong();
  const baseMonotonicNs = reader.readRoundedLong();
  const untilOffsetNs = reader.readLong();
  const losses = readArray(reader, readLoss);
  const processes = readArray(reader, readProcessFacts);
  const reportedSpans = readArray(reader, readReportedSpans);
  const interfaces = readArray(reader, readNetworkInterface);
  const clock = { baseTimeNs, baseMonotonicNs, untilOffsetNs };
  return { agentId, hostName, sequence, source, ...clock, losses, processes, reportedSpans, interfaces };
}

/** The fields behind the head, in their order. */
const fields = ['segments', 'flows', 'events'] as const;
const endOfArray = Buffer.of(0);
const writer = new AvroWriter(4096);

/** An EventBatch around records that are Avro already: they are copied once, none is looked at. */
export function encodeEventBatch(head: EventBatchHead, captured: CapturedRecords): Buffer {
  writer.reset();
  writeEventBatch(writer, { ...head, segments: [], flows: [], events: [] });
  // Over the end markers of the empty fields.
  writer.position -= fields.length * endOfArray.length;
  const ends = [0, writer.position];
  const filled = fields.map((field) => captured[field] ?? { bytes: endOfArray, count: 0 });
  for (const { count } of filled) {
    if (count > 0) writer.writeLong(count);
    ends.push(writer.position);
  }
  const written = (index: number): Buffer => writer.buffer.subarray(ends[index], ends[index + 1]);
  const records = filled.flatMap(({ bytes, count }, index) =>
    count > 0 ? [written(index + 1), bytes, endOfArray] : [endOfArray],
  );
  return Buffer.concat([written(0), ...records]);
}

/** The message that carries an encoded EventBatch. */
export function eventBatchMessage(agentId: number, batch: Uint8Array): OutgoingMessage {
  const topic: Topic = 'events';
  return outgoingMessage(topic, String(agentId), 'EventBatch', batch);
}
