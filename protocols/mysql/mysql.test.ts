import { describe, expect, test } from 'vitest';
import type { RecognitionHints } from '../dissection/dissector.ts';
import { type Call, client, play, server } from '../testing/play.ts';
import {
  mysqlCommand,
  mysqlError,
  mysqlGreeting,
  mysqlLogin,
  mysqlOk,
  mysqlPacket,
  mysqlRows,
  u32le,
} from '../testing/wire.ts';
import { mysqlDissector } from './mysql.ts';

const hints: RecognitionHints = { sender: undefined, senderPort: 40000, receiverPort: 7000, transport: 'tcp' };
const onPort: Partial<RecognitionHints> = { receiverPort: 3306 };

function recognise(bytes: Buffer, over: Partial<RecognitionHints> = {}): string {
  return mysqlDissector.recognise(bytes, { ...hints, ...over });
}

function query(sql: string): Buffer {
  return mysqlCommand(3, sql);
}

function execute(id: number): Buffer {
  return mysqlCommand(0x17, Buffer.concat([u32le(id), Buffer.from([0]), u32le(1)]));
}

function prepareOk(id: number): Buffer {
  return mysqlPacket(1, Buffer.concat([Buffer.from([0]), u32le(id), Buffer.from([0, 0, 0, 0, 0, 0, 0])]));
}

describe('recognition', () => {
  test('tells greeting, login and commands', () => {
    expect(recognise(mysqlGreeting())).toBe('response');
    expect(recognise(mysqlGreeting('5.5.5-10.11.6-MariaDB'))).toBe('response');
    expect(recognise(mysqlLogin('root', 'shop'))).toBe('request');
    expect(recognise(query('select 1'))).toBe('request');
    expect(recognise(query('/* x */ select 1'))).toBe('request');
    expect(recognise(execute(1))).toBe('request');
  });

  test('waits when only the header is there', () => {
    expect(recognise(mysqlGreeting().subarray(0, 4))).toBe('undecided');
    expect(recognise(query('select 1').subarray(0, 4))).toBe('undecided');
  });

  test('believes commands without an argument on the usual port only', () => {
    expect(recognise(mysqlCommand(0x0e))).toBe('no');
    expect(recognise(mysqlCommand(0x0e), onPort)).toBe('request');
    expect(recognise(mysqlOk(1), { senderPort: 3306 })).toBe('response');
    expect(recognise(mysqlOk(1))).toBe('no');
  });
});

describe('connection', () => {
  const greeting = server(mysqlGreeting());

  test('a login names user and database, and is answered by the verdict', () => {
    const calls = [
      greeting,
      client(mysqlLogin('joe', 'shop')),
      server(mysqlPacket(2, Buffer.concat([Buffer.from([0xfe]), Buffer.from('caching_sha2_password\0salt')]))),
      client(mysqlPacket(3, Buffer.alloc(20, 1))),
      server(mysqlPacket(4, [1, 3])),
      server(mysqlOk(5)),
      client(query('select 1')),
      server(mysqlRows(['1'])),
    ];
    const { messages } = play(mysqlDissector, calls);
    expect(messages.map((message) => [message.kind, message.origin])).toEqual([
      ['request', 1],
      ['response', 5],
      ['request', 6],
      ['response', 7],
    ]);
    expect(messages[0]).toMatchObject({
      requestType: 'LOGIN',
      requestResource: 'joe',
      requestDomain: 'shop',
      version: '10',
    });
    expect(messages[2]).toMatchObject({ requestType: 'SELECT', requestDomain: 'shop', endpoint: 'select ?' });
  });

  test('a change to TLS ends the conversation', () => {
    const tls = mysqlPacket(1, Buffer.concat([u32le(0x0200 | 0x8000 | 0x800), Buffer.alloc(28)]));
    expect(play(mysqlDissector, [greeting, client(tls)])).toMatchObject({ desynchronized: true, messages: [] });
  });

  test('a refused login tells code and reason', () => {
    const calls = [greeting, client(mysqlLogin('joe', 'shop')), server(mysqlError(2, 1045, '28000', 'Access denied'))];
    expect(play(mysqlDissector, calls).responses).toMatchObject([
      { status: 'client_error', responseCode: 1045, exception: 'Access denied' },
    ]);
  });

  test('header and body read by separate calls are one request', () => {
    const bytes = query('select name from users where id = 7');
    const { requests } = play(mysqlDissector, [client(bytes.subarray(0, 4)), client(bytes.subarray(4))]);
    expect(requests).toMatchObject([{ origin: 0, offset: 0, endpoint: 'select name from users where id = ?' }]);
  });
});

