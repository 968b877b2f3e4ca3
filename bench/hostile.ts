/**
 * What an event costs the enricher when somebody wants it to cost much: questions that nobody answers, requests that are
 * pipelined and never answered, heads in single bytes, ids of agents that are not there. Each is run with a number of events
 * and with four times as many; where costs are linear, an event costs the same in both.
 *
 *   npx tsx bench/hostile.ts [events]
 */
import { encodeValue, outgoingMessage } from '../core/codec.ts';
import { imbalance } from '../core/stage/accounting.ts';
import { dissectors } from '../protocols/dissectors.ts';
import { createEnricher, type Enricher } from '../enricher/stage.ts';
import { anEvent, anEventBatch } from '../schemas/testing/an-event.ts';
import { testConfig } from '../enricher/testing/run-agent.ts';
import { type SocketEvent, writeEventBatch } from '../schemas/generated/event-batch.ts';

const few = Number(process.argv[2] ?? 10_000);
const eventsPerBatch = 500;
const config = { ...testConfig, maxSockets: 200_000, maxOpenRequests: 200_000, maxContexts: 100_000 };

class Feed {
  readonly enricher: Enricher = createEnricher(config, { dissectors });
  private offset = 0;

  send(agentId: number, sequence: number, events: readonly SocketEvent[]): void {
    const { topic, key, headers } = outgoingMessage('events', '1', 'EventBatch', new Uint8Array(0));
    const batch = anEventBatch({ agentId, sequence, events });
    const value = encodeValue(batch, writeEventBatch);
    const place = { partition: 0, offset: this.offset++, timestampMs: 1_750_000_000_000 + this.offset };
    this.enricher.process({ topic, key, headers: headers ?? {}, value: Buffer.from(value), ...place }, 0);
    if (this.offset % 20 === 0) this.turn();
  }

  /** What the runtime asks for between two polls. */
  turn(): void {
    this.enricher.flush(0);
    this.enricher.lowWatermark({ topic: 'events', partition: 0 });
  }
}

/** Events of one agent, made of their number. */
type MakeEvent = (index: number) => Partial<SocketEvent> & { readonly text?: string };

function sendEvents(feed: Feed, count: number, make: MakeEvent): void {
  let events: SocketEvent[] = [];
  let sequence = 0;
  for (let index = 0; index < count; index++) {
    const id = index + 1;
    events.push(anEvent({ id, messageId: 1, timeOffsetNs: id, ...make(index) }));
    if (events.length < eventsPerBatch && index + 1 < count) continue;
    feed.send(1, ++sequence, events);
    events = [];
  }
}

function dnsQuestion(id: number, isResponse: boolean): Buffer {
  const flags = isResponse ? [0x81, 0x80] : [1, 0];
  return Buffer.from([
    id >> 8,
    id & 0xff,
    ...flags,
    0,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    1,
    0x61,
    3,
    0x63,
    0x6f,
    0x6d,
    0,
    0,
    1,
    0,
    1,
  ]);
}

function datagram(id: number, direction: 'ingress' | 'egress', remotePort: number): Partial<SocketEvent> {
  const payload = dnsQuestion(id, direction === 'egress');
  return { direction, transport: 'udp', localPort: 53, remotePort, payload, length: payload.length };
}

const mysqlPing = Buffer.from([1, 0, 0, 0, 0x0e]).toString('latin1');
const postgresqlQuery = Buffer.from([0x51, 0, 0, 0, 13, ...Buffer.from('SELECT 1'), 0]).toString('latin1');
const pipelined = (text: string, localPort: number): MakeEvent => {
  const many = text.repeat(Math.ceil(500 / text.length));
  return () => ({ text: many, localPort, role: 'server' });
};
const folded = `GET / HTTP/1.1\r\nHost: a${' '.repeat(7000)}b\r\n c\r\n\r\n`;
const lines = `GET / HTTP/1.1\r\n${'a\n'.repeat(4000)}\r\n`;
const head = `GET / HTTP/1.1\r\n${'X-Header: 1\r\n'.repeat(300)}\r\n`;

const cases: Readonly<Record<string, (feed: Feed, count: number) => void>> = {
  'DNS, each question answered': (feed, count) =>
    sendEvents(feed, count, (index) => datagram(index >> 1, index % 2 === 0 ? 'ingress' : 'egress', 40_000)),
  'DNS, no question answered': (feed, count) =>
    sendEvents(feed, count, (index) => datagram(index & 0xffff, 'ingress', 1024 + (index % 60_000))),
  'DNS, one of two questions answered': (feed, count) =>
    sendEvents(feed, count, (index) => {
      const [id, port] = [index >> 2, 1024 + ((index >> 2) % 60_000)];
      return index % 4 === 3
        ? datagram(id, 'egress', 63_000)
        : datagram(id, 'ingress', index % 4 === 2 ? 63_000 : port);
    }),
  'HTTP, pipelined': (feed, count) => sendEvents(feed, count, pipelined('GET / HTTP/1.1\r\n\r\n', 80)),
  'Redis, pipelined': (feed, count) => sendEvents(feed, count, pipelined('*1\r\n$4\r\nPING\r\n', 6379)),
  'PostgreSQL, pipelined': (feed, count) => sendEvents(feed, count, pipelined(postgresqlQuery, 5432)),
  'MySQL, pipelined': (feed, count) => sendEvents(feed, count, pipelined(mysqlPing, 3306)),
  'HTTP, heads in single bytes': (feed, count) =>
    sendEvents(feed, count, (index) => ({ text: head[index % head.length]!, localPort: 80, role: 'server' })),
  'HTTP, heads of short lines in single bytes': (feed, count) =>
    sendEvents(feed, count, (index) => ({ text: lines[index % lines.length]!, localPort: 80, role: 'server' })),
  'HTTP, a folded field of blanks': (feed, count) =>
    sendEvents(feed, count >> 4, () => ({ text: folded, localPort: 80, role: 'server' })),
  'a socket for each request': (feed, count) =>
    sendEvents(feed, count, (index) => ({ socketId: index, messageId: index + 1, text: 'GET / HTTP/1.1\r\n\r\n' })),
  'an agent for each batch': (feed, count) => {
    for (let agentId = 1; agentId <= count; agentId++) feed.send(agentId, 1, []);
  },
  'an agent for each request': (feed, count) => {
    const event = anEvent({ id: 1, text: 'GET / HTTP/1.1\r\n\r\n', localPort: 80, role: 'server' });
    for (let agentId = 1; agentId <= count; agentId++) feed.send(agentId, 1, [event]);
  },
};

/** Processor time of an event in microseconds: other processes on the machine do not count. */
function costOf(act: (feed: Feed, count: number) => void, count: number): number {
  const feed = new Feed();
  const before = process.cpuUsage();
  act(feed, count);
  const { user, system } = process.cpuUsage(before);
  if (imbalance(feed.enricher.accounting()) !== 0) throw new Error('events were lost or made up');
  return (user + system) / count;
}

console.log(`${'µs an event'.padEnd(38)} ${String(few).padStart(9)} ${String(4 * few).padStart(9)}     ratio`);
for (const [name, act] of Object.entries(cases)) {
  costOf(act, few);
  const [once, fourTimes] = [costOf(act, few), costOf(act, 4 * few)];
  const numbers = [once, fourTimes, fourTimes / once].map((value) => value.toFixed(2).padStart(9));
  console.log(`${name.padEnd(38)} ${numbers.join(' ')}`);
}
