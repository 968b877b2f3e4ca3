import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runClient } from '../../protocols/testing/programs.ts';
import { startPostgres } from '../../protocols/testing/real-servers.ts';
import { RawClient } from './raw-client.ts';
import { SessionRecorder } from './session-recorder.ts';

const passwords = { clear: 'zS20Secret', hashed: 'zS21Secret', scram: 'zS22Secret' } as const;
const methods = { clear: 'password', hashed: 'md5', scram: 'scram-sha-256' } as const;
const wrongPassword = 'zS23Secret';

const setup = [
  `set password_encryption = 'md5'`,
  `create role hashed login password '${passwords.hashed}'`,
  `set password_encryption = 'scram-sha-256'`,
  `create role clear login password '${passwords.clear}'`,
  `create role scram login password '${passwords.scram}'`,
  'create table items (id int primary key, name text)',
  'grant all on items to public',
];
const access = Object.entries(methods).map(([user, method]) => `host all ${user} 127.0.0.1/32 ${method}`);

const work = [
  "insert into items select n, repeat('password ', 40) from generate_series(1, 20) n on conflict do nothing",
  "select * from items where name <> 'secret'",
  'select * from missing',
  'begin',
  'select 1/0',
  'rollback',
];

async function psql(port: number, user: string, statements: readonly string[], env = {}): Promise<unknown> {
  const args = ['-X', '-q', '-w', '-h', '127.0.0.1', '-p', String(port), '-U', user, 'postgres'];
  return runClient('psql', args, `${statements.join(';\n')};\n`, { env });
}

/** Sessions of psql, pgbench and raw sockets: trusted, with a password in the clear, md5 and SCRAM. */
export async function recordPostgresSessions(): Promise<SessionRecorder[]> {
  const server = await startPostgres(setup, access);
  const recorder = new SessionRecorder('postgresql', server);
  const folder = await mkdtemp(join(tmpdir(), 'spanloom-sessions-'));
  try {
    await recordTrusted(recorder, folder);
    await recordLogins(recorder);
    await recordRawLogins(recorder);
    await recordStatements(recorder);
  } finally {
    await rm(folder, { recursive: true, force: true });
    await server.stop();
  }
  return [recorder];
}

async function recordTrusted(recorder: SessionRecorder, folder: string): Promise<void> {
  await recorder.record({ client: 'psql', scenario: 'trusted' }, (port) =>
    psql(port, 'joe', [...work, 'copy items to stdout', 'copy items from stdin;\n99\tpassword\n\\.\nselect 1']),
  );
  await recorder.record({ client: 'psql', scenario: 'trusted, several statements in one query' }, (port) =>
    runClient('psql', [
      ...['-X', '-h', '127.0.0.1', '-p', String(port), '-U', 'joe', 'postgres'],
      ...['-c', 'select 1; select 2; select * from missing; select 3'],
    ]),
  );
  const script = join(folder, 'script.sql');
  const statements = 'select :n + 1;\n\\startpipeline\nselect :n;\nselect :n, 2;\n\\endpipeline\n';
  await writeFile(script, `\\set n random(1, 9)\n${statements}`);
  await recorder.record({ client: 'pgbench', scenario: 'trusted, prepared statements and pipelines' }, (port) =>
    runClient('pgbench', [
      ...['-h', '127.0.0.1', '-p', String(port), '-U', 'joe', '-n', '-M', 'prepared', '-f', script, '-t', '10'],
      'postgres',
    ]),
  );
}

async function recordLogins(recorder: SessionRecorder): Promise<void> {
  for (const [user, password] of Object.entries(passwords)) {
    const method = methods[user as keyof typeof methods];
    await recorder.record({ client: 'psql', scenario: method, secrets: [password] }, (port) =>
      psql(port, user, work, { PGPASSWORD: password }),
    );
    const unencrypted = { PGPASSWORD: password, PGSSLMODE: 'disable', PGGSSENCMODE: 'disable' };
    await recorder.record({ client: 'psql', scenario: `${method}, no TLS asked for`, secrets: [password] }, (port) =>
      psql(port, user, work, unencrypted),
    );
    await recorder.record({ client: 'psql', scenario: `${method}, wrong`, secrets: [wrongPassword] }, (port) =>
      psql(port, user, work, { PGPASSWORD: wrongPassword }),
    );
  }
}

function startup(user: string): Buffer {
  const body = Buffer.from(`\0\x03\0\0user\0${user}\0database\0postgres\0\0`, 'latin1');
  const length = Buffer.alloc(4);
  length.writeInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

function message(type: string, body: string): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(Buffer.byteLength(body) + 4, 1);
  return Buffer.concat([head, Buffer.from(body)]);
}

/** The password message cut where libraries do not cut it, and in one call with what follows. */
async function recordRawLogins(recorder: SessionRecorder): Promise<void> {
  const login = message('p', `${passwords.clear}\0`);
  const query = message('Q', "select 'password'\0");
  const attempts: readonly (readonly [string, readonly Buffer[]])[] = [
    ['password cut within', [login.subarray(0, 9), login.subarray(9), query]],
    ['password cut behind its head', [login.subarray(0, 5), login.subarray(5), query]],
    ['password one byte a call', [...[...login].map((byte) => Buffer.from([byte])), query]],
    ['password and query in one call', [Buffer.concat([login, query])]],
  ];
  for (const [scenario, parts] of attempts) {
    await recorder.record({ client: 'socket', scenario, secrets: [passwords.clear] }, async (port) => {
      const client = await RawClient.connect(port);
      await client.send(startup('clear'));
      await client.receive((bytes) => bytes.length >= 9);
      await client.send(...parts);
      await client.receive((bytes) => bytes.includes('SELECT 1'));
      await client.send(message('X', ''));
      await client.close();
    });
  }
}

/** Statements that carry a password. */
async function recordStatements(recorder: SessionRecorder): Promise<void> {
  const scenarios: readonly (readonly [string, readonly string[], readonly string[]])[] = [
    ['CREATE ROLE', ['zS24Secret'], [`create role r1 login password 'zS24Secret' valid until 'infinity'`]],
    ['CREATE USER ENCRYPTED', ['zS25Secret'], [`CREATE USER r2 WITH ENCRYPTED PASSWORD 'zS25Secret' CREATEDB`]],
    ['ALTER ROLE, E-string', ['zS26Secret'], [`alter role r1\n  password E'zS26Secret'`]],
    ['ALTER ROLE in several statements', ['zS27Secret'], [`begin\\; alter role r2 password 'zS27Secret'\\; commit`]],
    [
      'CREATE SUBSCRIPTION',
      ['zS28Secret'],
      [
        `create subscription s connection 'host=127.0.0.1 user=x password=zS28Secret' publication p with (connect = false)`,
      ],
    ],
    ['DO block', ['zS29Secret'], [`do $body$ begin execute 'alter role r2 password ''zS29Secret'''; end $body$`]],
  ];
  for (const [scenario, secrets, statements] of scenarios) {
    await recorder.record({ client: 'psql', scenario, secrets }, (port) =>
      psql(port, 'joe', [...statements, 'select 1']),
    );
  }
}
