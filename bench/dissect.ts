/**
 * How fast each dissector reads requests with their responses: microseconds a pair and messages a second of one core, and
 * as a ratio to looking at every byte once. Medians of several rounds.
 *
 *   npx tsx bench/dissect.ts [pairs]
 */
import { dissectors } from '../protocols/dissectors.ts';
import type { Dissector, Segment } from '../protocols/dissection/dissector.ts';
import * as wire from '../protocols/testing/wire.ts';

const pairs = Number(process.argv[2] ?? 200_000);
const rounds = 7;
const variants = 64;

interface Pair {
  readonly request: Segment<number>;
  readonly response: Segment<number>;
}

function pair(request: Buffer, response: Buffer): Pair {
  const segment = (bytes: Buffer): Segment<number> => ({ origin: 1, bytes, length: bytes.length, startsMessage: true });
  return { request: segment(request), response: segment(response) };
}

const makers: Readonly<Record<string, (index: number) => Pair>> = {
  http1: (index) =>
    pair(
      wire.http([
        `GET /api/users/${index * 7919}/orders?limit=20&page=${index} HTTP/1.1`,
        'Host: shop.example',
        'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko)',
        'Accept: application/json',
        `X-Request-ID: 9f8b2c1d-0000-4000-8000-${String(index).padStart(12, '0')}`,
        'X-Forwarded-For: 203.0.113.9',
        'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        'Accept-Encoding: gzip, deflate',
        'Connection: keep-alive',
      ]),
      wire.http(
        [
          'HTTP/1.1 200 OK',
          'Content-Type: application/json',
          'Date: Mon, 01 Jan 2024 00:00:00 GMT',
          'Content-Length: 29',
        ],
        '{"orders":["first","second"]}',
      ),
    ),
  dns: (index) => {
    const name = `orders-${index}.shop.svc.cluster.local`;
    const answers = [{ type: 1, data: Buffer.from([10, 0, 0, index]) }];
    return pair(wire.dnsQuery(index + 1, name), wire.dnsResponse(index + 1, name, 1, 0, answers));
  },
  redis: (index) => pair(wire.redisCommand('GET', `session:${index}`), wire.redisValue('$13\r\n{"user":"42"}\r\n')),
  mysql: (index) =>
    pair(
      wire.mysqlCommand(
        3,
        `SELECT id, name, price FROM products WHERE category = ${index} AND name LIKE 'a%' LIMIT 20`,
      ),
      wire.mysqlRows(['first', 'second', 'third']),
    ),
  postgresql: (index) =>
    pair(
      wire.postgresqlRun(`SELECT id, name, price FROM products WHERE category = ${index} AND name LIKE $1 LIMIT 20`),
      wire.postgresqlRows(['first', 'second', 'third'], true),
    ),
};

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[values.length >> 1]!;
}

/** CPU time, so that what else runs on the machine does not count. */
function elapsedUs(act: () => void): number {
  const start = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

function dissect(dissector: Dissector, samples: readonly Pair[]): number {
  const conversation = dissector.open<number>();
  let messages = 0;
  const report = (): void => {
    messages++;
  };
  for (let index = 0; index < pairs; index++) {
    const { request, response } = samples[index % samples.length]!;
    conversation.read('client', request, report);
    conversation.read('server', response, report);
  }
  if (messages !== 2 * pairs) throw new Error(`${dissector.protocol}: ${messages} messages of ${2 * pairs}`);
  return messages;
}

function scan(samples: readonly Pair[]): number {
  let sum = 0;
  for (let index = 0; index < pairs; index++) {
    const { request, response } = samples[index % samples.length]!;
    sum = (sum + sumOf(request.bytes) + sumOf(response.bytes)) | 0;
  }
  return sum;
}

function sumOf(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at++) sum = (sum + bytes[at]!) | 0;
  return sum;
}

console.log('protocol      bytes/pair   us/pair   messages/s   scan us/pair   ratio');
for (const dissector of dissectors) {
  const make = makers[dissector.protocol]!;
  const samples = Array.from({ length: variants }, (_, index) => make(index));
  const bytes =
    samples.reduce((total, { request, response }) => total + request.length + response.length, 0) / variants;
  const dissected: number[] = [];
  const scanned: number[] = [];
  for (let round = 0; round < rounds; round++) {
    dissected.push(elapsedUs(() => dissect(dissector, samples)) / pairs);
    scanned.push(elapsedUs(() => scan(samples)) / pairs);
  }
  const us = median(dissected);
  const scanUs = median(scanned);
  console.log(
    [
      dissector.protocol.padEnd(12),
      bytes.toFixed(0).padStart(11),
      us.toFixed(2).padStart(9),
      (2e6 / us).toFixed(0).padStart(12),
      scanUs.toFixed(2).padStart(14),
      (us / scanUs).toFixed(1).padStart(7),
    ].join(' '),
  );
}
