import { describe, expect, test } from 'vitest';
import { type Call, client, play, server } from '../testing/play.ts';
import { mysqlCommand, mysqlFrame, mysqlGreeting, mysqlLogin, mysqlOk, mysqlRows } from '../testing/wire.ts';
import { mysqlDissector } from './mysql.ts';

const compress = 0x20;
const query = (sql: string): Buffer => mysqlCommand(3, sql);
const greeted = [server(mysqlGreeting()), client(mysqlLogin('joe', 'shop', compress)), server(mysqlOk(2))];
const recognise = (bytes: Buffer, senderPort = 40000, receiverPort = 3306) =>
  mysqlDissector.recognise(bytes, {
    sender: undefined,
    senderPort,
    receiverPort,
    transport: 'tcp',
    length: bytes.length,
  });
const brief = (calls: readonly Call[], ended = false) =>
  play(mysqlDissector, calls, ended).messages.map((message) =>
    message.kind === 'request'
      ? `${message.origin} ${message.endpoint}`
      : `${message.origin} ${message.kind === 'response' ? message.status : message.kind}`,
  );

describe('a connection that agreed on compression', () => {
  test('is read where its frames hold packets as they are', () => {
    const rows = mysqlRows(['one', 'two']);
    const calls = [
      ...greeted,
      client(mysqlFrame(0, query('select a from t where b = 1'))),
      server(Buffer.concat([mysqlFrame(1, rows.subarray(0, 5)), mysqlFrame(2, rows.subarray(5))])),
      client(mysqlFrame(0, mysqlCommand(0x0e))),
      server(mysqlFrame(1, mysqlOk(1))),
    ];
    expect(brief(calls)).toEqual(['1 LOGIN', '2 ok', '3 select a from t where b = ?', '4 ok', '5 PING', '6 ok']);
  });

  test('says nothing of what is compressed, and goes on behind it', () => {
    const calls = [
      ...greeted,
      client(mysqlFrame(0, query(`select '${'a'.repeat(100)}'`), true)),
      server(mysqlFrame(1, mysqlOk(1))),
      client(mysqlFrame(0, query('select 1'))),
      server(Buffer.concat([mysqlFrame(1, mysqlRows(Array<string>(20).fill('row')), true), mysqlFrame(2, mysqlOk(1))])),
      client(mysqlFrame(0, query('select 2'))),
      server(mysqlFrame(1, mysqlOk(1))),
    ];
    expect(brief(calls)).toEqual(['1 LOGIN', '2 ok', '5 select ?', '6 unknown', '7 select ?', '8 ok']);
  });

  test('is read cut anywhere', () => {
    const request = mysqlFrame(0, query('select a from t where b = 1'));
    const response = mysqlFrame(1, mysqlRows(['one']));
    for (const begun of [greeted, []]) {
      const whole = [...begun, client(request), server(response), client(request), server(mysqlFrame(1, mysqlOk(1)))];
      const expected = brief(whole).map((line) => line.slice(2));
      const cut = (bytes: Buffer, at: number, make: typeof client): Call[] => [
        make(bytes.subarray(0, at)),
        make(bytes.subarray(at)),
      ];
      for (let at = 4; at < request.length; at++)
        expect(
          brief([
            ...begun,
            ...cut(request, at, client),
            server(response),
            ...cut(request, at, client),
            whole.at(-1)!,
          ]).map((line) => line.slice(2)),
        ).toEqual(expected);
      for (let at = 1; at < response.length; at++)
        expect(
          brief([...begun, client(request), ...cut(response, at, server), ...whole.slice(-2)]).map((line) =>
            line.slice(2),
          ),
        ).toEqual(expected);
    }
  });

  test('is read without its login, and never where a packet reaches beyond its frame', () => {
    const calls = [client(mysqlFrame(0, query('use test'))), server(mysqlFrame(1, mysqlOk(1)))];
    expect(brief(calls)).toEqual(['0 use test', '1 ok']);
    const long = query('select 1').fill(0xff, 0, 1);
    expect(brief([...greeted, client(mysqlFrame(0, long)), server(mysqlFrame(1, mysqlOk(1)))])).toEqual([
      '1 LOGIN',
      '2 ok',
    ]);
  });

  test('is not found in a row of a response whose beginning was not seen', () => {
    // Behind the packet with the number of columns.
    const rows = mysqlRows(['abx^ which might begin what zlib wrote', 'x^x^x^x^x^x^x^x^']).subarray(5);
    expect(brief([server(rows), client(query('select 1')), server(mysqlOk(1))])).toEqual(['1 select ?', '2 ok']);
  });

  test('keeps to packets where only one end has it', () => {
    const calls = [greeted[0]!, client(mysqlLogin('joe', 'shop')), server(mysqlOk(2)), client(query('select 1'))];
    expect(brief([...calls, server(mysqlOk(1))])).toEqual(['1 LOGIN', '2 ok', '3 select ?', '4 ok']);
  });

  test('is recognised by a frame that holds a command, and never by compressed bytes', () => {
    const frame = mysqlFrame(0, query('use `test`'));
    expect(recognise(frame)).toBe('request');
    expect(recognise(frame.subarray(0, 7))).toBe('undecided');
    expect(recognise(mysqlFrame(0, query('select 1')), 40000, 7000)).toBe('request');
    expect(recognise(mysqlFrame(1, mysqlOk(1)), 3306, 40000)).toBe('response');
    for (let length = 50; length < 400; length++)
      expect(recognise(mysqlFrame(0, query('s'.repeat(length)), true))).toBe('no');
  });
});
