import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runClient } from '../../protocols/testing/programs.ts';
import type { Ecosystem } from './libraries.ts';

/** The clients, each with what it does. What they answer does not matter: the capture says what went over the wire. */

/** One client against one server. */
export interface ClientKind {
  readonly name: string;
  /** Names of `serverKinds`. */
  readonly servers: readonly string[];
  /** Programs of Debian that it takes. */
  readonly programs: readonly string[];
  readonly libraries?: Ecosystem;
  /** @param folder where its libraries are, or an empty folder */
  readonly run: (port: number, folder: string) => Promise<unknown>;
}

const redisServers = ['redis-server', 'valkey-server'];
const httpServers = ['node http', 'nginx'];

function node(name: string, servers: readonly string[], program: string, ...args: readonly string[]): ClientKind {
  return {
    name,
    servers,
    programs: ['node'],
    libraries: 'node',
    run: (port, folder) => runClient('node', [join(folder, program), String(port), ...args], '', { cwd: folder }),
  };
}

function python(
  name: string,
  servers: readonly string[],
  program: string,
  before: readonly string[] = [],
  after: readonly string[] = [],
): ClientKind {
  return {
    name,
    servers,
    programs: ['python3'],
    libraries: 'python',
    run: (port, folder) =>
      runClient(join(folder, 'venv/bin/python'), [join(folder, program), ...before, String(port), ...after]),
  };
}

function java(name: string, servers: readonly string[], program: string, ...args: readonly string[]): ClientKind {
  return {
    name,
    servers,
    programs: ['java'],
    libraries: 'java',
    run: (port, folder) =>
      runClient('java', ['-cp', join(folder, 'jars/*'), join(folder, program), ...args, String(port)], '', {
        timeoutMs: 90_000,
      }),
  };
}

function go(name: string, servers: readonly string[], what: string): ClientKind {
  return {
    name,
    servers,
    programs: [],
    libraries: 'go',
    run: (port, folder) => runClient(join(folder, 'go/agreement'), [what, String(port)]),
  };
}

const redisCommands = [
  ...[
    'SET a 1',
    'INCR a',
    `SET big ${'x'.repeat(5000)}`,
    'GET big',
    'LPUSH a x',
    'GET none',
    'NOSUCH x',
    'PING',
    'PING x',
  ],
  ...[
    'MULTI',
    'INCR a',
    'LPUSH a x',
    'EXEC',
    'MULTI',
    'NOSUCH',
    'EXEC',
    'HSET h a 1 b 2',
    'HGETALL h',
    'RPUSH l 1 2 3',
  ],
  ...[
    'LRANGE l 0 -1',
    'DEL a b c',
    'MGET big none',
    'EVAL "return {1,{2}}" 0',
    'EVAL "return redis.error_reply(\'X y\')" 0',
  ],
  ...['HELLO 3', 'HGETALL h', 'GET none', 'ZADD z 1.5 a', 'ZSCORE z a', 'CONFIG GET max*', 'EVAL "return {1,{2}}" 0'],
  ...['CLIENT INFO', 'LOLWUT', 'SELECT 1', 'OBJECT ENCODING none', 'SUBSCRIBE'],
];

