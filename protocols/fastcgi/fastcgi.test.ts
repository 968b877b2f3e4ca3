/** FastCGI: requests, responses and their ends, of whole records and of any part of them. */
import { describe, expect, it } from 'vitest';
import type { RecognitionHints } from '../dissection/dissector.ts';
import { client, play, type Played, server, withBudget } from '../testing/play.ts';
import { fastcgiDissector } from './fastcgi.ts';
import { end, pairs, record, request, response } from './testing/fastcgi-wire.ts';

const bytes = (...texts: readonly string[]): Buffer => Buffer.from(texts.join(''), 'latin1');
const asked = (...texts: readonly string[]) => client(bytes(...texts));
const told = (...texts: readonly string[]) => server(bytes(...texts));
const talk = (...calls: Parameters<typeof play>[1]): Played => play(fastcgiDissector, calls);

const get = { REQUEST_METHOD: 'GET', REQUEST_URI: '/orders/4711?page=2', SERVER_NAME: 'shop.example' };
const html = 'Content-type: text/html';
const hints: RecognitionHints = { sender: undefined, senderPort: 1, receiverPort: 2, transport: 'unix' };

describe('a request', () => {
  it('is what its parameters say', () => {
    const { requests, responses, messages } = talk(
      asked(
        request({
          ...get,
          HTTP_USER_AGENT: 'curl/8',
          HTTP_X_FORWARDED_FOR: '203.0.113.9',
          HTTP_X_REQUEST_ID: 'r-1',
          HTTP_TRACEPARENT: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
        }),
      ),
      told(response([html, 'X-Request-ID: r-2'], 'hello')),
    );
    expect(requests).toEqual([
      {
        kind: 'request',
        origin: 0,
        offset: 0,
        requestId: 0,
        expectsResponse: true,
        version: '1',
        requestType: 'GET',
        requestDomain: 'shop.example',
        requestResource: '/orders/4711?page=2',
        endpoint: '/orders/{id}',
        headers: {
          traceId: '0af7651916cd43dd8448eb211c80319c',
          spanId: 'b7ad6b7169203331',
          xRequestId: 'r-1',
          forwardedFor: '203.0.113.9',
          userAgent: 'curl/8',
        },
      },
    ]);
    expect(responses).toMatchObject([{ origin: 1, offset: 0, status: 'ok', responseCode: 200, xRequestId: 'r-2' }]);
    expect(messages.at(-1)).toEqual({
      kind: 'end',
      requestId: 0,
      origin: 1,
      offset: bytes(response([html, 'X-Request-ID: r-2'], 'hello')).length,
    });
  });

  it.each([
    [{ SCRIPT_NAME: '/index.php', PATH_INFO: '/a/5' }, '/index.php/a/{id}'],
    [{ DOCUMENT_URI: '/status' }, '/status'],
    [{ SCRIPT_FILENAME: '/srv/app/index.php' }, '/srv/app/index.php'],
    [{ HTTP_HOST: 'x' }, ''],
  ])('without a target is for what the web server found: %o', (values, endpoint) => {
    expect(talk(asked(request(values))).requests).toMatchObject([{ endpoint }]);
  });

  it('has parameters in several records, one of which ends within a pair', () => {
    const text = pairs({ ...get, HTTP_COOKIE: 'x'.repeat(300), HTTP_X_REQUEST_ID: 'r-1' });
    const whole = request({});
    const head = whole.slice(0, 16);
    for (let cut = 1; cut < text.length; cut += 7) {
      const params = record('params', text.slice(0, cut)) + record('params', text.slice(cut), 1, 3) + record('params');
      const { requests } = talk(asked(head, params, record('stdin')));
      expect(requests).toMatchObject([{ requestResource: get.REQUEST_URI, headers: { xRequestId: 'r-1' } }]);
    }
  });

  it('that is cut is what was captured, and half an id is none', () => {
    const text = request({ ...get, HTTP_X_REQUEST_ID: 'r-1234567890' });
    for (let kept = 16; kept < bytes(text).length; kept++) {
      const { requests } = talk(client(bytes(text).subarray(0, kept), text.length), told(response([html])));
      expect(requests).toHaveLength(1);
      expect(['', 'r-1234567890']).toContain(requests[0]!.headers.xRequestId);
      expect(get.REQUEST_URI.startsWith(requests[0]!.requestResource)).toBe(true);
    }
  });

  it('has a body, in records of any number, also one that was not captured', () => {
    const text = request({ ...get, REQUEST_METHOD: 'POST' }, 'a=b'.repeat(400));
    const again = request(get);
    const calls = [asked(text), told(response([html])), asked(again), told(response(['Status: 404 Not Found', html]))];
    for (const budget of [64, 128, 256, 600, 5000]) {
      const { requests, responses } = talk(...withBudget(calls, budget, 32));
      expect(requests.map(({ requestType }) => requestType)).toEqual(['POST', 'GET']);
      expect(responses.map(({ responseCode }) => responseCode)).toEqual([200, 404]);
    }
  });
});

