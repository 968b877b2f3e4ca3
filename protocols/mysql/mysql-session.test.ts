import { describe, expect, test } from 'vitest';
import { type Call, client, play, server } from '../testing/play.ts';
import { hexCalls, playSocket } from '../testing/play-socket.ts';
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

function query(sql: string): Call {
  return client(mysqlCommand(3, sql));
}

/** Database of a query behind these calls. */
function databaseAfter(...calls: readonly Call[]): string | undefined {
  const before = [server(mysqlGreeting()), client(mysqlLogin('joe', 'shop')), server(mysqlOk(2))];
  return play(mysqlDissector, [...before, ...calls, query('select 9')]).requests.at(-1)?.requestDomain;
}

const done = server(mysqlOk(1));
const refused = server(mysqlError(1, 1049, '42000', 'Unknown database'));
const hole: Call = { ...server(Buffer.alloc(0), 100), startsMessage: false };

function changeUser(database: string): Call {
  const secret = Buffer.concat([Buffer.from([20]), Buffer.alloc(20, 0x2a)]);
  const tail = Buffer.from(`${database}\0\x21\0mysql_native_password\0`);
  return client(mysqlCommand(0x11, Buffer.concat([Buffer.from('ann\0'), secret, tail])));
}

describe('the database in use', () => {
  test('changes with what succeeds, and with nothing that fails', () => {
    expect(databaseAfter()).toBe('shop');
    expect(databaseAfter(query('use other'), done)).toBe('other');
    expect(databaseAfter(query('use other'), refused)).toBe('shop');
    expect(databaseAfter(client(mysqlCommand(2, 'other')), done)).toBe('other');
    expect(databaseAfter(client(mysqlCommand(2, 'other')), refused)).toBe('shop');
    expect(databaseAfter(changeUser('other'), done)).toBe('other');
    expect(databaseAfter(changeUser('other'), refused)).toBe('shop');
    expect(databaseAfter(changeUser(''), done)).toBe('');
    expect(databaseAfter(client(mysqlCommand(0x1f)), done)).toBe('shop');
  });

  test('a change of user may need more than one answer', () => {
    const switched = server(mysqlPacket(1, Buffer.concat([Buffer.from([0xfe]), Buffer.from('other_method\0salt')])));
    const more = client(mysqlPacket(2, Buffer.alloc(40, 0x2a)));
    expect(databaseAfter(changeUser('other'), switched, more, server(mysqlOk(3)))).toBe('other');
    expect(databaseAfter(changeUser('other'), switched, more, server(mysqlError(3, 1045, '28000', 'x')))).toBe('shop');
  });

  test('is not known after a change whose outcome is hidden', () => {
    expect(databaseAfter(query('use other'), hole)).toBe('');
    expect(databaseAfter(changeUser('other'), hole)).toBe('');
    expect(databaseAfter(query('select 1'), hole)).toBe('shop');
  });

  test('a USE among several statements', () => {
    const more = mysqlPacket(1, [0, 0, 0, 0x0a, 0, 0, 0]);
    expect(databaseAfter(query('use other; select 1'), server(Buffer.concat([more, mysqlRows(['1'], 2)])))).toBe(
      'other',
    );
    const failed = mysqlError(2, 1146, '42S02', 'x');
    expect(databaseAfter(query('use other; select 1'), server(Buffer.concat([more, failed])))).toBe('other');
    expect(databaseAfter(query('select 1; use `a;b`'), server(Buffer.concat([more, mysqlOk(2)])))).toBe('a;b');
    expect(databaseAfter(query('update t; use other'), server(Buffer.concat([more, failed])))).toBe('');
    expect(databaseAfter(query('use 2nd'), done)).toBe('2nd');
  });

  test('a dropped database is none', () => {
    expect(databaseAfter(query('drop database if exists `shop`'), done)).toBe('');
    expect(databaseAfter(query('drop database other'), done)).toBe('shop');
    expect(databaseAfter(query('drop database shop'), refused)).toBe('shop');
  });

  test('the server says so where both track the session', () => {
    const tracked = Buffer.from([0, 0, 0, 0x02, 0x40, 0, 0, 0, 8, 1, 6, 5, ...Buffer.from('track')]);
    const calls = [
      server(mysqlGreeting()),
      client(mysqlLogin('joe', 'shop', 0x800000)),
      server(mysqlOk(2)),
      query('call change()'),
      server(mysqlPacket(1, tracked)),
      query('select 1'),
    ];
    const database = (flagged: readonly Call[]): string | undefined =>
      play(mysqlDissector, flagged).requests.at(-1)?.requestDomain;
    expect(database(calls.slice(1))).toBe('track');
    // This greeting does not offer it.
    const upper = mysqlGreeting().indexOf('ffff2d0200ff01', 'hex') + 5;
    const without = mysqlGreeting();
    without[upper] = 0x7f;
    expect(database([server(without), ...calls.slice(1)])).toBe('shop');
  });
});

describe('prepared statements', () => {
  function prepared(id: number): Buffer {
    return mysqlPacket(1, Buffer.concat([Buffer.from([0]), u32le(id), Buffer.alloc(7)]));
  }
  const execute = client(mysqlCommand(0x17, Buffer.concat([u32le(1), Buffer.from([0]), u32le(1)])));
  const prepare = [client(mysqlCommand(0x16, 'update t set a = ?')), server(prepared(1))];

  test('are closed by a reset and by another user', () => {
    const typeAfter = (...calls: readonly Call[]): string | undefined =>
      play(mysqlDissector, [...prepare, ...calls, execute]).requests.at(-1)?.requestType;
    expect(typeAfter()).toBe('UPDATE');
    expect(typeAfter(client(mysqlCommand(0x1f)), done)).toBe('EXECUTE');
    expect(typeAfter(client(mysqlCommand(0x1f)), refused)).toBe('UPDATE');
    expect(typeAfter(client(mysqlCommand(0x1f)), hole)).toBe('EXECUTE');
    expect(typeAfter(changeUser('shop'), done)).toBe('EXECUTE');
    expect(typeAfter(changeUser('shop'), refused)).toBe('UPDATE');
  });

  test('a text of 111 bytes is a text', () => {
    const calls = hexCalls(`
      C 090000001653454c4543542032
      S 0c000001000200000001000000000000
      C 700000001653454c45435420762046524f4d20736f6d655f7461626c65205748455245206964203d203f20414e44206b696e64203d203f20202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020202020
      S 0c000001000300000001000000000000
      C 2800000017030000000001000000313131313131313131313131313131313131313131313131313131313131
      S 0100000101`);
    const { played } = playSocket(calls, 3306, true);
    expect(played.map(({ request, response }) => [request.requestType, request.endpoint, response?.status])).toEqual([
      ['PREPARE', 'PREPARE SELECT ?', 'ok'],
      ['PREPARE', 'PREPARE SELECT v FROM some_table WHERE id = ? AND kind = ?', 'ok'],
      ['SELECT', 'SELECT v FROM some_table WHERE id = ? AND kind = ?', 'ok'],
    ]);
  });
});
