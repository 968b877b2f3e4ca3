import { expect, test } from 'vitest';
import type { Message, Segment } from './dissector.ts';
import { dissectors } from '../dissectors.ts';
import { dnsQuery, http, mysqlGreeting, mysqlLogin, mysqlOk, redisCommand } from '../testing/wire.ts';
import { SocketDissection, type SocketFacts } from './socket-dissection.ts';

const tcp: SocketFacts = { localRole: undefined, localPort: 40000, remotePort: 7000, transport: 'tcp' };
const get = http(['GET /a HTTP/1.1', 'Host: shop.example']);
const ok = http(['HTTP/1.1 200 OK', 'Content-Length: 0']);

function segment(bytes: Buffer, startsMessage = true, length = bytes.length): Segment<string> {
  return { origin: bytes.toString('latin1', 0, 4), bytes, length, startsMessage };
}

function open(facts: Partial<SocketFacts> = {}): {
  readonly socket: SocketDissection<string>;
  readonly messages: Message<string>[];
  readonly report: (message: Message<string>) => void;
} {
  const messages: Message<string>[] = [];
  return {
    socket: new SocketDissection<string>(dissectors, { ...tcp, ...facts }),
    messages,
    report: (message) => void messages.push(message),
  };
}

test('who the local end is follows from the bytes where the kernel does not know', () => {
  const { socket, messages, report } = open();
  expect([socket.protocol, socket.localRole]).toEqual(['unknown', undefined]);
  socket.read('remote', segment(get), report);
  socket.read('local', segment(ok), report);
  expect([socket.protocol, socket.localRole]).toEqual(['http1', 'server']);
  expect(messages.map((message) => message.kind)).toEqual(['request', 'response']);
});

test('a greeting makes its sender the server', () => {
  const { socket, messages, report } = open();
  socket.read('remote', segment(mysqlGreeting()), report);
  socket.read('local', segment(mysqlLogin('joe', 'shop')), report);
  socket.read('remote', segment(mysqlOk(2)), report);
  expect([socket.protocol, socket.localRole, messages.length]).toEqual(['mysql', 'client', 2]);
});

test('bytes too few to tell wait for the rest of their message, and keep their origin', () => {
  const { socket, messages, report } = open();
  const greeting = mysqlGreeting();
  socket.read('remote', segment(greeting.subarray(0, 4)), report);
  expect(socket.protocol).toBe('unknown');
  socket.read('remote', segment(greeting.subarray(4), false), report);
  expect(socket.protocol).toBe('mysql');
  const command = redisCommand('GET', 'key');
  const other = open();
  other.socket.read('local', segment(command.subarray(0, 4)), other.report);
  other.socket.read('local', segment(command.subarray(4), false), other.report);
  expect(other.messages).toMatchObject([{ origin: '*2\r\n', offset: 0, requestResource: 'GET key' }]);
  expect(messages).toEqual([]);
});

test('what is nothing known is tried a few times, then now and then', () => {
  const { socket, report } = open();
  const noise = segment(Buffer.from('\x01\x02\x03\x04\x05\x06\x07\x08noise'));
  for (let index = 0; index < 16; index++) socket.read('local', noise, report);
  socket.read('local', segment(get), report);
  expect(socket.protocol).toBe('unknown');
  for (let index = 0; index < 300; index++) socket.read('local', segment(get), report);
  expect(socket.protocol).toBe('http1');
});

test('a conversation that turns out to be another one is recognised anew', () => {
  const { socket, report } = open();
  socket.read('local', segment(get), report);
  socket.read('remote', segment(http(['HTTP/1.1 101 Switching Protocols', 'Upgrade: other'])), report);
  expect(socket.protocol).toBe('unknown');
  socket.read('local', segment(redisCommand('PING')), report);
  expect(socket.protocol).toBe('redis');
});

