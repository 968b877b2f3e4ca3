import { describe, expect, test } from 'vitest';
import { cutAt, type Step, hex, runConnection } from '../../enricher/testing/connection.ts';
import type { RecognitionHints } from '../dissection/dissector.ts';
import { client, play, server } from '../testing/play.ts';
import { http, redisCommand } from '../testing/wire.ts';
import { http1Dissector } from './http1.ts';

/** What was asked of whom: methods and the four forms of a target. */

const hints: RecognitionHints = { sender: undefined, senderPort: 40000, receiverPort: 8080, transport: 'tcp' };
const ok = http(['HTTP/1.1 200 OK', 'Content-Length: 0']);
const bad = http(['HTTP/1.1 400 Bad Request', 'Content-Length: 0']);

function asked(line: string, ...fields: readonly string[]): unknown[] {
  const [request] = play(http1Dissector, [client(http([line, ...fields]))]).requests;
  return [request?.requestType, request?.requestDomain, request?.requestResource, request?.endpoint];
}

function recognise(text: string): string {
  return http1Dissector.recognise(Buffer.from(text, 'latin1'), hints);
}

describe('targets', () => {
  test('the authority of an absolute one stands above the Host field', () => {
    const calls: Step[] = [
      [
        'C',
        hex(
          '47455420687474703a2f2f75702e746573743a383038302f6120485454502f312e310d0a486f73743a206f746865722e746573740d0a0d0a',
        ),
      ],
      ['S', hex('485454502f312e3120323030204f4b0d0a436f6e74656e742d4c656e6774683a20320d0a0d0a6f6b')],
    ];
    for (let cut = 0; cut < calls[0]![1].length; cut++) {
      const { spans } = runConnection(cutAt(calls, cut), { port: 8080, budgetBytes: 512 });
      expect(spans).toHaveLength(1);
      expect(spans[0]).toMatchObject({ requestDomain: 'up.test:8080', requestResource: '/a', status: 'ok' });
      expect(spans[0]).toMatchObject({ requestBytes: 56, responseBytes: 40 });
    }
  });

  test.each([
    ['GET http://up.test/a HTTP/1.1', 'up.test', '/a', '/a'],
    ['GET HTTP://Up.Test/a HTTP/1.1', 'Up.Test', '/a', '/a'],
    ['GET hTTps://up.test:443/a HTTP/1.1', 'up.test:443', '/a', '/a'],
    ['GET ftp://up.test/file HTTP/1.1', 'up.test', '/file', '/file'],
    ['GET coap+tcp://up.test/a HTTP/1.1', 'up.test', '/a', '/a'],
    ['GET http://[2001:db8::1]:8080/a HTTP/1.1', '[2001:db8::1]:8080', '/a', '/a'],
    ['GET http://[::1]/a?b=[c]@d HTTP/1.1', '[::1]', '/a?b=[c]@d', '/a'],
    ['GET http://up.test HTTP/1.1', 'up.test', '/', '/'],
    ['GET http://up.test?x=1 HTTP/1.1', 'up.test', '/?x=1', '/'],
    ['OPTIONS http://up.test:8001 HTTP/1.1', 'up.test:8001', '*', '*'],
    ['OPTIONS * HTTP/1.1', 'other.test', '*', '*'],
    ['GET //a//b HTTP/1.1', 'other.test', '//a//b', '//a//b'],
    ['GET /http://up.test/a HTTP/1.1', 'other.test', '/http://up.test/a', '/http://up.test/a'],
    ['GET http:///a HTTP/1.1', 'other.test', '/a', '/a'],
    ['GET odd HTTP/1.1', 'other.test', 'odd', 'odd'],
    ['GET  /a  HTTP/1.1 ', 'other.test', '/a', '/a'],
    ['GET /a b HTTP/1.1', 'other.test', '/a b', '/a b'],
    ['CONNECT up.test:443 HTTP/1.1', 'up.test:443', 'up.test:443', 'up.test:443'],
    ['CONNECT [::1]:443 HTTP/1.1', '[::1]:443', '[::1]:443', '[::1]:443'],
  ])('%s', (line, domain, resource, endpoint) => {
    expect(asked(line, 'Host: other.test').slice(1)).toEqual([domain, resource, endpoint]);
  });

  test.each([
    ['GET http://joe:secret@up.test/a HTTP/1.1', 'up.test', '/a'],
    ['GET http://joe@up.test:80/a HTTP/1.1', 'up.test:80', '/a'],
    ['GET http://joe:sec@ret@[::1]:80/a HTTP/1.1', '[::1]:80', '/a'],
    ['GET HTTP://joe:secret@up.test HTTP/1.1', 'up.test', '/'],
    ['GET http://joe:sec/secret@up.test/a HTTP/1.1', 'up.test', '/a'],
    ['GET http://joe:sec?secret@up.test/a HTTP/1.1', 'up.test', '/a'],
    ['GET http://joe:secret HTTP/1.1', '', '/'],
    ['CONNECT joe:secret@up.test:443 HTTP/1.1', 'up.test:443', 'up.test:443'],
    ['GET joe:secret@up.test/a HTTP/1.1', '', 'up.test/a'],
  ])('%s: no secret is named', (line, domain, resource) => {
    const [, ...parts] = asked(line);
    expect(parts.slice(0, 2)).toEqual([domain, resource]);
    expect(JSON.stringify(parts)).not.toMatch(/joe|sec/);
  });

  test('a Host field with userinfo is named without it', () => {
    expect(asked('GET /a HTTP/1.1', 'Host: joe:secret@up.test')[1]).toBe('up.test');
  });

  test.each([
    'GET http://joe:secret@up.test:8080/a?q=1 HTTP/1.1',
    'CONNECT joe:secret@up.test:443 HTTP/1.1',
    'GET http://joe:sec/secret@up.test/a HTTP/1.1',
    'GET joe:secret@up.test/a HTTP/1.1',
  ])('%s, cut where nothing more was captured: half a secret is none', (line) => {
    const head = http([line]);
    for (let captured = 1; captured < line.length; captured++) {
      const { requests } = play(http1Dissector, [client(head.subarray(0, captured), 5000)]);
      expect(JSON.stringify(requests)).not.toMatch(/joe|sec|ecret/);
      const flushed = play(http1Dissector, [client(head.subarray(0, captured)), server(bad)], true);
      expect(JSON.stringify(flushed.requests)).not.toMatch(/joe|sec|ecret/);
    }
  });

  test('an authority that is cut is not named', () => {
    const { requests } = play(http1Dissector, [client(Buffer.from('GET http://up.tes'), 900)]);
    expect(requests).toMatchObject([{ requestDomain: '', requestResource: '', endpoint: '' }]);
  });
});

