import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, Consumer, Position, TopicSettings } from '../bus.ts';
import { openEmbeddedBus } from './embedded-bus.ts';

const topic = 'topic';
const messageBytes = 10_000;
let directory: string;
let bus: Bus;
let nowMs: number;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bus-'));
  nowMs = 1_000_000;
  bus = openEmbeddedBus({ directory, now: () => nowMs });
});
afterEach(async () => {
  await bus.close();
  rmSync(directory, { recursive: true });
});

async function ensure(settings: Omit<TopicSettings, 'name' | 'partitions'>): Promise<void> {
  await bus.ensureTopics([{ name: topic, partitions: 1, ...settings }]);
}

async function send(count: number): Promise<void> {
  const producer = await bus.producer();
  await producer.send(Array.from({ length: count }, () => ({ topic, key: 'k', value: Buffer.alloc(messageBytes) })));
}

/** A member of a group that has its partition. */
async function joined(group: string): Promise<Consumer> {
  const consumer = await bus.consumer({ group, topics: [topic] });
  await consumer.poll({ maxWaitMs: 0, maxBytes: 1 });
  return consumer;
}

const at = (offset: number, emittedBelow = offset): Position => ({ topic, partition: 0, offset, emittedBelow });

/** Offsets that are there, seen by a group that stores nothing. */
let looks = 0;
async function present(): Promise<number[]> {
  const consumer = await bus.consumer({ group: `look-${looks++}`, topics: [topic] });
  const offsets: number[] = [];
  for (;;) {
    const { messages, rebalance } = await consumer.poll({ maxWaitMs: 0, maxBytes: 100_000_000 });
    offsets.push(...messages.map(({ offset }) => offset));
    if (messages.length === 0 && rebalance === undefined) break;
  }
  await consumer.close();
  return offsets;
}

describe('what was worked off', () => {
  test('goes above its bound, and the file stays as small as that', async () => {
    await ensure({ retentionMs: 86_400_000, retentionBytes: 1_000_000_000, consumedBytes: 500_000 });
    const reader = await joined('reader');
    for (let sent = 10; sent <= 2_000; sent += 10) {
      await send(10);
      await reader.commit([at(sent)]);
    }
    const offsets = await present();
    expect(offsets.at(-1)).toBe(1_999);
    expect(offsets.length * messageBytes).toBeGreaterThan(300_000);
    expect(offsets.length * messageBytes).toBeLessThanOrEqual(500_000);
    expect(statSync(join(directory, 'data.mdb')).size).toBeLessThan(3_000_000);
  });

  test('stays as far as the state of any group needs it, whatever its size', async () => {
    await ensure({ consumedBytes: 100_000 });
    const [quick, slow] = [await joined('quick'), await joined('slow')];
    await send(50);
    await quick.commit([at(50)]);
    // Everything was read and sent on, but state is made of what came from 20 on.
    await slow.commit([at(20, 50)]);
    await send(10);
    expect(await present()).toEqual(Array.from({ length: 40 }, (_, index) => 20 + index));
    await slow.commit([at(60)]);
    await quick.commit([at(60)]);
    await send(1);
    const offsets = await present();
    expect(offsets.length).toBeLessThan(10);
    expect(offsets.at(-1)).toBe(60);
  });

  test('of a group that has stored no position yet, everything is unread', async () => {
    await ensure({ consumedBytes: 100_000, retentionBytes: 200_000, retentionMs: 1_000 });
    await joined('new');
    await send(50);
    nowMs += 2_000;
    await send(1);
    expect(await present()).toHaveLength(51);
  });

  test('is kept for a group that has no member now, and its position is there when it comes back', async () => {
    await ensure({ retentionMs: 86_400_000, retentionBytes: 1_000_000, consumedBytes: 100_000 });
    const [reader, restarted] = [await joined('reader'), await joined('restarted')];
    await send(20);
    await reader.commit([at(20)]);
    await restarted.commit([at(5, 7)]);
    await restarted.close();
    await bus.close();
    bus = openEmbeddedBus({ directory, now: () => nowMs });
    const again = await joined('reader');
    await send(30);
    await again.commit([at(50)]);
    await send(1);
    expect((await present())[0]).toBe(5);
    const back = await bus.consumer({ group: 'restarted', topics: [topic] });
    const { rebalance, messages } = await back.poll({ maxWaitMs: 0, maxBytes: 1 });
    expect(rebalance?.assigned).toEqual([at(5, 7)]);
    expect(messages[0]?.offset).toBe(5);
  });

  test('is not kept for a group that has not come back for as long as the topic keeps messages', async () => {
    await ensure({ retentionMs: 10_000, retentionBytes: 1_000_000, consumedBytes: 100_000 });
    const [reader, switchedOff] = [await joined('reader'), await joined('switched-off')];
    await send(20);
    await reader.commit([at(20)]);
    await switchedOff.commit([at(5)]);
    await switchedOff.close();
    nowMs += 10_001;
    await send(20);
    await reader.commit([at(40)]);
    await send(1);
    expect((await present())[0]).toBeGreaterThan(20);
  });
});

describe('a topic that refuses when it is full', () => {
  const full = { code: 'BUS_FULL', retryable: true };

  test('takes no more until a reader has gone on, and loses nothing', async () => {
    await ensure({ retentionBytes: 200_000, consumedBytes: 50_000, refusesWhenFull: true });
    const reader = await joined('reader');
    for (let sent = 0; sent < 20; sent += 5) await send(5);
    await expect(send(5)).rejects.toMatchObject(full);
    expect(await present()).toHaveLength(20);
    await reader.commit([at(10)]);
    await send(5);
    expect(await present()).toEqual(Array.from({ length: 15 }, (_, index) => 10 + index));
  });

  test('takes more of a writer whose reader has read everything, however much its state needs', async () => {
    await ensure({ retentionBytes: 200_000, refusesWhenFull: true });
    const reader = await joined('reader');
    await send(30);
    await expect(send(1)).rejects.toMatchObject(full);
    await reader.commit([at(0, 30)]);
    await send(1);
    expect(await present()).toHaveLength(31);
  });

  test('does not wait for a group that is not there: its oldest messages go', async () => {
    await ensure({ retentionBytes: 200_000, refusesWhenFull: true });
    const gone = await joined('gone');
    await gone.commit([at(0)]);
    await gone.close();
    for (let sent = 0; sent < 50; sent += 5) await send(5);
    const offsets = await present();
    expect(offsets.length).toBeLessThan(20);
    expect(offsets.at(-1)).toBe(49);
  });
});
