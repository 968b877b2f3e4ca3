import { describe, expect, test } from 'vitest';
import { type Call, client, server, withBudget } from '../testing/play.ts';
import { cutEverywhere, hexCalls, playSocket } from '../testing/play-socket.ts';
import {
  postgresql as message,
  postgresqlError as error,
  postgresqlExecute,
  postgresqlReady as ready,
  postgresqlRows as rows,
  postgresqlRun,
  postgresqlStartup,
  u16,
  u32,
} from '../testing/wire.ts';

const query = (sql: string): Buffer => message('Q', `${sql}\0`);
const copyIn = message('G', Buffer.from([0]), u16(0));
const copyOut = message('H', Buffer.from([0]), u16(0));
const data = message('d', '1\n');
const copyDone = message('c');
const copyFail = message('f', 'no more\0');
const sync = message('S');
const bound = Buffer.concat([message('1'), message('2'), message('n')]);
const complete = (tag: string): Buffer => message('C', `${tag}\0`);
const failure = error('ERROR', '22P04', 'extra data');

function from(...parts: readonly Buffer[]): Call {
  return client(Buffer.concat(parts));
}

function to(...parts: readonly Buffer[]): Call {
  return server(Buffer.concat(parts));
}

function told(calls: readonly Call[]): string[] {
  return playSocket(calls, 5432).played.map(({ request, response }) =>
    [request.requestType, response?.status, response?.result, response?.origin].join(' '),
  );
}

const next = [from(query('select 1')), to(rows(['1'], false))];

describe('COPY', () => {
  test('in a simple query', () => {
    expect(
      told([
        from(query('copy t from stdin')),
        to(copyIn),
        from(data, copyDone),
        to(complete('COPY 1'), ready),
        ...next,
      ]),
    ).toEqual(['COPY ok COPY 1 3', 'SELECT ok SELECT 1 5']);
    expect(
      told([from(query('copy t from stdin')), to(copyIn), from(data, copyFail), to(failure, ready), ...next]),
    ).toEqual(['COPY client_error  3', 'SELECT ok SELECT 1 5']);
    expect(
      told([from(query('copy t to stdout')), to(copyOut, data, data, copyDone, complete('COPY 2'), ready), ...next]),
    ).toEqual(['COPY ok COPY 2 1', 'SELECT ok SELECT 1 3']);
    expect(told([from(query('copy t to stdout')), to(copyOut, data, failure, ready), ...next])).toEqual([
      'COPY client_error  1',
      'SELECT ok SELECT 1 3',
    ]);
  });

  test('in the extended protocol the server ignores the Sync before the data, and answers the one behind', () => {
    const asked = [client(postgresqlRun('copy t from stdin')), to(bound, copyIn)];
    const done = to(complete('COPY 1'), ready);
    for (const sent of [
      [from(data, data, copyDone, sync)],
      [from(data), from(data, copyDone), from(sync)],
      [from(data, sync, copyDone, sync)],
    ])
      expect(told([...asked, ...sent, done, ...next, ...next]).map((line) => line.slice(0, -2).trim())).toEqual([
        'COPY ok COPY 1',
        'SELECT ok SELECT 1',
        'SELECT ok SELECT 1',
      ]);
    for (const answer of [to(failure, ready)])
      expect(told([...asked, from(data, copyFail, sync), answer, ...next])).toEqual([
        'COPY client_error  1',
        'SELECT ok SELECT 1 5',
      ]);
    expect(told([...asked, from(data), to(failure), from(sync), to(ready), ...next])[1]).toMatch(/^SELECT ok/);
    const out = to(bound, copyOut, data, copyDone, complete('COPY 1'), ready);
    expect(told([client(postgresqlRun('copy t to stdout')), out, ...next])).toEqual([
      'COPY ok COPY 1 1',
      'SELECT ok SELECT 1 3',
    ]);
  });
});

describe('function calls', () => {
  const call = message('F', u32(1), u16(0, 0, 0));

  test('are answered in order, also when they fail', () => {
    const answers = to(message('V', u32(0)), ready, rows(['1'], false), failure, ready);
    expect(told([...next, from(call, query('select 1'), call), answers])).toEqual([
      'SELECT ok SELECT 1 1',
      'FUNCTION_CALL ok  3',
      'SELECT ok SELECT 1 3',
      'FUNCTION_CALL client_error  3',
    ]);
  });
});

