import { describe, expect, test } from 'vitest';
import type { Span } from '../schemas/generated/span.ts';
import { redisCommand, redisValue } from '../protocols/testing/wire.ts';
import { type ConnectionView, spansOfConnection, type Step } from './testing/connection.ts';

/** Whole Redis connections through the stage: the status that each command ends with, and what is said of it. */

const c = (...words: readonly string[]): Step => ['C', redisCommand(...words)];
const s = (text: string): Step => ['S', redisValue(text)];
const write = (...commands: readonly Step[]): Step => ['C', Buffer.concat(commands.map(([, bytes]) => bytes))];
const later = ([sender, bytes]: Step, afterMs: number): Step => [sender, bytes, afterMs];
const wrongType = '-WRONGTYPE Operation against a key holding the wrong kind of value\r\n';
const get = c('GET', 'a');
const gotOne = s('$1\r\n1\r\n');
const push = c('LPUSH', 'str', '1');
const refused = s(wrongType);

const row = (span: Span): string => `${span.requestType} ${span.status}`;
function rows(steps: readonly Step[], view?: ConnectionView): readonly string[] {
  return spansOfConnection(steps, view).map(row);
}

describe('doubt', () => {
  const overlap = [get, get, gotOne, get, gotOne, gotOne];
  const sets = Array.from({ length: 40 }, (_, index) => c('SET', `k${index}`, 'v'.repeat(30)));
  const doubtful = [...overlap, ...overlap, write(...sets), s('+OK\r\n'.repeat(40))];
  const alternating = (afterMs: number): readonly Step[] =>
    Array.from({ length: 5 }, () => [later(get, afterMs), gotOne, later(push, afterMs), refused]).flat();

  test('ends after a calm second, by the time of the events', () => {
    const right = Array.from({ length: 5 }, () => ['GET ok', 'LPUSH client_error']).flat();
    expect(rows([...doubtful, ...alternating(3000)], { budgetBytes: 512 }).slice(-10)).toEqual(right);
    expect(rows([...doubtful, ...alternating(1000)], { budgetBytes: 512 }).slice(-10)).toEqual(right);
    const busy = rows([...doubtful, ...alternating(998)], { budgetBytes: 512 }).slice(-10);
    expect(new Set(busy)).toEqual(new Set(['GET unknown', 'LPUSH unknown']));
  });

  test('leaves the commands before the hidden ones their replies', () => {
    expect(rows(doubtful, { budgetBytes: 512 }).slice(6)).toEqual(Array.from({ length: 9 }, () => 'SET ok'));
  });

  test('does not end while a reply is known to be on its way, however long that takes', () => {
    const waits = [...doubtful, write(get, c('BLPOP', 'queue', '0')), gotOne];
    const steps = [...waits, later(push, 3000), s('*2\r\n$5\r\nqueue\r\n$1\r\n1\r\n'), refused];
    expect(rows(steps, { budgetBytes: 512 }).slice(-1)).toEqual(['LPUSH unknown']);
    expect(rows([...steps, later(get, 1500), gotOne], { budgetBytes: 512 }).slice(-1)).toEqual(['GET ok']);
  });

  test('ends with a reply that only one of the commands can have', () => {
    const probe = [c('ECHO', 'probe-7f3a'), s('$10\r\nprobe-7f3a\r\n')];
    const proven = ['ECHO ok', 'LPUSH client_error', 'GET ok'];
    expect(rows([...doubtful, ...probe, push, refused, get, gotOne], { budgetBytes: 512 }).slice(-3)).toEqual(proven);
    const ping = [c('PING'), s('+PONG\r\n'), push, refused, get, gotOne];
    expect(rows([...doubtful, ...ping], { budgetBytes: 512 }).slice(-3)).toEqual(['PING ok', ...proven.slice(1)]);
    // The commands before it got theirs, unknown to us, and those behind it get their own.
    const among = [write(get, c('ECHO', 'probe-7f3a'), push), s('$1\r\n1\r\n$10\r\nprobe-7f3a\r\n' + wrongType)];
    expect(rows([...doubtful, ...among], { budgetBytes: 512 }).slice(-3)).toEqual([
      'GET unknown',
      'ECHO unknown',
      'LPUSH unknown',
    ]);
    expect(rows([...doubtful, ...among, get, gotOne, push, refused], { budgetBytes: 512 }).slice(-2)).toEqual([
      'GET ok',
      'LPUSH client_error',
    ]);
  });
});