const redisClients: readonly ClientKind[] = [
  {
    name: 'redis-cli',
    servers: redisServers,
    programs: ['redis-cli'],
    run: (port) => runClient('redis-cli', ['-p', String(port)], `${redisCommands.join('\n')}\n`),
  },
  {
    name: 'redis-cli --pipe',
    servers: redisServers,
    programs: ['redis-cli'],
    run: (port) => {
      const command = (words: readonly string[]): string =>
        `*${words.length}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join('')}`;
      const commands = Array.from({ length: 600 }, (_, n) =>
        command(n % 7 === 0 ? ['INCR', 'pipe:text'] : ['SET', n % 5 === 0 ? 'pipe:text' : `pipe:${n}`, 'v'.repeat(n)]),
      );
      return runClient('redis-cli', ['-p', String(port), '--pipe'], commands.join(''));
    },
  },
  {
    name: 'redis-cli --user',
    servers: ['redis-server, users'],
    programs: ['redis-cli'],
    run: async (port) => {
      await runClient('redis-cli', ['-p', String(port), '-a', 'pass'], 'SET a 1\nGET a\nAUTH wrong\nGET a\n');
      await runClient('redis-cli', ['-p', String(port), '-3', '--user', 'bob', '--pass', 'other'], 'SET a 1\nGET a\n');
      await runClient('redis-cli', ['-p', String(port)], 'GET a\nAUTH bob wrong\nHELLO 3 AUTH bob other\nGET a\n');
    },
  },
  {
    name: 'redis-benchmark',
    servers: redisServers,
    programs: ['redis-benchmark'],
    run: async (port) => {
      const common = ['-p', String(port), '-q', '-r', '1000', '-t', 'set,get,lpush,lrange_100,mset'];
      await runClient('redis-benchmark', [...common, '-n', '60', '-c', '4', '-P', '6', '-d', '300']);
      await runClient('redis-benchmark', [...common, '-n', '40', '-c', '3', '-P', '1', '-d', '900']);
    },
  },
  node('ioredis', redisServers, 'redis-ioredis.mjs'),
  node('ioredis, user', ['redis-server, users'], 'redis-ioredis.mjs', 'bob', 'other'),
  node('node redis', redisServers, 'redis-node.mjs'),
  node('node redis, user', ['redis-server, users'], 'redis-node.mjs', 'bob', 'other'),
  python('redis-py', redisServers, 'redis-py.py'),
  python('redis-py, user', ['redis-server, users'], 'redis-py.py', [], ['bob', 'other']),
  python('socket', redisServers, 'redis-raw.py'),
  java('jedis', redisServers, 'RedisClients.java', 'jedis'),
  java('lettuce', redisServers, 'RedisClients.java', 'lettuce'),
  go('go-redis', redisServers, 'redis'),
];

const mariadbStatements = `
create or replace table t (id int primary key, v text);
insert into t values (1, 'a'), (2, repeat('x', 9000));
select * from t; insert into t values (1, null); selec 1; update t set v = 'b';
prepare p from 'select ? + 1'; set @a = 1; execute p using @a; deallocate prepare p;
begin; delete from t where id = 1; rollback; show tables; describe t; explain select * from t;
create or replace table many as select seq n, repeat('x', 200) v from seq_1_to_1000;
select n, v, (select n from many m where m.n > 900 and t.n > 900) from many t;
select * from missing; use mysql; use shop; use nosuch; select 1; status
`;
const mysqlClients: readonly ClientKind[] = [
  {
    name: 'mariadb',
    servers: ['mariadbd'],
    programs: ['mariadb'],
    run: async (port) => {
      const common = ['--no-defaults', '--skip-ssl', '-h127.0.0.1', `-P${port}`, '--force'];
      await runClient('mariadb', [...common, '-unobody', 'information_schema'], 'select 1;\nselect * from engines;\n');
      await runClient('mariadb', [...common, '-ujoe', '-ppass', 'shop'], mariadbStatements);
      await runClient(
        'mariadb',
        [...common, '-ujoe', '-ppass', '--quick', '--reconnect', 'shop'],
        'select * from t;\n\\x\nselect 2;\n',
      );
      await runClient('mariadb', [...common, '-ujoe', '-pwrong', 'shop'], 'select 1;\n');
      await runClient(
        'mariadb',
        [...common, '-uroot', '--delimiter=//'],
        'select 1; select 2; select * from nosuch.t; select 3//\n',
      );
    },
  },
  {
    name: 'mariadb-dump',
    servers: ['mariadbd'],
    programs: ['mariadb-dump', 'mariadb'],
    run: async (port) => {
      const login = ['--no-defaults', '--skip-ssl', '-h127.0.0.1', `-P${port}`, '-ujoe', '-ppass'];
      const { output } = await runClient('mariadb-dump', [...login, '--databases', 'shop']);
      await runClient('mariadb', login, output);
      await runClient('mariadb-admin', [...login, 'ping', 'status', 'processlist', 'flush-status']);
    },
  },
  node('mysql2', ['mariadbd'], 'mysql-mysql2.mjs'),
  node('mariadb for node', ['mariadbd'], 'mysql-mariadb.mjs'),
  python('PyMySQL', ['mariadbd'], 'mysql-pymysql.py'),
  python('mysql-connector-python', ['mariadbd'], 'mysql-connector.py'),
  java('MariaDB Connector/J', ['mariadbd'], 'Jdbc.java', 'mariadb'),
  java('MySQL Connector/J', ['mariadbd'], 'Jdbc.java', 'mysql'),
  go('go-sql-driver', ['mariadbd'], 'mysql'),
];