describe('login', () => {
  const startup = postgresqlStartup(0x30000, 'user\0joe\0database\0shop\0\0');
  const accepted = to(message('R', u32(0)), message('S', 'TimeZone\0UTC\0'), message('K', u32(1), u32(2)), ready);

  test('encryption that is refused, once or twice, is no answer to the login', () => {
    const ssl = client(postgresqlStartup(80877103));
    const gss = client(postgresqlStartup(80877104));
    const no = server(Buffer.from('N'));
    for (const before of [[ssl, no], [gss, no], [gss, no, ssl, no], []]) {
      const calls = [...before, client(startup), accepted, ...next];
      for (const way of [calls, ...cutEverywhere(calls)])
        expect(told(way).map((line) => line.replace(/ \d+$/, ''))).toEqual(['LOGIN ok ', 'SELECT ok SELECT 1']);
    }
  });

  test('an old server answers with an error, in pieces too', () => {
    const calls = [client(postgresqlStartup(80877103)), to(error('FATAL', '0A000', 'unsupported frontend protocol'))];
    for (const way of [calls, ...cutEverywhere(calls)])
      expect(playSocket(way, 5432)).toMatchObject({ protocol: 'postgresql', messages: [] });
  });
});

describe('lengths that other protocols have too', () => {
  test('a Parse of 17 and a Query of 17', () => {
    const commit = hexCalls(`
      C 5000000011535f3100434f4d4d4954000000420000000f00535f3100000000000000450000000900000000005300000004
      S 31000000043200000004430000000b434f4d4d4954005a0000000549
      C 510000000d53454c454354203500
      S 430000000d53454c4543542031005a0000000549`);
    const queries = hexCalls(`
      C 510000001153454c454354206e6f77282900
      S 430000000d53454c4543542031005a0000000549
      C 510000002344454c4554452046524f4d206f72646572732057484552452069643d313700
      S 430000000d44454c4554452031005a0000000549
      C 510000000d53454c454354203500
      S 430000000d53454c4543542031005a0000000549`);
    for (const calls of [commit, withBudget(commit, 512, 32), ...cutEverywhere(commit)]) {
      const { played } = playSocket(calls, 5432, true);
      expect(played.map(({ request, response }) => [request.requestResource, response?.status])).toEqual([
        ['COMMIT', 'ok'],
        ['SELECT 5', 'ok'],
      ]);
    }
    for (const calls of [queries, withBudget(queries, 512, 32), ...cutEverywhere(queries)]) {
      const { played } = playSocket(calls, 5432, true);
      expect(played.map(({ request, response }) => [request.requestResource, response?.result])).toEqual([
        ['SELECT now()', 'SELECT 1'],
        ['DELETE FROM orders WHERE id=17', 'DELETE 1'],
        ['SELECT 5', 'SELECT 1'],
      ]);
    }
  });
});

describe('what was not captured', () => {
  test('a long statement ended by Flush shifts nothing', () => {
    const prepare = Buffer.concat([
      message('P', `s\0select ${'a, '.repeat(400)}b\0`, u16(0)),
      message('D', 'Ss\0'),
      message('H'),
    ]);
    const prepared = to(message('1'), message('t', u16(0)), message('n'));
    const calls = [
      client(prepare.subarray(0, 512), prepare.length),
      prepared,
      client(postgresqlExecute('s')),
      to(message('2'), message('n'), error('ERROR', '22012', 'division by zero'), ready),
      ...next,
    ];
    expect(told(calls)).toEqual(['SELECT ok  1', 'SELECT client_error  3', 'SELECT ok SELECT 1 5']);
  });

  test('requests behind what was captured take no status of others', () => {
    const batch = Buffer.concat([
      message('P', '\0insert into a\0', u16(0)),
      message('B', '\0\0', u16(0, 0, 0)),
      message('E', '\0', u32(0)),
      message('P', `\0insert into b values (${'1, '.repeat(400)})\0`, u16(0)),
      message('B', '\0\0', u16(0, 0, 0)),
      message('E', '\0', u32(0)),
      message('P', '\0delete from c\0', u16(0)),
      message('B', '\0\0', u16(0, 0, 0)),
      message('E', '\0', u32(0)),
      sync,
    ]);
    const ok = (tag: string): Buffer => Buffer.concat([message('1'), message('2'), complete(tag)]);
    const sent = client(batch.subarray(0, 512), batch.length);
    expect(told([sent, to(ok('INSERT 0 1'), ok('INSERT 0 2'), message('1'), failure, ready), ...next])).toEqual([
      'INSERT ok INSERT 0 1 1',
      'INSERT unknown  1',
      'SELECT ok SELECT 1 3',
    ]);
    expect(told([sent, to(ok('INSERT 0 1'), message('1'), failure, ready), ...next])).toEqual([
      'INSERT ok INSERT 0 1 1',
      'INSERT client_error  1',
      'SELECT ok SELECT 1 3',
    ]);
    const long = Buffer.concat([ok('INSERT 0 1'), Buffer.alloc(2000)]);
    expect(told([sent, server(long.subarray(0, 30), long.length), ...next])).toEqual([
      'INSERT ok INSERT 0 1 1',
      'INSERT unknown  1',
      'SELECT ok SELECT 1 3',
    ]);
  });
});
