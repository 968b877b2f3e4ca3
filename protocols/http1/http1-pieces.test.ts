import { describe, expect, test } from 'vitest';
import { byteByByte, cutAt, type Step, runConnection } from '../../enricher/testing/connection.ts';
import { client, play, server } from '../testing/play.ts';
import { http } from '../testing/wire.ts';
import { http1Dissector } from './http1.ts';

/** Heads as they really come: in pieces, behind blank lines, with folded fields, and bodies of every framing. */

const get = http(['GET /pieces HTTP/1.1', 'Host: x']);
const ok = http(['HTTP/1.1 200 OK', 'Content-Length: 2'], 'ok');

/** What is known of each span, however the connection is cut. */
function everyCut(calls: readonly Step[], right: readonly unknown[]): void {
  const longest = Math.max(...calls.map(([, bytes]) => bytes.length));
  const ways = [byteByByte(calls), ...Array.from({ length: longest }, (_, cut) => cutAt(calls, cut))];
  for (const way of ways) expect(brief(way)).toEqual(right);
}

function brief(calls: readonly Step[]): unknown[] {
  return runConnection(calls, { port: 8080 }).spans.map((span) => [
    `${span.requestType} ${span.requestResource} ${span.protocolVersion}`,
    span.requestDomain,
    span.status,
    span.responseCode,
    span.requestBytes,
  ]);
}

describe('a head in pieces', () => {
  test.each([
    ['GET /pieces HTTP/1.1', 33],
    ['patch /pieces HTTP/1.1', 35],
    ['X /pieces HTTP/1.0', 31],
    ['GET http://x/pieces HTTP/1.1', 41],
    ['CONNECT x:443 HTTP/1.1', 35],
  ])('%s is the same request as in one', (line, bytes) => {
    const version = line.slice(-3);
    const [method = '', target = ''] = line.split(' ');
    const isConnect = method === 'CONNECT';
    everyCut(
      [
        ['C', http([line, 'Host: x'])],
        ['S', http(['HTTP/1.1 404 Not Found', 'Content-Length: 0'])],
      ],
      [
        [
          `${method} ${isConnect ? target : '/pieces'} ${version}`,
          isConnect ? target : 'x',
          'client_error',
          404,
          bytes,
        ],
      ],
    );
  });

  test('of several kilobytes, in single bytes', () => {
    const long = http(['GET /pieces HTTP/1.1', 'Host: x', `Cookie: ${'c'.repeat(7000)}`]);
    const calls: Step[] = [
      ['C', long],
      ['S', ok],
    ];
    expect(brief(byteByByte(calls))).toEqual([['GET /pieces 1.1', 'x', 'ok', 200, long.length]]);
  });

  test('with the end of an earlier response between them is one request, with its whole target', () => {
    const other = http(['GET /other HTTP/1.1', 'Host: x']);
    for (let cut = 1; cut < other.length; cut++) {
      const calls = [
        client(Buffer.concat([get, other.subarray(0, cut)])),
        server(ok.subarray(0, -1)),
        client(other.subarray(cut)),
        server(Buffer.concat([ok.subarray(-1), ok])),
      ];
      const { requests, responses } = play(http1Dissector, calls);
      expect(requests.map((request) => request.requestResource)).toEqual(['/pieces', '/other']);
      expect(responses.map((response) => response.status)).toEqual(['ok', 'ok']);
    }
  });

  test('does not begin with what was sent beyond the length of a body', () => {
    for (const more of ['hello', 'HELLO', 'x /y', '\r\n', '{}']) {
      const post = http(['POST /a HTTP/1.1', 'Content-Length: 2'], `ok${more}`);
      const calls = [client(post), server(ok), client(get), server(ok)];
      const { requests, responses } = play(http1Dissector, calls);
      expect(requests.map((request) => request.requestType)).toEqual(['POST', 'GET']);
      expect(responses.map((response) => response.status)).toEqual(['ok', 'ok']);
    }
  });

  test('that is answered before it ends is reported with what there is, once', () => {
    const refused = http(['HTTP/1.1 431 Too Large', 'Content-Length: 0', 'Connection: close']);
    for (let cut = 6; cut < get.length; cut++) {
      const { messages } = play(http1Dissector, [
        client(get.subarray(0, cut)),
        server(refused),
        client(get.subarray(cut)),
      ]);
      expect(messages.map((message) => message.kind)).toEqual(['request', 'response']);
    }
  });

  test('of a response whose status did not come before the next question: that is unknown, and the next is right', () => {
    const calls = [client(get), server(Buffer.from('HTTP/1.1 5')), client(get), server(ok)];
    const { responses } = play(http1Dissector, calls);
    expect(responses.map((response) => [response.status, response.origin])).toEqual([
      ['unknown', 1],
      ['ok', 3],
    ]);
  });

  test('of a response to HEAD, reported early, is followed by no body', () => {
    const declared = http(['HTTP/1.1 200 OK', 'Content-Length: 900']);
    const calls = [
      client(http(['HEAD / HTTP/1.1'])),
      server(declared.subarray(0, 20)),
      client(get),
      server(Buffer.concat([declared.subarray(20), ok])),
    ];
    const { responses } = play(http1Dissector, calls);
    expect(responses.map((response) => response.declaredBytes)).toEqual([0, ok.length]);
  });
});

