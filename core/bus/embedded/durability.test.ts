import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../../testing/random.ts';
import type { Bus, ReceivedMessage } from '../bus.ts';
import { openEmbeddedBus } from './embedded-bus.ts';
import { type Program, spawnProgram } from './testing/spawn-program.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'bus-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

let readers = 0;
async function readAll(bus: Bus, topic: string): Promise<ReceivedMessage[]> {
  const consumer = await bus.consumer({ group: `all-${readers++}`, topics: [topic] });
  const messages: ReceivedMessage[] = [];
  for (;;) {
    const poll = await consumer.poll({ maxWaitMs: 0, maxBytes: 10_000_000 });
    messages.push(...poll.messages);
    if (poll.messages.length === 0 && poll.rebalance === undefined) break;
  }
  await consumer.close();
  return messages;
}
const numberOf = ({ value }: ReceivedMessage): number => parseInt(value.subarray(0, 16).toString(), 10);
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe('kill -9', () => {
  test('every acknowledged message is there, whole and once, whenever the producer was killed', async () => {
    const acknowledged: number[] = [];
    const random = new Random(1);
    for (let round = 0; round < 5; round++) {
      const program = spawnProgram('produce', [directory, String(round * 1_000_000)]);
      await program.until(() => true);
      await pause(random.next() * 400);
      await program.kill();
      acknowledged.push(...program.lines.map(Number));
    }
    expect(acknowledged.length).toBeGreaterThan(20);
    const bus = openEmbeddedBus({ directory });
    const messages = await readAll(bus, 'numbers');
    const numbers = messages.map(numberOf);
    const stored = new Set(numbers);
    expect(acknowledged.filter((number) => !stored.has(number))).toEqual([]);
    expect(numbers.length).toBe(stored.size);
    for (const message of messages) {
      const number = numberOf(message);
      expect(message.value.length).toBe(`${number} `.length + ((number * 7919) % 60_000));
      expect(message.value.at(-1)).toBe(message.value.length === `${number} `.length ? 0x20 : number & 0xff);
    }
    for (const partition of [0, 1, 2]) {
      const offsets = messages.filter((message) => message.partition === partition).map(({ offset }) => offset);
      expect(offsets).toEqual(offsets.map((_, index) => index));
    }
    await bus.close();
  });

  test('the partitions of a killed process go to the others at once', async () => {
    const bus = openEmbeddedBus({ directory, heartbeatEveryMs: 200 });
    await bus.ensureTopics([{ name: 'numbers', partitions: 4 }]);
    const program = spawnProgram('consume', [directory, 'group']);
    await program.until((line) => line === '0,1,2,3');
    const consumer = await bus.consumer({ group: 'group', topics: ['numbers'] });
    const mine = new Set<number>();
    const pollUntil = async (size: number): Promise<void> => {
      const deadline = performance.now() + 10_000;
      while (mine.size !== size && performance.now() < deadline) {
        const { rebalance } = await consumer.poll({ maxWaitMs: 100, maxBytes: 1_000 });
        for (const { partition } of rebalance?.revoked ?? []) mine.delete(partition);
        for (const { partition } of rebalance?.assigned ?? []) mine.add(partition);
      }
    };
    await pollUntil(2);
    expect([...mine].sort()).toEqual([2, 3]);
    const start = performance.now();
    await program.kill();
    await pollUntil(4);
    expect(mine.size).toBe(4);
    expect(performance.now() - start).toBeLessThan(5_000);
    await bus.close();
  });

  test('a stage that is killed again and again loses nothing and repeats only what was in flight', async () => {
    const bus = openEmbeddedBus({ directory });
    await bus.ensureTopics([{ name: 'numbers', partitions: 3 }]);
    const producer = await bus.producer();
    const count = 400;
    const sendSome = async (from: number, to: number): Promise<void> => {
      const numbers = Array.from({ length: to - from }, (_, index) => from + index);
      await producer.send(
        numbers.map((number) => ({
          topic: 'numbers',
          key: String(number % 17),
          value: Buffer.concat([Buffer.from(`${number} `), Buffer.alloc(1_000)]),
        })),
      );
    };
    let kills = 0;
    const random = new Random(2);
    for (let sent = 0; sent < count; sent += 100) {
      const program: Program = spawnProgram('copy', [directory]);
      const working = program.until(() => true);
      await sendSome(sent, sent + 100);
      await working;
      await pause(random.next() * 30);
      await program.kill();
      kills++;
    }
    const last = spawnProgram('copy', [directory, 'end']);
    await last.until((line) => line === 'end');
    const copies = (await readAll(bus, 'copies')).map(numberOf);
    expect([...new Set(copies)].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, index) => index));
    // A batch in flight is at most 20 messages of 1 kB and what the stage held.
    expect(copies.length - count).toBeLessThanOrEqual(kills * 40);
    await bus.close();
  });
});

