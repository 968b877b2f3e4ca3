import { describe, expect, test } from 'vitest';
import { type Call, client, play, server, withBudget } from '../testing/play.ts';
import { cutEverywhere, hexCalls, playSocket } from '../testing/play-socket.ts';
import {
  mysqlCommand,
  mysqlError,
  mysqlGreeting,
  mysqlLogin,
  mysqlOk,
  mysqlPacket,
  mysqlRows,
} from '../testing/wire.ts';
import { mysqlDissector } from './mysql.ts';

const moreResults = 0x08;

function query(sql: string): Call {
  return client(mysqlCommand(3, sql));
}

/** An OK packet with these status flags. */
function ok(sequence: number, flags: number, affectedRows = 0): Buffer {
  return mysqlPacket(sequence, [0, affectedRows, 0, flags, 0, 0, 0]);
}

/** A definition of a column. */
const column = Buffer.from('03646566000000013100 0c3f000100000008810000000'.replaceAll(' ', '').padEnd(46, '0'), 'hex');

/** A result set without the EOF packet behind definitions, closed by an OK packet that begins with 0xfe. */
function rowsWithoutEof(values: readonly (Buffer | string)[], flags: number, firstSequence = 1): Buffer {
  let sequence = firstSequence;
  return Buffer.concat([
    mysqlPacket(sequence++, [1]),
    mysqlPacket(sequence++, column),
    ...values.map((value) => mysqlPacket(sequence++, typeof value === 'string' ? text(value) : value)),
    mysqlPacket(sequence, [0xfe, 0, 0, flags, 0, 0, 0]),
  ]);
}

/** The packets up to the rows, then this one instead of a row. */
function insteadOfRow(packet: (sequence: number) => Buffer, withEof: boolean, rows = 0): Buffer {
  const parts = [mysqlPacket(1, [1]), mysqlPacket(2, column)];
  if (withEof) parts.push(mysqlPacket(3, [0xfe, 0, 0, 2, 0]));
  for (let row = 0; row < rows; row++) parts.push(mysqlPacket(parts.length + 1, text('x')));
  return Buffer.concat([...parts, packet(parts.length + 1)]);
}

function text(value: string): Buffer {
  return Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
}

function statuses(calls: readonly Call[], ended = true): unknown[] {
  return play(mysqlDissector, calls, ended).responses.map(({ status, responseCode }) => [status, responseCode]);
}

const progress = (sequence: number): Buffer =>
  mysqlPacket(sequence, Buffer.from('ffffff01010210270011636f707920746f20746d70207461626c65', 'hex'));

describe('reports of progress', () => {
  const calls = hexCalls(`
    C 1d00000003414c544552205441424c4520707220454e47494e453d496e6e6f4442
    S 1b000001ffffff01010210270011636f707920746f20746d70207461626c65
    S 0700000200030002000000
    C 090000000353454c4543542031
    S 0100000101`);

  test('are no errors: the response is what follows them', () => {
    expect(playSocket(calls, 3306, true).played).toMatchObject([
      {
        request: { requestType: 'ALTER' },
        response: { status: 'ok', result: '3 rows affected', origin: 2, offset: 0 },
      },
      { request: { requestType: 'SELECT' }, response: { status: 'ok' } },
    ]);
    for (const cut of cutEverywhere(calls)) {
      expect(playSocket(cut, 3306, true).played.map((call) => call.response?.status)).toEqual(['ok', 'ok']);
    }
  });

  test('may be many, before an error too, and leave the status open where the rest is hidden', () => {
    const many = Buffer.concat([1, 2, 3].map(progress));
    expect(
      statuses([query('alter table t'), server(Buffer.concat([many, mysqlError(4, 1062, '23000', 'x')]))]),
    ).toEqual([['client_error', 1062]]);
    expect(
      statuses([query('alter table t'), server(many, many.length + 100), query('select 1'), server(mysqlOk(1))]),
    ).toEqual([
      ['unknown', 0],
      ['ok', 0],
    ]);
    expect(statuses([query('alter table t'), server(many)])).toEqual([['unknown', 0]]);
    const among = insteadOfRow(progress, true, 1);
    expect(statuses([query('select 1'), server(Buffer.concat([among, mysqlError(6, 1062, '23000', 'x')]))])).toEqual([
      ['client_error', 1062],
    ]);
  });

  test('a cut before the number leaves open which of the two it is', () => {
    expect(statuses([query('alter table t'), server(progress(1).subarray(0, 5), 31)])).toEqual([['unknown', 0]]);
  });
});

