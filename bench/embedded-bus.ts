/**
 * Throughput of the embedded bus: send, poll and commit of values of 100 kB, against appending the same bytes to a
 * plain file, with and without waiting for the disk as the bus does. Each figure is the median of five alternating
 * runs of one process. Also: small messages, and the CPU that idle consumers take.
 */
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEmbeddedBus } from '../core/bus/embedded/embedded-bus.ts';

const runs = 5;
const valueBytes = 100_000;
const totalBytes = 100_000_000;
const valuesPerSend = 10;
const directory = mkdtempSync(join(process.argv[2] ?? tmpdir(), 'bench-bus-'));
const value = Buffer.alloc(valueBytes, 'spanloom ');
const median = (figures: readonly number[]): number => [...figures].sort((a, b) => a - b)[figures.length >> 1]!;
const perSecond = (milliseconds: number): number => totalBytes / 1e6 / (milliseconds / 1e3);

/** Milliseconds to append the bytes to a file; `sync` waits for the disk after each batch. */
function appendToFile(run: number, sync: boolean): number {
  const path = join(directory, `plain-${run}-${sync}`);
  const start = performance.now();
  const file = openSync(path, 'a');
  for (let written = 0; written < totalBytes;) {
    for (let index = 0; index < valuesPerSend; index++) written += writeSync(file, value);
    if (sync) fdatasyncSync(file);
  }
  closeSync(file);
  const elapsed = performance.now() - start;
  rmSync(path);
  return elapsed;
}

/** Milliseconds to send, poll and commit the bytes; also the part of the sender alone. */
async function throughBus(run: number): Promise<{ readonly totalMs: number; readonly sendMs: number }> {
  const path = join(directory, `bus-${run}`);
  const bus = openEmbeddedBus({ directory: path });
  await bus.ensureTopics([{ name: 'bench', partitions: 4, retentionBytes: 4 * totalBytes }]);
  const producer = await bus.producer();
  const consumer = await bus.consumer({ group: 'bench', topics: ['bench'] });
  await consumer.poll({ maxWaitMs: 0, maxBytes: 1 });
  const start = performance.now();
  let sendMs = 0;
  const sending = (async () => {
    for (let sent = 0; sent < totalBytes; sent += valuesPerSend * valueBytes)
      await producer.send(
        Array.from({ length: valuesPerSend }, (_, index) => ({ topic: 'bench', key: `agent ${index}`, value })),
      );
    sendMs = performance.now() - start;
  })();
  for (let received = 0; received < totalBytes;) {
    const { messages } = await consumer.poll({ maxWaitMs: 1_000, maxBytes: 4 * 1024 * 1024 });
    for (const message of messages) received += message.value.length;
    const next = new Map(messages.map(({ partition, offset }) => [partition, offset + 1]));
    await consumer.commit(
      [...next].map(([partition, offset]) => ({ topic: 'bench', partition, offset, emittedBelow: offset })),
    );
  }
  const totalMs = performance.now() - start;
  await sending;
  await bus.close();
  rmSync(path, { recursive: true });
  return { totalMs, sendMs };
}

async function smallMessages(): Promise<{ readonly sendPerSecond: number; readonly pollPerSecond: number }> {
  const bus = openEmbeddedBus({ directory: join(directory, 'small') });
  await bus.ensureTopics([{ name: 'bench', partitions: 4 }]);
  const producer = await bus.producer();
  const count = 50_000;
  const small = Buffer.alloc(200, 'x');
  let start = performance.now();
  for (let sent = 0; sent < count; sent += 1_000)
    await producer.send(
      Array.from({ length: 1_000 }, (_, index) => ({ topic: 'bench', key: `${index}`, value: small })),
    );
  const sendPerSecond = count / ((performance.now() - start) / 1e3);
  const consumer = await bus.consumer({ group: 'bench', topics: ['bench'] });
  start = performance.now();
  for (let received = 0; received < count;)
    received += (await consumer.poll({ maxWaitMs: 1_000, maxBytes: 1024 * 1024 })).messages.length;
  const pollPerSecond = count / ((performance.now() - start) / 1e3);
  await bus.close();
  return { sendPerSecond, pollPerSecond };
}

/** Share of one processor that four idle consumers take. */
async function idle(): Promise<number> {
  const bus = openEmbeddedBus({ directory: join(directory, 'idle') });
  await bus.ensureTopics([{ name: 'bench', partitions: 4 }]);
  const consumers = await Promise.all(['a', 'b', 'c', 'd'].map((group) => bus.consumer({ group, topics: ['bench'] })));
  const untilMs = performance.now() + 5_000;
  const start = process.cpuUsage();
  await Promise.all(
    consumers.map(async (consumer) => {
      while (performance.now() < untilMs) await consumer.poll({ maxWaitMs: 500, maxBytes: 1_000_000 });
    }),
  );
  const { user, system } = process.cpuUsage(start);
  await bus.close();
  return (user + system) / 5e6;
}

const plain: number[] = [];
const synced: number[] = [];
const total: number[] = [];
const send: number[] = [];
for (let run = 0; run < runs; run++) {
  plain.push(appendToFile(run, false));
  synced.push(appendToFile(run, true));
  const { totalMs, sendMs } = await throughBus(run);
  total.push(totalMs);
  send.push(sendMs);
}
const busRate = perSecond(median(total));
console.log(`values of ${valueBytes} bytes, ${valuesPerSend} a send, ${totalBytes / 1e6} MB, median of ${runs}`);
console.log(`plain file append              ${perSecond(median(plain)).toFixed(0)} MB/s`);
console.log(`plain file append, fdatasync   ${perSecond(median(synced)).toFixed(0)} MB/s`);
console.log(`bus: send                      ${perSecond(median(send)).toFixed(0)} MB/s`);
console.log(`bus: send + poll + commit      ${busRate.toFixed(0)} MB/s`);
console.log(`ratio to append                ${(busRate / perSecond(median(plain))).toFixed(2)}`);
console.log(`ratio to append with fdatasync ${(busRate / perSecond(median(synced))).toFixed(2)}`);
const { sendPerSecond, pollPerSecond } = await smallMessages();
console.log(`messages of 200 bytes          ${sendPerSecond.toFixed(0)} sent/s, ${pollPerSecond.toFixed(0)} polled/s`);
console.log(`four idle consumers            ${((await idle()) * 100).toFixed(1)} % of one processor`);
rmSync(directory, { recursive: true });