describe('a response', () => {
  it.each([
    [['Status: 404 Not Found', html], 404, 'client_error', 'Not Found'],
    [['Status: 500', html], 500, 'server_error', ''],
    [['Status: 302 Found', 'Location: /b'], 302, 'ok', ''],
    [['Location: http://x/b'], 302, 'ok', ''],
    [['Status: 99999', html], 200, 'ok', ''],
    [['status:418 teapot', html], 418, 'client_error', 'teapot'],
  ])('%j', (fields, responseCode, status, exception) => {
    const { responses } = talk(asked(request(get)), told(response(fields, 'body')));
    expect(responses).toMatchObject([{ responseCode, status, exception }]);
  });

  it('of an error has what was written for the log', () => {
    const log = record('stderr', 'PHP message: PHP Fatal error:  Uncaught Exception\nStack trace:\n#0 {main}');
    const { responses } = talk(
      asked(request(get)),
      told(log, record('stdout', `Status: 500 Internal Server Error\r\n${html}\r\n\r\n`), end(1, 255)),
    );
    expect(responses).toMatchObject([{ offset: 0, exception: 'PHP message: PHP Fatal error:  Uncaught Exception' }]);
  });

  it('is no error for a warning', () => {
    const log = record('stderr', 'PHP message: PHP Warning:  Undefined variable $x');
    const { responses } = talk(asked(request(get)), told(log, response([html])));
    expect(responses).toMatchObject([{ status: 'ok', exception: '' }]);
  });

  it.each([
    [end(1, 1), { status: 'server_error', exception: 'exit status 1' }],
    [end(1, 0, 2), { status: 'server_error', exception: 'overloaded' }],
    [end(1, 0, 3), { status: 'server_error', exception: 'unknown role' }],
  ])('whose end says that it failed', (last, instead) => {
    const { messages } = talk(asked(request(get)), told(record('stdout', `${html}\r\n\r\n`), last));
    expect(messages.at(-1)).toMatchObject({ kind: 'end', instead });
    const silent = talk(asked(request(get)), told(last)).messages;
    expect(silent.map(({ kind }) => kind)).toEqual(['request', 'response', 'end']);
    expect(silent.at(-1)).toMatchObject({ instead });
  });

  it('comes in pieces of any length, at either end', () => {
    const text = bytes(
      record('stdout', `Status: 404 Not Found\r\n${html}\r\n\r\n`, 1, 2),
      record('stdout', 'b'.repeat(50), 1, 7),
      record('stdout'),
      end(),
    );
    const question = bytes(request(get));
    for (let size = 1; size < text.length; size++) {
      const cut = (all: Buffer) =>
        Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.subarray(at * size, (at + 1) * size));
      const calls = [...cut(question).map((one) => client(one)), ...cut(text).map((one) => server(one))];
      const { requests, responses, messages } = talk(...calls);
      expect(requests).toMatchObject([{ origin: 0, offset: 0, endpoint: '/orders/{id}' }]);
      expect(responses).toMatchObject([{ responseCode: 404, origin: cut(question).length, offset: 0 }]);
      expect(messages.at(-1)).toMatchObject({ kind: 'end', origin: calls.length - 1 });
    }
  });

  it('that is longer than what was captured ends with its last record', () => {
    const body = 'b'.repeat(3000);
    const text = bytes(response([html], body));
    const { messages } = talk(asked(request(get)), server(text.subarray(0, 512), text.length));
    expect(messages.at(-1)).toEqual({ kind: 'end', requestId: 0, origin: 1, offset: text.length });
  });

  it('whose last records were not captured ends at an unknown place', () => {
    const text = bytes(record('stdout', `${html}\r\n\r\n`), record('stdout', 'b'.repeat(900)), end());
    const { messages, desynchronized } = talk(
      ...[1, 2, 3, 4].flatMap(() => [asked(request(get)), server(text.subarray(0, 40), text.length)]),
    );
    expect(desynchronized).toBe(false);
    expect(messages.map(({ kind }) => kind)).toEqual(Array(4).fill(['request', 'response', 'end']).flat());
    expect(messages.at(-1)).toMatchObject({ isUnclear: true });
  });
});