describe('errors behind the first packet', () => {
  const secondFails = hexCalls(`
    C 1f0000000353454c45435420313b2053454c454354202a2046524f4d206e6f73756368
    S 010000010117000002036465660000000131000c3f000100000008810000000005000003fe00000a0002000004013105000005fe00000a0027000006ff7a042334325330325461626c652027742e6e6f737563682720646f65736e2774206578697374
    C 090000000353454c4543542032
    S 0100000101`);

  test('an error of a later result is the status, at the place of the first', () => {
    const expected = [
      { status: 'client_error', responseCode: 1146, exception: "Table 't.nosuch' doesn't exist", origin: 1, offset: 0 },
      { status: 'ok', responseCode: 0, origin: 3 },
    ];
    for (const calls of [secondFails, withBudget(secondFails, 512, 32)])
      expect(playSocket(calls, 3306, true).played.map((call) => call.response)).toMatchObject(expected);
    for (const cut of cutEverywhere(secondFails)) {
      expect(playSocket(cut, 3306, true).played.map((call) => call.response?.status)).toEqual(['client_error', 'ok']);
    }
  });

  test('a hidden later result leaves what was seen, and shifts nothing', () => {
    const calls = secondFails.map((call, index) =>
      index === 1 ? { ...call, bytes: call.bytes.subarray(0, 60), length: call.bytes.length } : call,
    );
    expect(playSocket(calls, 3306, true).played.map((call) => [call.response?.status, call.response?.origin])).toEqual([
      ['ok', 1],
      ['ok', 3],
    ]);
  });

  test('results of every kind follow one another', () => {
    const results = Buffer.concat([
      ok(1, moreResults, 3),
      rowsWithoutEof(['a'], moreResults, 2),
      mysqlError(6, 1064, '42000', 'x'),
    ]);
    expect(statuses([query('update t; select 1; selec'), server(results)])).toEqual([['client_error', 1064]]);
    const good = Buffer.concat([ok(1, moreResults, 3), ok(2, 2, 4)]);
    expect(play(mysqlDissector, [query('a; b'), server(good)]).responses).toMatchObject([
      { status: 'ok', result: '3 rows affected', declaredBytes: 0 },
    ]);
  });

  test.each([true, false])('an error comes instead of a row (EOF behind definitions: %s)', (withEof) => {
    for (const rows of [0, 1, 5]) {
      const failed = insteadOfRow((sequence) => mysqlError(sequence, 1242, '21000', 'more than 1 row'), withEof, rows);
      const calls = [query('select 1'), server(failed), query('select 2'), server(mysqlOk(1))];
      expect(statuses(calls)).toEqual([
        ['client_error', 1242],
        ['ok', 0],
      ]);
    }
  });

  test('an error cut before its SQLSTATE is no fault of anyone', () => {
    const failed = mysqlError(1, 1051, '42S02', 'Unknown table');
    expect(statuses([query('drop table t'), server(failed.subarray(0, 8), failed.length)])).toEqual([
      ['unknown', 1051],
    ]);
  });
});

