import { describe, expect, test } from 'vitest';
import type { RecognitionHints } from '../dissection/dissector.ts';
import { client, play, server } from '../testing/play.ts';
import { http } from '../testing/wire.ts';
import { http1Dissector } from './http1.ts';

const hints: RecognitionHints = { sender: undefined, senderPort: 40000, receiverPort: 8080, transport: 'tcp' };

function recognise(text: string, over: Partial<RecognitionHints> = {}): string {
  return http1Dissector.recognise(Buffer.from(text, 'latin1'), { ...hints, ...over });
}

const get = http(['GET /users/42?full=1 HTTP/1.1', 'Host: shop.example', 'User-Agent: test/1']);
const ok = http(['HTTP/1.1 200 OK', 'Content-Length: 2', 'X-Request-ID: r-1'], 'ok');

describe('recognition', () => {
  test('tells requests and responses by their first line', () => {
    expect(recognise('GET / HTTP/1.1\r\nHost: a\r\n\r\n')).toBe('request');
    expect(recognise('HTTP/1.1 404 Not Found\r\n\r\n')).toBe('response');
    expect(recognise('PROPFIND /dav HTTP/1.1\r\n')).toBe('request');
    expect(recognise('CONNECT host:443 HTTP/1.1\r\n')).toBe('request');
    expect(recognise('OPTIONS * HTTP/1.1\r\n')).toBe('request');
    expect(recognise('GET http://a.example/x HTTP/1.1\r\n')).toBe('request');
  });

  test('accepts a request line that was cut', () => {
    expect(recognise(`GET /${'a'.repeat(500)}`)).toBe('request');
  });

  test('waits for more when a few bytes do not tell', () => {
    expect(recognise('GE')).toBe('undecided');
    expect(recognise('HTTP/1')).toBe('undecided');
  });

  test('refuses what only looks alike', () => {
    expect(recognise('GET key\r\n')).toBe('no');
    expect(recognise('GET /x\r\n')).toBe('no');
    expect(recognise('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')).toBe('no');
    expect(recognise('OPTIONS * RTSP/1.0\r\n')).toBe('no');
    expect(recognise('NOTIFY * HTTP/1.1\r\n', { transport: 'udp' })).toBe('no');
    expect(recognise('\x16\x03\x01\x02\x00')).toBe('no');
    expect(recognise('')).toBe('no');
  });
});

