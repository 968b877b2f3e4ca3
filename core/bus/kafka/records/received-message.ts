import type { KafkaMessage } from 'kafkajs';
import type { ReceivedMessage, TopicPartition } from '../../bus.ts';
import type { FetchedRecord } from './record-set.ts';

const nothing = Buffer.alloc(0);
/** The last moment that a Date holds; a producer may state any 64 bits. */
const latestMs = 8.64e15;

/** A message of Kafka as the bus gives it; a missing key or value is an empty one. */
export function receivedMessage(source: TopicPartition, message: KafkaMessage | FetchedRecord): ReceivedMessage {
  const { refused } = message as Partial<FetchedRecord>;
  return {
    topic: source.topic,
    partition: source.partition,
    offset: Number(message.offset),
    timestampMs: Math.min(latestMs, Math.max(0, Number(message.timestamp))),
    key: message.key === null ? '' : message.key.toString(),
    value: message.value ?? nothing,
    headers: headersOf(message.headers),
    ...(refused === undefined ? {} : { refused }),
  };
}

function headersOf(headers: KafkaMessage['headers'] | FetchedRecord['headers']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => {
      // A header that is there several times counts with its last value; a missing value is an empty one.
      const last = (Array.isArray(value) ? value.at(-1) : value) as Buffer | string | null | undefined;
      return [name, last?.toString() ?? ''];
    }),
  );
}