describe('commands without reply', () => {
  test('CLIENT REPLY SKIP has none, nor has the next command', () => {
    const calls = [get, gotOne, write(c('CLIENT', 'REPLY', 'SKIP'), c('SET', 'k', 'v')), push, refused, get, gotOne];
    const spans = spansOfConnection([...calls, push, refused]);
    expect(spans.map(row)).toEqual([
      'GET ok',
      'CLIENT ok',
      'SET ok',
      'LPUSH client_error',
      'GET ok',
      'LPUSH client_error',
    ]);
    expect(spans.map((span) => span.responseEventId)).toEqual([2, 0, 0, 5, 7, 9]);
  });
});

describe('commands without reply, further', () => {
  const on = [c('CLIENT', 'REPLY', 'ON'), s('+OK\r\n')];
  const after = [push, refused, get, gotOne];
  const right = ['LPUSH client_error', 'GET ok'];

  test('CLIENT REPLY OFF has none, nor has any other until ON, and SKIP then changes nothing', () => {
    const off = write(c('CLIENT', 'REPLY', 'OFF'), get, c('CLIENT', 'REPLY', 'SKIP'), push);
    expect(rows([off, ...on, ...after]).slice(-3)).toEqual(['CLIENT ok', ...right]);
    expect(rows([c('client', 'reply', 'off'), get, get, ...on, ...after]).slice(-2)).toEqual(right);
    const inline: Step = ['C', Buffer.from('CLIENT  REPLY\t"OFF"\r\nGET a\r\n')];
    expect(rows([inline, ...on, ...after]).slice(-2)).toEqual(right);
  });

  test('SKIP twice skips one command more, and ON ends it', () => {
    const skip = c('CLIENT', 'REPLY', 'SKIP');
    expect(rows([write(skip, skip, get, push), refused, ...after])).toEqual([
      ...['CLIENT ok', 'CLIENT ok', 'GET ok', 'LPUSH client_error'],
      ...right,
    ]);
    expect(rows([write(skip, ...on.slice(0, 1), push), s('+OK\r\n' + wrongType), ...after]).slice(-3)).toEqual([
      'LPUSH client_error',
      ...right,
    ]);
  });

  test('what is no such command has its reply', () => {
    const odd = [c('CLIENT', 'REPLY', 'LATER'), s('-ERR syntax error\r\n'), c('CLIENT', 'REPLY'), s('-ERR wrong\r\n')];
    expect(rows([...odd, ...after])).toEqual(['CLIENT client_error', 'CLIENT client_error', ...right]);
  });

  test('in a transaction it counts from EXEC, whose array is short of what has no reply', () => {
    const queued = [c('MULTI'), s('+OK\r\n'), c('CLIENT', 'REPLY', 'SKIP'), s('+QUEUED\r\n'), get, s('+QUEUED\r\n')];
    const skipped = [...queued, c('EXEC'), s('*2\r\n$1\r\n1\r\n'), get, ...after];
    expect(rows(skipped).slice(-4)).toEqual(['EXEC ok', 'GET ok', ...right]);
    expect(rows([...queued, c('DISCARD'), s('+OK\r\n'), ...after]).slice(-3)).toEqual(['DISCARD ok', ...right]);
    expect(rows([...queued, c('EXEC'), s('*-1\r\n'), ...after]).slice(-3)).toEqual(['EXEC ok', ...right]);
  });

  test('a refused CLIENT REPLY changes nothing', () => {
    const refusals = [c('CLIENT', 'REPLY', 'OFF'), s('-NOAUTH Authentication required.\r\n')];
    const steps = [...refusals, c('AUTH', 'x'), s('+OK\r\n'), later(get, 2000), gotOne, push, refused];
    expect(rows(steps).slice(-2)).toEqual(['GET ok', 'LPUSH client_error']);
  });

  test('REPLCONF ACK is never answered: it is no span, and the stream of a replication answers nothing', () => {
    const sync = [
      c('PING'),
      s('+PONG\r\n'),
      c('REPLCONF', 'listening-port', '6380'),
      s('+OK\r\n'),
      c('PSYNC', '?', '-1'),
      s(`\n+FULLRESYNC ${'0123456789'.repeat(4)} 0\r\n`),
      s('$5\r\nREDIS'),
      c('REPLCONF', 'ACK', '0'),
      s('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n'),
      c('REPLCONF', 'ACK', '29'),
      s('*1\r\n$4\r\nPING\r\n*3\r\n$8\r\nREPLCONF\r\n$6\r\nGETACK\r\n$1\r\n*\r\n'),
      c('REPLCONF', 'ACK', '80'),
    ];
    for (const seenFrom of ['client', 'server'] as const)
      expect(rows(sync, { seenFrom, closes: true })).toEqual(['PING ok', 'REPLCONF ok', 'PSYNC ok']);
    expect(rows([c('SYNC'), s('$EOF:0123\r\nREDIS'), s('*1\r\n$4\r\nPING\r\n')], { closes: true })).toEqual([
      'SYNC ok',
    ]);
    // Between ordinary commands it shifts nothing either.
    expect(rows([write(get, c('REPLCONF', 'ACK', '1'), push), s('$1\r\n1\r\n' + wrongType)])).toEqual([
      'GET ok',
      'LPUSH client_error',
    ]);
  });

  test('a replication that began before is no span, whichever end is which', () => {
    const stream = [s('*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n'), c('REPLCONF', 'ACK', '29')];
    const steps = Array.from({ length: 6 }, () => stream).flat();
    expect(rows(steps, { port: 7000, closes: true })).toEqual([]);
    expect(rows(steps, { closes: true })).toEqual([]);
  });

  test('MONITOR is answered once, and what it shows answers nothing', () => {
    const line = s('+1339518083.107412 [0 127.0.0.1:60866] "keys" "*"\r\n');
    expect(rows([c('MONITOR'), s('+OK\r\n'), line, line, get, line, gotOne, push, refused])).toEqual([
      'MONITOR ok',
      'GET ok',
      'LPUSH client_error',
    ]);
  });
});

