import { describe, expect, test } from 'vitest';
import { cutAt, type Step, hex, runConnection } from '../../enricher/testing/connection.ts';
import type { RecognitionHints } from '../dissection/dissector.ts';
import { dnsDissector } from './dns.ts';
import { client, play, server } from '../testing/play.ts';
import { dnsFrame, dnsQuery, dnsResponse, u16, u32 } from '../testing/wire.ts';
import { nameTemplate } from '../dissection/name-template.ts';

/** DNS as it is, beside what most of it looks like. */

const udp: RecognitionHints = { sender: undefined, senderPort: 40000, receiverPort: 53, transport: 'udp' };
const elsewhere: RecognitionHints = { ...udp, receiverPort: 7000 };

type Line = readonly unknown[];

function lines(calls: readonly Step[], options: Partial<Parameters<typeof runConnection>[1]> = {}): Line[] {
  const { spans } = runConnection(calls, { port: 53, transport: 'udp', ...options });
  return spans.map((span) => [
    span.protocol,
    span.requestType,
    span.requestDomain,
    span.status,
    span.responseCode,
    span.responseException,
  ]);
}

/** The exchange over UDP, and over TCP cut at every position. */
function everyWay(query: string, response: string): Line[][] {
  const calls: Step[] = [
    ['C', hex(query)],
    ['S', hex(response)],
  ];
  const framed = calls.map(([sender, bytes]): Step => [sender, dnsFrame(bytes)]);
  const cuts = Array.from({ length: framed[0]![1].length }, (_, cut) => cutAt(framed, cut));
  return [lines(calls), ...cuts.map((cut) => lines(cut, { transport: 'tcp' }))];
}

function expectAll(ways: readonly Line[][], line: Line): void {
  for (const way of ways) expect(way).toEqual([line]);
}

/** An OPT record with the upper bits of a response code. */
function opt(upperBits: number, data: Buffer = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([0]), u16(41, 1232), Buffer.from([upperBits, 0, 0, 0]), u16(data.length), data]);
}

/** A question for one label, given as bytes. */
function labelled(label: Buffer, type = 1): Buffer {
  return Buffer.concat([
    u16(7, 0x0100, 1, 0, 0, 0),
    Buffer.from([label.length]),
    label,
    Buffer.from([0]),
    u16(type, 1),
  ]);
}

describe('NetBIOS is not DNS', () => {
  const query = hex(
    '12340110000100000000000020464845504643454c45484643455046464641434143414341434143414341424e0000200001',
  );
  const nodeStatus = hex(
    '80f00010000100000000000020434b4141414141414141414141414141414141414141414141414141414141410000210001',
  );
  const response = Buffer.concat([
    u16(0x1234, 0x8500, 0, 1, 0, 0),
    query.subarray(12, 46),
    u16(32, 1),
    u32(300),
    u16(6),
    hex('00000a000005'),
  ]);

  test.each([137, 138, 53, 5353, 5355, 7000])('neither a query nor a response, on port %i', (port) => {
    for (const message of [query, nodeStatus, response]) {
      const hints = { ...udp, receiverPort: port };
      expect(dnsDissector.recognise(message, hints)).toBe('no');
      expect(play(dnsDissector, [client(message)]).messages).toEqual([]);
      expect(dnsDissector.recognise(dnsFrame(message), { ...hints, transport: 'tcp' })).toBe('no');
    }
    expect(lines([['C', query]], { port })).toEqual([]);
  });

  test('on its ports nothing is DNS, on others a name of 32 letters and an SRV record are', () => {
    expect(dnsDissector.recognise(dnsQuery(1, 'a.example'), { ...udp, receiverPort: 137 })).toBe('no');
    expect(dnsDissector.recognise(dnsQuery(1, 'a.example'), { ...udp, senderPort: 137 })).toBe('no');
    expect(dnsDissector.recognise(dnsQuery(1, 'ABCDEFGHIJKLMNOPABCDEFGHIJKLMNOP.test', 1), udp)).toBe('request');
    expect(dnsDissector.recognise(dnsQuery(1, '_ldap._tcp.a.test', 33), udp)).toBe('request');
  });
});

