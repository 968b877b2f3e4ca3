import { describe, expect, test } from 'vitest';
import { describeStatement, mysqlDialect, postgresqlDialect } from './sql-statement.ts';

function mysql(sql: string): ReturnType<typeof describeStatement> {
  return describeStatement(Buffer.from(sql), 0, Buffer.byteLength(sql), mysqlDialect);
}

function postgresql(sql: string): ReturnType<typeof describeStatement> {
  return describeStatement(Buffer.from(sql), 0, Buffer.byteLength(sql), postgresqlDialect);
}

describe('shape', () => {
  test.each([
    ["select *  from t\n where a = 'x''y' and b=12", 'select * from t where a = ? and b=?'],
    ['select * from t where id in (1, 2, 3)', 'select * from t where id in (?)'],
    ["insert into t (a,b) values (1,'x'), (2,'y'),(3, 'z')", 'insert into t (a,b) values (?)'],
    [
      'select a1, t2.c3 from t2 where x = -5 and y = 1.5e-3 and z = 0xFF',
      'select a1, t2.c3 from t2 where x = ? and y = ? and z = ?',
    ],
    ['select 5-3', 'select ?-?'],
    ['select "it\\"s", `a b` from t -- comment\n;', 'select ?, `a b` from t'],
    ['/* head */ select # tail\n 1', 'select ?'],
    ["select X'4D', N'x', b'01'", 'select ?'],
    ['/*!40101 SET NAMES utf8 */', 'SET NAMES utf8'],
    ['select ?, ? from t where a = ?', 'select ? from t where a = ?'],
    ["select 'never closed", 'select ?'],
    ['', ''],
  ])('of %s', (sql, shape) => {
    expect(mysql(sql).shape).toBe(shape);
  });

  test.each([
    ['select "Name" from t where a = $1 and b = $2', 'select "Name" from t where a = ? and b = ?'],
    ["select $$body 'x'$$, $tag$ $$ $tag$, E'a\\'b', 'c\\'", 'select ?'],
    ["select a::text, '2020-01-01'::date from t limit 10 offset 5", 'select a::text, ?::date from t limit ? offset ?'],
  ])('of %s in PostgreSQL', (sql, shape) => {
    expect(postgresql(sql).shape).toBe(shape);
  });

  test('is bounded, and so is the text', () => {
    const long = mysql(`select ${'column_name, '.repeat(1000)}`);
    expect(long.shape.length).toBeLessThanOrEqual(256);
    expect(long.text.length).toBeLessThanOrEqual(1024);
  });
});

describe('verb', () => {
  test.each([
    ['  (select 1)', 'SELECT'],
    ['with a as (select 1) insert into t select * from a', 'INSERT'],
    ['WITH x AS (DELETE FROM t RETURNING *) SELECT 1', 'SELECT'],
    ['begin', 'BEGIN'],
    ['asdf', ''],
    ['-- only a comment', ''],
  ])('of %s', (sql, verb) => {
    expect(postgresql(sql).verb).toBe(verb);
  });
});

test('a traceparent in a sqlcommenter comment is read, before or behind the statement', () => {
  const comment = "/*app='x',traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/";
  const expected = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
  expect(mysql(`select 1 ${comment}`).context).toEqual(expected);
  expect(mysql(`${comment} select 1`).context).toEqual(expected);
  expect(mysql(`select ${'a, '.repeat(200)} 1 ${comment}`).context).toEqual(expected);
  expect(mysql("select 1 /* traceparent='00-xyz' */").context).toBeUndefined();
});
