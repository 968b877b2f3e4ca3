import { describe, expect, it } from 'vitest';
import { type Call, client, play, server, withBudget } from '../testing/play.ts';
import { cutEverywhere, playSocket } from '../testing/play-socket.ts';
import { memcachedDissector } from './memcached.ts';
import { text } from './testing/memcached-wire.ts';

/** What came of each request: its resource, status and result or exception; '-' where it has no response. */
function calls(conversation: readonly Call[], port = 11211): string[] {
  return playSocket(conversation, port).played.map(({ request, response }) =>
    [
      request.requestResource,
      ...(request.expectsResponse ? [] : ['one-way']),
      ...(response === undefined ? ['-'] : [response.status, response.exception || response.result]),
    ]
      .filter((part) => part !== '')
      .join(': '),
  );
}

const all: readonly Call[] = [
  client(text('set a 7 60 5', 'hello')),
  server(text('STORED')),
  client(text('get a')),
  server(text('VALUE a 7 5', 'hello', 'END')),
  client(text('get nothing')),
  server(text('END')),
  client(text('gets a b c')),
  server(text('VALUE a 7 5 12', 'hello', 'VALUE c 0 3 13', 'END', 'END')),
  client(text('cas a 0 0 1 12', 'x')),
  server(text('EXISTS')),
  client(text('add a 0 0 1', 'x')),
  server(text('NOT_STORED')),
  client(text('incr n 5')),
  server(text('12')),
  client(text('touch a 9')),
  server(text('TOUCHED')),
  client(text('gat 10 a')),
  server(text('VALUE a 7 5', 'hello', 'END')),
  client(text('delete a')),
  server(text('DELETED')),
  client(text('delete a')),
  server(text('NOT_FOUND')),
  client(text('incr a x')),
  server(text('CLIENT_ERROR invalid numeric delta argument')),
  client(text('set big 0 0 3', 'abc')),
  server(text('SERVER_ERROR object too large for cache')),
  client(text('stats')),
  server(text('STAT pid 1', 'STAT version 1.6.18', 'END')),
  client(text('version')),
  server(text('VERSION 1.6.18')),
  client(text('flush_all')),
  server(text('OK')),
  client(text('quit')),
];
const allCalls = [
  'set a: ok: STORED',
  'get a: ok',
  'get nothing: ok: miss',
  'gets a b c: ok',
  'cas a: ok: EXISTS',
  'add a: ok: NOT_STORED',
  'incr n: ok: 12',
  'touch a: ok: TOUCHED',
  'gat a: ok',
  'delete a: ok: DELETED',
  'delete a: ok: NOT_FOUND',
  'incr a: client_error: CLIENT_ERROR invalid numeric delta argument',
  'set big: server_error: SERVER_ERROR object too large for cache',
  'stats: ok',
  'version: ok: VERSION 1.6.18',
  'flush_all: ok: OK',
  'quit: one-way: -',
];

