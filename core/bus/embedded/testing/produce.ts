/** Sends numbered messages without end and prints each number once it was acknowledged. Argument: directory. */
import { openEmbeddedBus } from '../embedded-bus.ts';

const bus = openEmbeddedBus({ directory: process.argv[2]! });
await bus.ensureTopics([{ name: 'numbers', partitions: 3, retentionBytes: 1_000_000_000 }]);
const producer = await bus.producer();

/** One of several senders at the same time; each takes every eighth number. */
async function sendFrom(start: number): Promise<void> {
  for (let number = start; ; number += 8) {
    const filling = Buffer.alloc((number * 7919) % 60_000, number);
    const value = Buffer.concat([Buffer.from(`${number} `), filling]);
    await producer.send([{ topic: 'numbers', key: String(number % 17), value }]);
    process.stdout.write(`${number}\n`);
  }
}
const start = Number(process.argv[3]);
await Promise.all(Array.from({ length: 8 }, (_, index) => sendFrom(start + index)));