describe('a connection', () => {
  it('has several requests at once, each with its id', () => {
    const { requests, responses, messages } = talk(
      asked(request({ ...get, REQUEST_URI: '/a' }, '', 1), request({ ...get, REQUEST_URI: '/b' }, '', 2)),
      told(
        record('stdout', `Status: 404 Not Found\r\n\r\n`, 2),
        record('stdout', `${html}\r\n\r\n`, 1),
        end(2),
        end(1),
      ),
    );
    expect(requests.map(({ requestId, endpoint }) => [requestId, endpoint])).toEqual([
      [0, '/a'],
      [2, '/b'],
    ]);
    expect(responses.map(({ requestId, responseCode }) => [requestId, responseCode])).toEqual([
      [2, 404],
      [0, 200],
    ]);
    expect(messages.slice(-2).map((message) => message.kind !== 'request' && message.requestId)).toEqual([2, 0]);
  });

  it('goes on after a response that was not seen', () => {
    const { requests, responses } = talk(
      asked(request(get)),
      asked(request(get)),
      told(response([html])),
      asked(request(get)),
      told(response([html])),
    );
    expect(requests).toHaveLength(3);
    expect(responses).toHaveLength(2);
  });

  it('has a response of unknown meaning where one was lost', () => {
    const lost = { sender: 'server', bytes: Buffer.alloc(0), length: 300 } as const;
    const { requests, responses } = talk(
      asked(request(get)),
      lost,
      asked(request(get)),
      told(response(['Status: 404 Not Found'])),
    );
    expect(requests).toHaveLength(2);
    expect(responses.map(({ status }) => status)).toEqual(['unknown', 'client_error']);
  });

  it('that speaks something else is given up', () => {
    const calls = [asked(request(get)), told(response([html]))];
    for (let turn = 0; turn < 3; turn++) calls.push(client(bytes('*1\r\n$4\r\nPING\r\n')), server(bytes('+PONG\r\n')));
    expect(talk(...calls).desynchronized).toBe(true);
  });

  it('asks for values of the server', () => {
    const { messages, desynchronized } = talk(
      asked(record('getValues', pairs({ FCGI_MAX_CONNS: '' }), 0), request(get)),
      told(response([html])),
    );
    expect(desynchronized).toBe(false);
    expect(messages.map(({ kind }) => kind)).toEqual(['request', 'response', 'end']);
  });
});

describe('recognition', () => {
  const kindOf = (text: string) => fastcgiDissector.recognise(bytes(text), hints);

  it('needs the whole first record', () => {
    const text = request(get);
    for (let kept = 1; kept < 16; kept++) expect(kindOf(text.slice(0, kept))).toBe('undecided');
    for (let kept = 16; kept < 40; kept++) expect(kindOf(text.slice(0, kept))).toBe('request');
  });

  it.each([
    ['a response', response([html]), 'response'],
    ['an end', end(), 'response'],
    ['output that is no header field', record('stdout', 'hello world'), 'no'],
    ['a body', record('stdin', 'a: b'), 'no'],
    ['request 0', record('begin', '\0\x01\0\0\0\0\0\0', 0), 'no'],
    ['role 4', record('begin', '\0\x04\0\0\0\0\0\0'), 'no'],
    ['a header of another version', `\x02${request(get).slice(1)}`, 'no'],
  ])('%s', (_, text, kind) => {
    expect(kindOf(text)).toBe(kind);
  });
});
