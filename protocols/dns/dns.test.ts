import { describe, expect, test } from 'vitest';
import type { RecognitionHints } from '../dissection/dissector.ts';
import { dnsDissector } from './dns.ts';
import { client, play, server } from '../testing/play.ts';
import { dnsFrame, dnsQuery, dnsResponse, u16 } from '../testing/wire.ts';
import { nameTemplate } from '../dissection/name-template.ts';

const udp: RecognitionHints = { sender: undefined, senderPort: 40000, receiverPort: 53, transport: 'udp' };
const elsewhere: RecognitionHints = { ...udp, receiverPort: 7000 };
const tcp: RecognitionHints = { ...udp, transport: 'tcp' };

describe('recognition', () => {
  test('tells queries and responses, on any port', () => {
    expect(dnsDissector.recognise(dnsQuery(1, 'a.example'), udp)).toBe('request');
    expect(dnsDissector.recognise(dnsQuery(1, 'a.example'), elsewhere)).toBe('request');
    expect(dnsDissector.recognise(dnsResponse(1, 'a.example', 1, 0), elsewhere)).toBe('response');
  });

  test('tells messages with a length before them on TCP', () => {
    const framed = dnsFrame(dnsQuery(1, 'a.example'));
    expect(dnsDissector.recognise(framed, tcp)).toBe('request');
    expect(dnsDissector.recognise(framed.subarray(0, 2), tcp)).toBe('undecided');
  });

  test('refuses what is no DNS', () => {
    expect(dnsDissector.recognise(Buffer.alloc(40, 0xff), udp)).toBe('no');
    expect(dnsDissector.recognise(Buffer.alloc(40), elsewhere)).toBe('no');
    expect(dnsDissector.recognise(Buffer.from('d1:ad2:id20:abcdefghij0123456789e1:q4:ping'), elsewhere)).toBe('no');
  });
});

describe('messages', () => {
  test('a query and its answers', () => {
    const addresses = [
      { type: 5, data: Buffer.from([3, 0x77, 0x77, 0x77, 0xc0, 0x0c]) },
      { type: 1, data: Buffer.from([10, 0, 0, 7]) },
      { type: 28, data: Buffer.from('20010db8000000000000000000000001', 'hex') },
    ];
    const { requests, responses } = play(dnsDissector, [
      client(dnsQuery(77, 'Pod-1234.shop.example', 28)),
      server(dnsResponse(77, 'Pod-1234.shop.example', 28, 0, addresses)),
    ]);
    expect(requests).toMatchObject([
      {
        requestId: 77,
        requestType: 'AAAA',
        requestDomain: 'Pod-1234.shop.example',
        requestResource: 'Pod-1234.shop.example',
        endpoint: 'pod-1234.shop.example',
      },
    ]);
    expect(responses).toMatchObject([
      { requestId: 77, status: 'ok', responseCode: 0, result: 'www.Pod-1234.shop.example,10.0.0.7,2001:db8::1' },
    ]);
  });

  test.each([
    [0, 'ok', ''],
    [1, 'client_error', 'FORMERR'],
    [2, 'server_error', 'SERVFAIL'],
    [3, 'client_error', 'NXDOMAIN'],
    [5, 'server_error', 'REFUSED'],
  ])('response code %i is %s', (code, status, exception) => {
    const { responses } = play(dnsDissector, [server(dnsResponse(1, 'a.example', 1, code))]);
    expect(responses).toMatchObject([{ status, responseCode: code, exception }]);
  });

  test('on TCP messages may be cut and joined anywhere', () => {
    const bytes = Buffer.concat([dnsFrame(dnsQuery(1, 'a.example')), dnsFrame(dnsQuery(2, 'b.example'))]);
    const calls = [client(bytes.subarray(0, 2)), client(bytes.subarray(2, 40)), client(bytes.subarray(40))];
    const { requests } = play(dnsDissector, calls);
    expect(requests.map((request) => [request.requestId, request.origin, request.offset])).toEqual([
      [1, 0, 0],
      [2, 1, 27],
    ]);
  });

  test('mDNS queries with many questions and responses without any are tolerated', () => {
    const query = Buffer.concat([
      u16(0, 0, 2, 0, 0, 0),
      dnsQuery(0, 'a.local', 12).subarray(12),
      dnsQuery(0, 'b.local').subarray(12),
    ]);
    const response = Buffer.concat([
      u16(0, 0x8400, 0, 1, 0, 0),
      dnsQuery(0, 'a.local').subarray(12),
      Buffer.from([0, 0, 0, 9, 0, 4, 10, 0, 0, 1]),
    ]);
    const { messages } = play(dnsDissector, [client(query), client(response)]);
    expect(messages).toMatchObject([
      { kind: 'request', requestDomain: 'a.local' },
      { kind: 'response', result: '10.0.0.1' },
    ]);
  });

  test('pointers that loop end', () => {
    const looping = Buffer.concat([u16(1, 0x0100, 1, 0, 0, 0), Buffer.from([1, 0x61, 0xc0, 0x0c]), u16(1, 1)]);
    expect(play(dnsDissector, [client(looping)]).messages).toEqual([]);
  });
});

test.each([
  ['4.3.2.1.in-addr.arpa', '{address}.in-addr.arpa'],
  ['10-0-0-7.default.pod.cluster.local', '{id}.default.pod.cluster.local'],
  ['db-0.mysql.svc.cluster.local', 'db-0.mysql.svc.cluster.local'],
  ['9f8b2c1d00.cdn.example', '{id}.cdn.example'],
  ['WWW.Example.', 'www.example.'],
])('the endpoint of %s is %s', (name, endpoint) => {
  expect(nameTemplate(name)).toBe(endpoint);
});