describe('heads', () => {
  test('a request says what was asked of whom', () => {
    const { requests } = play(http1Dissector, [
      client(
        http([
          'POST /orders/9f8b2c1d-0000-4000-8000-1234567890ab/items HTTP/1.1',
          'host: shop.example:8080',
          'user-agent: curl/8',
          'X-Request-Id: abc-1',
          'X-FORWARDED-FOR: 10.0.0.1, 10.0.0.2',
          'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
          'content-length: 0',
        ]),
      ),
    ]);
    expect(requests).toEqual([
      {
        kind: 'request',
        origin: 0,
        offset: 0,
        requestId: 0,
        expectsResponse: true,
        version: '1.1',
        requestType: 'POST',
        requestDomain: 'shop.example:8080',
        requestResource: '/orders/9f8b2c1d-0000-4000-8000-1234567890ab/items',
        endpoint: '/orders/{id}/items',
        headers: {
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
          xRequestId: 'abc-1',
          forwardedFor: '10.0.0.1, 10.0.0.2',
          userAgent: 'curl/8',
        },
      },
    ]);
  });

  test('a response says how it went and how long it is', () => {
    const { responses } = play(http1Dissector, [client(get), server(ok)]);
    expect(responses).toEqual([
      {
        kind: 'response',
        origin: 1,
        offset: 0,
        requestId: 0,
        status: 'ok',
        responseCode: 200,
        exception: '',
        result: '',
        declaredBytes: ok.length,
        xRequestId: 'r-1',
      },
    ]);
  });

  test('errors of the client and of the server are told apart', () => {
    const statuses = ['301 Moved', '404 Not Found', '503 Service Unavailable'].map((line) => {
      const [response] = play(http1Dissector, [
        client(get),
        server(http([`HTTP/1.1 ${line}`, 'content-length: 0'])),
      ]).responses;
      return [response?.status, response?.exception];
    });
    expect(statuses).toEqual([
      ['ok', ''],
      ['client_error', 'Not Found'],
      ['server_error', 'Service Unavailable'],
    ]);
  });

  test('a head over two calls begins where its first byte was', () => {
    const { requests } = play(http1Dissector, [client(get.subarray(0, 21)), client(get.subarray(21))]);
    expect(requests).toMatchObject([
      { origin: 0, offset: 0, requestDomain: 'shop.example', headers: { userAgent: 'test/1' } },
    ]);
  });

  test('a head whose rest was not captured is reported at once with what is there', () => {
    const { requests } = play(http1Dissector, [client(get.subarray(0, 60), 900)]);
    expect(requests).toMatchObject([
      { requestResource: '/users/42?full=1', requestDomain: 'shop.example', headers: { userAgent: '' } },
    ]);
  });

  test('half an id at the end of what was captured is not reported', () => {
    const head = Buffer.from('GET / HTTP/1.1\r\nX-Request-ID: abcd');
    expect(play(http1Dissector, [client(head, 400)]).requests).toMatchObject([{ headers: { xRequestId: '' } }]);
  });

  test('a head that never ends is reported when the other side speaks, once', () => {
    const { messages } = play(http1Dissector, [client(get.subarray(0, 40)), server(ok), client(get.subarray(40))]);
    expect(messages.map((message) => message.kind)).toEqual(['request', 'response']);
  });

  test('a head that never ends is reported when the connection does', () => {
    const { responses } = play(http1Dissector, [client(get), server(Buffer.from('HTTP/1.0 200 OK\r\n'))], true);
    expect(responses).toMatchObject([{ responseCode: 200, origin: 1 }]);
  });

  test('a proxied request names host and path apart', () => {
    const { requests } = play(http1Dissector, [client(http(['GET http://a.example:81/x/1?y HTTP/1.1']))]);
    expect(requests).toMatchObject([{ requestDomain: 'a.example:81', requestResource: '/x/1?y', endpoint: '/x/{id}' }]);
  });

  test.each([
    ['b3: 80f198ee56343ba864fe8b2a57d3eff7-e457b5a2e4d86bd1-1-05e3ac9a4f6e3b90', '80f198ee56343ba864fe8b2a57d3eff7'],
    ['uber-trace-id: 3f8a2d%3A1b%3A0%3A1', '00000000003f8a2d'],
    ['uber-trace-id: 80f198ee56343ba864fe8b2a57d3eff7:e457b5a2e4d86bd1:0:1', '80f198ee56343ba864fe8b2a57d3eff7'],
    ['sw8: 1-YS5iLmM=-c2Vn-3-c3Zj-aW5z-L2E=-YWRkcg==', 'a.b.c'],
    ['x-b3-traceid: 463ac35c9f6413ad', '463ac35c9f6413ad'],
    ['traceparent: 00-00000000000000000000000000000000-b7ad6b7169203331-01', ''],
    ['b3: 0', ''],
    ['sw8: 1-YQ', ''],
    ['uber-trace-id: zz:1:0:1', ''],
  ])('trace id of %s', (line, traceId) => {
    expect(play(http1Dissector, [client(http(['GET / HTTP/1.1', line]))]).requests[0]?.headers.traceId).toBe(traceId);
  });
});

