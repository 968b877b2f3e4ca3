/**
 * Which compression batches on Kafka should have: ratio, and CPU of this process for compressing and decompressing, on
 * event batches of the demo's recording and on spans and traces of a simulation; then the same through a real broker.
 * CPU time, so that neighbours do not count; medians of alternating rounds. docs/kafka.md has the figures, and those of
 * snappy, which was left out for them.
 *
 *   npx tsx bench/kafka-compression.ts [megabytes through the broker]
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runReplay } from '../collector/replay/run-replay.ts';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import {
  codecs,
  type Codec,
  type Compression,
  compressions,
  defaultMaxBytes,
} from '../core/bus/kafka/records/compression.ts';
import { openKafkaBus } from '../core/bus/kafka/kafka-bus.ts';
import { projectFile } from '../core/project-files.ts';
import { Correlator } from '../correlator/stage.ts';
import { batchMessage, testConfig } from '../correlator/testing/span-messages.ts';
import { eighteenSpans, simulate } from '../correlator/testing/simulated-services.ts';
import { startBroker } from '../scripts/kafka/broker.ts';

const throughBrokerBytes = Number(process.argv[2] ?? 60) * 1e6;
const requestBytes = 1024 * 1024;
const rounds = 3;
const everyUs = 2_000;
const spansPerMessage = 200;

const all: Readonly<Record<Exclude<Compression, 'none'>, Codec>> = codecs;
const median = (figures: readonly number[]): number => figures.toSorted((a, b) => a - b)[figures.length >> 1]!;

async function cpuMs(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e3;
}

async function recordedEvents(): Promise<readonly OutgoingMessage[]> {
  const messages: OutgoingMessage[] = [];
  const send = (sent: readonly OutgoingMessage[]): Promise<void> => {
    messages.push(...sent.filter(({ topic }) => topic === 'events').map((one) => ({ ...one, value: copy(one.value) })));
    return Promise.resolve();
  };
  const { signal } = new AbortController();
  await runReplay({ path: projectFile('demo', 'recording.avro'), output: { send }, speed: 'max', signal });
  return messages;
}

function copy(value: Uint8Array): Buffer {
  return Buffer.from(value);
}

function simulated(requests: number): { readonly spans: readonly Buffer[]; readonly traces: readonly Buffer[] } {
  const { spans } = simulate(eighteenSpans, { seed: 1, requests, everyUs, isLearned: true, withRequestIds: true });
  const correlator = new Correlator(testConfig);
  const batches = Array.from({ length: Math.ceil(spans.length / spansPerMessage) }, (_, index) => {
    const from = index * spansPerMessage;
    const timeMs = ((from / spans.length) * requests * everyUs) / 1e3;
    return batchMessage(index, timeMs, spans.slice(from, from + spansPerMessage));
  });
  const traces = [...batches.flatMap((batch) => correlator.process(batch, 0)), ...correlator.drain()];
  return { spans: batches.map(({ value }) => copy(value)), traces: traces.map(({ value }) => copy(value)) };
}

/** Values joined as a request of the producer has them. */
function requestsOf(values: readonly Uint8Array[]): readonly Buffer[] {
  const requests: Buffer[] = [];
  let current: Uint8Array[] = [];
  let bytes = 0;
  for (const value of values) {
    if (bytes > 0 && bytes + value.length > requestBytes) {
      requests.push(Buffer.concat(current));
      [current, bytes] = [[], 0];
    }
    current.push(value);
    bytes += value.length;
  }
  return bytes === 0 ? requests : [...requests, Buffer.concat(current)];
}