const psqlStatements = `
create table if not exists t (id int, v text);
insert into t select n, repeat('x', 200) from generate_series(1, 100) n;
select * from t where id > 0; select * from missing;
select 1 / (n - 900), repeat('x', 50) from generate_series(1, 1000) n;
copy t from stdin;
7	seven
\\.
copy t from stdin;
seven	seven
\\.
copy t to stdout;
begin; select 1/0; select 1; rollback; select 1 \\; select 2 \\; select 1/0;
do $$ begin raise warning 'careful'; end $$; \\d t
listen news; notify news, 'hello'; select 1;
\\set FETCH_COUNT 10
select * from t;
`;
const pgbenchScript = `
\\set n random(1, 9)
select :n + 1;
\\startpipeline
select :n;
select :n, 2;
\\endpipeline
begin;
select 1;
end;
`;

function pgbench(mode: string): ClientKind {
  return {
    name: `pgbench -M ${mode}`,
    servers: ['postgres'],
    programs: ['pgbench'],
    run: async (port, folder) => {
      const connection = ['-h', '127.0.0.1', '-p', String(port), '-U', 'joe'];
      const script = join(folder, `script-${mode}.sql`);
      // Pipelines take the extended protocol.
      writeFileSync(
        script,
        mode === 'simple' ? pgbenchScript.replaceAll(/\\(start|end)pipeline\n/g, '') : pgbenchScript,
      );
      await runClient('pgbench', [...connection, '-n', '-M', mode, '-f', script, '-t', '15', '-c', '2', 'postgres']);
      await runClient('pgbench', [...connection, '-i', '-s', '1', '-q', 'postgres']);
      await runClient('pgbench', [...connection, '-n', '-M', mode, '-t', '10', '-c', '3', 'postgres']);
    },
  };
}

const postgresClients: readonly ClientKind[] = [
  {
    name: 'psql',
    servers: ['postgres'],
    programs: ['psql'],
    run: async (port) => {
      const connection = ['-X', '-q', '-h', '127.0.0.1', '-p', String(port), '-d', 'postgres'];
      await runClient('psql', [...connection, '-U', 'joe'], psqlStatements);
      for (const user of ['clear', 'hashed', 'scram']) {
        const env = { PGPASSWORD: 'pass' };
        await runClient('psql', [...connection, '-U', user], 'select 1;\nselect nothing;\n', { env });
        await runClient('psql', [...connection, '-U', user], 'select 1;\n', { env: { PGPASSWORD: 'wrong' } });
      }
      await runClient('psql', [
        ...connection,
        '-U',
        'joe',
        '-c',
        'select 1; select 2; select * from missing; select 3',
      ]);
      await runClient('psql', [...connection, '-U', 'nobody'], 'select 1;\n');
    },
  },
  {
    name: 'pg_dump',
    servers: ['postgres'],
    programs: ['pg_dump'],
    run: (port) => runClient('pg_dump', ['-h', '127.0.0.1', '-p', String(port), '-U', 'joe', '-t', 't', 'postgres']),
  },
  pgbench('simple'),
  pgbench('extended'),
  pgbench('prepared'),
  node('pg', ['postgres'], 'pg-node.mjs'),
  node('pg, scram', ['postgres'], 'pg-node.mjs', 'scram', 'pass'),
  python('psycopg2', ['postgres'], 'pg-psycopg2.py'),
  python('psycopg2, md5', ['postgres'], 'pg-psycopg2.py', [], ['hashed', 'pass']),
  python('psycopg 3', ['postgres'], 'pg-psycopg3.py'),
  python('asyncpg', ['postgres'], 'pg-asyncpg.py'),
  java('pgjdbc', ['postgres'], 'Jdbc.java', 'postgresql'),
  go('pgx', ['postgres'], 'postgresql'),
];

const paths = [
  '/',
  '/items/42',
  '/chunked',
  '/large',
  '/empty',
  '/cached',
  '/moved',
  '/private',
  '/failing',
  '/nosuch',
];
const more = ['/binary', '/unavailable', '/early-hints', '/trailers', '/until-close', '/slow'];
const urls = (port: number, list = [...paths, ...more]): string[] =>
  list.map((path) => `http://127.0.0.1:${port}${path}`);

