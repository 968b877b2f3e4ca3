import { describe, expect, test } from 'vitest';
import type { RecognitionHints } from '../dissection/dissector.ts';
import { type Call, client, play, server } from '../testing/play.ts';
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
import { postgresqlDissector } from './postgresql.ts';

const hints: RecognitionHints = { sender: undefined, senderPort: 40000, receiverPort: 7000, transport: 'tcp' };

function recognise(bytes: Buffer, over: Partial<RecognitionHints> = {}): string {
  return postgresqlDissector.recognise(bytes, { ...hints, ...over });
}

function query(sql: string): Buffer {
  return message('Q', `${sql}\0`);
}

const startup = postgresqlStartup(0x30000, 'user\0joe\0database\0shop\0\0');
const sslRequest = postgresqlStartup(80877103);

describe('recognition', () => {
  test('tells first messages, queries and batches', () => {
    expect(recognise(startup)).toBe('request');
    expect(recognise(sslRequest)).toBe('request');
    expect(recognise(query('select 1'))).toBe('request');
    expect(recognise(postgresqlRun('select 1'))).toBe('request');
    expect(recognise(postgresqlExecute('s1'))).toBe('request');
    expect(recognise(query(`select ${'a,'.repeat(4000)} 1`).subarray(0, 512))).toBe('request');
  });

  test('tells responses by their own marks or the port', () => {
    expect(recognise(error('ERROR', '42601', 'syntax error'))).toBe('response');
    expect(recognise(rows(['1'], true))).toBe('response');
    expect(recognise(message('R', u32(0)))).toBe('response');
    expect(recognise(rows(['1'], false), { senderPort: 5432 })).toBe('response');
    expect(recognise(ready)).toBe('no');
  });

  test('refuses what only begins alike', () => {
    expect(recognise(Buffer.from('QUIT\r\n'))).toBe('no');
    expect(recognise(Buffer.from('PING\r\n'))).toBe('no');
    expect(recognise(Buffer.from('\0\0\0\x10\0\0\0\0aaaaaaaa'))).toBe('no');
    expect(recognise(query('select 1'), { transport: 'udp' })).toBe('no');
  });
});

describe('connection', () => {
  const accepted = server(
    Buffer.concat([message('R', u32(0)), message('S', 'TimeZone\0UTC\0'), message('K', u32(1), u32(2)), ready]),
  );

  test('a login names user and database, and is answered by the verdict', () => {
    const calls = [
      client(sslRequest),
      server(Buffer.from('N')),
      client(startup),
      server(message('R', u32(10), 'SCRAM-SHA-256\0\0')),
      client(message('p', 'SCRAM-SHA-256\0', u32(3), 'abc')),
      server(message('R', u32(11), 'x')),
      client(message('p', 'y')),
      accepted,
      client(query('select 1')),
      server(rows(['1'], false)),
    ];
    const { messages } = play(postgresqlDissector, calls);
    expect(messages).toMatchObject([
      {
        kind: 'request',
        origin: 2,
        requestType: 'LOGIN',
        requestResource: 'joe',
        requestDomain: 'shop',
        version: '3.0',
      },
      { kind: 'response', origin: 7, status: 'ok' },
      { kind: 'request', origin: 8, requestType: 'SELECT', requestDomain: 'shop', endpoint: 'select ?' },
      { kind: 'response', origin: 9, status: 'ok', result: 'SELECT 1' },
    ]);
  });

  test('a change to TLS ends the conversation', () => {
    expect(play(postgresqlDissector, [client(sslRequest), server(Buffer.from('S'))])).toMatchObject({
      desynchronized: true,
      messages: [],
    });
  });

  test('a refused login tells why', () => {
    const calls = [client(startup), server(error('FATAL', '53300', 'sorry, too many clients already'))];
    expect(play(postgresqlDissector, calls).responses).toMatchObject([
      { status: 'server_error', exception: 'FATAL 53300: sorry, too many clients already' },
    ]);
  });

  test('cancel and terminate expect no answer', () => {
    const cancel = postgresqlStartup(80877102, 'xxxxyyyy');
    expect(play(postgresqlDissector, [client(cancel)]).requests).toMatchObject([
      { requestType: 'CANCEL', expectsResponse: false },
    ]);
    expect(play(postgresqlDissector, [client(message('X'))]).requests).toMatchObject([
      { requestType: 'TERMINATE', expectsResponse: false },
    ]);
  });
});

