/** What a bus with Confluent framing promises, against any registry. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { schemas } from '../../../schemas/generated/schemas.ts';
import { readSpanBatch, writeSpanBatch } from '../../../schemas/generated/span-batch.ts';
import type { Bus, OutgoingMessage, ReceivedMessage } from '../../bus/bus.ts';
import { openEmbeddedBus } from '../../bus/embedded/embedded-bus.ts';
import { decodeValue, encodeValue, outgoingMessage } from '../../codec.ts';
import { frame } from '../frame.ts';
import { framedBus } from '../framed-bus.ts';
import { connectSchemaRegistry } from '../schema-registry.ts';

const batch = { agentId: 7, watermarkNs: 1_800_000_000_123_456_789n, spans: [] };
const plainValue = encodeValue(batch, writeSpanBatch);

/** A log in a folder of its own, and ways to look at it. */
export interface FramingBench {
  readonly topic: string;
  send(bus: Bus, ...messages: readonly OutgoingMessage[]): Promise<void>;
  receive(bus: Bus, count: number): Promise<readonly ReceivedMessage[]>;
  /** The log as it is. */
  readonly raw: Bus;
  readonly withoutRegistry: Bus;
  withRegistry(url: string, credentials?: { readonly user: string; readonly password: string }): Bus;
}

