import { describe, expect, test } from 'vitest';
import { type Call, client, play, server, withBudget } from '../testing/play.ts';
import { cutEverywhere, hexCalls, playSocket } from '../testing/play-socket.ts';
import {
  postgresql as message,
  postgresqlError as error,
  postgresqlReady as ready,
  postgresqlRows,
  u16,
  u32,
} from '../testing/wire.ts';
import { postgresqlDissector } from './postgresql.ts';

const parse = (sql: string, name = ''): Buffer => message('P', `${name}\0${sql}\0`, u16(0));
const bind = (name = '', portal = ''): Buffer => message('B', `${portal}\0${name}\0`, u16(0, 0, 0));
const describePortal = message('D', 'P\0');
const describeStatement = (name: string): Buffer => message('D', `S${name}\0`);
const execute = (rows = 0, portal = ''): Buffer => message('E', `${portal}\0`, u32(rows));
const close = (name: string): Buffer => message('C', `S${name}\0`);
const sync = message('S');
const flush = message('H');
const query = (sql: string): Buffer => message('Q', `${sql}\0`);
/** Parse, Bind and Execute, without rows. */
const run = (sql: string): Buffer => Buffer.concat([parse(sql), bind(), execute()]);

const parsed = message('1');
const bound = message('2');
const closed = message('3');
const columns = message('T', u16(1), 'c\0', u32(0), u16(0), u32(25), u16(0xffff), u32(0xffffffff), u16(0));
const row = message('D', u16(1), u32(1), 'x');
const complete = (tag: string): Buffer => message('C', `${tag}\0`);
const ran = (tag: string): Buffer => Buffer.concat([parsed, bound, complete(tag)]);
const failure = error('ERROR', '23505', 'duplicate key');
const failed = '"ERROR 23505: duplicate key"';
const skipped = '"not executed: an earlier statement before the same Sync failed"';

function from(...parts: readonly Buffer[]): Call {
  return client(Buffer.concat(parts));
}

function to(...parts: readonly Buffer[]): Call {
  return server(Buffer.concat(parts));
}

/** Each request with its name and how it ended, one a line. */
function told(calls: readonly Call[], ended = false): string[] {
  return playSocket(calls, 5432, ended).played.map(({ request, response }) => {
    const { requestType, requestResource } = request;
    const named = requestResource === '' ? requestType : `${requestType} "${requestResource}"`;
    if (response === undefined) return `${named} -> none`;
    const detail = response.exception !== '' ? ` "${response.exception}"` : response.result && ` ${response.result}`;
    return `${named} -> ${response.status}${detail}`;
  });
}

/** The same, however the calls are cut, and with a budget they fit. */
function toldAnyhow(calls: readonly Call[]): string[] {
  const whole = told(calls);
  for (const cut of cutEverywhere(calls)) expect(told(cut)).toEqual(whole);
  expect(told(withBudget(calls, 512, 32))).toEqual(whole);
  return whole;
}

