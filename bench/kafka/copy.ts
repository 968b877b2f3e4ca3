/**
 * A plain copy by kafkajs: consumes one topic and produces the same bytes to another, with the same compression and
 * acknowledgements as a stage. What a stage is measured against. A process of its own.
 *
 *   node dist/bench/kafka/copy.js BROKERS FROM TO
 */
import kafkajs from 'kafkajs';
import { compressionTypes, useCodecs } from '../../core/bus/kafka/records/compression.ts';

const [brokers, from, to] = process.argv.slice(2) as [string, string, string];
useCodecs();
const kafka = new kafkajs.Kafka({ brokers: brokers.split(','), logLevel: kafkajs.logLevel.ERROR });
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false });
const consumer = kafka.consumer({
  groupId: `${from}-copy`,
  maxBytesPerPartition: 2 * 1024 * 1024,
  maxBytes: 16 * 1024 * 1024,
  maxWaitTimeInMs: 250,
});
let messages = 0;
let bytes = 0;
await producer.connect();
await consumer.connect();
await consumer.subscribe({ topics: [from], fromBeginning: true });
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch }) => {
    const copies = batch.messages.map(({ key, value, headers }) => ({ key, value, headers: headers ?? {} }));
    await producer.send({ topic: to, acks: -1, compression: compressionTypes.lz4, messages: copies });
    messages += copies.length;
    for (const { value } of copies) bytes += value?.length ?? 0;
    process.stdout.write(`${JSON.stringify({ messages, bytes })}\n`);
  },
});