describe('what is no error', () => {
  test('rows, definitions and the content of packets of 16 MiB that begin with 0xff', () => {
    const odd = Buffer.concat([Buffer.from([0xff]), Buffer.from('z\x04'), Buffer.from('HY000 no error')]);
    expect(statuses([query('select 1'), server(rowsWithoutEof([odd], 2))])).toEqual([['ok', 0]]);
    const most = Buffer.alloc(0xffffff, 0x61);
    const error = mysqlError(5, 1064, '42000', 'part of a value').subarray(4);
    const bytes = Buffer.concat([
      insteadOfRow((sequence) => mysqlPacket(sequence, most), true),
      mysqlPacket(5, error),
      mysqlPacket(6, [0xfe, 0, 0, 2, 0]),
    ]);
    expect(statuses([query('select 1'), server(bytes), query('select 2'), server(mysqlOk(1))])).toEqual([
      ['ok', 0],
      ['ok', 0],
    ]);
  });

  test('binary rows, rows with a null first, empty result sets, cursors', () => {
    const executed = client(mysqlCommand(0x17, Buffer.from('0100000000010000 00'.replaceAll(' ', ''), 'hex')));
    const binary = Buffer.from([0, 0, 0xff, 0xff, 0xff, 0xff]);
    for (const row of [binary, Buffer.from([0xfb])]) {
      for (const answer of [rowsWithoutEof([row], 2), insteadOfRow((sequence) => mysqlPacket(sequence, row), true)]) {
        expect(statuses([executed, server(answer)])).toEqual([['ok', 0]]);
      }
    }
    const empty = insteadOfRow((sequence) => mysqlPacket(sequence, [0xfe, 0, 0, 2, 0]), true);
    expect(statuses([query('select 1'), server(empty), query('select 2'), server(mysqlOk(1))])).toHaveLength(2);
    const cursor = Buffer.concat([mysqlPacket(1, [1]), mysqlPacket(2, column), mysqlPacket(3, [0xfe, 0, 0, 0x42, 0])]);
    const fetch = client(mysqlCommand(0x1c, Buffer.from('0100000001000000', 'hex')));
    const fetched = Buffer.concat([mysqlPacket(1, binary), mysqlPacket(2, [0xfe, 0, 0, 0x82, 0])]);
    expect(statuses([executed, server(cursor), fetch, server(fetched)], false)).toEqual([
      ['ok', 0],
      ['ok', 0],
    ]);
    const failed = Buffer.concat([mysqlPacket(1, binary), mysqlError(2, 1317, '70100', 'interrupted')]);
    expect(statuses([fetch, server(failed)], false)).toEqual([['server_error', 1317]]);
  });

  test('result sets without definitions, as MariaDB and MySQL say so', () => {
    const end = mysqlPacket(3, [0xfe, 0, 0, 2, 0, 0, 0]);
    for (const head of [
      [1, 0],
      [0, 1],
    ]) {
      const answer = Buffer.concat([mysqlPacket(1, head), mysqlPacket(2, text('x')), end]);
      expect(statuses([query('select 1'), server(answer)], false)).toEqual([['ok', 0]]);
    }
  });

  test('a request for a local file, whose content is no command whatever its sequence', () => {
    const parts = Array.from({ length: 300 }, (_, index) => mysqlPacket(2 + index, '\x03select 1'));
    const content = Buffer.concat([...parts, mysqlPacket(302, '')]);
    const calls = [
      query("load data local infile 'x' into table t; select 1"),
      server(mysqlPacket(1, Buffer.from([0xfb, 0x78]))),
      client(content),
      server(Buffer.concat([ok(47, moreResults, 300), mysqlError(48, 1064, '42000', 'x')])),
    ];
    const { requests, responses } = play(mysqlDissector, calls);
    expect(requests).toHaveLength(1);
    expect(responses).toMatchObject([{ status: 'client_error', responseCode: 1064, origin: 3 }]);
  });
});

