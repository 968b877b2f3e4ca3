import type { IHeaders, KafkaMessage } from 'kafkajs';
import type { ReceivedMessage, TopicPartition } from '../bus.ts';

const nothing = Buffer.alloc(0);

/** A message of Kafka as the bus gives it; a missing key or value is an empty one. */
export function receivedMessage(source: TopicPartition, message: KafkaMessage): ReceivedMessage {
  return {
    topic: source.topic,
    partition: source.partition,
    offset: Number(message.offset),
    timestampMs: Number(message.timestamp),
    key: message.key === null ? '' : message.key.toString(),
    value: message.value ?? nothing,
    headers: headersOf(message.headers),
  };
}

function headersOf(headers: IHeaders | undefined): Readonly<Record<string, string>> {
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    // A header that is there several times counts with its last value.
    const last = Array.isArray(value) ? value.at(-1) : value;
    if (last !== undefined) texts[name] = last.toString();
  }
  return texts;
}
