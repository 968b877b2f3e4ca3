/**
 * What every bus promises, as tests. Each implementation runs the same suite; nothing here may depend on how one of
 * them keeps its data. Groups settle by polling all members, and times are upper bounds, so that a broker on the
 * network passes too.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { hasCode, PipelineError } from '../../errors.ts';
import type { Bus, Consumer, OutgoingMessage, Poll, Position, ReceivedMessage, TopicPartition } from '../bus.ts';
import { partitionOf } from '../partitioner.ts';

/** An implementation, with data that outlive its connections. */
export interface BusUnderTest {
  /** Another connection to the same data. */
  open(): Promise<Bus>;
  /** Removes the data. */
  dispose(): Promise<void>;
}

const patienceMs = 20_000;
const pollLimits = { maxWaitMs: 250, maxBytes: 1024 * 1024 };
const nameOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
const text = (message: ReceivedMessage): string => message.value.toString();

function message(topic: string, key: string, value: string): OutgoingMessage {
  return { topic, key, value: Buffer.from(value) };
}

/** A consumer with everything it has been told so far. */
class Reader {
  readonly consumer: Consumer;
  readonly messages: ReceivedMessage[] = [];
  readonly assigned = new Map<string, Position>();
  readonly revoked: TopicPartition[] = [];

  constructor(consumer: Consumer) {
    this.consumer = consumer;
  }

  async poll(limits = pollLimits): Promise<Poll> {
    const poll = await this.consumer.poll(limits);
    for (const source of poll.rebalance?.revoked ?? []) {
      expect(this.assigned.delete(nameOf(source))).toBe(true);
      this.revoked.push(source);
    }
    for (const position of poll.rebalance?.assigned ?? []) {
      expect(this.assigned.has(nameOf(position))).toBe(false);
      this.assigned.set(nameOf(position), position);
    }
    for (const received of poll.messages) expect(this.assigned.has(nameOf(received))).toBe(true);
    this.messages.push(...poll.messages);
    return poll;
  }

  /** Positions after everything this reader got. */
  positions(): Position[] {
    return [...this.assigned.values()].map(({ topic, partition, offset }) => {
      const last = this.messages.findLast((received) => received.topic === topic && received.partition === partition);
      const next = Math.max(offset, (last?.offset ?? -1) + 1);
      return { topic, partition, offset: next, emittedBelow: next };
    });
  }
}

/** Polls all readers in turn until the condition holds. */
async function pollUntil(readers: readonly Reader[], condition: () => boolean): Promise<void> {
  const deadline = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error('the condition did not come true in time');
    for (const reader of readers) {
      try {
        await reader.poll();
      } catch (error) {
        // As the runtime of stages does: a group on a broker that has just started is not ready at once.
        if (!(error instanceof PipelineError) || !error.retryable) throw error;
      }
    }
  }
}