describe('text', () => {
  it('each command has its response; what is not there or not stored is no error', () => {
    expect(calls(all)).toEqual(allCalls);
  });

  it('the same with a command and a response in any two pieces, and all in single bytes', () => {
    for (const cut of cutEverywhere(all)) expect(calls(cut)).toEqual(allCalls);
    const single = all.flatMap(({ sender, bytes }) => [...bytes].map((byte) => ({ sender, bytes: Buffer.of(byte) })));
    expect(calls(single)).toEqual(allCalls);
  });

  it('endpoint and type are the command, whatever the key', () => {
    const { requests } = play(memcachedDissector, all);
    expect(new Set(requests.map(({ endpoint, requestType }) => endpoint === requestType))).toEqual(new Set([true]));
  });

  it('pipelined requests, and values that look like commands', () => {
    const conversation = [
      client(text('set a 0 0 20', 'get b\r\nget c\r\nget d\r', 'get a', 'get b')),
      server(text('STORED', 'VALUE a 0 20', 'END\r\nEND\r\nEND\r\nEND\r\n', 'END', 'END')),
    ];
    expect(calls(conversation)).toEqual(['set a: ok: STORED', 'get a: ok', 'get b: ok: miss']);
  });

  it('noreply: no response is waited for', () => {
    const conversation = [
      client(text('set a 0 0 1 noreply', 'x', 'delete b noreply', 'get noreply')),
      server(text('END')),
    ];
    expect(calls(conversation)).toEqual(['set a: one-way: -', 'delete b: one-way: -', 'get noreply: ok: miss']);
  });

  it('values that were not captured are passed over', () => {
    const value = 'x'.repeat(5000);
    const conversation = withBudget(
      [
        client(text('set a 0 0 5000', value)),
        server(text('STORED')),
        client(text('get a')),
        server(text('VALUE a 0 5000', value, 'END')),
        client(text('get b')),
        server(text('END')),
      ],
      512,
      32,
    );
    expect(calls(conversation)).toEqual(['set a: ok: STORED', 'get a: ok', 'get b: ok: miss']);
  });

  it('a command whose end is hidden, and those behind it', () => {
    const conversation = [
      client(text('get a')),
      server(text('END')),
      client(text('get a b').subarray(0, 7), 400),
      server(text('VALUE a 0 1', 'x', 'END')),
      client(text('get c')),
      server(text('END')),
    ];
    expect(calls(conversation)).toEqual(['get a: ok: miss', 'get a: ok', 'get c: ok: miss']);
  });

  it('a connection that was there before the capture', () => {
    const conversation = [server(text('VALUE a 0 1', 'x', 'END')), client(text('get b')), server(text('END'))];
    expect(calls(conversation)).toEqual(['get b: ok: miss']);
  });

  it('an unknown command is answered by an error', () => {
    const conversation = [client(text('get a')), server(text('END')), client(text('gte a')), server(text('ERROR'))];
    expect(calls(conversation)).toEqual(['get a: ok: miss', 'gte: client_error: ERROR']);
  });

  it('watch: what follows is a log', () => {
    const conversation = [
      client(text('watch fetchers')),
      server(text('OK')),
      server(text('ts=1.2 gid=1 type=item_get key=a status=found')),
      client(text('get a')),
    ];
    expect(calls(conversation)).toEqual(['watch: ok: OK']);
  });
});

describe('meta commands', () => {
  it('each has its response', () => {
    const conversation = [
      client(text('ms a 5 T60', 'hello')),
      server(text('HD')),
      client(text('mg a v t')),
      server(text('VA 5 t59', 'hello')),
      client(text('mg b v')),
      server(text('EN')),
      client(text('ma n')),
      server(text('NF')),
      client(text('md a')),
      server(text('HD')),
      client(text('me a')),
      server(text('ME a exp=-1 la=3')),
    ];
    const expected = ['ms a: ok', 'mg a: ok', 'mg b: ok: miss', 'ma n: ok: NOT_FOUND', 'md a: ok', 'me a: ok'];
    expect(calls(conversation)).toEqual(expected);
    for (const cut of cutEverywhere(conversation)) expect(calls(cut)).toEqual(expected);
  });

  it('quiet ones that say nothing are settled by the next response; those that do are told by what they repeat', () => {
    const conversation = [
      client(text('mg a v q O1', 'mg b v q O2', 'mg c v q k', 'ms d 1 q', 'x', 'mn')),
      server(text('VA 1 O2', 'y', 'VA 1 kc', 'z', 'MN')),
      client(text('mg a v')),
      server(text('EN')),
    ];
    expect(calls(conversation)).toEqual([
      'mg a: ok: miss',
      'mg b: ok',
      'mg c: ok',
      'ms d: ok',
      'mn: ok',
      'mg a: ok: miss',
    ]);
  });

  it('a response that several quiet ones may have says nothing of any of them', () => {
    const conversation = [
      client(text('mg a v q', 'mg b v q', 'md c q', 'mn')),
      server(text('VA 1', 'x', 'MN')),
      client(text('mg d v')),
      server(text('VA 1', 'x')),
    ];
    expect(calls(conversation)).toEqual(['mg a: unknown', 'mg b: unknown', 'md c: ok', 'mn: ok', 'mg d: ok']);
  });

  it('quiet ones in front of one of the same kind leave all of them unknown, until the client has waited', () => {
    const conversation = [
      client(text('mg a v q', 'mg b v')),
      server(text('VA 1', 'x', 'VA 1', 'y')),
      { ...client(text('mg c v')), afterPause: true },
      server(text('EN')),
    ];
    expect(calls(conversation)).toEqual(['mg a: unknown', 'mg b: unknown', 'mg c: ok: miss']);
  });
});