describe('response codes with an extension', () => {
  test('BADVERS', () => {
    expectAll(
      everyWay(
        '00010100000100000000000101610474657374000001000100002904d0000000000000',
        '00018100000100000000000101610474657374000001000100002904d0010000000000',
      ),
      ['dns', 'A', 'a.test', 'server_error', 16, 'BADVERS'],
    );
  });

  test.each([
    [0, 0, 'ok', 0, ''],
    [0, 3, 'client_error', 3, 'NXDOMAIN'],
    [0, 11, 'server_error', 11, 'DSOTYPENI'],
    [0, 12, 'server_error', 12, 'RCODE12'],
    [1, 1, 'server_error', 17, 'BADKEY'],
    [1, 2, 'server_error', 18, 'BADTIME'],
    [1, 3, 'server_error', 19, 'BADMODE'],
    [1, 4, 'server_error', 20, 'BADNAME'],
    [1, 5, 'server_error', 21, 'BADALG'],
    [1, 6, 'server_error', 22, 'BADTRUNC'],
    [1, 7, 'server_error', 23, 'BADCOOKIE'],
    [255, 15, 'server_error', 4095, 'RCODE4095'],
  ])('upper bits %i and lower bits %i', (upper, lower, status, responseCode, exception) => {
    const answer = { type: 1, data: Buffer.from([10, 0, 0, 1]) };
    const response = dnsResponse(1, 'a.test', 1, lower, [answer, answer]);
    response.writeUInt16BE(2, 10);
    // Other additional records may come first.
    const glue = Buffer.concat([u16(0xc00c, 1, 1), u32(60), u16(4), Buffer.from([10, 0, 0, 2])]);
    const bytes = Buffer.concat([response, glue, opt(upper, Buffer.from('000a0008aaaaaaaaaaaaaaaa', 'hex'))]);
    expect(play(dnsDissector, [server(bytes)]).responses).toMatchObject([
      { status, responseCode, exception, result: '10.0.0.1,10.0.0.1' },
    ]);
  });

  test('where the record was not captured, the lower bits are all there is', () => {
    const response = dnsResponse(1, 'a.test', 1, 5);
    response.writeUInt16BE(1, 10);
    const bytes = Buffer.concat([response, opt(1)]);
    for (let captured = response.length; captured <= bytes.length; captured++) {
      const whole = captured >= response.length + 11;
      const { responses } = play(dnsDissector, [server(bytes.subarray(0, captured), bytes.length)]);
      expect(responses).toMatchObject([{ responseCode: whole ? 21 : 5, exception: whole ? 'BADALG' : 'REFUSED' }]);
    }
  });

  test('counts that promise more than there is end with the message', () => {
    const bytes = dnsResponse(1, 'a.test', 1, 0);
    for (const at of [6, 8, 10]) bytes.writeUInt16BE(1900, at);
    expect(play(dnsDissector, [server(bytes)]).responses).toMatchObject([{ status: 'ok', responseCode: 0 }]);
  });
});

