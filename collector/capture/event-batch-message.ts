import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { outgoingMessage } from '../../core/codec.ts';
import type { Topic } from '../../core/topics.ts';
import type { AvroReader } from '../../schemas/avro-reader.ts';
import { readArray } from '../../schemas/avro-blocks.ts';
import { AvroWriter } from '../../schemas/avro-writer.ts';
import { readLoss, readProcessFacts, writeEventBatch, type EventBatch } from '../../schemas/generated/event-batch.ts';

/** An EventBatch without its events, which is its last field. */
export type EventBatchHead = Omit<EventBatch, 'events'>;

/** Reads an EventBatch up to its events, which stay unread behind the reader's position. */
export function readEventBatchHead(reader: AvroReader): EventBatchHead {
  const agentId = reader.readLong();
  const hostName = reader.readString();
  const sequence = reader.readLong();
  const baseTimeNs = reader.readBigLong();
  const baseMonotonicNs = reader.readRoundedLong();
  const untilOffsetNs = reader.readLong();
  const losses = readArray(reader, readLoss);
  const processes = readArray(reader, readProcessFacts);
  return { agentId, hostName, sequence, baseTimeNs, baseMonotonicNs, untilOffsetNs, losses, processes };
}

const writer = new AvroWriter(4096);

/** An EventBatch around events that are Avro already: they are copied once, none is looked at. */
export function encodeEventBatch(head: EventBatchHead, events: Uint8Array, eventCount: number): Buffer {
  writer.reset();
  writeEventBatch(writer, { ...head, events: [] });
  // Over the end marker of the empty events.
  writer.position--;
  if (eventCount > 0) writer.writeLong(eventCount);
  const headBytes = writer.position;
  const batch = Buffer.allocUnsafe(headBytes + events.length + 1);
  writer.buffer.copy(batch, 0, 0, headBytes);
  batch.set(events, headBytes);
  batch[batch.length - 1] = 0;
  return batch;
}

/** The message that carries an encoded EventBatch. */
export function eventBatchMessage(agentId: number, batch: Uint8Array): OutgoingMessage {
  const topic: Topic = 'events';
  return outgoingMessage(topic, String(agentId), 'EventBatch', batch);
}
