// mysql2: text and prepared statements, several statements, changeUser, large and binary values, streamed rows, LOAD DATA.
import { createReadStream, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mysql from 'mysql2/promise';
const port = Number(process.argv[2]);
const login = { host: '127.0.0.1', port, user: 'joe', password: 'pass', database: 'shop' };
const quiet = (promise) => promise.catch(() => {});
const connection = await mysql.createConnection({ ...login, multipleStatements: true });
await connection.query('drop table if exists m2; create table m2 (id int primary key, v longblob, t text)');
await connection.query('insert into m2 values (1, ?, ?)', [
  Buffer.from(Array.from({ length: 2000 }, (_, n) => n & 255)),
  "it's",
]);
await connection.query('select * from m2');
await connection.query('select 1; select 2; insert into m2 values (2, null, null); select count(*) from m2');
await quiet(connection.query('select 1; select * from missing; select 3'));
await quiet(connection.query('selec 1'));
await quiet(connection.query('insert into m2 values (1, null, null)'));
for (let n = 0; n < 10; n++) await connection.execute('select id, t from m2 where id > ?', [n]);
await connection.execute('insert into m2 values (?, ?, ?)', [10, 'x'.repeat(5000), 'y']);
await quiet(connection.execute('insert into m2 values (?, ?, ?)', [10, 'x'.repeat(700), 'y']));
await quiet(connection.execute('select * from missing where id = ?', [1]));
await connection.execute('select repeat(?, 70000)', ['z']);
connection.unprepare('select id, t from m2 where id > ?');
await connection.beginTransaction();
await connection.execute('update m2 set t = ? where id = ?', ['u', 1]);
await connection.rollback();
await connection.ping();
await connection.changeUser({ user: 'kim', password: 'other', database: 'shop' });
await connection.query('select current_user()');
await quiet(connection.query('drop database nosuch'));
await connection.query('select n.n from (select 1 n union select 2 union select 3) n');
const file = join(tmpdir(), `agreement-${process.pid}.csv`);
writeFileSync(file, Array.from({ length: 400 }, (_, n) => `${n + 1000}\tvalue\tt\n`).join(''));
await quiet(
  connection.query({
    sql: `load data local infile '${file}' into table m2`,
    infileStreamFactory: () => createReadStream(file),
  }),
);
await connection.query('select * from m2 where id > 990');
await connection.query(`select '${'long '.repeat(2000)}'`);
await connection.query(`/* traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' */ select 1`);
await connection.query('create procedure if not exists p() begin select 1; select 2; end');
await connection.query('call p()');
const [first, second] = [connection.query('select 1'), connection.query('select 2')];
await first;
await second;
await connection.end();
await quiet(mysql.createConnection({ ...login, password: 'wrong' }));
await quiet(mysql.createConnection({ ...login, database: 'nosuch' }));