describe('names', () => {
  test('are UTF-8', () => {
    const [line] = lines([['C', hex('5374010000010000000000000ce5b08fe4bd9be5b088e6a99f0000ff0001')]], { port: 5355 });
    expect(line).toEqual(['dns', 'ANY', '小佛專機', 'timeout', 0, '']);
    const { spans } = runConnection([['C', hex('5374010000010000000000000ce5b08fe4bd9be5b088e6a99f0000ff0001')]], {
      port: 5355,
      transport: 'udp',
    });
    expect(spans[0]).toMatchObject({ requestResource: '小佛專機', endpoint: '小佛專機' });
  });

  test.each([
    ['a control character', hex('610062'), 'a\\000b'],
    ['a line break and a delete', hex('610a7f'), 'a\\010\\127'],
    ['a control character beyond ASCII', hex('c285'), '\\194\\133'],
    ['bytes that are not UTF-8', hex('41ff42'), 'A\\255B'],
    ['a label with a character cut in half', hex('c3a4c3'), '\\195\\164\\195'],
    ['an overlong form', hex('c0ae'), '\\192\\174'],
    ['a surrogate', hex('eda080'), '\\237\\160\\128'],
    ['a dot within a label', Buffer.from('a.b'), 'a\\.b'],
    ['a backslash', Buffer.from('a\\046'), 'a\\\\046'],
    ['a space', Buffer.from('My Printer'), 'My Printer'],
    ['a character beyond the first plane', Buffer.from('😀'), '😀'],
  ])('%s', (_, label, text) => {
    expect(dnsDissector.recognise(labelled(label), udp)).toBe('request');
    expect(lines([['C', labelled(label)]])).toEqual([['dns', 'A', text, 'timeout', 0, '']]);
  });

  test('control characters make no message where nothing else speaks for DNS', () => {
    expect(dnsDissector.recognise(labelled(hex('610062')), elsewhere)).toBe('no');
  });

  test.each([
    ['PC-É.Local', 'pc-É.local'],
    ['İstanbul.Test', 'İstanbul.test'],
    ['Straße.TEST', 'straße.test'],
    ['\\195\\164.Test', '\\195\\164.test'],
  ])('the endpoint of %s has only its ASCII letters lowered', (name, endpoint) => {
    expect(nameTemplate(name)).toBe(endpoint);
  });

  test('of answers are text in the same way', () => {
    const target = Buffer.concat([Buffer.from([4]), Buffer.from('Büo'), Buffer.from([0])]);
    const { responses } = play(dnsDissector, [server(dnsResponse(1, 'a.test', 12, 0, [{ type: 12, data: target }]))]);
    expect(responses).toMatchObject([{ result: 'Büo' }]);
  });
});