/** Runs the contract against an implementation; `makeBus` is called once. */
export function describeBusContract(name: string, makeBus: () => Promise<BusUnderTest>): void {
  describe(`bus contract: ${name}`, () => {
    let subject: BusUnderTest;
    let bus: Bus;
    let topic: string;
    let group: string;
    const others: Bus[] = [];

    beforeAll(async () => {
      subject = await makeBus();
    });
    afterAll(async () => {
      await subject.dispose();
    });
    beforeEach(async () => {
      bus = await subject.open();
      topic = `contract.${randomUUID()}`;
      group = `contract.${randomUUID()}`;
    });
    afterEach(async () => {
      await Promise.all([bus, ...others.splice(0)].map((open) => open.close()));
    });

    async function send(messages: readonly OutgoingMessage[]): Promise<void> {
      const producer = await bus.producer();
      await producer.send(messages);
      await producer.close();
    }
    async function join(topics: readonly string[] = [topic], inGroup = group, on = bus): Promise<Reader> {
      return new Reader(await on.consumer({ group: inGroup, topics }));
    }
    async function another(): Promise<Bus> {
      const open = await subject.open();
      others.push(open);
      return open;
    }
    const numbered = (count: number, key = (index: number): string => String(index % 5)): OutgoingMessage[] =>
      Array.from({ length: count }, (_, index) => message(topic, key(index), `${key(index)}:${index}`));

    describe('messages', () => {
      test('messages of one partition come in the order in which they were sent, at offsets 0, 1, 2 …', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        await send(numbered(50));
        await send(numbered(50));
        const reader = await join();
        await pollUntil([reader], () => reader.messages.length >= 100);
        const expected = [...numbered(50), ...numbered(50)].map(({ value }) => Buffer.from(value).toString());
        expect(reader.messages.map(text)).toEqual(expected);
        expect(reader.messages.map(({ offset }) => offset)).toEqual(expected.map((_, offset) => offset));
      });

      test('a key decides the partition, by the same hash on every bus', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 4 }]);
        const keys = Array.from({ length: 40 }, (_, index) => `Schlüssel ${index}`);
        await send(keys.map((key) => message(topic, key, key)));
        const reader = await join();
        await pollUntil([reader], () => reader.messages.length >= keys.length);
        for (const received of reader.messages) {
          expect(received.partition).toBe(partitionOf(received.key, 4));
          expect(received.key).toBe(text(received));
        }
        expect(new Set(reader.messages.map(({ partition }) => partition)).size).toBe(4);
      });

      test('messages of one key keep their order when they are spread over several sends', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 3 }]);
        const producer = await bus.producer();
        const all = numbered(60);
        // Not awaited one by one: the order of the calls counts.
        await Promise.all(Array.from({ length: 20 }, (_, index) => producer.send(all.slice(index * 3, index * 3 + 3))));
        await producer.close();
        const reader = await join();
        await pollUntil([reader], () => reader.messages.length >= 60);
        for (const key of ['0', '1', '2', '3', '4']) {
          const order = reader.messages.filter((received) => received.key === key).map(text);
          expect(order).toEqual(
            all.filter((sent) => sent.key === key).map(({ value }) => Buffer.from(value).toString()),
          );
        }
      });

      test('key, value, headers and time arrive as they were', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        const before = Date.now();
        const value = Buffer.from([0, 255, 10, 13, 0]);
        await send([{ topic, key: 'k', value, headers: { schema: 'abc', note: 'grün' } }]);
        const reader = await join();
        await pollUntil([reader], () => reader.messages.length > 0);
        const [received] = reader.messages;
        expect(received).toMatchObject({ topic, key: 'k', headers: { schema: 'abc', note: 'grün' } });
        expect(Buffer.compare(received!.value, value)).toBe(0);
        expect(Math.abs(received!.timestampMs - before)).toBeLessThan(60_000);
      });

      test('empty values, empty keys and no headers are fine', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        await send([
          { topic, key: '', value: Buffer.alloc(0) },
          { topic, key: 'k', value: Buffer.alloc(0), headers: {} },
        ]);
        const reader = await join();
        await pollUntil([reader], () => reader.messages.length >= 2);
        expect(reader.messages.map(({ key, value, headers }) => [key, value.length, headers])).toEqual([
          ['', 0, {}],
          ['k', 0, {}],
        ]);
      });

      test('a message of 5 MB is stored whole, and comes although it is larger than the limit of a poll', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        const value = Buffer.alloc(5_000_000, 'spanloom');
        await send([{ topic, key: 'large', value }, message(topic, 'small', 'after')]);
        const reader = await join();
        await pollUntil([reader], () => reader.messages.length >= 2);
        expect(reader.messages[0]!.value.equals(value)).toBe(true);
        expect(text(reader.messages[1]!)).toBe('after');
      });

      test('producers at the same time lose nothing and keep the order of each', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 2 }]);
        const second = await another();
        const producers = await Promise.all([bus, bus, second, second].map((open) => open.producer()));
        await Promise.all(
          producers.map(async (producer, who) => {
            for (let turn = 0; turn < 20; turn++)
              await producer.send(
                Array.from({ length: 5 }, (_, index) => message(topic, `p${who}`, `${who}:${turn * 5 + index}`)),
              );
          }),
        );
        const reader = await join();
        await pollUntil([reader], () => reader.messages.length >= 400);
        for (let who = 0; who < 4; who++) {
          const own = reader.messages.filter(({ key }) => key === `p${who}`).map(text);
          expect(own).toEqual(Array.from({ length: 100 }, (_, index) => `${who}:${index}`));
        }
        expect(reader.messages).toHaveLength(400);
      });

      test('thousands of messages in one send all arrive, in order', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        await send(numbered(5_000));
        const reader = await join();
        await pollUntil([reader], () => reader.messages.length >= 5_000);
        expect(reader.messages.map(text)).toEqual(numbered(5_000).map(({ value }) => Buffer.from(value).toString()));
      });
    });

    describe('polling', () => {
      test('a poll stops at its byte limit and the next one goes on', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 2 }]);
        await send(numbered(20).map((sent) => ({ ...sent, value: Buffer.alloc(1_000) })));
        const reader = await join();
        const limits = { maxWaitMs: 250, maxBytes: 3_500 };
        const deadline = performance.now() + patienceMs;
        while (reader.messages.length < 20 && performance.now() < deadline) {
          const { messages } = await reader.poll(limits);
          expect(messages.length).toBeLessThanOrEqual(3);
        }
        expect(new Set(reader.messages.map((received) => `${nameOf(received)}@${received.offset}`)).size).toBe(20);
      });

      test('a poll without messages ends after its wait, and not much sooner', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        const reader = await join();
        await pollUntil([reader], () => reader.assigned.size === 1);
        const start = performance.now();
        const { messages } = await reader.poll({ maxWaitMs: 300, maxBytes: 1_000 });
        const elapsed = performance.now() - start;
        expect(messages).toEqual([]);
        expect(elapsed).toBeGreaterThan(200);
        expect(elapsed).toBeLessThan(5_000);
      });

      test('a message ends the wait of a poll, sent here or on another connection', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        const reader = await join();
        await pollUntil([reader], () => reader.assigned.size === 1);
        const second = await another();
        for (const sender of [bus, second]) {
          const producer = await sender.producer();
          const start = performance.now();
          const polling = reader.poll({ maxWaitMs: patienceMs, maxBytes: 1_000 });
          await producer.send([message(topic, 'k', 'wake up')]);
          expect((await polling).messages.map(text)).toEqual(['wake up']);
          expect(performance.now() - start).toBeLessThan(patienceMs / 2);
        }
      });

      test('end offsets tell what the next message will get', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 2 }]);
        await send(numbered(10));
        const reader = await join();
        await pollUntil([reader], () => reader.messages.length >= 10);
        const ends = await reader.consumer.endOffsets();
        expect([...ends].map(nameOf).sort()).toEqual([`${topic}/0`, `${topic}/1`]);
        expect(ends.reduce((sum, { offset }) => sum + offset, 0)).toBe(10);
      });

      test('one consumer reads several topics', async () => {
        const second = `${topic}.second`;
        await bus.ensureTopics([
          { name: topic, partitions: 1 },
          { name: second, partitions: 2 },
        ]);
        await send([message(topic, 'a', '1'), message(second, 'b', '2')]);
        const reader = await join([topic, second]);
        await pollUntil([reader], () => reader.messages.length >= 2);
        expect(reader.messages.map((received) => [received.topic, text(received)]).sort()).toEqual([
          [topic, '1'],
          [second, '2'],
        ]);
        expect(new Set(reader.assigned.keys())).toEqual(new Set([`${topic}/0`, `${second}/0`, `${second}/1`]));
      });
    });

    describe('positions', () => {
      test('a group without a position starts at the oldest message', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        await send(numbered(3));
        const reader = await join();
        await pollUntil([reader], () => reader.messages.length >= 3);
        expect(reader.assigned.get(`${topic}/0`)).toEqual({ topic, partition: 0, offset: 0, emittedBelow: 0 });
      });

      test('after reopening, reading goes on at the stored offset and emittedBelow is given back', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        await send(numbered(10));
        const first = await join();
        await pollUntil([first], () => first.messages.length >= 10);
        await first.consumer.commit([{ topic, partition: 0, offset: 2, emittedBelow: 5 }]);
        await first.consumer.commit([{ topic, partition: 0, offset: 4, emittedBelow: 9 }]);
        await bus.close();
        bus = await subject.open();
        const second = await join();
        await pollUntil([second], () => second.messages.length >= 6);
        expect(second.assigned.get(`${topic}/0`)).toEqual({ topic, partition: 0, offset: 4, emittedBelow: 9 });
        expect(second.messages.map(({ offset }) => offset)).toEqual([4, 5, 6, 7, 8, 9]);
      });

      test('what was read and not committed is read again', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 3 }]);
        await send(numbered(30));
        const first = await join();
        await pollUntil([first], () => first.messages.length >= 30);
        await first.consumer.close();
        const second = await join();
        await pollUntil([second], () => second.messages.length >= 30);
        expect(second.messages.map(text).sort()).toEqual(first.messages.map(text).sort());
      });

      test('groups do not disturb each other', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 2 }]);
        await send(numbered(10));
        const [left, right] = [await join([topic], `${group}.left`), await join([topic], `${group}.right`)];
        await pollUntil([left, right], () => left.messages.length >= 10 && right.messages.length >= 10);
        await left.consumer.commit(left.positions());
        await left.consumer.close();
        await right.consumer.close();
        const [leftAgain, rightAgain] = [await join([topic], `${group}.left`), await join([topic], `${group}.right`)];
        await pollUntil([leftAgain, rightAgain], () => rightAgain.messages.length >= 10);
        expect(leftAgain.messages).toEqual([]);
      });
    });

    describe('groups', () => {
      test('members share the partitions, and every message comes to one of them', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 6 }]);
        const second = await another();
        const readers = [await join(), await join(), await join([topic], group, second)];
        await pollUntil(readers, () => readers.every((reader) => reader.assigned.size === 2));
        const all = readers.flatMap((reader) => [...reader.assigned.keys()]);
        expect(new Set(all).size).toBe(6);
        await send(numbered(60, (index) => `key ${index}`));
        const received = (): string[] => readers.flatMap((reader) => reader.messages.map(text));
        await pollUntil(readers, () => received().length >= 60);
        expect(received().sort()).toEqual(
          numbered(60, (index) => `key ${index}`)
            .map(({ value }) => Buffer.from(value).toString())
            .sort(),
        );
      });

      test('a member that joins takes partitions over where they were committed; nothing is left out', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 4 }]);
        await send(numbered(40, (index) => `key ${index}`));
        const first = await join();
        await pollUntil([first], () => first.messages.length >= 40);
        await first.consumer.commit(first.positions());
        const second = await join();
        await pollUntil([first, second], () => second.assigned.size === 2 && first.assigned.size === 2);
        expect(first.revoked).toHaveLength(2);
        expect(new Set([...first.assigned.keys(), ...second.assigned.keys()]).size).toBe(4);
        await send(numbered(40, (index) => `key ${index}`));
        await pollUntil([first, second], () => first.messages.length + second.messages.length >= 80);
        expect(first.messages.length + second.messages.length).toBe(80);
        expect(second.messages.length).toBeGreaterThan(0);
      });

      test('when a member leaves, the others read on from its last commit', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 2 }]);
        const [stays, leaves] = [await join(), await join()];
        await pollUntil([stays, leaves], () => stays.assigned.size === 1 && leaves.assigned.size === 1);
        await send(numbered(20, (index) => `key ${index}`));
        await pollUntil([stays, leaves], () => stays.messages.length + leaves.messages.length >= 20);
        const lost = leaves.messages.length;
        expect(lost).toBeGreaterThan(0);
        await stays.consumer.commit(stays.positions());
        await leaves.consumer.close();
        await pollUntil([stays], () => stays.assigned.size === 2);
        await pollUntil([stays], () => stays.messages.length >= 20);
        expect(new Set(stays.messages.map(text)).size).toBe(20);
      });

      test('a position of a partition that was revoked is refused, and does not count', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 2 }]);
        await send(numbered(20, (index) => `key ${index}`));
        const first = await join();
        await pollUntil([first], () => first.messages.length >= 20);
        const stale = first.positions();
        const second = await join();
        await pollUntil([first, second], () => second.assigned.size === 1 && first.assigned.size === 1);
        const error: unknown = await first.consumer.commit(stale).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(hasCode(error, 'BUS_NOT_ASSIGNED')).toBe(true);
        const moved = [...second.assigned.values()][0]!;
        expect(moved.offset).toBe(0);
        const there = stale.find(({ partition }) => partition === moved.partition)!.offset;
        await pollUntil([first, second], () => second.messages.length >= there);
      });
    });

    describe('topics', () => {
      test('ensuring a topic again changes nothing that is there, and partitions only grow', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        await send(numbered(5));
        await bus.ensureTopics([{ name: topic, partitions: 3 }]);
        await bus.ensureTopics([{ name: topic, partitions: 2 }]);
        const reader = await join();
        await pollUntil([reader], () => reader.assigned.size === 3 && reader.messages.length >= 5);
        expect(reader.messages.map(text)).toEqual(numbered(5).map(({ value }) => Buffer.from(value).toString()));
      });

      test('a topic that nobody created is refused', async () => {
        const producer = await bus.producer();
        await expect(producer.send([message(topic, 'k', 'v')])).rejects.toMatchObject({ code: 'BUS_UNKNOWN_TOPIC' });
        await expect(bus.consumer({ group, topics: [topic] })).rejects.toMatchObject({ code: 'BUS_UNKNOWN_TOPIC' });
      });

      test('a compacted topic keeps the newest message of every key', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 2, compacted: true }]);
        for (let version = 0; version < 5; version++)
          await send(Array.from({ length: 10 }, (_, key) => message(topic, `key ${key}`, `version ${version}`)));
        const reader = await join();
        const newest = (): Map<string, string> => new Map(reader.messages.map((seen) => [seen.key, text(seen)]));
        const isComplete = (): boolean =>
          newest().size === 10 && [...newest().values()].every((value) => value === 'version 4');
        await pollUntil([reader], isComplete);
      });

      test('retention takes from the old end only: what is left is a gapless end of what was sent', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1, retentionBytes: 100_000 }]);
        for (let turn = 0; turn < 10; turn++)
          await send(Array.from({ length: 5 }, () => ({ topic, key: 'k', value: Buffer.alloc(10_000, String(turn)) })));
        const reader = await join();
        await pollUntil([reader], () => reader.messages.at(-1)?.offset === 49);
        const start = reader.messages[0]!.offset;
        expect(reader.messages.map(({ offset }) => offset)).toEqual(
          Array.from({ length: 50 - start }, (_, index) => start + index),
        );
      });
    });

    describe('closing', () => {
      test('a closed bus, producer or consumer refuses further calls', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        const open = await subject.open();
        const producer = await open.producer();
        const consumer = await open.consumer({ group, topics: [topic] });
        await producer.close();
        await consumer.close();
        const closed = { code: 'BUS_CLOSED' };
        await expect(producer.send([message(topic, 'k', 'v')])).rejects.toMatchObject(closed);
        await expect(consumer.poll(pollLimits)).rejects.toMatchObject(closed);
        await open.close();
        await open.close();
        await expect(open.consumer({ group, topics: [topic] })).rejects.toMatchObject(closed);
      });

      test('closing a consumer ends the poll that it waits in', async () => {
        await bus.ensureTopics([{ name: topic, partitions: 1 }]);
        const reader = await join();
        await pollUntil([reader], () => reader.assigned.size === 1);
        const start = performance.now();
        const polling = reader.consumer.poll({ maxWaitMs: patienceMs, maxBytes: 1_000 });
        await reader.consumer.close();
        expect((await polling).messages).toEqual([]);
        expect(performance.now() - start).toBeLessThan(patienceMs / 2);
      });
    });
  });
}