describe('blank lines before a request', () => {
  test.each([
    ['one', '\r\n'],
    ['several', '\r\n\r\n\r\n'],
    ['a bare line feed', '\n'],
    ['several bare ones', '\n\n\r\n\n'],
  ])('%s', (_, blank) => {
    everyCut(
      [
        ['C', Buffer.concat([Buffer.from(blank), get])],
        ['S', ok],
        ['C', Buffer.concat([Buffer.from(blank), get])],
        ['S', ok],
      ],
      [
        ['GET /pieces 1.1', 'x', 'ok', 200, 33],
        ['GET /pieces 1.1', 'x', 'ok', 200, 33],
      ],
    );
  });

  test('nothing but blank lines is no request', () => {
    expect(brief([['C', Buffer.from('\r\n\r\n')]])).toEqual([]);
  });
});

test('lines that end with a bare line feed, and chunks that do', () => {
  const request = Buffer.from('GET /pieces HTTP/1.0\nHost: x\n\n');
  const response = Buffer.from('HTTP/1.0 200 OK\nTransfer-Encoding: chunked\n\n2\nok\n0\n\n');
  everyCut(
    [
      ['C', Buffer.concat([request, request])],
      ['S', Buffer.concat([response, response])],
    ],
    [
      ['GET /pieces 1.0', 'x', 'ok', 200, request.length],
      ['GET /pieces 1.0', 'x', 'ok', 200, request.length],
    ],
  );
});

describe('fields', () => {
  test('have names in any case, and values over several lines', () => {
    const head = http([
      'GET /a HTTP/1.1',
      'HOST: Shop.Example:8080',
      'x-rEQUEST-iD:',
      '\tabc-1',
      'User-Agent: one',
      '  two  ',
      ' three',
      'X-Forwarded-For: 10.0.0.1,',
      ' 10.0.0.2',
      'X-Other: y',
      ' X-Request-ID: no',
    ]);
    const [request] = play(http1Dissector, [client(head)]).requests;
    expect(request).toMatchObject({
      requestDomain: 'Shop.Example:8080',
      headers: { xRequestId: 'abc-1', userAgent: 'one two three', forwardedFor: '10.0.0.1, 10.0.0.2' },
    });
  });

  test('over several lines frame the body', () => {
    const chunked = http(['HTTP/1.1 200 OK', 'Transfer-Encoding: gzip,', ' chunked'], '2\r\nok\r\n0\r\n\r\n');
    const counted = http(['HTTP/1.1 200 OK', 'Content-Length:', ' 2'], 'ok');
    const calls = [client(Buffer.concat([get, get, get])), server(Buffer.concat([chunked, counted, ok]))];
    expect(play(http1Dissector, calls).responses.map((response) => response.offset)).toEqual([
      0,
      chunked.length,
      chunked.length + counted.length,
    ]);
  });
});

describe('bodies', () => {
  test('of an answer with another transfer coding last until the end, whatever length is declared', () => {
    const coded = http(
      ['HTTP/1.1 200 OK', 'Transfer-Encoding: gzip', 'Content-Length: 2'],
      'xxHTTP/1.1 500 No\r\n\r\n',
    );
    const { responses } = play(http1Dissector, [client(Buffer.concat([get, get])), server(coded)]);
    expect(responses.map((response) => response.responseCode)).toEqual([200]);
    const identity = http(['HTTP/1.1 200 OK', 'Transfer-Encoding: identity', 'Content-Length: 2'], 'ok');
    const both = play(http1Dissector, [client(Buffer.concat([get, get])), server(Buffer.concat([identity, ok]))]);
    expect(both.responses).toHaveLength(2);
  });

  test('interim responses, however many, come before the final one', () => {
    const interim = ['100 Continue', '102 Processing', '103 Early Hints'].map((line) => http([`HTTP/1.1 ${line}`]));
    everyCut(
      [
        ['C', get],
        ['S', Buffer.concat([...interim, ok])],
      ],
      [['GET /pieces 1.1', 'x', 'ok', 200, 33]],
    );
  });

  test('a tunnel that is refused is none: the connection goes on', () => {
    const connect = http(['CONNECT up.test:443 HTTP/1.1']);
    const refused = http(['HTTP/1.1 407 Proxy Authentication Required', 'Content-Length: 2'], 'no');
    const { responses, desynchronized } = play(http1Dissector, [
      client(connect),
      server(refused),
      client(get),
      server(ok),
    ]);
    expect([desynchronized, responses.map((response) => response.responseCode)]).toEqual([false, [407, 200]]);
  });
});
