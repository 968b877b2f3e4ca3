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
import { dissectors } from '../protocols/dissectors.ts';
import { createEnricher } from '../enricher/stage.ts';
import { AvroReader } from '../schemas/avro-reader.ts';
import { readEventBatch, writeEventBatch, type SocketEvent } from '../schemas/generated/event-batch.ts';
import { readSpanBatch } from '../schemas/generated/span-batch.ts';
import { anEventBatch } from '../schemas/testing/an-event.ts';
import { gatewayEvents } from './input/gateway-events.ts';

const wanted = Number(process.argv[2] ?? 300_000);
const eventsPerBatch = 500;
const rounds = 5;

function toMessages(events: readonly SocketEvent[]): readonly ReceivedMessage[] {
  const messages: ReceivedMessage[] = [];
  for (let index = 0; index < events.length; index += eventsPerBatch) {
    const part = events.slice(index, index + eventsPerBatch);
    const batch = anEventBatch({ agentId: 1, sequence: messages.length + 1, events: part });
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
  maxAgents: 10_000,
  maxEntries: 1_000_000,
  agentSilence: 600_000,
  memory: 60_000,
  memoryBytes: 1024 ** 3,
  tagWait: 5_000,
  tagSettle: 0,
  maxTagWaiting: 20_000,
  resourceMemory: 86_400_000,
  maxEndedResources: 500_000,
  maxHosts: 100_000,
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

const messages = toMessages(gatewayEvents(wanted));
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