test('a hole in the sequence hides what was in it and nothing else', () => {
  const { socket, messages, report } = open();
  socket.read('local', segment(get), report, 1000);
  socket.read('remote', segment(ok), report, 5000);
  socket.read('local', segment(get), report, 1000 + get.length);
  // The second answer was lost on the host: the third one is not taken for it.
  socket.read('local', segment(get), report, 1000 + 2 * get.length);
  socket.read('remote', segment(ok), report, 5000 + 2 * ok.length);
  const responses = messages.filter((message) => message.kind === 'response');
  expect(responses.map((response) => response.status).slice(0, 2)).toEqual(['ok', 'unknown']);
});

test('a hole before the first bytes of an end hides what was in it, where it is told', () => {
  const { socket, messages, report } = open();
  socket.read('local', segment(get), report, 1000);
  socket.read('local', segment(get), report, 1000 + get.length);
  socket.read('remote', segment(ok), report, 5000 + ok.length, ok.length);
  const responses = messages.filter((message) => message.kind === 'response');
  expect(responses.map((response) => response.status)).toEqual(['unknown', 'unknown']);
  expect(socket.missedBytes('remote')).toBe(ok.length);
});

test('sequence number 0 behind the end of the numbers is one', () => {
  const { socket, messages, report } = open();
  socket.read('remote', segment(get), report, 2 ** 32 - get.length);
  socket.read('local', segment(ok.subarray(0, 10)), report, 2 ** 32 - 10);
  socket.read('local', segment(ok.subarray(10), false), report, 0);
  socket.read('remote', segment(get), report, 0);
  socket.read('local', segment(ok), report, ok.length - 10);
  expect([socket.missedBytes('local'), socket.missedBytes('remote')]).toEqual([0, 0]);
  expect(messages.map(({ kind }) => kind)).toEqual(['request', 'response', 'request', 'response']);
});

test('bytes read twice count once, also over the end of the numbers', () => {
  const { socket, messages, report } = open();
  const start = 2 ** 32 - 20;
  socket.read('remote', segment(get), report, start);
  socket.read('remote', segment(get), report, start);
  socket.read('remote', segment(Buffer.concat([get, get]), false), report, start);
  expect(messages).toHaveLength(2);
});

test('the end of a connection brings out a head whose rest never came', () => {
  const { socket, messages, report } = open();
  socket.read('local', segment(get), report);
  socket.read('remote', segment(Buffer.from('HTTP/1.0 200 OK\r\n')), report);
  socket.end(report);
  expect(messages.map((message) => message.kind)).toEqual(['request', 'response']);
});

test('a head in single bytes keeps the place of its first one, however many it takes until it is clear', () => {
  for (const line of ['patch /a HTTP/1.1', `delete-it /${'a'.repeat(400)} HTTP/1.1`]) {
    const { socket, messages, report } = open();
    [...http(['', line])].forEach((byte, index) => {
      const bytes = Buffer.from([byte]);
      socket.read('local', { origin: String(index), bytes, length: 1, startsMessage: index === 0 }, report, 1 + index);
    });
    // An empty line comes first.
    expect(messages).toMatchObject([{ kind: 'request', origin: '2', offset: 0, requestType: line.split(' ')[0] }]);
  }
});

test('what stays undecided for long is let go, and the next message is tried', () => {
  const { socket, messages, report } = open();
  for (let index = 0; index < 2000; index++) socket.read('local', segment(Buffer.from('ab'), index === 0), report);
  expect(socket.protocol).toBe('unknown');
  socket.read('remote', segment(ok), report);
  socket.read('local', segment(get), report);
  expect(messages.filter((message) => message.kind === 'request')).toHaveLength(1);
});

test('datagrams are judged by the port of the peer they went to', () => {
  const { socket, messages, report } = open({ transport: 'udp', remotePort: 9999 });
  const odd = dnsQuery(8, 'odd.test');
  odd.writeUInt16BE(0x0140, 2);
  socket.read('local', segment(odd), report);
  expect(messages).toEqual([]);
  socket.changePeer(53);
  socket.read('local', segment(odd), report);
  expect(messages).toMatchObject([{ kind: 'request', requestDomain: 'odd.test' }]);
});
