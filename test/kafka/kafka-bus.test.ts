import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin } from 'kafkajs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Bus, OutgoingMessage } from '../../core/bus/bus.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { planTopicChanges, requireTopics } from '../../core/bus/kafka/topic-administration.ts';
import { runStage } from '../../core/stage/run-stage.ts';
import type { Stage } from '../../core/stage/stage.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { stageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { numbered, numberOf, pollUntil, Reader } from './reader.ts';
import { brokerForTests } from './test-broker.ts';

const { ConfigResourceTypes, Kafka, logLevel } = kafkajs;
const prefix = 'spanloom-test.';

brokerForTests('the bus on Kafka', (broker) => {
  let bus: Bus;
  let admin: Admin;
  let topic: string;

  beforeAll(async () => {
    admin = new Kafka({ brokers: [...broker().brokers], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await admin.disconnect();
  });
  beforeEach(() => {
    bus = openKafkaBus({ brokers: broker().brokers, prefix, heartbeatEveryMs: 100 });
    topic = randomUUID();
  });
  afterEach(async () => {
    await bus.close();
  });

  async function send(messages: readonly OutgoingMessage[]): Promise<void> {
    const producer = await bus.producer();
    await producer.send(messages);
    await producer.close();
  }
  async function join(topics = [topic]): Promise<Reader> {
    return new Reader(await bus.consumer({ group: topic, topics }));
  }
  async function configOf(name: string): Promise<ReadonlyMap<string, string>> {
    const { resources } = await admin.describeConfigs({
      resources: [{ type: ConfigResourceTypes.TOPIC, name }],
      includeSynonyms: false,
    });
    return new Map(resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]));
  }

  test('a position that another program committed without our metadata counts as acknowledged below itself', async () => {
    await bus.ensureTopics([{ name: topic, partitions: 1 }]);
    await send(numbered(topic, 10));
    const partitions = [{ partition: 0, offset: '6' }];
    await admin.setOffsets({ groupId: prefix + topic, topic: prefix + topic, partitions });
    const reader = await join();
    await pollUntil([reader], () => reader.messages.length > 0);
    expect(reader.messages.map(numberOf)).toEqual([6, 7, 8, 9]);
  });

  test('both offsets of a position come back after a restart', async () => {
    await bus.ensureTopics([{ name: topic, partitions: 2 }]);
    await send(numbered(topic, 100));
    const first = await join();
    await pollUntil([first], () => first.messages.length === 100);
    await first.consumer.commit([
      { topic, partition: 0, offset: 3, emittedBelow: 17 },
      { topic, partition: 1, offset: 0, emittedBelow: 5 },
    ]);
    await first.consumer.close();
    const second = await bus.consumer({ group: topic, topics: [topic] });
    const { rebalance } = await second.poll({ maxWaitMs: 10_000, maxBytes: 1 });
    expect(rebalance?.assigned).toEqual([
      { topic, partition: 0, offset: 3, emittedBelow: 17 },
      { topic, partition: 1, offset: 0, emittedBelow: 5 },
    ]);
  });

  test('where retention took what was next, reading goes on at the oldest message', async () => {
    await bus.ensureTopics([{ name: topic, partitions: 1 }]);
    await send(numbered(topic, 20));
    const first = await join();
    await pollUntil([first], () => first.messages.length === 20);
    await first.consumer.commit([{ topic, partition: 0, offset: 4, emittedBelow: 4 }]);
    await first.consumer.close();
    // kafkajs deletes only from partitions that it has asked something of before.
    await admin.fetchTopicOffsets(prefix + topic);
    await admin.deleteTopicRecords({ topic: prefix + topic, partitions: [{ partition: 0, offset: '12' }] });
    const second = await join();
    await pollUntil([second], () => second.messages.length > 0);
    expect(second.messages.map(numberOf)).toEqual([12, 13, 14, 15, 16, 17, 18, 19]);
    await second.commit();
  });

  test('a message of 16 MiB passes, whatever it compresses to, and those beside it keep their order', async () => {
    await bus.ensureTopics([{ name: topic, partitions: 1 }]);
    const value = Buffer.alloc(16 * 1024 * 1024);
    for (let index = 0; index < value.length; index += 4) value.writeUInt32LE((index * 2654435761) >>> 0, index);
    await send([...numbered(topic, 2), { topic, key: 'k', value }, ...numbered(topic, 1, 2)]);
    const reader = await join();
    await pollUntil([reader], () => reader.messages.length === 4);
    expect(reader.messages.map(({ value: { length } }) => length)).toEqual([1, 1, value.length, 1]);
    expect(reader.messages[2]!.value.equals(value)).toBe(true);
  });

  test('the broker says when it accepted a message, whatever the writer says', async () => {
    await bus.ensureTopics([{ name: topic, partitions: 1 }]);
    const producer = new Kafka({ brokers: [...broker().brokers], logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    const before = Date.now();
    const messages = ['0', '4102444800000'].map((timestamp) => ({ key: 'a', value: 'x', timestamp }));
    await producer.send({ topic: prefix + topic, messages });
    await producer.disconnect();
    const reader = await join();
    await pollUntil([reader], () => reader.messages.length === 2);
    for (const { timestampMs } of reader.messages) expect(Math.abs(timestampMs - before)).toBeLessThan(60_000);
  });

  test('bringing a topic up to date keeps the settings that others made for it', async () => {
    await bus.ensureTopics([{ name: topic, partitions: 1, retentionMs: 3_600_000 }]);
    const name = prefix + topic;
    const others = [
      { name: 'min.insync.replicas', value: '1' },
      { name: 'segment.bytes', value: '2000000' },
    ];
    const present = [...(await configOf(name))].filter(([setting]) => setting === 'retention.ms');
    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: ConfigResourceTypes.TOPIC,
          name,
          configEntries: [...others, ...present.map(([setting, value]) => ({ name: setting, value }))],
        },
      ],
    });
    // A broker takes a moment to show what the controller has already accepted; what it does not show yet would be lost.
    const shown = async (setting: string): Promise<string | undefined> => (await configOf(name)).get(setting);
    await expect.poll(() => shown('segment.bytes'), { timeout: 30_000 }).toBe('2000000');
    await bus.ensureTopics([{ name: topic, partitions: 3, retentionMs: 7_200_000, compacted: true }]);
    await expect.poll(() => shown('retention.ms'), { timeout: 30_000 }).toBe('7200000');
    const config = await configOf(name);
    expect(config.get('segment.bytes')).toBe('2000000');
    expect(config.get('cleanup.policy')).toBe('compact');
    const settings = [{ name: topic, partitions: 3, retentionMs: 7_200_000, compacted: true }];
    expect(await planTopicChanges({ brokers: broker().brokers, prefix }, settings)).toEqual([]);
  });

  test('missing topics are named in one sentence together with the command that makes them', async () => {
    await bus.ensureTopics([{ name: topic, partitions: 1 }]);
    const checking = requireTopics({ brokers: broker().brokers, prefix }, [topic, 'missing', 'too']);
    await expect(checking).rejects.toMatchObject({
      code: 'BUS_UNKNOWN_TOPIC',
      message: `The topics ${prefix}missing, ${prefix}too do not exist on Kafka at ${broker().brokers.join()}: spanloom topics apply creates them.`,
    });
  });

  test('a broker that is not there is an error that may pass', async () => {
    const nowhere = openKafkaBus({ brokers: ['127.0.0.1:1'] });
    const unavailable = { code: 'BUS_UNAVAILABLE', retryable: true };
    await expect(nowhere.consumer({ group: 'g', topics: ['t'] })).rejects.toMatchObject(unavailable);
    const producer = await nowhere.producer();
    await expect(producer.send(numbered('t', 1))).rejects.toMatchObject(unavailable);
    await nowhere.close();
  });

  test('a stage that is stopped in the middle and started again has delivered every result', async () => {
    const [input, output] = [`${topic}.in`, `${topic}.out`];
    await bus.ensureTopics([
      { name: input, partitions: 4 },
      { name: output, partitions: 1 },
    ]);
    await send(numbered(input, 3_000));
    for (const limit of [1_000, 3_000]) await runDoubling(input, output, limit);
    const reader = await join([output]);
    await pollUntil([reader], () => new Set(reader.messages.map(numberOf)).size >= 3_000);
    const expected = Array.from({ length: 3_000 }, (_, index) => index * 2);
    expect([...new Set(reader.messages.map(numberOf))].sort((left, right) => left - right)).toEqual(expected);
    // An orderly stop leaves nothing to repeat.
    expect(reader.messages).toHaveLength(3_000);
  });

  /** Runs a stage that doubles numbers until it has delivered so many or its input is used up. */
  async function runDoubling(input: string, output: string, limit: number): Promise<void> {
    const stop = new AbortController();
    let delivered = 0;
    const stage: Stage<OutgoingMessage> = {
      process: (message) => [{ topic: output, key: message.key, value: Buffer.from(String(numberOf(message) * 2)) }],
      flush: () => [],
      drain: () => [],
      revoke: () => undefined,
      lowWatermark: () => undefined,
      accounting: () => ({ received: 0, emitted: 0, buffered: 0, dropped: {}, rejected: {} }),
    };
    const consumer = await bus.consumer({ group: `${input}.double`, topics: [input] });
    const producer = await bus.producer();
    const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
    await runStage({
      name: 'double',
      stage,
      consumer,
      deliver: async (outputs) => {
        await producer.send(outputs);
        delivered += outputs.length;
        if (delivered >= limit) stop.abort();
      },
      telemetry: stageTelemetry(telemetry, 'double', () => stage.accounting()),
      signal: stop.signal,
      untilEnd: true,
      limits: { maxBytes: 1_000, lagEveryMs: 500 },
    });
    await consumer.close();
    await producer.close();
  }
});