describe('commands', () => {
  test('a statement whose rest was not captured is reported at once', () => {
    const bytes = query(`insert into t values (${'1,'.repeat(5000)}1)`);
    const calls = [
      client(bytes.subarray(0, 200), 8000),
      client(bytes.subarray(0, 32), bytes.length - 8000),
      server(mysqlOk(1, 9)),
    ];
    expect(play(mysqlDissector, calls).messages).toMatchObject([
      { kind: 'request', origin: 0, requestType: 'INSERT', endpoint: 'insert into t values (?' },
      { kind: 'response', result: '9 rows affected' },
    ]);
  });

  test('an execute is named after the statement it runs, until that is closed', () => {
    const calls = [
      client(mysqlCommand(0x16, 'update t set a = ? where b = 5')),
      server(prepareOk(7)),
      client(execute(7)),
      server(mysqlOk(1, 2)),
      client(Buffer.concat([mysqlCommand(0x19, u32le(7)), execute(7)])),
      server(mysqlError(1, 1243, 'HY000', 'Unknown prepared statement handler')),
    ];
    const { requests, responses } = play(mysqlDissector, calls);
    expect(requests.map((request) => [request.requestType, request.endpoint, request.expectsResponse])).toEqual([
      ['PREPARE', 'PREPARE update t set a = ? where b = ?', true],
      ['UPDATE', 'update t set a = ? where b = ?', true],
      ['CLOSE_STATEMENT', 'CLOSE_STATEMENT', false],
      ['EXECUTE', 'EXECUTE', true],
    ]);
    expect(responses.map((response) => response.status)).toEqual(['ok', 'ok', 'server_error']);
  });

  test('PREPARE and EXECUTE sent at once are told apart', () => {
    const calls = [
      client(Buffer.concat([mysqlCommand(0x16, 'select 1'), execute(0xffffffff)])),
      server(Buffer.concat([prepareOk(1), mysqlRows(['1'])])),
    ];
    const { requests, responses } = play(mysqlDissector, calls);
    expect(requests.map((request) => request.requestType)).toEqual(['PREPARE', 'SELECT']);
    expect(responses.map((response) => response.offset)).toEqual([0, 16]);
  });

  test('rows that go on answer nothing else', () => {
    const rows = mysqlRows(Array.from({ length: 600 }, (_, index) => `row ${index}`));
    const parts = [rows.subarray(0, 1000), rows.subarray(1000, 1003), rows.subarray(1003)];
    const calls = [
      client(query('select 1')),
      ...parts.map((part) => server(part)),
      client(query('select 2')),
      server(mysqlOk(1)),
    ];
    expect(play(mysqlDissector, calls).responses.map((response) => response.origin)).toEqual([1, 5]);
  });

  test('USE and INIT_DB name the database of what follows when they succeed', () => {
    const calls = [
      client(query('use `other`')),
      server(mysqlOk(1)),
      client(query('select 1')),
      server(mysqlRows(['1'])),
      client(mysqlCommand(2, 'third')),
      server(mysqlError(1, 1049, '42000', 'Unknown database')),
      client(query('select 2')),
    ];
    const { requests } = play(mysqlDissector, calls);
    expect(requests.map((request) => request.requestDomain)).toEqual(['', 'other', 'third', 'other']);
  });

  test('a local file is answered after it was sent', () => {
    const calls = [
      client(query("load data local infile 'x' into table t")),
      server(mysqlPacket(1, Buffer.from([0xfb, 0x78]))),
      client(Buffer.concat([mysqlPacket(2, 'a,b\n'), mysqlPacket(3, '')])),
      server(mysqlOk(4, 1)),
    ];
    expect(play(mysqlDissector, calls).responses).toMatchObject([{ origin: 3, result: '1 rows affected' }]);
  });

  test('query attributes stand before the statement and may carry the trace context', () => {
    const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const attributes = Buffer.concat([
      Buffer.from([1, 1, 0, 1, 0xfe, 0, 11]),
      Buffer.from(`traceparent`),
      Buffer.from([trace.length]),
      Buffer.from(trace),
    ]);
    const calls = [
      client(mysqlCommand(3, Buffer.concat([attributes, Buffer.from('select 1')]))),
      server(mysqlRows(['1'])),
      client(mysqlCommand(3, Buffer.concat([Buffer.from([0, 1]), Buffer.from('select 2')]))),
    ];
    expect(play(mysqlDissector, calls).requests).toMatchObject([
      { requestResource: 'select 1', headers: { traceId: '0af7651916cd43dd8448eb211c80319c' } },
      { requestResource: 'select 2', headers: { traceId: '' } },
    ]);
  });

  test('QUIT expects no answer', () => {
    expect(play(mysqlDissector, [client(mysqlCommand(1))]).requests).toMatchObject([{ expectsResponse: false }]);
  });
});

describe('trouble', () => {
  test('an answer in lost bytes is unknown, the next one is right', () => {
    const hole: Call = { ...server(Buffer.alloc(0), 100), startsMessage: false };
    const calls = [client(query('select 1')), hole, client(query('select 2')), server(mysqlOk(1))];
    expect(play(mysqlDissector, calls).responses.map((response) => response.status)).toEqual(['unknown', 'ok']);
  });

  test('an answer nobody was seen to ask for is not reported', () => {
    expect(
      play(mysqlDissector, [server(mysqlOk(1)), client(query('select 1')), server(mysqlOk(1))]).responses,
    ).toHaveLength(1);
  });

  test('whose fault an error is follows from SQLSTATE', () => {
    const calls = [
      [1064, '42000'],
      [1062, '23000'],
      [1213, '40001'],
      [1205, 'HY000'],
    ].flatMap(([code, state]) => [client(query('select 1')), server(mysqlError(1, Number(code), String(state), 'x'))]);
    expect(play(mysqlDissector, calls).responses.map((response) => response.status)).toEqual([
      'client_error',
      'client_error',
      'server_error',
      'server_error',
    ]);
  });
});
