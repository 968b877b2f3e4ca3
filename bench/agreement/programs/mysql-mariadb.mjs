// MariaDB's connector for Node: pipelined commands, batches (COM_STMT_BULK_EXECUTE), resetting and changing the user.
import mariadb from 'mariadb';
const port = Number(process.argv[2]);
const connection = await mariadb.createConnection({
  host: '127.0.0.1',
  port,
  user: 'joe',
  password: 'pass',
  database: 'shop',
  pipelining: true,
});
const quiet = (promise) => promise.catch(() => {});
await connection.query('create or replace table mn (id int primary key, v text)');
await Promise.all(
  Array.from({ length: 20 }, (_, n) =>
    quiet(n % 5 === 4 ? connection.query('select * from missing') : connection.query(`select ${n} n`)),
  ),
);
await connection.batch(
  'insert into mn values (?, ?)',
  Array.from({ length: 50 }, (_, n) => [n, 'v'.repeat(n * 10)]),
);
await quiet(
  connection.batch('insert into mn values (?, ?)', [
    [1, 'again'],
    [2, 'again'],
  ]),
);
await connection.execute('select * from mn where id < ?', [20]);
await connection.execute('select * from mn where id < ?', [5]);
const prepared = await connection.prepare('select v from mn where id = ?');
for (let n = 0; n < 5; n++) await prepared.execute([n]);
prepared.close();
await quiet(connection.prepare('select nothing from nowhere'));
await connection.beginTransaction();
await connection.query('delete from mn where id = 1');
await connection.commit();
await quiet(connection.reset());
await connection.ping();
await quiet(connection.changeUser({ user: 'kim', password: 'other', database: 'shop' }));
await connection.query("select repeat('x', 40000)");
await connection.end();