describe('what servers answer', () => {
  test('a query with the bit that must be zero', () => {
    expectAll(
      everyWay(
        '0bcd0360000100000000000107616e6f6e637673047465737400002c000100002904d0000000000000',
        '0bcd8380000100000000000007616e6f6e637673047465737400002c0001',
      ),
      ['dns', 'TYPE44', 'anoncvs.test', 'ok', 0, ''],
    );
  });

  /** A query with these flags, type and class, and what it is answered with. */
  function exchange(flags: number, type: number, recordClass: number, code: number): readonly [Buffer, Buffer] {
    const query = dnsQuery(9, 'a.test', type);
    query.writeUInt16BE(flags, 2);
    query.writeUInt16BE(recordClass, query.length - 2);
    const response = Buffer.from(query);
    response.writeUInt16BE(0x8000 | (flags & 0x7970) | code, 2);
    return [query, response];
  }

  test.each([
    ['a response code in a query', 0x0103, 1, 1, 1, 'A'],
    ['Z, AD and CD', 0x0170, 28, 1, 0, 'AAAA'],
    ['an inverse query', 0x0800, 1, 1, 4, 'A'],
    ['an operation that nobody has defined', 0x7800, 1, 1, 4, 'A'],
    ['an operation that is not assigned', 0x1800, 1, 1, 4, 'A'],
    ['type 0', 0x0100, 0, 1, 1, 'TYPE0'],
    ['class NONE', 0x0100, 1, 254, 1, 'A'],
    ['class HS', 0x0100, 1, 4, 5, 'A'],
    ['class 0', 0x0100, 1, 0, 1, 'A'],
    ['the unicast bit of mDNS', 0x0000, 12, 0x8001, 0, 'PTR'],
    ['the conflict and tentative bits of LLMNR', 0x0500, 1, 1, 0, 'A'],
    ['all bits of LLMNR that are reserved', 0x00f0, 1, 1, 0, 'A'],
  ])('%s', (_, flags, type, recordClass, code, typeText) => {
    const [query, response] = exchange(flags, type, recordClass, code);
    const names = ['', 'FORMERR', '', '', 'NOTIMP', 'REFUSED'];
    const status = code === 0 ? 'ok' : code === 1 ? 'client_error' : 'server_error';
    expectAll(everyWay(query.toString('hex'), response.toString('hex')), [
      'dns',
      typeText,
      'a.test',
      status,
      code,
      names[code],
    ]);
  });

  test('no question: an operation without one, a cookie that is asked for, a header', () => {
    const status = u16(5, 0x1000, 0, 0, 0, 0);
    const refused = u16(5, 0x9004, 0, 0, 0, 0);
    const cookie = Buffer.concat([u16(6, 0x0100, 0, 0, 0, 1), opt(0, hex('000a0008aaaaaaaaaaaaaaaa'))]);
    const withCookie = Buffer.concat([u16(6, 0x8180, 0, 0, 0, 1), opt(0, hex('000a0008aaaaaaaaaaaaaaaa'))]);
    const asked: Step[] = [
      ['C', status],
      ['S', refused],
      ['C', cookie],
      ['S', withCookie],
    ];
    expect(lines(asked)).toEqual([
      ['dns', 'STATUS', '', 'server_error', 4, 'NOTIMP'],
      ['dns', 'QUERY', '', 'ok', 0, ''],
    ]);
  });

  test('an answer that is nothing but the header, with the counts as they were', () => {
    const calls: Step[] = [
      ['C', dnsQuery(3, 'a.test')],
      ['S', u16(3, 0x8184, 1, 0, 0, 0)],
    ];
    expect(lines(calls)).toEqual([['dns', 'A', 'a.test', 'server_error', 4, 'NOTIMP']]);
  });

  test('an mDNS answer with the cache-flush bit', () => {
    const answer = Buffer.concat([dnsQuery(0, 'a.local').subarray(12, -4), u16(1, 0x8001), u32(120), u16(4)]);
    const response = Buffer.concat([u16(0, 0x8400, 0, 1, 0, 0), answer, Buffer.from([10, 0, 0, 1])]);
    const { responses } = play(dnsDissector, [server(response)]);
    expect(responses).toMatchObject([{ status: 'ok', result: '10.0.0.1' }]);
  });

  test('a transfer whose messages have thousands of records', () => {
    const answers = Array.from({ length: 3000 }, () => ({ type: 1, data: Buffer.from([10, 0, 0, 1]) }));
    const calls: Step[] = [
      ['C', dnsFrame(dnsQuery(4, 'a.test', 252))],
      ['S', dnsFrame(dnsResponse(4, 'a.test', 252, 0, answers))],
    ];
    for (const budgetBytes of [512, 65_536])
      expect(lines(calls, { transport: 'tcp', budgetBytes })).toEqual([['dns', 'AXFR', 'a.test', 'ok', 0, '']]);
  });
});

describe('what is cut', () => {
  test('a response whose question lies beyond what was captured keeps its code', () => {
    const response = dnsResponse(8, 'a.shop.example', 1, 3);
    for (let captured = 12; captured < response.length; captured++) {
      const { responses } = play(dnsDissector, [server(response.subarray(0, captured), response.length)]);
      expect(responses).toMatchObject([{ requestId: 8, status: 'client_error', responseCode: 3 }]);
    }
  });

  test('messages beyond the budget of a long run do not end the conversation', () => {
    const name = `${'long-label.'.repeat(6)}example`;
    const ids = Array.from({ length: 12 }, (_, index) => index + 1);
    const frames = ids.map((id) => dnsFrame(dnsQuery(id, name)));
    const replies = ids.map((id) => dnsFrame(dnsResponse(id, name, 1, 0)));
    const calls = [...frames, ...replies].map((bytes, index): Step => [index < 12 ? 'C' : 'S', bytes]);
    const found = lines(calls, { transport: 'tcp', budgetBytes: 512 });
    expect(found.map((line) => line[3])).toEqual(ids.map(() => 'ok'));
  });

  test('garbage on a port of DNS does not keep a server from being understood', () => {
    const garbage = Buffer.alloc(30, 0xff);
    const calls: Step[] = [
      ['C', dnsQuery(1, 'a.test')],
      ['C', garbage],
      ['C', garbage],
      ['C', garbage],
      ['C', garbage],
      ['S', dnsResponse(1, 'a.test', 1, 0)],
    ];
    expect(lines(calls)).toEqual([['dns', 'A', 'a.test', 'ok', 0, '']]);
  });
});
