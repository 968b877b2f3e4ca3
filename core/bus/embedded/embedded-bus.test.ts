import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, ReceivedMessage } from '../bus.ts';
import { openEmbeddedBus } from './embedded-bus.ts';
import { isAlive, ownProcessRow } from './process-identity.ts';

let directory: string;
let bus: Bus;
let nowMs: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bus-'));
  nowMs = 1_000_000;
  bus = openEmbeddedBus({ directory, now: () => nowMs, expireEveryMs: 20 });
});
afterEach(async () => {
  await bus.close();
  rmSync(directory, { recursive: true });
});

let readers = 0;
async function readAll(topic = 'topic'): Promise<ReceivedMessage[]> {
  const consumer = await bus.consumer({ group: `reader-${readers++}`, topics: [topic] });
  const messages: ReceivedMessage[] = [];
  for (;;) {
    const poll = await consumer.poll({ maxWaitMs: 0, maxBytes: 10_000_000 });
    messages.push(...poll.messages);
    if (poll.messages.length === 0 && poll.rebalance === undefined) break;
  }
  await consumer.close();
  return messages;
}

async function send(count: number, bytes: number, key: (index: number) => string = () => 'k'): Promise<void> {
  const producer = await bus.producer();
  await producer.send(
    Array.from({ length: count }, (_, index) => ({ topic: 'topic', key: key(index), value: Buffer.alloc(bytes) })),
  );
}

describe('retention', () => {
  test('the oldest messages go when the partition is too large, and the file stays bounded', async () => {
    await bus.ensureTopics([{ name: 'topic', partitions: 1, retentionBytes: 2_000_000 }]);
    for (let turn = 0; turn < 60; turn++) await send(10, 50_000);
    const messages = await readAll();
    const bytes = messages.reduce((sum, message) => sum + message.value.length, 0);
    expect(bytes).toBeGreaterThan(1_500_000);
    expect(bytes).toBeLessThanOrEqual(2_000_000);
    expect(messages.at(-1)!.offset).toBe(599);
    expect(statSync(join(directory, 'data.mdb')).size).toBeLessThan(8_000_000);
  });

  test('the newest message stays even when it is larger than the bound', async () => {
    await bus.ensureTopics([{ name: 'topic', partitions: 1, retentionBytes: 1_000 }]);
    await send(3, 5_000);
    expect((await readAll()).map(({ offset }) => offset)).toEqual([2]);
  });

  test('messages that are too old go with the next send, or without one after a while', async () => {
    await bus.ensureTopics([{ name: 'topic', partitions: 1, retentionMs: 10_000 }]);
    await send(5, 10);
    nowMs += 9_000;
    await send(5, 10);
    expect(await readAll()).toHaveLength(10);
    nowMs += 2_000;
    await send(1, 10);
    expect((await readAll()).map(({ offset }) => offset)).toEqual([5, 6, 7, 8, 9, 10]);
    nowMs += 20_000;
    const deadline = performance.now() + 5_000;
    while ((await readAll()).length > 1 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await readAll()).map(({ offset }) => offset)).toEqual([10]);
  });

  test('a group whose position was removed reads on at the oldest message there is', async () => {
    await bus.ensureTopics([{ name: 'topic', partitions: 1, retentionBytes: 100_000 }]);
    await send(2, 10);
    const consumer = await bus.consumer({ group: 'slow', topics: ['topic'] });
    await consumer.poll({ maxWaitMs: 0, maxBytes: 1 });
    await consumer.commit([{ topic: 'topic', partition: 0, offset: 1, emittedBelow: 1 }]);
    await consumer.close();
    await send(10, 50_000);
    const again = await bus.consumer({ group: 'slow', topics: ['topic'] });
    const { rebalance, messages } = await again.poll({ maxWaitMs: 0, maxBytes: 10_000_000 });
    expect(rebalance?.assigned[0]?.offset).toBe(1);
    expect(messages[0]!.offset).toBeGreaterThan(1);
    expect(messages.at(-1)!.offset).toBe(11);
  });
});

describe('compaction', () => {
  test('only the newest message of each key is left, and the room of the others is free', async () => {
    await bus.ensureTopics([{ name: 'topic', partitions: 2, compacted: true }]);
    for (let version = 0; version < 40; version++) await send(20, 10_000, (index) => `key ${index}`);
    const messages = await readAll();
    expect(messages).toHaveLength(20);
    expect(new Set(messages.map(({ key }) => key)).size).toBe(20);
    expect(statSync(join(directory, 'data.mdb')).size).toBeLessThan(4_000_000);
  });

  test('keys longer than LMDB allows, and keys with any characters, are fine', async () => {
    await bus.ensureTopics([{ name: 'topic', partitions: 1, compacted: true }]);
    const keys = ['a\0b', 'x'.repeat(10_000), ''];
    for (let version = 0; version < 2; version++) await send(3, 10, (index) => keys[index]!);
    expect((await readAll()).map(({ key }) => key)).toEqual(keys);
  });
});

test('a reader that is behind gets the messages of several partitions in the order of their time', async () => {
  await bus.ensureTopics([{ name: 'topic', partitions: 4 }]);
  for (let index = 0; index < 50; index++) {
    nowMs++;
    await send(1, 10, () => `key ${index}`);
  }
  const times = (await readAll()).map(({ timestampMs }) => timestampMs);
  expect(times).toEqual([...times].sort((left, right) => left - right));
});

test('what is no log is refused with the reason', () => {
  const path = join(directory, 'file');
  writeFileSync(path, 'not a directory');
  expect(() => openEmbeddedBus({ directory: path })).toThrow(`${path} is a file, not a folder.`);
  // LMDB would end the process.
  const foreign = mkdtempSync(join(directory, 'foreign-'));
  writeFileSync(join(foreign, 'data.mdb'), 'not of LMDB');
  expect(() => openEmbeddedBus({ directory: foreign })).toThrow(`${foreign}/data.mdb is no log of spanloom`);
});

test('a position that is none is a bug of the caller', async () => {
  await bus.ensureTopics([{ name: 'topic', partitions: 1 }]);
  const consumer = await bus.consumer({ group: 'g', topics: ['topic'] });
  await consumer.poll({ maxWaitMs: 0, maxBytes: 1 });
  await expect(consumer.commit([{ topic: 'topic', partition: 0, offset: 5, emittedBelow: 4 }])).rejects.toThrow(
    'not a position',
  );
});

describe('isAlive', () => {
  const own = ownProcessRow(1_000);

  test('a process of this machine lives as long as it is there', () => {
    expect(isAlive(own, 2_000, 5_000)).toBe(true);
    expect(isAlive({ ...own, startTicks: own.startTicks + 1 }, 2_000, 5_000)).toBe(false);
    expect(isAlive({ ...own, pid: 2 ** 30 }, 2_000, 5_000)).toBe(false);
    expect(isAlive(undefined, 2_000, 5_000)).toBe(false);
  });

  test('a process of elsewhere, and one that hangs, lives until its heartbeat is too old', () => {
    const elsewhere = { ...own, namespace: 'another', pid: 2 ** 30 };
    expect(isAlive(elsewhere, 6_000, 5_000)).toBe(true);
    expect(isAlive(elsewhere, 6_001, 5_000)).toBe(false);
    expect(isAlive(own, 6_001, 5_000)).toBe(false);
  });
});