describe('full disk', () => {
  const canMount = ((): boolean => {
    const probe = mkdtempSync(join(tmpdir(), 'mount-'));
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe], { stdio: 'ignore' });
      execFileSync('umount', [probe]);
      return true;
    } catch {
      return false;
    } finally {
      rmSync(probe, { recursive: true });
    }
  })();
  if (!canMount) {
    if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error('mounting a small disk needs root');
    console.warn('skipped: full disk of the embedded bus; mounting a small disk needs root');
  }

  test.runIf(canMount)('send fails with BUS_FULL, nothing is half there, and it works again with room', async () => {
    const mount = join(directory, 'mount');
    mkdirSync(mount);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=12m', 'tmpfs', mount]);
    try {
      const bus = openEmbeddedBus({ directory: join(mount, 'log') });
      await bus.ensureTopics([{ name: 'numbers', partitions: 1 }]);
      const producer = await bus.producer();
      const consumer = await bus.consumer({ group: 'group', topics: ['numbers'] });
      const value = Buffer.alloc(100_000, 'x');
      let sent = 0;
      let failure: unknown;
      while (failure === undefined && sent < 500) {
        await producer.send([{ topic: 'numbers', key: 'k', value }]).then(
          () => sent++,
          (error: unknown) => (failure = error),
        );
      }
      expect(failure).toMatchObject({ code: 'BUS_FULL', retryable: false });
      expect(sent).toBeGreaterThan(50);
      await consumer.poll({ maxWaitMs: 0, maxBytes: 1 });
      await consumer.commit([{ topic: 'numbers', partition: 0, offset: 7, emittedBelow: 7 }]);
      expect(await readAll(bus, 'numbers')).toHaveLength(sent);

      // Someone else takes the last bytes: now commits themselves fail.
      expect(() => writeFileSync(join(mount, 'hog'), Buffer.alloc(12_000_000))).toThrow('ENOSPC');
      await expect(producer.send([{ topic: 'numbers', key: 'k', value }])).rejects.toMatchObject({ code: 'BUS_FULL' });
      expect(await readAll(bus, 'numbers').catch(() => 'no room to join')).toBeDefined();
      rmSync(join(mount, 'hog'));
      await bus.close();

      execFileSync('mount', ['-o', 'remount,size=40m', mount]);
      const again = openEmbeddedBus({ directory: join(mount, 'log') });
      const producerAgain = await again.producer();
      for (let more = 0; more < 20; more++) {
        await producerAgain.send([{ topic: 'numbers', key: 'k', value }]);
        sent++;
      }
      const messages = await readAll(again, 'numbers');
      expect(messages.map(({ offset }) => offset)).toEqual(Array.from({ length: sent }, (_, offset) => offset));
      expect(messages.every((message) => message.value.equals(value))).toBe(true);
      await again.close();
    } finally {
      execFileSync('umount', [mount]);
    }
  });

  test.runIf(canMount)('a log bounded by retention goes on when the disk around it is full', async () => {
    const mount = join(directory, 'mount');
    mkdirSync(mount);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', mount]);
    try {
      const bus = openEmbeddedBus({ directory: join(mount, 'log') });
      await bus.ensureTopics([{ name: 'numbers', partitions: 1, retentionBytes: 5_000_000 }]);
      const producer = await bus.producer();
      const value = Buffer.alloc(100_000, 'x');
      for (let sent = 0; sent < 300; sent++) await producer.send([{ topic: 'numbers', key: 'k', value }]);
      const { size } = statSync(join(mount, 'log', 'data.mdb'));
      expect(size).toBeLessThan(12_000_000);
      const messages = await readAll(bus, 'numbers');
      expect(messages.length).toBeGreaterThan(40);
      expect(messages.at(-1)!.offset).toBe(299);
      await bus.close();
    } finally {
      execFileSync('umount', [mount]);
    }
  });
});
