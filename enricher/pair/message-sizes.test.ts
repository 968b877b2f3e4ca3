import { describe, expect, test } from 'vitest';
import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { dissectors } from '../../protocols/dissectors.ts';
import { http, postgresql, redisCommand } from '../../protocols/testing/wire.ts';
import { byteByByte, cutAt, type Step, hex, runConnection } from '../testing/connection.ts';
import { anEvent } from '../../schemas/testing/an-event.ts';
import { runAgent } from '../testing/run-agent.ts';

/** How many bytes requests and responses have, however they come. */

const sizes = (spans: readonly Span[]): unknown[] =>
  spans.map(({ endpoint, requestBytes, responseBytes }) => [endpoint, requestBytes, responseBytes]);

function run(calls: readonly Step[], port = 8080): unknown[] {
  return sizes(runConnection(calls, { port }).spans);
}

const get = http(['GET /pieces HTTP/1.1', 'Host: x']);
const ok = http(['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok');
const chunked = http(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'], '2\r\nok\r\n0\r\n\r\n');

describe('a request', () => {
  test('whose head comes in pieces has the bytes of all of them', () => {
    const calls: Step[] = [
      ['C', hex('4745')],
      ['C', hex('54202f706965636573204854')],
      ['C', hex('54502f312e310d0a486f')],
      ['C', hex('73743a20780d0a0d0a')],
      ['S', hex('485454502f312e3120323030204f4b0d0a436f6e74656e742d4c656e6774683a20320d0a0d0a6f6b')],
    ];
    expect(run(calls)).toEqual([['/pieces', 33, 40]]);
  });

  test('cut anywhere, or in single bytes', () => {
    const exchange: Step[] = [
      ['C', get],
      ['S', ok],
    ];
    for (let cut = 1; cut < get.length; cut++) expect(run(cutAt(exchange, cut))).toEqual([['/pieces', 33, 40]]);
    expect(run(byteByByte(exchange))).toEqual([['/pieces', 33, 40]]);
  });

  test('has a body that comes in pieces behind a head in pieces', () => {
    const post = http(['POST /pieces HTTP/1.1', 'Content-Length: 100'], 'x'.repeat(100));
    const exchange: Step[] = [
      ['C', post],
      ['S', ok],
    ];
    expect(run(byteByByte(exchange))).toEqual([['/pieces', post.length, 40]]);
    for (let cut = 1; cut < post.length; cut++)
      expect(run(cutAt(exchange, cut))).toEqual([['/pieces', post.length, 40]]);
  });

  test('ends where the next one begins, also within a piece', () => {
    const both = Buffer.concat([get, http(['GET /other HTTP/1.1'])]);
    const replies = Buffer.concat([ok, ok]);
    const right = [
      ['/pieces', 33, 40],
      ['/other', 23, 40],
    ];
    const exchange: Step[] = [
      ['C', both],
      ['S', replies],
    ];
    for (let cut = 0; cut < both.length; cut++) expect(run(cutAt(exchange, cut))).toEqual(right);
    expect(run(byteByByte(exchange))).toEqual(right);
  });

  test('counts bytes once that two reads brought', () => {
    const event = (id: number, bytes: Buffer, tcpSequence: number): SocketEvent =>
      anEvent({ id, messageId: 100, payload: bytes, length: bytes.length, tcpSequence });
    const { spans } = runAgent(
      [
        event(100, get.subarray(0, 20), 1000),
        event(101, get.subarray(10, 25), 1010),
        event(102, get.subarray(10, 25), 1010),
        event(103, get.subarray(25), 1025),
        anEvent({ id: 104, direction: 'egress', payload: ok, length: ok.length, tcpSequence: 9000 }),
      ],
      { dissectors },
    );
    expect(sizes(spans)).toEqual([['/pieces', 33, 40]]);
  });

  test('that wants no response does not have the bytes of what follows it', () => {
    const close = postgresql('X');
    const query = postgresql('Q', 'select 1\0');
    const { spans } = runConnection([['C', Buffer.concat([query, close])]], { port: 5432 });
    expect(spans.find((span) => span.requestType === 'SELECT')).toMatchObject({ requestBytes: query.length });
    expect(spans.filter((span) => span.requestBytes === close.length)).toHaveLength(1);
  });
});

describe('a response', () => {
  test('whose length is not declared has all bytes up to its last one', () => {
    const exchange: Step[] = [
      ['C', get],
      ['S', chunked],
    ];
    expect(run(exchange)).toEqual([['/pieces', 33, chunked.length]]);
    expect(run(byteByByte(exchange))).toEqual([['/pieces', 33, chunked.length]]);
    for (let cut = 34; cut < chunked.length; cut++) {
      expect(run(cutAt([exchange[1]!], cut).reduce<Step[]>((all, one) => [...all, one], [exchange[0]!]))).toEqual([
        ['/pieces', 33, chunked.length],
      ]);
    }
  });

  test('ends where the next one begins', () => {
    const exchange: Step[] = [
      ['C', Buffer.concat([get, get])],
      ['S', Buffer.concat([chunked, chunked])],
    ];
    expect(run(exchange)).toEqual([
      ['/pieces', 33, chunked.length],
      ['/pieces', 33, chunked.length],
    ]);
  });

  test('of Redis, in single bytes', () => {
    const ping = redisCommand('GET', 'some-key');
    const exchange: Step[] = [
      ['C', ping],
      ['S', Buffer.from('$5\r\nvalue\r\n')],
    ];
    expect(run(byteByByte(exchange), 6379)).toEqual([['GET', ping.length, 11]]);
    for (let cut = 1; cut < ping.length; cut++)
      expect(run(cutAt(exchange, cut), 6379)).toEqual([['GET', ping.length, 11]]);
  });
});