describe('what the server says unasked', () => {
  const confirm = (verb: string, channel: string, count: number, type = '*'): string =>
    `${type}3\r\n$${verb.length}\r\n${verb}\r\n$${channel.length}\r\n${channel}\r\n:${count}\r\n`;
  const message = '*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n';
  const list = '*3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\ny\r\n';

  test('each SUBSCRIBE has its own confirmation, and once all are ended arrays are replies again', () => {
    const steps = [
      write(c('SUBSCRIBE', 'a', 'b'), c('SUBSCRIBE', 'c')),
      s(confirm('subscribe', 'a', 1) + confirm('subscribe', 'b', 2)),
      s(message + confirm('subscribe', 'c', 3)),
      c('UNSUBSCRIBE'),
      s(message + confirm('unsubscribe', 'a', 2) + confirm('unsubscribe', 'b', 1) + confirm('unsubscribe', 'c', 0)),
      c('LRANGE', 'l', '0', '-1'),
      s(list),
      push,
      refused,
    ];
    const spans = spansOfConnection(steps);
    expect(spans.map((span) => `${row(span)} ${span.responseEventId}`)).toEqual([
      'SUBSCRIBE ok 2',
      'SUBSCRIBE ok 3',
      'UNSUBSCRIBE ok 5',
      'LRANGE ok 7',
      'LPUSH client_error 9',
    ]);
  });

  test('a list that looks like a message is a reply where nothing is subscribed, and in RESP3', () => {
    const lrange = [c('LRANGE', 'l', '0', '-1'), s(list), push, refused];
    expect(rows(lrange)).toEqual(['LRANGE ok', 'LPUSH client_error']);
    const hello = [c('HELLO', '3'), s('%1\r\n$5\r\nproto\r\n:3\r\n')];
    const subscribe = [c('SUBSCRIBE', 'a'), s(confirm('subscribe', 'a', 1, '>'))];
    const pushed = s('>3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n');
    expect(rows([...hello, ...subscribe, pushed, ...lrange])).toEqual([
      'HELLO ok',
      'SUBSCRIBE ok',
      'LRANGE ok',
      'LPUSH client_error',
    ]);
  });

  test('a push between two commands of one connection shifts nothing', () => {
    const pushed = s('>2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n');
    const steps = [c('HELLO', '3'), s('%0\r\n'), get, pushed, push, s('$1\r\n1\r\n' + wrongType), get, gotOne];
    expect(rows(steps)).toEqual(['HELLO ok', 'GET ok', 'LPUSH client_error', 'GET ok']);
  });

  test('a reply whose head is cut when the client goes on shifts nothing', () => {
    expect(rows([get, s('$1'), push, s('\r\n1\r\n' + wrongType), get, gotOne])).toEqual([
      'GET ok',
      'LPUSH client_error',
      'GET ok',
    ]);
  });

  test('a subscription that is refused has one reply, however many channels', () => {
    expect(rows([c('SUBSCRIBE', 'a', 'b'), s('-NOPERM no\r\n'), get, gotOne, push, refused])).toEqual([
      'SUBSCRIBE client_error',
      'GET ok',
      'LPUSH client_error',
    ]);
  });

  test('the reply to a command that timed out is not taken for that of the next one', () => {
    const popped = s('*2\r\n$1\r\nq\r\n$1\r\n1\r\n');
    const waits = [c('BLPOP', 'q', '0'), later(push, 100_000), later(get, 21_000), later(popped, 9000)];
    const steps = [...waits, s(`${wrongType}$1\r\n1\r\n`), push, refused];
    expect(rows(steps, { batchEvents: 1 })).toEqual([
      'BLPOP timeout',
      'LPUSH client_error',
      'GET ok',
      'LPUSH client_error',
    ]);
  });
});