describe('bodies', () => {
  test('a body is passed over, also where it was not captured', () => {
    const head = http(['POST /a HTTP/1.1', 'Content-Length: 5000']);
    const calls = [
      client(Buffer.concat([head, Buffer.alloc(100, 0x61)]), head.length + 3000),
      client(Buffer.alloc(32, 0x61), 2000),
      server(ok),
      client(get),
    ];
    expect(play(http1Dissector, calls).requests.map((request) => request.requestType)).toEqual(['POST', 'GET']);
  });

  test('pipelined requests and responses come one by one with their places', () => {
    const { requests, responses } = play(http1Dissector, [
      client(Buffer.concat([get, get])),
      server(Buffer.concat([ok, ok])),
    ]);
    expect(requests.map((request) => request.offset)).toEqual([0, get.length]);
    expect(responses.map((response) => response.offset)).toEqual([0, ok.length]);
  });

  test('chunks are passed over, with extensions and trailers', () => {
    const chunked = http(
      ['HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked'],
      '5;x=1\r\nhello\r\nA\r\n0123456789\r\n0\r\nT: 1\r\n\r\n',
    );
    const calls = [client(Buffer.concat([get, get])), server(Buffer.concat([chunked, ok]))];
    expect(play(http1Dissector, calls).responses.map((response) => response.offset)).toEqual([0, chunked.length]);
  });

  test('chunks cut anywhere are passed over', () => {
    const chunked = http(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n');
    const bytes = Buffer.concat([chunked, ok]);
    const calls = [client(Buffer.concat([get, get])), ...[...bytes].map((byte) => server(Buffer.from([byte])))];
    expect(play(http1Dissector, calls).responses).toHaveLength(2);
  });

  test('after chunks that were not captured the next message is found again', () => {
    const head = http(['HTTP/1.1 200 OK', 'Transfer-Encoding: chunked'], '4000\r\n');
    const calls = [client(get), server(head, 9000), server(Buffer.alloc(32), 9000), client(get), server(ok)];
    expect(play(http1Dissector, calls).responses.map((response) => response.origin)).toEqual([1, 4]);
  });

  test('answers to HEAD, 204 and 304 have no body whatever they declare', () => {
    const head = http(['HEAD /a HTTP/1.1']);
    const declared = http(['HTTP/1.1 200 OK', 'Content-Length: 900']);
    const notModified = http(['HTTP/1.1 304 Not Modified', 'Content-Length: 900']);
    const calls = [client(Buffer.concat([head, get, get])), server(Buffer.concat([declared, notModified, ok]))];
    expect(play(http1Dissector, calls).responses.map((response) => response.responseCode)).toEqual([200, 304, 200]);
  });

  test('interim responses are not responses', () => {
    const interim = http(['HTTP/1.1 100 Continue']);
    const post = http(['POST / HTTP/1.1', 'Content-Length: 4', 'Expect: 100-continue']);
    const calls = [client(post), server(interim), client(Buffer.from('body')), server(ok), client(get)];
    const { messages } = play(http1Dissector, calls);
    expect(messages.map((message) => [message.kind, message.origin])).toEqual([
      ['request', 0],
      ['response', 3],
      ['request', 4],
    ]);
  });

  test('what comes after an interim response is a body, also when it looks like a request', () => {
    const interim = http(['HTTP/1.1 100 Continue']);
    const body = http(['GET /within HTTP/1.1', 'Host: x']);
    for (const [fields, sent] of [
      [[`Content-Length: ${body.length}`], body],
      [['Content-Length: 2'], Buffer.concat([Buffer.from('ab'), get])],
      [['Transfer-Encoding: chunked'], http([body.length.toString(16)], '').subarray(0, -2)],
    ] as const) {
      const post = http(['POST / HTTP/1.1', 'Expect: 100-continue', ...fields]);
      const rest = fields[0] === 'Transfer-Encoding: chunked' ? Buffer.concat([sent, body, http(['', '0'])]) : sent;
      const { messages } = play(http1Dissector, [client(post), server(interim), client(rest), server(ok), client(get)]);
      const resources = messages.flatMap((message) => (message.kind === 'request' ? [message.requestResource] : []));
      expect(resources.filter((resource) => resource === '/within')).toEqual([]);
      expect(messages.filter(({ kind }) => kind === 'response')).toMatchObject([{ origin: 3 }]);
    }
  });

  test('a body that lasts until the connection closes hides no request', () => {
    const calls = [client(get), server(http(['HTTP/1.0 200 OK'], 'x'.repeat(50))), server(Buffer.alloc(500, 0x78))];
    expect(play(http1Dissector, calls).responses).toHaveLength(1);
  });
});

describe('trouble', () => {
  test('an upgrade and a tunnel end the conversation', () => {
    const upgrade = [client(get), server(http(['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket']))];
    expect(play(http1Dissector, upgrade)).toMatchObject({ desynchronized: true, responses: [{ responseCode: 101 }] });
    const tunnel = [client(http(['CONNECT a:443 HTTP/1.1'])), server(http(['HTTP/1.1 200 Connection established']))];
    expect(play(http1Dissector, tunnel).desynchronized).toBe(true);
  });

  test('a request after lost bytes is found although its predecessor had more to come', () => {
    const calls = [client(http(['POST / HTTP/1.1', 'Content-Length: 9000'])), server(ok), client(get)];
    expect(play(http1Dissector, calls).requests).toHaveLength(2);
  });

  test('a response hidden in lost bytes is answered as unknown, not by the next one', () => {
    const hole = { ...server(Buffer.alloc(0), 300), startsMessage: false };
    const { responses } = play(http1Dissector, [client(get), hole, client(get), server(ok)]);
    expect(responses.map((response) => response.status)).toEqual(['unknown', 'ok']);
  });

  test('what does not speak HTTP is given up', () => {
    const noise = Buffer.from('\x01\x02\x03\x04 nothing of the kind');
    const calls = [client(noise), server(noise), client(noise), server(noise)];
    expect(play(http1Dissector, calls)).toMatchObject({ desynchronized: true, messages: [] });
  });
});