describe('statements before one Sync', () => {
  test('are requests of their own, with names, status and places of their own', () => {
    const calls = [
      from(run('insert into a'), run('update b'), parse('select c'), bind(), describePortal, execute(), sync),
      to(ran('INSERT 0 1'), ran('UPDATE 2'), parsed, bound, columns, row, complete('SELECT 1'), ready),
    ];
    expect(toldAnyhow(calls)).toEqual([
      'INSERT "insert into a" -> ok INSERT 0 1',
      'UPDATE "update b" -> ok UPDATE 2',
      'SELECT "select c" -> ok SELECT 1',
    ]);
    const { requests, responses } = play(postgresqlDissector, calls);
    const first = run('insert into a').length;
    const second = first + run('update b').length;
    expect(requests.map(({ offset }) => offset)).toEqual([0, first, second]);
    const answered = ran('INSERT 0 1').length;
    expect(responses.map(({ offset }) => offset)).toEqual([0, answered, answered + ran('UPDATE 2').length]);
  });

  test('behind one that fails are not executed, up to Sync', () => {
    const calls = [
      from(
        run('insert into a'),
        run('insert into b'),
        run('update c'),
        parse('select d', 's'),
        sync,
        run('select e'),
        sync,
      ),
      to(ran('INSERT 0 1'), parsed, bound, failure, ready, ran('SELECT 1'), ready),
    ];
    expect(toldAnyhow(calls)).toEqual([
      'INSERT "insert into a" -> ok INSERT 0 1',
      `INSERT "insert into b" -> client_error ${failed}`,
      `UPDATE "update c" -> client_error ${skipped}`,
      `PREPARE "select d" -> client_error ${skipped}`,
      'SELECT "select e" -> ok SELECT 1',
    ]);
  });

  test('an error of the commit at Sync is that of the last', () => {
    const calls = [
      from(run('insert into a'), run('insert into b'), sync),
      to(ran('INSERT 0 1'), ran('INSERT 0 1'), failure, ready),
    ];
    expect(toldAnyhow(calls)).toEqual([
      'INSERT "insert into a" -> ok INSERT 0 1',
      `INSERT "insert into b" -> client_error ${failed}`,
    ]);
  });

  test('one statement run many times is as many requests', () => {
    const many = Array.from({ length: 300 }, () => [bind('s'), execute()]).flat();
    const done = Array.from({ length: 300 }, () => [bound, complete('INSERT 0 1')]).flat();
    const calls = [
      from(parse('insert into a', 's'), ...many, sync),
      to(parsed, ...done, ready),
      from(query('select 1')),
      to(postgresqlRows(['1'], false)),
    ];
    const lines = told(calls);
    expect(lines).toHaveLength(301);
    expect(new Set(lines)).toEqual(
      new Set(['INSERT "insert into a" -> ok INSERT 0 1', 'SELECT "select 1" -> ok SELECT 1']),
    );
  });

  test('more than are followed shift nothing', () => {
    const many = Array.from({ length: 900 }, () => [bind('s'), execute()]).flat();
    const done = Array.from({ length: 899 }, () => [bound, complete('INSERT 0 1')]).flat();
    const calls = [
      from(parse('insert into a', 's'), ...many, sync),
      to(parsed, ...done, bound, failure, ready),
      from(query('select 1')),
      to(postgresqlRows(['1'], false)),
    ];
    const lines = told(calls);
    expect(lines).toHaveLength(513);
    expect(lines.at(-1)).toBe('SELECT "select 1" -> ok SELECT 1');
    expect(lines.filter((line) => line.includes('error'))).toEqual([]);
  });

  test('what is prepared and not run is a request, what is closed belongs to its neighbour', () => {
    const calls = [
      from(
        parse('select a', 'a'),
        describeStatement('a'),
        parse('select b', 'b'),
        bind('a'),
        execute(),
        close('a'),
        sync,
      ),
      to(parsed, message('t', u16(0)), columns, parsed, bound, complete('SELECT 0'), closed, ready),
      from(close('b'), parse('select c', 'c'), bind('c'), execute(), sync),
      to(closed, parsed, bound, complete('SELECT 0'), ready),
      from(close('c'), sync),
      to(closed, ready),
    ];
    expect(toldAnyhow(calls)).toEqual([
      'PREPARE "select a" -> ok',
      'PREPARE "select b" -> ok',
      'SELECT "select a" -> ok SELECT 0',
      'SELECT "select c" -> ok SELECT 0',
      'CLOSE "select c" -> ok',
    ]);
  });
});

describe('a preamble', () => {
  test('of pgjdbc: BEGIN before the first statement of a transaction', () => {
    const calls = hexCalls(`
      C 500000000d00424547494e000000420000000c000000000000000045000000090000000000500000002e0053454c454354206e616d652046524f4d20637573746f6d6572732057484552452069643d2431000000420000000c000000000000000044000000065000450000000900000000005300000004
      S 31000000043200000004430000000a424547494e00310000000432000000046e00000004430000000d53454c4543542031005a0000000554`);
    expect(toldAnyhow(calls)).toEqual(['SELECT "SELECT name FROM customers WHERE id=$1" -> ok SELECT 1']);
  });

  test('may be several, and is part of the next statement only', () => {
    const calls = [
      from(run('begin'), run('set local x = 1'), run('savepoint a'), run('update b'), run('update c'), sync),
      to(ran('BEGIN'), ran('SET'), ran('SAVEPOINT'), ran('UPDATE 1'), ran('UPDATE 2'), ready),
      from(run('start transaction'), sync),
      to(ran('START TRANSACTION'), ready),
      from(query('begin'), run('commit'), sync),
      to(complete('BEGIN'), ready, ran('COMMIT'), ready),
    ];
    expect(toldAnyhow(calls)).toEqual([
      'UPDATE "update b" -> ok UPDATE 1',
      'UPDATE "update c" -> ok UPDATE 2',
      'START "start transaction" -> ok START TRANSACTION',
      'BEGIN "begin" -> ok BEGIN',
      'COMMIT "commit" -> ok COMMIT',
    ]);
  });

  test('that fails is a request of its own, and what it prepares was not executed', () => {
    const calls = [
      from(run('begin'), run('savepoint a'), run('select 1'), sync, run('select 2'), sync),
      to(ran('BEGIN'), failure, ready, ran('SELECT 1'), ready),
    ];
    expect(toldAnyhow(calls)).toEqual([
      `SELECT "select 1" -> client_error ${skipped}`,
      'SELECT "select 2" -> ok SELECT 1',
      `SAVEPOINT "savepoint a" -> client_error ${failed}`,
    ]);
  });

  test('that succeeds leaves the failure to its statement', () => {
    const calls = [from(run('begin'), run('select 1'), sync), to(ran('BEGIN'), parsed, bound, failure, ready)];
    expect(toldAnyhow(calls)).toEqual([`SELECT "select 1" -> client_error ${failed}`]);
  });
});

