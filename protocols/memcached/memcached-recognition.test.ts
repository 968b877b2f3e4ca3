import { describe, expect, it } from 'vitest';
import { memcachedDissector } from './memcached.ts';
import { type Call, client, server } from '../testing/play.ts';
import { playSocket } from '../testing/play-socket.ts';
import { binaryRequest, binaryResponse, setExtras, text } from './testing/memcached-wire.ts';

const anyPort = 7000;
const lines = (...texts: readonly string[]): Buffer => Buffer.from(texts.map((line) => `${line}\r\n`).join(''));

const memcached: Readonly<Record<string, readonly Call[]>> = {
  get: [client(text('get a')), server(text('END'))],
  'a multi-get with a hit': [client(text('get a b')), server(text('VALUE a 0 1', 'x', 'END'))],
  set: [client(text('set a 0 0 1', 'x')), server(text('STORED'))],
  cas: [client(text('cas a 0 0 1 77', 'x')), server(text('NOT_FOUND'))],
  incr: [client(text('incr a 1')), server(text('7'))],
  touch: [client(text('touch a 1')), server(text('TOUCHED'))],
  delete: [client(text('delete session:1')), server(text('DELETED'))],
  'a meta get': [client(text('mg a v t')), server(text('EN'))],
  'a meta set': [client(text('ms a 1 T9', 'x')), server(text('HD'))],
  'binary get': [client(binaryRequest(0, { key: 'a' })), server(binaryResponse(0, { status: 1, value: 'Not found' }))],
  'binary set': [client(binaryRequest(1, { key: 'a', extras: setExtras, value: 'x' })), server(binaryResponse(1))],
  'binary version': [client(binaryRequest(0x0b)), server(binaryResponse(0x0b, { value: '1.6.18' }))],
};

const others: Readonly<Record<string, readonly Call[]>> = {
  'Redis, a command on a line': [client(lines('get a')), server(lines('$1', 'x'))],
  'Redis, a null': [client(lines('get a')), server(lines('$-1'))],
  beanstalkd: [client(lines('delete 12')), server(lines('DELETED'))],
  'beanstalkd, a job': [client(lines('put 0 0 60 1', 'x')), server(lines('INSERTED 1'))],
  POP3: [server(lines('+OK ready')), client(lines('stat')), server(lines('+OK 1 2'))],
  SMTP: [server(lines('220 mail ESMTP')), client(lines('EHLO me')), server(lines('250 mail'))],
  NNTP: [server(lines('200 news')), client(lines('stat 1')), server(lines('223 1 <a@b>'))],
  IRC: [client(lines('NICK a', 'USER a 0 * :a')), server(lines(':irc 001 a :Welcome'))],
  FTP: [server(lines('220 ftp')), client(lines('USER a')), server(lines('331 Password'))],
  'Graphite, which answers nothing': [
    client(Buffer.from('a.b 1 1700000000\n')),
    client(Buffer.from('a.c 2 1700000000\n')),
  ],
  'a protocol of its own': [client(lines('get a')), server(lines('OK', 'x'))],
  'another protocol of its own': [client(lines('set a 5')), server(lines('STORED'))],
  'a log of numbers': [client(lines('100')), server(lines('200'))],
  'a shell': [client(Buffer.from('touch a\n')), server(Buffer.from('$ '))],
  'a WebSocket': [client(Buffer.from('8180000000000a', 'hex')), server(Buffer.from('8100', 'hex'))],
  'zeros behind the first byte': [
    client(Buffer.from(`80${'00'.repeat(40)}`, 'hex')),
    server(Buffer.from(`81${'00'.repeat(40)}`, 'hex')),
  ],
};

describe('off the usual port', () => {
  it.each(Object.entries(memcached))('%s is told by request and response together', (_, conversation) => {
    const { protocol, played } = playSocket(conversation, anyPort);
    expect(protocol).toBe('memcached');
    expect(played).toHaveLength(1);
    expect(played[0]!.response?.status).toBe('ok');
    // Nothing is said of a request before its response.
    expect(playSocket(conversation.slice(0, 1), anyPort).messages).toEqual([]);
  });

  it.each(Object.entries(others))('%s is not taken for it', (_, conversation) => {
    const { protocol, messages } = playSocket([...conversation, ...conversation], anyPort);
    expect(protocol).not.toBe('memcached');
    // Names of its commands are in lower case.
    const requests = messages.flatMap((message) => (message.kind === 'request' ? [message.requestType] : []));
    expect(requests.filter((type) => type === type.toLowerCase())).toEqual([]);
  });

  it('a response that the request cannot have unmasks another protocol', () => {
    const { protocol, played } = playSocket([client(text('get a')), server(text('STORED'))], anyPort);
    expect(protocol).toBe('unknown');
    expect(played.filter(({ response }) => response?.status === 'ok')).toEqual([]);
  });

  it('from a response alone only values are known', () => {
    const facts = { sender: undefined, senderPort: anyPort, receiverPort: 40000, transport: 'tcp' } as const;
    expect(memcachedDissector.recognise(text('VALUE a 0 1', 'x', 'END'), facts)).toBe('response');
    for (const line of ['STORED', 'END', 'OK', '12', 'HD', 'VERSION 1'])
      expect(memcachedDissector.recognise(text(line), facts)).toBe('no');
  });
});

describe('on the usual port', () => {
  it.each(['version', 'stats', 'flush_all', 'mn', 'verbosity 1', 'delete 12'])('%s is a request', (line) => {
    const { protocol, played } = playSocket([client(text(line))], 11211);
    expect([protocol, played.length]).toEqual(['memcached', 1]);
  });

  it('other lines are not', () => {
    for (const line of ['GET a', 'HELO', 'gett a', 'auth pw'])
      expect(playSocket([client(lines(line)), client(lines(line))], 11211).messages).toEqual([]);
  });

  it('nor is anything over datagrams, whose frames differ', () => {
    const facts = { sender: undefined, senderPort: 40000, receiverPort: 11211, transport: 'udp' } as const;
    expect(memcachedDissector.recognise(text('get a'), facts)).toBe('no');
  });

  it('either end is told by the kernel where it knows', () => {
    const at = (sender: 'client' | 'server', bytes: Buffer): string =>
      memcachedDissector.recognise(bytes, { sender, senderPort: 1, receiverPort: 2, transport: 'unix' });
    expect(at('server', text('get a'))).toBe('no');
    expect(at('client', text('VALUE a 0 1', 'x'))).toBe('no');
    expect(at('server', text('VALUE a 0 1', 'x'))).toBe('response');
    expect(at('client', text('get a'))).toBe('either');
  });
});