describe('what a command changes counts from its success', () => {
  const seen = (steps: readonly Step[]): readonly string[] =>
    spansOfConnection(steps).map((span) => `${span.requestType} ${span.requestDomain} ${span.protocolVersion}`.trim());
  const ok = s('+OK\r\n');
  const queued = s('+QUEUED\r\n');
  const outOfRange = '-ERR DB index is out of range\r\n';

  test('SELECT', () => {
    expect(seen([c('SELECT', '99'), s(outOfRange), get, gotOne])).toEqual(['SELECT', 'GET']);
    expect(seen([c('SELECT', '2'), ok, get, gotOne])).toEqual(['SELECT', 'GET 2']);
    expect(seen([write(c('SELECT', '2'), get), s('+OK\r\n$1\r\n1\r\n')])).toEqual(['SELECT', 'GET 2']);
    expect(seen([write(c('SELECT', '99'), get), s(`${outOfRange}$1\r\n1\r\n`)])).toEqual(['SELECT', 'GET']);
    expect(seen([write(c('SELECT', '2'), c('SELECT', '99'), get), s(`+OK\r\n${outOfRange}$1\r\n1\r\n`)])).toEqual([
      'SELECT',
      'SELECT 2',
      'GET 2',
    ]);
  });

  test('HELLO', () => {
    const refusal = s('-NOPROTO unsupported protocol version\r\n');
    expect(seen([c('HELLO', '3'), refusal, get, gotOne])).toEqual(['HELLO', 'GET']);
    expect(seen([c('HELLO', '3'), s('%0\r\n'), get, gotOne])).toEqual(['HELLO', 'GET  3']);
  });

  test('in a transaction with EXEC, by the value that is its own', () => {
    const begun = [c('MULTI'), ok, c('SELECT', '3'), queued, get, queued];
    const last = (steps: readonly Step[]): string | undefined => seen([...begun, ...steps, get, gotOne]).at(-1);
    expect(last([c('EXEC'), s('*2\r\n+OK\r\n*2\r\n$1\r\na\r\n-ERR x\r\n')])).toBe('GET 3');
    expect(last([c('EXEC'), s(`*2\r\n${outOfRange}$1\r\n1\r\n`)])).toBe('GET');
    expect(last([c('EXEC'), s('*-1\r\n')])).toBe('GET');
    expect(last([c('EXEC'), s('-EXECABORT Transaction discarded because of previous errors.\r\n')])).toBe('GET');
    expect(last([c('DISCARD'), ok])).toBe('GET');
  });

  test('RESET ends a transaction, silence, a subscription, the database and protocol 3', () => {
    const reset = [c('RESET'), s('+RESET\r\n'), get, gotOne, push, refused];
    const before = [c('HELLO', '3'), s('%0\r\n'), c('SELECT', '2'), ok];
    expect(seen([...before, ...reset]).slice(-3)).toEqual(['RESET 2 3', 'GET', 'LPUSH']);
    const right = ['RESET ok', 'GET ok', 'LPUSH client_error'];
    expect(rows([c('MULTI'), ok, get, queued, ...reset]).slice(-3)).toEqual(right);
    expect(rows([c('CLIENT', 'REPLY', 'OFF'), get, ...reset]).slice(-3)).toEqual(right);
    expect(rows([c('SUBSCRIBE', 'a'), s('*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n'), ...reset]).slice(-3)).toEqual(
      right,
    );
  });
});

