import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Bus } from '../../core/bus/bus.ts';
import type { KafkaBusOptions } from '../../core/bus/kafka/kafka-connection.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { hasCode } from '../../core/errors.ts';
import { nameOf, numbered, numberOf, pollUntil, Reader, untilDone } from './reader.ts';
import { brokerForTests } from './test-broker.ts';

brokerForTests('rebalances on Kafka', (broker) => {
  let bus: Bus;
  let topic: string;
  const open: Bus[] = [];

  function connect(options: Partial<KafkaBusOptions> = {}): Bus {
    const opened = openKafkaBus({ brokers: broker().brokers, prefix: 'rebalance.', heartbeatEveryMs: 100, ...options });
    open.push(opened);
    return opened;
  }
  async function join(on = bus): Promise<Reader> {
    return new Reader(await on.consumer({ group: topic, topics: [topic] }));
  }
  async function send(from: number, count: number): Promise<void> {
    const producer = await bus.producer();
    await producer.send(numbered(topic, count, from));
    await producer.close();
  }
  const partitionsOf = (reader: Reader): readonly string[] => [...reader.assigned.keys()].sort();

  beforeEach(async () => {
    topic = randomUUID();
    bus = connect();
    await bus.ensureTopics([{ name: topic, partitions: 4 }]);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
  });

  test('a rebalance waits for the running turn, whose commit counts: nothing is processed twice', async () => {
    await send(0, 200);
    const first = await join();
    await pollUntil([first], () => first.messages.length > 0);
    // The turn runs: what it read is not committed yet when another member wants to join.
    const second = await join();
    await sleep(1_000);
    await first.commit();
    await pollUntil([first, second], () => second.assigned.size === 2 && first.assigned.size === 2);
    await pollUntil([first, second], () => first.messages.length + second.messages.length >= 200);
    const all = [...first.messages, ...second.messages].map(numberOf);
    expect(all.sort((left, right) => left - right)).toEqual(Array.from({ length: 200 }, (_, index) => index));
  });

  test('kept partitions go on where the stage is, although nothing of it was committed', async () => {
    await send(0, 200);
    const first = await join();
    await pollUntil([first], () => first.messages.length === 200);
    const second = await join();
    await pollUntil([first, second], () => second.assigned.size === 2 && first.assigned.size === 2);
    expect(first.revoked).toBe(2);
    const kept = partitionsOf(first);
    await pollUntil([first, second], () => first.messages.length + second.messages.length >= 200);
    const before = first.messages.length;
    await send(200, 200);
    await pollUntil([first, second], () =>
      [...first.messages, ...second.messages].some((one) => numberOf(one) === 399),
    );
    await pollUntil([first, second], () => new Set([...first.messages, ...second.messages].map(numberOf)).size === 400);
    const later = first.messages.slice(before);
    expect(later.length).toBeGreaterThan(0);
    expect(later.every((message) => numberOf(message) >= 200 && kept.includes(nameOf(message)))).toBe(true);
    // What was lost uncommitted comes to the new owner from the beginning.
    expect(second.messages.filter((message) => numberOf(message) < 200).length).toBeGreaterThan(0);
  });

  test('a turn that outlasts the rebalance loses its partitions, and its late commit moves nothing', async () => {
    const slow = connect({ rebalanceTimeoutMs: 1_500, sessionTimeoutMs: 6_000 });
    await send(0, 200);
    const late = await join(slow);
    await pollUntil([late], () => late.messages.length === 200);
    const other = await join();
    await pollUntil([other], () => other.assigned.size === 2);
    const error: unknown = await untilDone(() => late.commit()).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(hasCode(error, 'BUS_NOT_ASSIGNED')).toBe(true);
    expect([...other.assigned.values()].every(({ offset }) => offset === 0 || other.messages.length > 0)).toBe(true);
    await late.poll();
    await late.consumer.close();
    await pollUntil([other], () => other.assigned.size === 4);
    await pollUntil([other], () => new Set(other.messages.map(numberOf)).size === 200);
  });

  test('members that come and go leave nothing out and, when all commit, read nothing twice', async () => {
    const members: Reader[] = [await join()];
    const all: number[] = [];
    for (let turn = 0; turn < 12; turn++) {
      await send(turn * 100, 100);
      if (turn % 3 === 1) members.push(await join());
      if (turn % 4 === 3) {
        const leaving = members.shift()!;
        all.push(...leaving.messages.map(numberOf));
        await leaving.consumer.close();
      }
      for (let round = 0; round < 3; round++)
        for (const member of members) {
          await member.poll(50);
          await member.commit();
        }
    }
    const seen = (): readonly number[] => [...all, ...members.flatMap((member) => member.messages.map(numberOf))];
    await pollUntil(members, () => new Set(seen()).size >= 1_200);
    expect([...seen()].sort((left, right) => left - right)).toEqual(Array.from({ length: 1_200 }, (_, index) => index));
  });
});
