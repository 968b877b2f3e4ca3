/** What a producer with rights on one topic can make a real broker store, and what a consumer makes of it. */
import { randomUUID } from 'node:crypto';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { codecs } from '../../core/bus/kafka/records/compression.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { type RawBatch, rawBatch, rawRecord } from '../../core/bus/kafka/records/testing/raw-batch.ts';
import { pollUntil, Reader } from './reader.ts';
import { brokerForTests } from './test-broker.ts';

const prefix = 'hostile.';

/** Sends one produce request (version 7). Resolves with the broker's answer, 0 when it has stored the batch. */
function produce(broker: string, topic: string, batch: Buffer): Promise<number> {
  const text = (value: string): Buffer => {
    const bytes = Buffer.from(`\0\0${value}`);
    bytes.writeInt16BE(value.length);
    return bytes;
  };
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const body = Buffer.concat([
    // Produce, version 7, correlation 1, client; no transaction, all replicas, 30 s; one topic, one partition.
    Buffer.from([0, 0, 0, 7, 0, 0, 0, 1]),
    text('hostile'),
    Buffer.from([0xff, 0xff, 0xff, 0xff]),
    number(30_000),
    number(1),
    text(topic),
    number(1),
    number(0),
    number(batch.length),
    batch,
  ]);
  const [host, port] = broker.split(':');
  const socket = connect(Number(port), host);
  return new Promise((resolve, reject) => {
    let answer = Buffer.alloc(0);
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('no answer')));
    socket.on('data', (data) => {
      answer = Buffer.concat([answer, data]);
      // Length, correlation, topics, name, partitions, partition.
      const at = 4 + 4 + 4 + 2 + topic.length + 4 + 4;
      if (answer.length < at + 2) return;
      resolve(answer.readInt16BE(at));
      socket.destroy();
    });
    socket.write(Buffer.concat([number(body.length), body]));
  });
}

/** Snappy of up to 60 bytes: a length and one literal. */
const snappy = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([bytes.length, (bytes.length - 1) << 2]), bytes]);
const bomb = rawRecord({ value: Buffer.alloc(100_000_000) });
const many = Buffer.concat(
  Array.from({ length: 300_000 }, (_, index) => rawRecord({ offsetDelta: index, key: null, value: null })),
);

brokerForTests('hostile batches on a real broker', (broker) => {
  const cases: [string, () => RawBatch | Promise<RawBatch>, 'refused' | 'read' | 'either'][] = [
    ['a bomb of zstd', async () => ({ records: await codecs.zstd.compress(bomb), attributes: 4 }), 'refused'],
    ['a bomb of lz4', async () => ({ records: await codecs.lz4.compress(bomb), attributes: 3 }), 'refused'],
    ['a bomb of gzip', async () => ({ records: await codecs.gzip.compress(bomb), attributes: 1 }), 'refused'],
    ['snappy', () => ({ records: snappy(rawRecord({})), attributes: 2 }), 'refused'],
    ['300,000 records', () => ({ records: many, count: 300_000 }), 'refused'],
    [
      '50,000 headers',
      () => ({ records: rawRecord({ headers: Array.from({ length: 50_000 }, () => ['h', null] as const) }) }),
      'refused',
    ],
    ['nulls', () => ({ records: rawRecord({ key: null, value: null, headers: [['a', null]] }) }), 'read'],
    ['a negative time', () => ({ records: rawRecord({}), firstTimestamp: -5n }), 'either'],
    ['a time at the end of all times', () => ({ records: rawRecord({}), firstTimestamp: 2n ** 63n - 1n }), 'either'],
    ['a control batch', () => ({ records: rawRecord({}), attributes: 0x20 }), 'either'],
    ['a transaction that never began', () => ({ records: rawRecord({}), attributes: 0x10 }), 'either'],
    ['a count that is not true', () => ({ records: rawRecord({}), count: 7 }), 'either'],
    ['a record that is cut', () => ({ records: rawRecord({ value: 'abcdef' }).subarray(0, 9) }), 'either'],
  ];
  test.each(cases)(
    '%s: the consumer gets past it, and reads what is around',
    async (_, make, expected) => {
      const topic = randomUUID();
      const bus = openKafkaBus({
        brokers: broker().brokers,
        prefix,
        maxDecompressedBytes: 16 * 1024 * 1024,
        heartbeatEveryMs: 100,
      });
      await bus.ensureTopics([{ name: topic, partitions: 1 }]);
      const producer = await bus.producer();
      const send = (text: string): Promise<void> => producer.send([{ topic, key: 'k', value: Buffer.from(text) }]);
      await send('before');
      const code = await produce(broker().brokers[0]!, prefix + topic, rawBatch(await make()));
      if (expected !== 'either') expect(code).toBe(0);
      await send('after');
      const reader = new Reader(await bus.consumer({ group: topic, topics: [topic] }));
      const texts = (): string[] =>
        reader.messages.filter(({ refused }) => refused === undefined).map(({ value }) => value.toString());
      await pollUntil([reader], () => texts().at(-1) === 'after');
      expect(texts()[0]).toBe('before');
      const refusals = reader.messages.filter(({ refused }) => refused !== undefined);
      if (expected !== 'either') expect(refusals).toHaveLength(expected === 'refused' ? 1 : 0);
      await bus.close();
    },
    60_000,
  );
});