describe('order', () => {
  test.each([true, false])(
    'a PREPARE is answered once, whatever it has of definitions (EOF behind them: %s)',
    (withEof) => {
      for (const [parameters, columns] of [
        [0, 0],
        [2, 0],
        [0, 3],
        [2, 3],
        [200, 60],
      ] as const) {
        const packets = [mysqlPacket(1, [0, 7, 0, 0, 0, columns, 0, parameters, 0, 0, 0, 0])];
        for (const count of [parameters, columns]) {
          for (let index = 0; index < count; index++) packets.push(mysqlPacket(packets.length + 1, column));
          if (withEof && count > 0) packets.push(mysqlPacket(packets.length + 1, [0xfe, 0, 0, 2, 0]));
        }
        const calls = [
          client(mysqlCommand(0x16, 'select ?')),
          server(Buffer.concat(packets)),
          query('selec'),
          server(mysqlError(1, 1064, '42000', 'x')),
        ];
        expect(statuses(calls)).toEqual([
          ['ok', 0],
          ['client_error', 1064],
        ]);
      }
    },
  );

  test('a command of 16 MiB is answered behind its last sequence', () => {
    const first = mysqlPacket(
      0,
      Buffer.concat([Buffer.from('\x03insert into t values ('), Buffer.alloc(0xffffff - 23, 0x31)]),
    );
    const calls = [
      client(first.subarray(0, 512), first.length),
      client(mysqlPacket(1, '1)')),
      server(mysqlOk(2, 1)),
      query('select 1'),
      server(mysqlRows(['1'])),
    ];
    expect(first.readUIntLE(0, 3)).toBe(0xffffff);
    expect(play(mysqlDissector, calls).responses).toMatchObject([
      { origin: 2, result: '1 rows affected' },
      { origin: 4, status: 'ok' },
    ]);
  });

  test('pipelined commands keep their own status, also when the client asks among rows', () => {
    const failed = insteadOfRow((sequence) => mysqlError(sequence, 1242, '21000', 'x'), true, 3);
    const calls = [
      client(Buffer.concat([mysqlCommand(3, 'select 1'), mysqlCommand(3, 'select 2')])),
      server(failed.subarray(0, 50)),
      query('select 3'),
      server(Buffer.concat([failed.subarray(50), mysqlOk(1), mysqlRows(['1'])])),
    ];
    expect(statuses(calls, false)).toEqual([
      ['client_error', 1242],
      ['ok', 0],
      ['ok', 0],
    ]);
  });

  test('rows past 255 packets answer nothing else', () => {
    const rows = rowsWithoutEof(
      Array.from({ length: 600 }, (_, index) => `row ${index}`),
      2,
    );
    const failed = insteadOfRow((sequence) => mysqlError(sequence, 1242, '21000', 'x'), false, 511);
    const calls = [query('select 1'), server(rows), query('select 2'), server(failed), query('select 3')];
    expect(statuses([...calls, server(mysqlOk(1))])).toEqual([
      ['ok', 0],
      ['client_error', 1242],
      ['ok', 0],
    ]);
  });
});

describe('login', () => {
  test('an empty answer to another method is a packet of its own', () => {
    const calls = hexCalls(`
      S 440000000a382e302e333600414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141414141
      C 410000010da60f0000000001210000000000000000000000000000000000000000000000726f6f74000073686f700063616368696e675f736861325f70617373776f726400
      S 2c000002fe6d7973716c5f6e61746976655f70617373776f726400424242424242424242424242424242424242424200
      C 00000003
      S 0700000400000002000000
      C 150000000353454c454354202a2046524f4d206e6f73756368
      S 2a000001ff7a042334325330325461626c65202773686f702e6e6f737563682720646f65736e2774206578697374
      C 090000000353454c4543542031
      S 0100000101`);
    const expected = [
      ['LOGIN', 'root', 'ok', 0],
      ['SELECT', 'SELECT * FROM nosuch', 'client_error', 1146],
      ['SELECT', 'SELECT 1', 'ok', 0],
    ];
    for (const way of [calls, withBudget(calls, 512, 32), ...cutEverywhere(calls)]) {
      const { played } = playSocket(way, 7000, true);
      expect(
        played.map(({ request, response }) => [
          request.requestType,
          request.requestResource,
          response?.status,
          response?.responseCode,
        ]),
      ).toEqual(expected);
    }
  });

  test('an answer of more than 250 bytes stands before the database', () => {
    const login = mysqlLogin('joe', 'shop', 0x200000);
    const cut = login.indexOf('joe\0') + 4;
    const long = Buffer.concat([login.subarray(4, cut), Buffer.from([0xfc, 0x2c, 0x01]), Buffer.alloc(300, 1)]);
    const packet = mysqlPacket(1, Buffer.concat([long, Buffer.from('shop\0')]));
    expect(play(mysqlDissector, [server(mysqlGreeting()), client(packet)]).requests).toMatchObject([
      { requestType: 'LOGIN', requestDomain: 'shop' },
    ]);
  });
});
