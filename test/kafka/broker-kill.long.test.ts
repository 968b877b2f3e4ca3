import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import type { Bus } from '../../core/bus/bus.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { hasCode } from '../../core/errors.ts';
import { numbered, numberOf, Reader, untilDone } from './reader.ts';
import { killableBrokerForTests } from './test-broker.ts';

const topic = 'killed';

killableBrokerForTests('a broker that is killed', (broker) => {
  const open: Bus[] = [];
  afterAll(async () => {
    await Promise.all(open.map((bus) => bus.close()));
  });
  function connect(): Bus {
    const bus = openKafkaBus({ brokers: broker().brokers, heartbeatEveryMs: 200, sessionTimeoutMs: 6_000 });
    open.push(bus);
    return bus;
  }

  test('and comes back loses nothing of what was acknowledged, and members go on by themselves', async () => {
    const bus = connect();
    await bus.ensureTopics([{ name: topic, partitions: 4 }]);
    const producer = await bus.producer();
    const readers = await Promise.all(
      [connect(), connect()].map(async (one) => new Reader(await one.consumer({ group: 'g', topics: [topic] }))),
    );
    let sent = 0;
    let allSent = false;
    const stop = new AbortController();
    const sending = (async () => {
      while (!stop.signal.aborted) {
        const messages = numbered(topic, 50, sent);
        await untilDone(() => producer.send(messages));
        sent += messages.length;
        await sleep(5);
      }
    })();
    const seen = (): Set<number> => new Set(readers.flatMap((reader) => reader.messages.map(numberOf)));
    const reading = readers.map(async (reader) => {
      while (!allSent || seen().size < sent) {
        await reader.poll();
        await untilDone(() => reader.commit()).catch((error: unknown) => {
          if (!hasCode(error, 'BUS_NOT_ASSIGNED')) throw error;
        });
      }
    });
    for (let kill = 0; kill < 2; kill++) {
      await sleep(1_500);
      const before = sent;
      await broker().kill();
      await sleep(1_000);
      await broker().restart();
      while (sent < before + 500) await sleep(50);
    }
    stop.abort();
    await sending;
    allSent = true;
    await Promise.all(reading);
    expect(sent).toBeGreaterThan(1_000);
    expect([...seen()].sort((left, right) => left - right)).toEqual(Array.from({ length: sent }, (_, index) => index));
    // Per key, what was sent later never comes before what was sent earlier, apart from repetitions.
    for (const reader of readers) {
      const highest = new Map<string, number>();
      const firsts = reader.messages.filter((message) => {
        const isFirst = numberOf(message) > (highest.get(message.key) ?? -1);
        if (isFirst) highest.set(message.key, numberOf(message));
        return isFirst;
      });
      expect(new Set(firsts.map(numberOf)).size).toBe(new Set(reader.messages.map(numberOf)).size);
    }
  }, 120_000);
});
