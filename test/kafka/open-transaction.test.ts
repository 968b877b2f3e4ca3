import { randomUUID } from 'node:crypto';
import kafkajs from 'kafkajs';
import { expect, test } from 'vitest';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { numbered, pollUntil, Reader } from './reader.ts';
import { brokerForTests } from './test-broker.ts';

const prefix = 'transactions.';

brokerForTests('transactions of others', (broker) => {
  test('that stay open, or are aborted, hold nobody: what is behind them is read', async () => {
    const topic = randomUUID();
    const bus = openKafkaBus({ brokers: broker().brokers, prefix });
    await bus.ensureTopics([{ name: topic, partitions: 1 }]);
    const client = new kafkajs.Kafka({ brokers: [...broker().brokers], logLevel: kafkajs.logLevel.NOTHING });
    const stranger = client.producer({ transactionalId: topic, maxInFlightRequests: 1, idempotent: true });
    await stranger.connect();
    const messages = [{ key: 'stranger', value: 'x' }];
    const aborted = await stranger.transaction();
    await aborted.send({ topic: prefix + topic, messages });
    await aborted.abort();
    const open = await stranger.transaction();
    await open.send({ topic: prefix + topic, messages });

    const producer = await bus.producer();
    await producer.send(numbered(topic, 10));
    const reader = new Reader(await bus.consumer({ group: topic, topics: [topic] }));
    const own = (): number => reader.messages.filter(({ key }) => key !== 'stranger').length;
    await pollUntil([reader], () => own() === 10);
    expect(own()).toBe(10);
    await reader.commit();
    await open.abort();
    await stranger.disconnect();
    await bus.close();
  });
});
