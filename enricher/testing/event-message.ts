import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { type EventBatch, writeEventBatch } from '../../schemas/generated/event-batch.ts';
import { anEventBatch } from '../../schemas/testing/an-event.ts';

/** A batch as it comes from the bus, of agent 5 on partition 0 unless told otherwise; for tests. */
export function eventMessage(
  batch: Partial<EventBatch>,
  place: { readonly offset: number; readonly partition?: number; readonly timestampMs?: number },
): ReceivedMessage {
  const { offset, partition = 0, timestampMs = 0 } = place;
  const whole = anEventBatch({ sequence: offset + 1, ...batch });
  const { key, headers, value } = outgoingMessage('events', '5', 'EventBatch', encodeValue(whole, writeEventBatch));
  return { topic: 'events', partition, offset, timestampMs, key, value: value as Buffer, headers: headers ?? {} };
}