describe('methods', () => {
  test('in lower case are others, and are answered all the same', () => {
    const calls: Step[] = [
      ['C', hex('7061746368202f6120485454502f312e310d0a486f73743a20782e746573740d0a0d0a')],
      ['S', hex('485454502f312e31203430302042616420526571756573740d0a436f6e74656e742d4c656e6774683a20300d0a0d0a')],
    ];
    for (let cut = 0; cut < calls[0]![1].length; cut++) {
      const { spans } = runConnection(cutAt(calls, cut), { port: 8080, budgetBytes: 512 });
      expect(spans).toHaveLength(1);
      expect(spans[0]).toMatchObject({ requestType: 'patch', requestResource: '/a', requestDomain: 'x.test' });
      expect(spans[0]).toMatchObject({ status: 'client_error', responseCode: 400, requestBytes: 35 });
    }
  });

  test.each(['get', 'Get', 'PROPFIND', 'VERSION-CONTROL', 'M-SEARCH', 'UPDATEREDIRECTREF', "!#$%&'*+-.^_`|~9", 'X'])(
    'any token is one: %s',
    (method) => {
      const line = `${method} /a HTTP/1.1`;
      expect(recognise(`${line}\r\nHost: x\r\n\r\n`)).toBe('request');
      expect(asked(line)[0]).toBe(method);
      const calls: Step[] = [
        ['C', http([line])],
        ['S', bad],
      ];
      const { spans } = runConnection(calls, { port: 8080 });
      expect(spans).toMatchObject([{ requestType: method, status: 'client_error' }]);
    },
  );

  test('head is not HEAD: its answer has a body', () => {
    const body = http(['HTTP/1.1 200 OK', 'Content-Length: 3'], 'abc');
    const calls = [client(Buffer.concat([http(['head / HTTP/1.1']), http(['GET / HTTP/1.1'])])), server(body)];
    const { responses } = play(http1Dissector, [...calls, { ...server(ok), startsMessage: false }]);
    expect(responses.map((response) => response.origin)).toEqual([1, 2]);
  });

  test('a long target in lower case whose line was not captured', () => {
    const line = `patch /${'a'.repeat(600)}`;
    const cut: Step[] = [
      ['C', http([`${line} HTTP/1.1`])],
      ['S', bad],
    ];
    const { spans } = runConnection(cut, { port: 8080, budgetBytes: 512 });
    expect(spans).toMatchObject([{ requestType: 'patch', status: 'client_error' }]);
  });
});

describe('lines of other protocols', () => {
  const lines = [
    'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n',
    'DESCRIBE rtsp://media.test/a RTSP/1.0\r\nCSeq: 2\r\n\r\n',
    'OPTIONS rtsp://media.test/a RTSP/1.0\r\nCSeq: 2\r\n\r\n',
    'GET_PARAMETER /a RTSP/1.0\r\n\r\n',
    'RTSP/1.0 200 OK\r\nCSeq: 2\r\n\r\n',
    'INVITE sip:joe@sip.test SIP/2.0\r\nVia: x\r\n\r\n',
    'OPTIONS sip:sip.test SIP/2.0\r\n\r\n',
    'SIP/2.0 200 OK\r\n\r\n',
    'REQMOD icap://icap.test/virus ICAP/1.0\r\nHost: icap.test\r\n\r\n',
    'OPTIONS icap://icap.test/virus ICAP/1.0\r\nHost: icap.test\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET /x\r\n',
    'get /x\r\n',
    'set /some/key 0 0 5\r\nhello\r\n',
    'SET key value\r\n',
    'EHLO mail.test\r\n',
    'MAIL FROM:<joe@mail.test>\r\n',
    'USER joe\r\n',
    'CONNECT {"verbose":false,"name":"a"}\r\nPING\r\n',
    'PUB subject 5\r\nhello\r\n',
    'CONNECT\naccept-version:1.2\n\n\0',
    '220 ready\r\n',
    '+OK ready\r\n',
    'a1 LOGIN joe secret\r\n',
    'SSH-2.0-OpenSSH_9.2\r\n',
    '{"method": "GET /a HTTP/1.1"}\n',
  ];

  test.each(lines)('%j', (text) => {
    expect(recognise(text)).toBe('no');
  });

  test.each([...lines, redisCommand('SET', 'HTTP/1.1', 'GET /a HTTP/1.1').toString()])(
    '%j, as it comes in pieces, is not taken for a request before it is clear',
    (text) => {
      // What Redis and others send inline may begin as a request does: `GET /x` is one up to its line break.
      if (/^[A-Z_]{3,} \//.test(text)) return;
      for (let cut = 1; cut < text.length; cut++) expect(recognise(text.slice(0, cut))).not.toBe('request');
    },
  );
});