describe('connections older than the capture', () => {
  const json = c('JSON.GET', 'doc', '.a');
  const four = Array.from({ length: 4 }, () => [json, gotOne]).flat();
  const ends = (steps: readonly Step[], view: ConnectionView = {}): readonly string[] =>
    spansOfConnection(steps, { port: 7000, closes: true, ...view }).map(
      (span) => `${row(span)} ${span.client.address.join('.')}`,
    );

  test('a command that is in no list is known by what the other end says to it', () => {
    const right = Array.from({ length: 4 }, () => 'JSON.GET ok 10.0.0.1');
    expect(ends(four)).toEqual(right);
    expect(ends(four, { seenFrom: 'server' })).toEqual(right.map((one) => one.replace('0.0.1', '0.0.2')));
  });

  test('so it is where the command or its reply comes in two pieces', () => {
    const [, command] = json;
    const [, reply] = gotOne;
    for (let cut = 1; cut < command.length; cut++)
      expect(ends([['C', command.subarray(0, cut)], ['C', command.subarray(cut)], gotOne])).toEqual([
        'JSON.GET ok 10.0.0.1',
      ]);
    for (let cut = 1; cut < reply.length; cut++)
      expect(ends([json, ['S', reply.subarray(0, cut)], ['S', reply.subarray(cut)]])).toEqual(['JSON.GET ok 10.0.0.1']);
    const known = get[1];
    for (let cut = 1; cut < known.length; cut++)
      expect(ends([['C', known.subarray(0, cut)], ['C', known.subarray(cut)], gotOne])).toEqual(['GET ok 10.0.0.1']);
  });

  test('a reply that reads like a command does not swap the ends', () => {
    // The first thing seen is the reply to an LRANGE over a list of commands.
    const steps = [
      s('*2\r\n$3\r\nGET\r\n$1\r\nx\r\n'),
      c('LRANGE', 'l', '0', '-1'),
      s('*1\r\n$3\r\nSET\r\n'),
      get,
      gotOne,
    ];
    expect(ends([...steps, push, refused])).toEqual(['GET ok 10.0.0.1', 'LPUSH client_error 10.0.0.1']);
  });

  test('arrays from both ends tell nothing; the first other value does', () => {
    const search = [c('FT.SEARCH', 'idx', '*'), s('*1\r\n$5\r\nalice\r\n')];
    expect(ends([...search, ...search])).toEqual([]);
    expect(ends([...search, json, gotOne])).toEqual(['JSON.GET ok 10.0.0.1']);
    expect(ends([c('FT.SEARCH', 'idx', '*'), s('*2\r\n:1\r\n$5\r\ndoc:1\r\n')])).toEqual(['FT.SEARCH ok 10.0.0.1']);
  });
});

