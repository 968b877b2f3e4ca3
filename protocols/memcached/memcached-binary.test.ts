import { describe, expect, it } from 'vitest';
import { type Call, client, server, withBudget } from '../testing/play.ts';
import { cutEverywhere, playSocket } from '../testing/play-socket.ts';
import { binaryRequest as ask, binaryResponse as say, setExtras } from './testing/memcached-wire.ts';

const [get, set, incr, getQuietly, noop, version, getKeyQuietly, setQuietly, stats] = [
  0x00, 0x01, 0x05, 0x09, 0x0a, 0x0b, 0x0d, 0x11, 0x10,
];
const flags = Buffer.alloc(4);

function calls(conversation: readonly Call[], port = 11211): (readonly [string, string, string, number])[] {
  return playSocket(conversation, port).played.map(({ request, response }) => [
    request.requestResource,
    response?.status ?? '-',
    response === undefined ? '' : response.exception || response.result,
    response?.responseCode ?? 0,
  ]);
}

const session: readonly Call[] = [
  client(ask(set, { extras: setExtras, key: 'a', value: 'hello' })),
  server(say(set)),
  client(ask(get, { key: 'a' })),
  server(say(get, { extras: flags, value: 'hello' })),
  client(ask(get, { key: 'b' })),
  server(say(get, { status: 1, value: 'Not found' })),
  client(ask(set, { extras: setExtras, key: 'a', value: 'x' })),
  server(say(set, { status: 2, value: 'Data exists for key.' })),
  client(ask(incr, { extras: Buffer.alloc(20), key: 'a' })),
  server(say(incr, { status: 6, value: 'Non-numeric server-side value for incr or decr' })),
  client(ask(set, { extras: setExtras, key: 'a', value: 'x' })),
  server(say(set, { status: 0x82, value: 'Out of memory' })),
  client(ask(stats)),
  server(say(stats, { key: 'pid', value: '1' }), undefined),
  server(say(stats, { key: 'threads', value: '4' })),
  server(say(stats)),
  client(ask(version)),
  server(say(version, { value: '1.6.18' })),
];
const sessionCalls = [
  ['set a', 'ok', '', 0],
  ['get a', 'ok', '', 0],
  ['get b', 'ok', 'miss', 0],
  ['set a', 'ok', 'EXISTS', 0],
  ['incr a', 'client_error', 'Non-numeric server-side value for incr or decr', 6],
  ['set a', 'server_error', 'Out of memory', 0x82],
  ['stats', 'ok', '', 0],
  ['version', 'ok', '', 0],
];

describe('binary', () => {
  it('each request has its response; what is not there or not stored is no error', () => {
    expect(calls(session)).toEqual(sessionCalls);
  });

  it('the same with any message in two pieces', () => {
    for (const cut of cutEverywhere(session)) expect(calls(cut)).toEqual(sessionCalls);
  });

  it('a multi-get: quiet requests without a response were misses', () => {
    const conversation = [
      client(
        Buffer.concat([
          ask(getKeyQuietly, { key: 'a', opaque: 1 }),
          ask(getKeyQuietly, { key: 'b', opaque: 2 }),
          ask(getKeyQuietly, { key: 'c', opaque: 3 }),
          ask(noop, { opaque: 4 }),
        ]),
      ),
      server(
        Buffer.concat([
          say(getKeyQuietly, { key: 'b', extras: flags, value: 'x', opaque: 2 }),
          say(noop, { opaque: 4 }),
        ]),
      ),
    ];
    const expected = [
      ['get a', 'ok', 'miss', 0],
      ['get b', 'ok', '', 0],
      ['get c', 'ok', 'miss', 0],
      ['noop', 'ok', '', 0],
    ];
    expect(calls(conversation)).toEqual(expected);
    for (const cut of cutEverywhere(conversation)) expect(calls(cut)).toEqual(expected);
  });

  it('a response of a quiet request that comes before the noop was sent', () => {
    const conversation = [
      client(ask(getQuietly, { key: 'a', opaque: 1 })),
      server(say(getQuietly, { extras: flags, value: 'x', opaque: 1 })),
      client(Buffer.concat([ask(setQuietly, { extras: setExtras, key: 'b', value: 'y', opaque: 2 }), ask(noop)])),
      server(say(noop)),
    ];
    expect(calls(conversation)).toEqual([
      ['get a', 'ok', '', 0],
      ['set b', 'ok', '', 0],
      ['noop', 'ok', '', 0],
    ]);
  });

  it('quiet requests of one opaque are told by the key, and without one not at all', () => {
    const by = (operation: number, key: string): Call[] => [
      client(Buffer.concat([ask(operation, { key: 'a' }), ask(operation, { key: 'b' }), ask(noop)])),
      server(Buffer.concat([say(operation, { key, extras: flags, value: 'x' }), say(noop)])),
    ];
    expect(calls(by(getKeyQuietly, 'b')).map(([, status, result]) => `${status} ${result}`)).toEqual([
      'ok miss',
      'ok ',
      'ok ',
    ]);
    expect(calls(by(getQuietly, '')).map(([, status]) => status)).toEqual(['unknown', 'unknown', 'ok']);
  });

  it('values that were not captured are passed over', () => {
    const value = 'x'.repeat(5000);
    const conversation = [
      client(ask(set, { extras: setExtras, key: 'a', value })),
      server(say(set)),
      client(ask(get, { key: 'a' })),
      server(say(get, { extras: flags, value })),
      client(ask(get, { key: 'b' })),
      server(say(get, { status: 1, value: 'Not found' })),
    ];
    expect(calls(withBudget(conversation, 512, 32))).toEqual(calls(conversation));
  });
});
