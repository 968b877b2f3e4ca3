// pg: unnamed and named statements, cursors of portals, LISTEN, COPY, several statements in one query.
import pg from 'pg';
const port = Number(process.argv[2]);
const client = new pg.Client({
  host: '127.0.0.1',
  port,
  user: process.argv[3] ?? 'joe',
  password: process.argv[4],
  database: 'postgres',
});
client.on('error', () => {});
const quiet = (promise) => promise.catch(() => {});
await client.connect();
await client.query('drop table if exists pn; create table pn (id int primary key, v bytea)');
await client.query('insert into pn values ($1, $2)', [1, Buffer.from(Array.from({ length: 3000 }, (_, n) => n & 255))]);
await quiet(client.query('insert into pn values ($1, $2)', [1, Buffer.alloc(700)]));
for (let n = 0; n < 8; n++) await client.query({ name: 'by id', text: 'select * from pn where id > $1', values: [n] });
await quiet(client.query('select * from missing where id = $1', [1]));
await quiet(client.query({ name: 'broken', text: 'selec $1', values: [1] }));
await client.query('select 1; select 2; select 3');
await quiet(client.query('select 1; select * from missing; select 3'));
await client.query('');
await client.query('begin');
await quiet(client.query('select 1/0'));
await quiet(client.query('select 1'));
await client.query('rollback');
await client.query('listen news');
await client.query("notify news, 'hello'");
await client.query("do $$ begin raise notice 'a notice'; end $$");
await Promise.all(
  Array.from({ length: 10 }, (_, n) =>
    quiet(n % 4 === 3 ? client.query('select nothing') : client.query('select $1::int', [n])),
  ),
);
await client.query("select repeat('x', 100000)");
await client.query('select generate_series(1, 500)');
await client.query(`select '${'long '.repeat(1500)}'`);
await quiet(client.query('copy pn from stdin'));
await client.end();
const wrong = new pg.Client({ host: '127.0.0.1', port, user: 'nobody', database: 'nosuch' });
wrong.on('error', () => {});
await quiet(wrong.connect());
