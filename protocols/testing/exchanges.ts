import type { Sender } from '../dissection/dissector.ts';
import type { Call } from './play.ts';
import type { Random } from '../../core/testing/random.ts';
import * as wire from './wire.ts';

/** One request and its response, valid as they stand. */
export interface Exchange {
  readonly request: Buffer;
  readonly response: Buffer;
}

/** Makes the `index`-th exchange of a conversation. */
export type ExchangeMaker = (random: Random, index: number) => Exchange;

function text(random: Random, most: number): string {
  return 'abcdefghij'.repeat(1 + most / 10).slice(0, random.below(most));
}

const http1: ExchangeMaker = (random, index) => {
  const padding = random.oneIn(3) ? [`Cookie: ${text(random, 700)}`] : [];
  const body = random.oneIn(3) ? text(random, 1500) : '';
  const bodyHead = body === '' ? [] : [`Content-Length: ${body.length}`];
  const method = body === '' ? random.pick(['GET', 'DELETE', 'OPTIONS']) : 'POST';
  const request = wire.http(
    [`${method} /items/${index} HTTP/1.1`, 'Host: shop.example', ...padding, ...bodyHead],
    body,
  );
  const answer = text(random, random.oneIn(3) ? 4000 : 60);
  const status = random.pick(['200 OK', '404 Not Found', '500 Internal Server Error']);
  const id = `X-Request-ID: ${index}`;
  if (random.oneIn(3)) {
    const half = answer.length >> 1;
    const chunk = (part: string): string => (part === '' ? '' : `${part.length.toString(16)}\r\n${part}\r\n`);
    const chunks = `${chunk(answer.slice(0, half))}${chunk(answer.slice(half))}0\r\n\r\n`;
    return { request, response: wire.http([`HTTP/1.1 ${status}`, id, 'Transfer-Encoding: chunked'], chunks) };
  }
  if (random.oneIn(6)) return { request, response: wire.http(['HTTP/1.1 204 No Content', id]) };
  return { request, response: wire.http([`HTTP/1.1 ${status}`, id, `Content-Length: ${answer.length}`], answer) };
};

const dns: ExchangeMaker = (random, index) => {
  const name = `${random.pick(['a', 'b-1', 'long-label'])}.${random.pick(['shop.example', 'svc.cluster.local'])}`;
  const type = random.pick([1, 28, 33, 65]);
  const answers = Array.from({ length: random.below(5) }, () => ({ type: 1, data: random.bytes(4) }));
  const id = 1 + (index % 65535);
  return {
    request: wire.dnsFrame(wire.dnsQuery(id, name, type)),
    response: wire.dnsFrame(wire.dnsResponse(id, name, type, random.pick([0, 0, 2, 3]), answers)),
  };
};

const redis: ExchangeMaker = (random, index) => {
  // Two of them stay below what a command may wait for.
  const big = text(random, random.oneIn(4) ? 900 : 30);
  const request = random.pick([
    wire.redisCommand('GET', `key:${index}`),
    wire.redisCommand('SET', `key:${index}`, big),
    wire.redisCommand('MSET', 'a', big, 'b', big),
  ]);
  const items = Array.from({ length: random.below(40) }, () => `$${big.length}\r\n${big}\r\n`);
  const response = random.pick([
    '+OK\r\n',
    `:${index}\r\n`,
    '-ERR no\r\n',
    '$-1\r\n',
    `$${big.length}\r\n${big}\r\n`,
    `*${items.length}\r\n${items.join('')}`,
    '*2\r\n*1\r\n:1\r\n%1\r\n+k\r\n#t\r\n',
    `=${big.length + 4}\r\ntxt:${big}\r\n`,
  ]);
  return { request, response: wire.redisValue(response) };
};

const mysql: ExchangeMaker = (random, index) => {
  const sql = `select ${index}, '${text(random, random.oneIn(4) ? 3000 : 30)}' from t`;
  const response = random.pick([
    wire.mysqlOk(1, index & 63),
    wire.mysqlError(1, 1064, '42000', `no ${index}`),
    wire.mysqlRows(Array.from({ length: random.below(random.oneIn(5) ? 400 : 20) }, () => text(random, 100))),
  ]);
  return { request: random.oneIn(8) ? wire.mysqlCommand(0x0e) : wire.mysqlCommand(3, sql), response };
};

const postgresql: ExchangeMaker = (random, index) => {
  const sql = `select ${index}, '${text(random, random.oneIn(4) ? 3000 : 30)}' from t`;
  const extended = random.oneIn(2);
  const rows = Array.from({ length: random.below(20) }, () => text(random, 200));
  const failed = Buffer.concat([wire.postgresqlError('ERROR', '42601', `no ${index}`), wire.postgresqlReady]);
  return {
    request: extended ? wire.postgresqlRun(sql) : wire.postgresql('Q', `${sql}\0`),
    response: random.oneIn(4) ? failed : wire.postgresqlRows(rows, extended),
  };
};

/** Makers of exchanges by protocol. */
export const exchangeMakers = { http1, dns, redis, mysql, postgresql } as const;

/** A conversation as calls, and where each request and response begins in them: `call:offset`. */
export interface Conversation {
  readonly calls: readonly Call[];
  readonly requestsAt: ReadonlyMap<string, number>;
  readonly responsesAt: ReadonlyMap<string, number>;
}

/**
 * Lays exchanges out as calls, cut anywhere. With `overlap` the client sends its next requests before it has all replies;
 * else it waits for all replies to the one to three requests it sent together.
 */
export function layOut(random: Random, make: ExchangeMaker, count: number, overlap: boolean): Conversation {
  const calls: Call[] = [];
  const requestsAt = new Map<string, number>();
  const responsesAt = new Map<string, number>();
  const send = (sender: Sender, messages: readonly Buffer[], first: number): void => {
    const bytes = Buffer.concat(messages);
    const starts: number[] = [];
    let at = 0;
    for (const message of messages) {
      starts.push(at);
      at += message.length;
    }
    const places = sender === 'client' ? requestsAt : responsesAt;
    let sent = 0;
    let next = 0;
    while (sent < bytes.length) {
      const size = random.oneIn(2) ? bytes.length : 1 + random.below(random.oneIn(2) ? 8 : 900);
      const end = Math.min(bytes.length, sent + size);
      for (; next < starts.length && starts[next]! < end; next++) {
        places.set(`${calls.length}:${starts[next]! - sent}`, first + next);
      }
      calls.push({ sender, bytes: bytes.subarray(sent, end) });
      sent = end;
    }
  };
  let asked = 0;
  let answered = 0;
  const waiting: Buffer[] = [];
  while (asked < count || waiting.length > 0) {
    const batch = asked < count ? 1 + random.below(3) : 0;
    const exchanges = Array.from({ length: batch }, (_, index) => make(random, asked + index));
    if (batch > 0)
      send(
        'client',
        exchanges.map((exchange) => exchange.request),
        asked,
      );
    asked += batch;
    waiting.push(...exchanges.map((exchange) => exchange.response));
    const replies = overlap && asked < count ? random.below(waiting.length + 1) : waiting.length;
    if (replies > 0) send('server', waiting.splice(0, replies), answered);
    answered += replies;
  }
  return { calls, requestsAt, responsesAt };
}