describe('names of statements', () => {
  const prepared = [from(parse('select old', 's'), bind('s'), execute(), sync), to(ran('SELECT 1'), ready)];
  const used = [from(bind('s'), execute(), sync), to(bound, complete('SELECT 1'), ready)];
  const nameAfter = (...calls: readonly Call[]): string | undefined => told([...prepared, ...calls, ...used]).at(-1);

  test('change with what the server has done, and only then', () => {
    const again = from(parse('select new', 's'), bind('s'), execute(), sync);
    expect(nameAfter(again, to(failure, ready))).toBe('SELECT "select old" -> ok SELECT 1');
    expect(nameAfter(again, to(ran('SELECT 1'), ready))).toBe('SELECT "select new" -> ok SELECT 1');
    // The one that is on its way has a name too.
    expect(told([...prepared, again, to(ran('SELECT 1'), ready)]).at(-1)).toBe('SELECT "select new" -> ok SELECT 1');
    expect(nameAfter(from(parse('selec', 'x'), parse('select new', 's'), sync), to(failure, ready))).toBe(
      'SELECT "select old" -> ok SELECT 1',
    );
    expect(nameAfter(from(close('s'), sync), to(closed, ready))).toBe('EXECUTE -> ok SELECT 1');
    expect(nameAfter(from(run('selec'), close('s'), sync), to(failure, ready))).toBe(
      'SELECT "select old" -> ok SELECT 1',
    );
    expect(nameAfter(from(close('s'), parse('select new', 's'), sync), to(closed, parsed, ready))).toBe(
      'SELECT "select new" -> ok SELECT 1',
    );
  });

  test('a failed Parse without a name leaves none', () => {
    const calls = [
      from(run('select old'), sync),
      to(ran('SELECT 1'), ready),
      from(run('selec'), sync),
      to(failure, ready),
    ];
    expect(told([...calls, from(bind(), execute(), sync), to(bound, complete('SELECT 1'), ready)]).at(-1)).toBe(
      'EXECUTE -> ok SELECT 1',
    );
  });

  test('end with DEALLOCATE and DISCARD ALL, unless these fail', () => {
    for (const [sql, tag] of [
      ['deallocate s', 'DEALLOCATE'],
      ['DEALLOCATE PREPARE "s"; deallocate x', 'DEALLOCATE'],
      ['deallocate all', 'DEALLOCATE ALL'],
      ['discard all', 'DISCARD ALL'],
    ] as const) {
      expect(nameAfter(from(query(sql)), to(complete(tag), ready))).toBe('EXECUTE -> ok SELECT 1');
      expect(nameAfter(from(query(sql)), to(failure, ready))).toBe('SELECT "select old" -> ok SELECT 1');
      expect(nameAfter(from(run(sql), sync), to(ran(tag), ready))).toBe('EXECUTE -> ok SELECT 1');
    }
    expect(nameAfter(from(query('deallocate x')), to(complete('DEALLOCATE'), ready))).toBe(
      'SELECT "select old" -> ok SELECT 1',
    );
  });

  test('are not known when two texts may have it', () => {
    const hole: Call = { ...server(Buffer.alloc(0), 300), startsMessage: false };
    expect(nameAfter(from(parse('select new', 's'), sync), hole)).toBe('EXECUTE -> ok SELECT 1');
    expect(nameAfter(from(parse('select old', 's'), sync), hole)).toBe('SELECT "select old" -> ok SELECT 1');
    expect(told([from(parse('select new', 's'), sync), hole, ...used]).at(-1)).toBe(
      'SELECT "select new" -> ok SELECT 1',
    );
  });

  test('a portal that was suspended goes on under its statement', () => {
    const inTransaction = message('Z', 'T');
    const calls = [
      from(query('begin')),
      to(complete('BEGIN'), inTransaction),
      from(parse('select a'), bind('', 'p'), execute(2, 'p'), sync),
      to(parsed, bound, row, row, message('s'), inTransaction),
      from(execute(2, 'p'), execute(2, 'p'), sync),
      to(row, row, message('s'), row, complete('SELECT 1'), inTransaction),
      from(query('commit')),
      to(complete('COMMIT'), ready),
      from(execute(0, 'p'), sync),
      to(error('ERROR', '34000', 'portal "p" does not exist'), ready),
    ];
    expect(toldAnyhow(calls)).toEqual([
      'BEGIN "begin" -> ok BEGIN',
      'SELECT "select a" -> ok',
      'SELECT "select a" -> ok',
      'SELECT "select a" -> ok SELECT 1',
      'COMMIT "commit" -> ok COMMIT',
      'EXECUTE -> client_error "ERROR 34000: portal "p" does not exist"',
    ]);
  });
});

