/**
 * How fast the enricher is: events per second of one core, decoding, dissecting, following, pairing, tagging and encoding,
 * and as a ratio to decoding alone. The input is what a Node gateway under 64 connections looks like to capture: an HTTP
 * request, two Redis commands, the reply.
 *
 *   npx tsx bench/enrich.ts [events]
 */
import { encodeValue, outgoingMessage } from '../core/codec.ts';
import type { ReceivedMessage } from '../core/bus/bus.ts';
import { imbalance } from '../core/stage/accounting.ts';
import { dissectors } from '../enricher/dissect/dissectors.ts';
import { Kernel } from '../enricher/follow/simulate-kernel.ts';
import { createEnricher } from '../enricher/stage.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readEventBatch, writeEventBatch, type SocketEvent } from '../schemas/generated/event-batch.ts';
import { readSpanBatch } from '../schemas/generated/span-batch.ts';

const wanted = Number(process.argv[2] ?? 300_000);
const eventsPerBatch = 500;
const rounds = 5;
const thread = 1000;

function request(index: number): string {
  return (
    `GET /api/users/${index}/orders?limit=20&page=${index % 7} HTTP/1.1\r\nHost: shop.example\r\n` +
    `User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: application/json\r\n` +
    `X-Request-ID: 7d1f${String(index).padStart(8, '0')}\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n\r\n`
  );
}

function record(count: number): readonly SocketEvent[] {
  const kernel = new Kernel();
  const clients = Array.from({ length: 64 }, () => kernel.accepted(thread));
  const stores = Array.from({ length: 64 }, () => kernel.connected(thread));
  for (let index = 0; kernel.events.length < count; index += 64) {
    const each = (act: (slot: number) => void): void => {
      for (let slot = 0; slot < 64; slot++) {
        if (slot % 4 === 0) kernel.wait(thread);
        kernel.nowNs += 5000;
        act(slot);
      }
    };
    each((slot) => {
      const text = request(index + slot);
      kernel.read(thread, clients[slot]!, text, text.length);
      const key = `session:${index + slot}`;
      kernel.write(thread, stores[slot]!, `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`);
    });
    each((slot) => {
      kernel.read(thread, stores[slot]!, '$12\r\n{"user":"42"}\r\n', 19);
      const key = `orders:${index + slot}`;
      kernel.write(thread, stores[slot]!, `*4\r\n$6\r\nLRANGE\r\n$${key.length}\r\n${key}\r\n$1\r\n0\r\n$2\r\n20\r\n`);
    });
    each((slot) => {
      kernel.read(thread, stores[slot]!, '*2\r\n$5\r\nfirst\r\n$6\r\nsecond\r\n', 27);
      const body = '{"orders":["first","second"]}';
      kernel.write(
        thread,
        clients[slot]!,
        `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
    });
  }
  return kernel.events;
}

function toMessages(events: readonly SocketEvent[]): readonly ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  for (let index = 0; index < events.length; index += eventsPerBatch) {
    const part = events.slice(index, index + eventsPerBatch);
    const batch = {
      agentId: 1,
      hostName: 'bench',
      sequence: messages.length + 1,
      baseTimeNs: 1_700_000_000_000_000_000n,
      baseMonotonicNs: 0,
      untilOffsetNs: part[part.length - 1]!.timeOffsetNs,
      losses: [],
      processes: [],
      events: part,
    };
    const { topic, key, headers } = outgoingMessage('events', '1', 'EventBatch', new Uint8Array(0));
    const value = encodeValue(batch, writeEventBatch);
    messages.push({ topic, key, headers: headers ?? {}, value, partition: 0, offset: messages.length, timestampMs: 0 });
  }
  return messages;
}

const config = {
  maxSockets: 200_000,
  maxOpenRequests: 200_000,
  maxContexts: 100_000,
  maxProcesses: 100_000,
  agentSilence: 600_000,
  memory: 60_000,
};

/** Processor time in milliseconds: other processes on the machine do not count. */
function processorMs(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1]!;

const messages = toMessages(record(wanted));
const decodeMs: number[] = [];
const enrichMs: number[] = [];
let spans = 0;
let learned = 0;
for (let round = 0; round <= rounds; round++) {
  const decode = processorMs(() => {
    for (const { value } of messages) readEventBatch(new AvroReader(value));
  });
  const enricher = createEnricher(config, { dissectors });
  const outputs: Uint8Array[] = [];
  const enrich = processorMs(() => {
    for (const message of messages) for (const output of enricher.process(message, 0)) outputs.push(output.value);
  });
  if (imbalance(enricher.accounting()) !== 0) throw new Error('events were lost or made up');
  if (round === 0) {
    // The first round warms up, and is looked at.
    const all = outputs.flatMap((value) => readSpanBatch(new AvroReader(Buffer.from(value))).spans);
    spans = all.length;
    learned = all.filter((span) => span.causes[0]?.learned === true).length;
    continue;
  }
  decodeMs.push(decode);
  enrichMs.push(enrich);
}
const events = messages.length * eventsPerBatch;
const bytes = messages.reduce((sum, { value }) => sum + value.length, 0);
const perSecond = (ms: number): string => Math.round((events / ms) * 1000).toLocaleString('en');
console.log(
  `${events} events in ${messages.length} batches, ${Math.round(bytes / events)} bytes each; ${spans} spans, ${learned} with a learned cause`,
);
console.log(`decode alone    ${perSecond(median(decodeMs))} events/s`);
console.log(`whole enricher  ${perSecond(median(enrichMs))} events/s`);
console.log(`ratio           ${(median(enrichMs) / median(decodeMs)).toFixed(2)} times the time of decoding`);
