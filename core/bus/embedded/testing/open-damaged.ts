/**
 * Opens copies of a log that are damaged in one place each, and reads and writes them: `ok` or the code of the error for
 * each. Arguments: folder with the sound log, folder for the copies, and a line of JSON a case on standard input.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { openEmbeddedBus } from '../embedded-bus.ts';
import type { Damage } from './damage.ts';

const [sound, folder] = process.argv.slice(2) as [string, string];
const bytes = readFileSync(join(sound, 'data.mdb'));

function write({ keep, place, value, zeroes }: Damage): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  const damaged = Buffer.from(bytes.subarray(0, keep ?? bytes.length));
  if (place !== undefined) damaged[place] = value!;
  if (zeroes !== undefined) damaged.fill(0, ...zeroes);
  writeFileSync(join(folder, 'data.mdb'), damaged);
  if (existsSync(join(sound, 'lock.mdb'))) copyFileSync(join(sound, 'lock.mdb'), join(folder, 'lock.mdb'));
}

async function use(): Promise<void> {
  const bus = openEmbeddedBus({ directory: folder });
  try {
    const consumer = await bus.consumer({ group: 'reader', topics: ['events', 'resources'] });
    for (;;) {
      const { messages, rebalance } = await consumer.poll({ maxWaitMs: 0, maxBytes: 1_000_000 });
      if (messages.length === 0 && rebalance === undefined) break;
    }
    const producer = await bus.producer();
    for (const size of [10, 10_000, 100_000])
      await producer.send([{ topic: 'events', key: `${size}`, value: Buffer.alloc(size) }]);
  } finally {
    await bus.close();
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  write(JSON.parse(line) as Damage);
  const outcome = await use().then(
    () => 'ok',
    (error: unknown) => {
      const { code, message } = error as { readonly code?: unknown; readonly message: string };
      return `${typeof code === 'string' ? code : 'none'} ${message}`;
    },
  );
  process.stdout.write(`${outcome.replaceAll('\n', ' ')}\n`);
}