describe('pipelines', () => {
  test('several Syncs on their way', () => {
    const calls = [
      from(run('insert into a'), sync, run('insert into b'), run('insert into c'), sync, run('select d'), sync),
      to(ran('INSERT 0 1'), ready, parsed, failure, ready),
      from(run('select e'), sync),
      to(ran('SELECT 1'), ready, ran('SELECT 2'), ready),
    ];
    expect(toldAnyhow(calls)).toEqual([
      'INSERT "insert into a" -> ok INSERT 0 1',
      `INSERT "insert into b" -> client_error ${failed}`,
      `INSERT "insert into c" -> client_error ${skipped}`,
      'SELECT "select d" -> ok SELECT 1',
      'SELECT "select e" -> ok SELECT 2',
    ]);
  });

  test('an error among rows is the status, though the client asked more before it', () => {
    const calls = [
      from(run('select a'), sync, run('select b'), sync),
      to(parsed, bound, row, row),
      from(run('select c'), sync),
      to(row, failure, ready, ran('SELECT 1'), ready, ran('SELECT 2'), ready),
    ];
    expect(toldAnyhow(calls)).toEqual([
      `SELECT "select a" -> client_error ${failed}`,
      'SELECT "select b" -> ok SELECT 1',
      'SELECT "select c" -> ok SELECT 2',
    ]);
  });

  test('Flush instead of Sync', () => {
    const calls = [
      from(run('insert into a'), flush, run('insert into b'), flush),
      to(ran('INSERT 0 1'), ran('INSERT 0 2')),
      from(run('insert into c'), flush, run('insert into d'), flush, run('insert into e'), sync),
      to(parsed, bound, failure, ready),
      from(run('select f'), sync),
      to(ran('SELECT 1'), ready),
    ];
    expect(toldAnyhow(calls)).toEqual([
      'INSERT "insert into a" -> ok INSERT 0 1',
      'INSERT "insert into b" -> ok INSERT 0 2',
      `INSERT "insert into c" -> client_error ${failed}`,
      `INSERT "insert into d" -> client_error ${skipped}`,
      `INSERT "insert into e" -> client_error ${skipped}`,
      'SELECT "select f" -> ok SELECT 1',
    ]);
  });

  test('a Sync alone and a description answer without a result', () => {
    const calls = [
      from(query('select 0')),
      to(postgresqlRows(['1'], false)),
      from(sync, parse('select a', 's'), sync, describeStatement('s'), sync, sync),
      to(ready, parsed, ready, message('t', u16(0)), columns, ready, ready),
      from(query('select b')),
      to(postgresqlRows(['1'], false)),
    ];
    expect(toldAnyhow(calls)).toEqual([
      'SELECT "select 0" -> ok SELECT 1',
      'PREPARE "select a" -> ok',
      'DESCRIBE "select a" -> ok',
      'SELECT "select b" -> ok SELECT 1',
    ]);
  });

  test('what the server sends at any time answers nothing', () => {
    const aside = Buffer.concat([
      message('N', 'SWARNING\0VWARNING\0C01000\0Mcareful\0\0'),
      message('A', u32(7), 'channel\0payload\0'),
      message('S', 'TimeZone\0UTC\0'),
    ]);
    const calls = [
      from(run('begin'), run('select a'), run('select b'), sync),
      to(
        aside,
        parsed,
        aside,
        bound,
        complete('BEGIN'),
        aside,
        ran('SELECT 1'),
        aside,
        parsed,
        aside,
        failure,
        aside,
        ready,
      ),
      to(aside),
      from(query('select c')),
      to(aside, postgresqlRows(['1'], false)),
    ];
    expect(toldAnyhow(calls)).toEqual([
      'SELECT "select a" -> ok SELECT 1',
      `SELECT "select b" -> client_error ${failed}`,
      'SELECT "select c" -> ok SELECT 1',
    ]);
  });

  test('something said before the end of a batch reports nothing early', () => {
    const notice = to(message('N', 'SWARNING\0VWARNING\0C01000\0Mcareful\0\0'));
    const calls = [
      from(run('begin'), parse('select a')),
      notice,
      from(bind(), execute(), sync),
      to(ran('BEGIN'), ran('SELECT 1'), ready),
    ];
    expect(told(calls)).toEqual(['SELECT "select a" -> ok SELECT 1']);
  });
});