async function compareCodecs(name: string, values: readonly Uint8Array[]): Promise<void> {
  const requests = requestsOf(values);
  const megabytes = requests.reduce((sum, { length }) => sum + length, 0) / 1e6;
  console.log(`\n${name}: ${values.length} values, ${megabytes.toFixed(1)} MB in ${requests.length} requests`);
  // Little data is gone through several times, so that the clock sees it.
  const repeat = Math.max(1, Math.ceil(8 / megabytes));
  for (const [codecName, codec] of Object.entries(all)) {
    const compressed = await Promise.all(requests.map((request) => codec.compress(request)));
    const figures = { compress: [] as number[], decompress: [] as number[] };
    for (let round = 0; round < rounds; round++) {
      figures.compress.push(await cpuMs(() => through(requests, repeat, (one) => codec.compress(one))));
      figures.decompress.push(
        await cpuMs(() => through(compressed, repeat, (one) => codec.decompress(one, defaultMaxBytes))),
      );
    }
    const ratio = (megabytes * 1e6) / compressed.reduce((sum, { length }) => sum + length, 0);
    const perMegabyte = (milliseconds: readonly number[]): string =>
      (median(milliseconds) / (megabytes * repeat)).toFixed(2);
    console.log(
      `  ${codecName.padEnd(7)} ratio ${ratio.toFixed(2).padStart(5)}   compress ${perMegabyte(figures.compress)} ms/MB   ` +
        `decompress ${perMegabyte(figures.decompress)} ms/MB`,
    );
  }
}

async function through(
  buffers: readonly Buffer[],
  repeat: number,
  work: (one: Buffer) => Promise<Buffer>,
): Promise<void> {
  for (let time = 0; time < repeat; time++) for (const buffer of buffers) await work(buffer);
}

/** Sends and polls until so many bytes have passed; the same values again and again, each request only once. */
async function throughBroker(
  brokers: readonly string[],
  compression: Compression,
  values: readonly Uint8Array[],
  run: number,
): Promise<{ readonly megabytesPerSecond: number; readonly cpuMsPerMegabyte: number }> {
  const bus = openKafkaBus({ brokers, compression });
  const topic = `bench.${compression}.${run}`;
  await bus.ensureTopics([{ name: topic, partitions: 4 }]);
  const producer = await bus.producer();
  const consumer = await bus.consumer({ group: topic, topics: [topic] });
  for (let joined = false; !joined;)
    joined = (await consumer.poll({ maxWaitMs: 1_000, maxBytes: 1 })).rebalance !== undefined;
  let sent = 0;
  let received = 0;
  const start = performance.now();
  const cpu = await cpuMs(async () => {
    const sending = (async () => {
      for (let index = 0; sent < throughBrokerBytes;) {
        const messages: OutgoingMessage[] = [];
        for (let bytes = 0; bytes < 4 * requestBytes; index++) {
          const value = values[index % values.length]!;
          messages.push({ topic, key: `agent ${index >> 6}`, value });
          bytes += value.length;
          sent += value.length;
        }
        await producer.send(messages);
      }
    })();
    while (received < throughBrokerBytes || received < sent) {
      const { messages } = await consumer.poll({ maxWaitMs: 1_000, maxBytes: 4 * 1024 * 1024 });
      for (const { value } of messages) received += value.length;
    }
    await sending;
  });
  const seconds = (performance.now() - start) / 1e3;
  await bus.close();
  return { megabytesPerSecond: received / 1e6 / seconds, cpuMsPerMegabyte: cpu / (received / 1e6) };
}

const events = (await recordedEvents()).map(({ value }) => value);
const { spans, traces } = simulated(1_500);
await compareCodecs('events (recording)', events);
await compareCodecs('spans (simulated)', spans);
await compareCodecs('traces (simulated)', traces);

const directory = mkdtempSync(join(tmpdir(), 'bench-kafka-'));
const broker = await startBroker({ directory });
console.log(`\nsend and poll through a broker, ${throughBrokerBytes / 1e6} MB of spans, median of ${rounds}`);
const results = new Map<Compression, Awaited<ReturnType<typeof throughBroker>>[]>();
for (let run = 0; run < rounds; run++)
  for (const compression of compressions) {
    const result = await throughBroker(broker.brokers, compression, spans, run);
    results.set(compression, [...(results.get(compression) ?? []), result]);
  }
for (const [compression, runs] of results) {
  const rate = median(runs.map(({ megabytesPerSecond }) => megabytesPerSecond)).toFixed(0);
  const cpu = median(runs.map(({ cpuMsPerMegabyte }) => cpuMsPerMegabyte)).toFixed(1);
  console.log(`  ${compression.padEnd(7)} ${rate.padStart(4)} MB/s   ${cpu} ms CPU of this process per MB`);
}
await broker.kill();
rmSync(directory, { recursive: true, force: true });