/** A bench for each suite; its topic is new in each test. */
export function framingBench(): FramingBench {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-framing-'));
  let raw: Bus;
  let topic = '';
  beforeAll(() => {
    raw = openEmbeddedBus({ directory: folder });
  });
  beforeEach(async () => {
    topic = `spans-${randomUUID()}`;
    await raw.ensureTopics([{ name: topic, partitions: 1 }]);
  });
  afterAll(async () => {
    await raw.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    get topic() {
      return topic;
    },
    get raw() {
      return raw;
    },
    get withoutRegistry() {
      return framedBus(raw, { registry: undefined, topicPrefix: 'test.' });
    },
    withRegistry: (url, credentials) =>
      framedBus(raw, {
        registry: connectSchemaRegistry({ url, requestTimeoutMs: 5_000, ...credentials }),
        topicPrefix: 'test.',
      }),
    async send(bus, ...messages) {
      const producer = await bus.producer();
      await producer.send(messages);
      await producer.close();
    },
    async receive(bus, count) {
      const consumer = await bus.consumer({ group: randomUUID(), topics: [topic] });
      const messages: ReceivedMessage[] = [];
      while (messages.length < count)
        messages.push(...(await consumer.poll({ maxWaitMs: 200, maxBytes: 1e6 })).messages);
      await consumer.close();
      return messages;
    },
  };
}

/** A batch as a stage sends it. */
export const batchMessage = (topic: string): OutgoingMessage => outgoingMessage(topic, '7', 'SpanBatch', plainValue);

/** Holds a received message to being the plain batch. */
export function expectBatch(message: ReceivedMessage): void {
  expect(message.headers).toEqual({ schema: schemas.SpanBatch.fingerprint });
  expect(message.value.equals(plainValue)).toBe(true);
  expect(decodeValue('SpanBatch', message, readSpanBatch)).toEqual({ kind: 'ok', value: batch });
}

/** Runs the suite against a registry. */
export function describeFraming(name: string, urlOf: () => string): void {
  describe(`framing with ${name}`, () => {
    const bench = framingBench();

    async function ask(method: string, path: string, body?: object): Promise<Readonly<Record<string, unknown>>> {
      const response = await fetch(urlOf() + path, {
        method,
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return (await response.json()) as Readonly<Record<string, unknown>>;
    }
    const register = async (schema: object): Promise<number> =>
      (await ask('POST', `/subjects/${randomUUID()}-value/versions`, { schema: JSON.stringify(schema) }))[
        'id'
      ] as number;

    test('a value is 0, the id in four bytes, the same Avro; the id is of the whole schema, with its words', async () => {
      await bench.send(bench.withRegistry(urlOf()), batchMessage(bench.topic));
      const [{ value, headers }] = (await bench.receive(bench.raw, 1)) as [ReceivedMessage];
      expect(value[0]).toBe(0);
      expect(value.subarray(5).equals(plainValue)).toBe(true);
      expect(headers).toEqual({ schema: schemas.SpanBatch.fingerprint, framing: 'confluent' });
      const { schema } = await ask('GET', `/schemas/ids/${value.readUInt32BE(1)}`);
      expect(JSON.parse(String(schema))).toEqual(JSON.parse(schemas.SpanBatch.text));
    });

    test('framed and plain values in one topic are read alike, with a registry and without', async () => {
      const { withoutRegistry } = bench;
      const withRegistry = bench.withRegistry(urlOf());
      for (const bus of [withoutRegistry, withRegistry, withoutRegistry])
        await bench.send(bus, batchMessage(bench.topic));
      const stored = await bench.receive(bench.raw, 3);
      expect(stored.map(({ headers }) => headers['framing'])).toEqual([undefined, 'confluent', undefined]);
      for (const bus of [withoutRegistry, withRegistry])
        for (const message of await bench.receive(bus, 3)) expectBatch(message);
    });

    test('what others framed, without headers of ours, is read by its id, also when their schema has more fields', async () => {
      const ours = JSON.parse(schemas.SpanBatch.text) as { readonly fields: readonly object[] };
      const same = await register(ours);
      const newer = await register({ ...ours, fields: [...ours.fields, { name: 'hue', type: 'string', default: '' }] });
      const { topic } = bench;
      await bench.send(
        bench.raw,
        { topic, key: '7', value: frame(same, plainValue) },
        { topic, key: '7', value: frame(newer, Buffer.concat([plainValue, Buffer.from('\u0006red')])) },
      );
      for (const message of await bench.receive(bench.withRegistry(urlOf()), 2)) expectBatch(message);
      // Without a registry nobody can know what it is: it stays whole, and a stage puts it aside.
      const [untouched] = await bench.receive(bench.withoutRegistry, 1);
      expect(untouched).toMatchObject({ headers: {}, value: frame(same, plainValue) });
    });

    test('what only looks like a frame stays as it is: a plain value is never taken for one', async () => {
      const { topic } = bench;
      const fingerprint = schemas.SpanBatch.fingerprint;
      const foreign = await register({ type: 'record', name: 'Order', fields: [{ name: 'id', type: 'long' }] });
      const messages = [
        // An agent with id 0 begins with a zero byte.
        { topic, key: 'a', value: Buffer.alloc(20), headers: { schema: fingerprint } },
        { topic, key: 'a', value: frame(4_000_000_000, plainValue), headers: {} },
        { topic, key: 'a', value: frame(foreign, plainValue), headers: { kind: 'order' } },
        { topic, key: 'a', value: Buffer.alloc(3), headers: {} },
        { topic, key: 'a', value: Buffer.alloc(0), headers: { schema: fingerprint } },
      ];
      await bench.send(bench.raw, ...messages);
      const read = await bench.receive(bench.withRegistry(urlOf()), messages.length);
      expect(read.map(({ value, headers }) => ({ value, headers }))).toEqual(
        messages.map(({ value, headers }) => ({ value, headers })),
      );
    });

    test('a message without a schema of ours, and an empty one, goes out as it is', async () => {
      const { topic } = bench;
      const fingerprint = schemas.SpanBatch.fingerprint;
      const messages = [
        { topic, key: 'a', value: Buffer.from('text'), headers: { schema: 'beef' } },
        { topic, key: 'a', value: frame(9, plainValue), headers: { framing: 'confluent' } },
        { topic, key: 'a', value: Buffer.alloc(0), headers: { schema: fingerprint } },
      ];
      await bench.send(bench.withRegistry(urlOf()), ...messages);
      const stored = await bench.receive(bench.raw, messages.length);
      expect(stored.map(({ value, headers }) => ({ value, headers }))).toEqual(
        messages.map(({ value, headers }) => ({ value, headers })),
      );
    });
  });
}