test('inline commands: several in one write, with tabs and quotes, and longer than what is captured', () => {
  const typed: Step = ['C', Buffer.from('GET\ta\r\n\r\n SET "my \\x6bey" \'v w\'\nLPUSH str 1\r\nJSON.GET doc\r\n')];
  const spans = spansOfConnection([typed, s(`$1\r\n1\r\n+OK\r\n${wrongType}$2\r\n{}\r\n`)]);
  expect(spans.map((span) => `${span.requestResource} ${span.status}`)).toEqual([
    'GET a ok',
    'SET my key ok',
    'LPUSH str client_error',
    'JSON.GET doc ok',
  ]);
  const long: Step = ['C', Buffer.from(`SET key ${'v'.repeat(5000)}\r\n`)];
  const cut = spansOfConnection([long, s('+OK\r\n'), get, gotOne, push, refused], { budgetBytes: 512 });
  expect(cut.map((span) => `${span.requestResource} ${span.status}`)).toEqual([
    'SET key ok',
    'GET a ok',
    'LPUSH str client_error',
  ]);
});

describe('replies larger than what is captured', () => {
  const alternating = Array.from({ length: 5 }, () => [c('SET', 'a', '1'), s('+OK\r\n'), push, refused]).flat();
  const right = Array.from({ length: 5 }, () => ['SET ok', 'LPUSH client_error']).flat();
  const turn = [write(c('SET', 'a', '1'), c('INCR', 'n')), s('+OK\r\n:1\r\n')];
  const turns = Array.from({ length: 6 }, () => turn).flat();
  const pair = `*2\r\n$5\r\nworld\r\n$40\r\n${'v'.repeat(40)}\r\n`;
  const reads = [c('HMGET', 'h', 'q'), ...Array.from({ length: 10 }, () => c('HMGET', 'h', 'a', 'b'))];
  const pipeline = [write(...reads), s(`*1\r\n$62\r\n${'k'.repeat(62)}\r\n${pair.repeat(10)}`)];

  test('a client that takes turns is certain again at once', () => {
    expect(rows([...turns, ...pipeline, ...alternating], { budgetBytes: 512 }).slice(-10)).toEqual(right);
  });

  test('null values in an array keep its framing', () => {
    const steps = [
      get,
      gotOne,
      c('MGET', 'a', 'missing', 'b'),
      s('*3\r\n$1\r\n1\r\n$-1\r\n$1\r\n2\r\n'),
      push,
      refused,
    ];
    expect(rows([...steps, get, gotOne])).toEqual(['GET ok', 'MGET ok', 'LPUSH client_error', 'GET ok']);
  });

  test('wherever the budget cuts, no command has the reply of another', () => {
    const run = [...turns, ...pipeline, ...alternating];
    const whole = rows(run);
    for (let budgetBytes = 40; budgetBytes < 720; budgetBytes += 7)
      for (const [index, span] of spansOfConnection(run, { budgetBytes }).slice(-10).entries())
        expect([whole.slice(-10)[index], `${span.requestType} unknown`]).toContain(row(span));
  });
});

test('errors of a cluster and of a server that is not ready say whose fault they are', () => {
  const status = (error: string): string => rows([get, s(`-${error}\r\n`)])[0]!.replace('GET ', '');
  expect(['MOVED 3999 127.0.0.1:6381', 'ASK 3999 127.0.0.1:6381', 'CROSSSLOT x', 'NOAUTH x'].map(status)).toEqual(
    Array.from({ length: 4 }, () => 'client_error'),
  );
  const server = [
    'LOADING x',
    'CLUSTERDOWN x',
    'TRYAGAIN x',
    'MASTERDOWN x',
    'READONLY x',
    'ERR max number of clients reached',
  ];
  expect(server.map(status)).toEqual(server.map(() => 'server_error'));
  expect(status('EXECABORT Transaction discarded because of: OOM command not allowed')).toBe('server_error');
});