describe('queries', () => {
  test('several statements in one query are one request', () => {
    const answer = Buffer.concat([message('C', 'BEGIN\0'), message('C', 'UPDATE 2\0'), ready]);
    const { requests, responses } = play(postgresqlDissector, [
      client(query('begin; update t set a = 1')),
      server(answer),
    ]);
    expect(requests).toHaveLength(1);
    expect(responses).toMatchObject([{ status: 'ok', result: 'BEGIN' }]);
  });

  test('an error behind the first result decides', () => {
    const answer = Buffer.concat([message('C', 'BEGIN\0'), error('ERROR', '40001', 'could not serialize'), ready]);
    expect(play(postgresqlDissector, [client(query('begin; select 1')), server(answer)]).responses).toMatchObject([
      { status: 'server_error' },
    ]);
  });

  test('the extended protocol up to Sync is one request, named after its statement', () => {
    const calls = [
      client(postgresqlRun('select name from users where id = $1', 's1')),
      server(rows(['a'], true)),
      client(postgresqlExecute('s1')),
      server(rows(['a', 'b'], true)),
    ];
    expect(play(postgresqlDissector, calls).messages).toMatchObject([
      { kind: 'request', requestType: 'SELECT', endpoint: 'select name from users where id = ?' },
      { kind: 'response', result: 'SELECT 1' },
      { kind: 'request', requestType: 'SELECT', endpoint: 'select name from users where id = ?' },
      { kind: 'response', result: 'SELECT 2' },
    ]);
  });

  test('batches sent at once are answered one for one, also when one fails', () => {
    const failed = Buffer.concat([error('ERROR', '42P01', 'relation "x" does not exist'), ready]);
    const calls = [
      client(Buffer.concat([postgresqlRun('select 1'), postgresqlRun('select * from x'), postgresqlRun('select 3')])),
      server(Buffer.concat([rows(['1'], true), failed, rows(['3'], true)])),
    ];
    const { requests, responses } = play(postgresqlDissector, calls);
    expect(requests.map((request) => request.requestResource)).toEqual(['select 1', 'select * from x', 'select 3']);
    expect(responses.map((response) => response.status)).toEqual(['ok', 'client_error', 'ok']);
  });

  test('a statement prepared with Flush is a request of its own', () => {
    const prepare = Buffer.concat([
      message('P', 's\0insert into t values ($1)\0', u16(0)),
      message('D', 'Ss\0'),
      message('H'),
    ]);
    const prepared = Buffer.concat([message('1'), message('t', u16(1), u32(23)), message('n')]);
    const calls = [
      client(prepare),
      server(prepared),
      client(postgresqlExecute('s')),
      server(Buffer.concat([message('2'), message('n'), message('C', 'INSERT 0 1\0'), ready])),
    ];
    expect(play(postgresqlDissector, calls).messages).toMatchObject([
      { kind: 'request', requestType: 'PREPARE', endpoint: 'PREPARE insert into t values (?)' },
      { kind: 'response', origin: 1, status: 'ok' },
      { kind: 'request', requestType: 'INSERT' },
      { kind: 'response', origin: 3, result: 'INSERT 0 1' },
    ]);
  });

  test('after a failed Flush the lone Sync is not a request', () => {
    const prepare = Buffer.concat([message('P', 's\0selec\0', u16(0)), message('D', 'Ss\0'), message('H')]);
    const calls = [
      client(prepare),
      server(error('ERROR', '42601', 'syntax error')),
      client(message('S')),
      server(ready),
      client(query('select 1')),
      server(rows(['1'], false)),
    ];
    const { messages } = play(postgresqlDissector, calls);
    expect(messages.map((one) => [one.kind, one.origin])).toEqual([
      ['request', 0],
      ['response', 1],
      ['request', 4],
      ['response', 5],
    ]);
  });

  test('COPY is answered when the data was taken', () => {
    const calls = [
      client(query('copy t from stdin')),
      server(message('G', Buffer.from([0]), u16(0))),
      client(Buffer.concat([message('d', '1\n'), message('c')])),
      server(Buffer.concat([message('C', 'COPY 1\0'), ready])),
    ];
    expect(play(postgresqlDissector, calls).responses).toMatchObject([{ origin: 3, result: 'COPY 1' }]);
  });

  test('notifications answer nothing', () => {
    const notification = message('A', u32(7), 'channel\0payload\0');
    const calls = [
      server(notification),
      client(query('select 1')),
      server(Buffer.concat([notification, rows(['1'], false)])),
    ];
    expect(play(postgresqlDissector, calls).responses).toMatchObject([{ origin: 2, offset: notification.length }]);
  });

  test('a function call is answered', () => {
    const calls = [client(message('F', u32(1), u16(0, 0, 0))), server(Buffer.concat([message('V', u32(0)), ready]))];
    expect(play(postgresqlDissector, calls).messages).toMatchObject([
      { requestType: 'FUNCTION_CALL' },
      { status: 'ok' },
    ]);
  });
});

describe('what was not captured', () => {
  test('a long result is answered at once by what is there', () => {
    const long = rows(
      Array.from({ length: 500 }, () => 'value'),
      true,
    );
    const calls = [
      client(postgresqlRun('select v from t')),
      server(long.subarray(0, 512), 6000),
      server(long.subarray(6000, 6032), long.length - 6000),
      client(query('select 1')),
      server(rows(['1'], false)),
    ];
    expect(play(postgresqlDissector, calls).responses).toMatchObject([
      { origin: 1, status: 'ok' },
      { origin: 4, status: 'ok' },
    ]);
  });

  test('a long statement is reported at once, its Sync taken to follow', () => {
    const batch = postgresqlRun(`insert into t values (${'1, '.repeat(2000)}1)`);
    const calls = [
      client(batch.subarray(0, 512), batch.length),
      server(rows([], true)),
      client(query('select 1')),
      server(rows(['1'], false)),
    ];
    const { requests, responses } = play(postgresqlDissector, calls);
    expect(requests.map((request) => request.requestType)).toEqual(['INSERT', 'SELECT']);
    expect(responses).toHaveLength(2);
  });

  test('an answer in lost bytes is unknown, the next one is right', () => {
    const hole: Call = { ...server(Buffer.alloc(0), 300), startsMessage: false };
    const calls = [client(query('select 1')), hole, client(query('select 2')), server(rows(['2'], false))];
    expect(play(postgresqlDissector, calls).responses.map((response) => response.status)).toEqual(['unknown', 'ok']);
  });
});