const httpClients: readonly ClientKind[] = [
  {
    name: 'curl',
    servers: httpServers,
    programs: ['curl'],
    run: async (port, folder) => {
      const curl = async (...args: readonly string[]): Promise<unknown> =>
        runClient('curl', ['-s', '-m', '10', '-o', '/dev/null', ...args], '', { cwd: folder });
      writeFileSync(join(folder, 'body'), 'b'.repeat(5000));
      await curl(...urls(port));
      await curl('-I', ...urls(port, paths));
      await curl('--http1.0', ...urls(port, ['/', '/large', '/chunked']));
      await curl('-H', 'If-None-Match: "v1"', '-H', 'X-Request-ID: abc', ...urls(port, ['/cached', '/']));
      await curl('-d', 'a=b', ...urls(port, ['/upload', '/limited', '/nosuch']));
      await curl('-T', 'body', ...urls(port, ['/upload', '/limited']));
      await curl('-H', 'Transfer-Encoding: chunked', '--data-binary', '@body', ...urls(port, ['/upload', '/']));
      await curl('-H', 'Expect: 100-continue', '--data-binary', '@body', ...urls(port, ['/upload', '/limited']));
      await curl('-X', 'DELETE', ...urls(port, ['/items/42', '/nosuch']));
      await curl('-r', '0-99', '-A', 'agent', ...urls(port, ['/large', '/binary']));
      await curl('-u', 'joe:pass', '-L', ...urls(port, ['/private', '/moved']));
      await curl('-x', `http://127.0.0.1:${port}`, 'http://shop.example/items/42', 'http://shop.example/');
      await curl('-p', '-x', `http://127.0.0.1:${port}`, ...urls(port, ['/items/42']));
    },
  },
  {
    name: 'wget',
    servers: httpServers,
    programs: ['wget'],
    run: (port, folder) => runClient('wget', ['-q', '-O', '/dev/null', '-t', '1', ...urls(port)], '', { cwd: folder }),
  },
  {
    name: 'ab',
    servers: httpServers,
    programs: ['ab'],
    run: async (port) => {
      await runClient('ab', ['-q', '-n', '60', '-c', '3', '-k', urls(port, ['/items/42'])[0]!]);
      await runClient('ab', ['-q', '-n', '20', '-c', '2', urls(port, ['/large'])[0]!]);
    },
  },
  {
    name: 'wrk',
    servers: httpServers,
    programs: ['wrk'],
    run: (port) => runClient('wrk', ['-t', '1', '-c', '2', '-d', '1', urls(port, ['/items/42'])[0]!]),
  },
  node('fetch, undici, node:http', httpServers, 'http-node.mjs'),
  python('requests', httpServers, 'http-requests.py', ['requests']),
  python('aiohttp', httpServers, 'http-requests.py', ['aiohttp']),
  python('http.client', httpServers, 'http-requests.py', ['http.client']),
  python('socket', httpServers, 'http-raw.py'),
  java('HttpClient, HttpURLConnection', httpServers, 'HttpClients.java'),
  go('net/http', httpServers, 'http'),
];

const questions = [
  ...[
    'a.shop.test A',
    'a.shop.test AAAA',
    'alias.shop.test A',
    'text.shop.test TXT',
    'long.shop.test TXT',
    'shop.test MX',
  ],
  ...[
    '_http._tcp.shop.test SRV',
    'nosuch.shop.test A',
    '-x 192.0.2.9',
    'many.shop.test A',
    'refused.example A',
    '. NS',
  ],
];
const dnsClients: readonly ClientKind[] = [
  {
    name: 'dig',
    servers: ['dnsmasq'],
    programs: ['dig'],
    run: async (port) => {
      const common = ['@127.0.0.1', '-p', String(port), '+tries=1', '+time=1'];
      const all = questions.flatMap((question) => question.split(' '));
      for (const options of [
        [],
        ['+tcp'],
        ['+noedns'],
        ['+dnssec', '+bufsize=512'],
        ['+tcp', '+keepopen'],
        ['+norecurse', '+cd'],
      ]) {
        await runClient('dig', [...common, ...options, ...all]);
      }
    },
  },
  {
    name: 'nslookup',
    servers: ['dnsmasq'],
    programs: ['nslookup'],
    run: (port) => runClient('nslookup', [`-port=${port}`, '-timeout=1', 'alias.shop.test', '127.0.0.1']),
  },
  python('dnspython', ['dnsmasq'], 'dns-python.py'),
  node('node:dns', ['dnsmasq'], 'dns-node.mjs'),
  go('net.Resolver', ['dnsmasq'], 'dns'),
];

/** All of them. */
export const clientKinds: readonly ClientKind[] = [
  ...redisClients,
  ...mysqlClients,
  ...postgresClients,
  ...httpClients,
  ...dnsClients,
];
