import { execFile, execFileSync, type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { Message, RequestMessage, ResponseMessage } from './dissector.ts';
import { dissectConnection, freePort, type RecordingProxy, startRecordingProxy } from './fixtures/recording-proxy.ts';

/** Conversations of real clients with real servers, recorded by a proxy between them. */

const budgets = [Number.MAX_SAFE_INTEGER, 512];
const searched = [
  ...(process.env['PATH'] ?? '').split(':'),
  '/usr/sbin',
  '/usr/lib/postgresql/15/bin',
  '/usr/lib/postgresql/16/bin',
  '/usr/lib/postgresql/17/bin',
];

function find(program: string): string | undefined {
  return searched.map((directory) => join(directory, program)).find((path) => existsSync(path));
}

/** The paths of all programs, or undefined after one line that says what is missing. */
function need(...programs: readonly string[]): readonly string[] | undefined {
  const missing = programs.filter((program) => find(program) === undefined);
  if (missing.length === 0) return programs.map((program) => find(program)!);
  if (process.env['TEST_REQUIRE_ALL'] === '1') throw new Error(`not installed: ${missing.join(', ')}`);
  console.warn(`skipped: not installed: ${missing.join(', ')}`);
  return undefined;
}

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function directory(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'spanloom-real-'));
  cleanups.push(() => rm(path, { recursive: true, force: true }));
  await chmod(path, 0o777);
  return path;
}

async function listening(port: number, server: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt++) {
    if (server.exitCode !== null) throw new Error(`server ended with ${server.exitCode}`);
    const open = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.destroy();
        done(true);
      });
      socket.on('error', () => done(false));
    });
    if (open) return;
    await sleep(50);
  }
  throw new Error(`nothing listens on port ${port}`);
}

async function serve(
  program: string,
  args: readonly string[],
  port: number,
  { user, stopSignal = 'SIGTERM' }: { readonly user?: number | undefined; readonly stopSignal?: NodeJS.Signals } = {},
): Promise<RecordingProxy> {
  const server = spawn(program, args, { stdio: 'ignore', ...(user === undefined ? {} : { uid: user, gid: user }) });
  cleanups.push(async () => {
    if (server.exitCode !== null) return;
    const ended = new Promise((done) => server.once('exit', done));
    server.kill(stopSignal);
    await ended;
  });
  await listening(port, server);
  const proxy = await startRecordingProxy(port);
  cleanups.push(() => proxy.close());
  return proxy;
}

/** Runs a client with this input; what it answers does not matter here, nor that it may report an error. */
async function run(program: string, args: readonly string[], input = ''): Promise<void> {
  await new Promise<void>((done) => {
    const child = execFile(program, [...args], { timeout: 30_000 }, () => done());
    child.stdin?.end(input);
  });
}

function split(messages: readonly Message<number>[]): {
  readonly requests: readonly RequestMessage<number>[];
  readonly responses: readonly ResponseMessage<number>[];
} {
  return {
    requests: messages.filter((message) => message.kind === 'request'),
    responses: messages.filter((message) => message.kind === 'response'),
  };
}

/** The connection with the most on it, dissected. */
function busiest(proxy: RecordingProxy, budgetBytes: number): ReturnType<typeof dissectConnection> {
  const [connection] = [...proxy.connections].sort((one, other) => other.chunks.length - one.chunks.length);
  return dissectConnection(connection!, budgetBytes);
}

const redis = need('redis-server', 'redis-cli');
describe.skipIf(redis === undefined)('redis-server and redis-cli', () => {
  test('each command has its reply, also where values are larger than what is captured', async () => {
    const port = await freePort();
    const [server, cli] = redis!;
    const proxy = await serve(server!, ['--port', String(port), '--save', '', '--dir', await directory()], port);
    const commands = [
      'SET a 1',
      'INCR a',
      `SET big ${'x'.repeat(5000)}`,
      'GET big',
      'LPUSH a x',
      'GET none',
      'MULTI',
      'INCR a',
      'EXEC',
      'HELLO 3',
      'PING',
    ];
    await run(cli!, ['-p', String(proxy.port)], `${commands.join('\n')}\n`);
    for (const budgetBytes of budgets) {
      const { protocol, messages } = busiest(proxy, budgetBytes);
      // The client asks for the commands' documentation of its own accord.
      const { requests, responses } = split(
        messages.slice(messages[0]?.kind === 'request' && messages[0].requestType === 'COMMAND' ? 2 : 0),
      );
      expect(protocol).toBe('redis');
      expect(requests.map((request) => request.requestResource)).toEqual([
        'SET a',
        'INCR a',
        'SET big',
        'GET big',
        'LPUSH a',
        'GET none',
        'MULTI',
        'INCR a',
        'EXEC',
        'HELLO',
        'PING',
      ]);
      expect(responses.map((response) => response.result || response.status)).toEqual([
        'OK',
        '2',
        'OK',
        'ok',
        'client_error',
        'nil',
        'OK',
        'QUEUED',
        'ok',
        'ok',
        'PONG',
      ]);
    }
  });
});

const mariadb = need('mariadbd', 'mariadb', 'mariadb-install-db');
describe.skipIf(mariadb === undefined)('mariadbd and mariadb', () => {
  test('login, statements, results, errors and the end', async () => {
    const port = await freePort();
    const data = await directory();
    const [server, client, install] = mariadb!;
    await run(install!, [
      `--datadir=${data}`,
      '--auth-root-authentication-method=normal',
      '--skip-test-db',
      '--user=root',
    ]);
    const options = ['--no-defaults', `--datadir=${data}`, `--port=${port}`, '--bind-address=127.0.0.1', '--user=root'];
    const proxy = await serve(server!, [...options, `--socket=${data}/s`, `--pid-file=${data}/p`], port);
    const sql = [
      'create database shop',
      'use shop',
      'create table t (id int primary key, v text)',
      "insert into t values (1, 'a'), (2, repeat('x', 9000))",
      'select * from t where id > 0',
      'insert into t values (1, null)',
      'selec 1',
      "update t set v = 'b'",
    ];
    await run(
      client!,
      ['--no-defaults', '--skip-ssl', '-h127.0.0.1', `-P${proxy.port}`, '-uroot', '--force'],
      `${sql.join(';\n')};\n`,
    );
    for (const budgetBytes of budgets) {
      const { protocol, messages } = busiest(proxy, budgetBytes);
      const { requests, responses } = split(messages);
      expect(protocol).toBe('mysql');
      const ours = requests.filter(
        (request) =>
          request.endpoint.includes(' t ') || request.endpoint.endsWith(' t') || request.requestType === 'LOGIN',
      );
      expect(ours.map((request) => [request.requestType, request.requestDomain, request.endpoint])).toEqual([
        ['LOGIN', '', 'LOGIN'],
        ['CREATE', 'shop', 'create table t (id int primary key, v text)'],
        ['INSERT', 'shop', expect.stringMatching(/^insert into t values/)],
        ['SELECT', 'shop', 'select * from t where id > ?'],
        ['INSERT', 'shop', 'insert into t values (?, null)'],
        ['UPDATE', 'shop', 'update t set v = ?'],
      ]);
      expect(responses).toHaveLength(requests.filter((request) => request.expectsResponse).length);
      expect(
        responses
          .filter((response) => response.status !== 'ok')
          .map((response) => [response.status, response.responseCode]),
      ).toEqual([
        ['client_error', 1062],
        ['client_error', 1064],
      ]);
      expect(responses.some((response) => response.result === '2 rows affected')).toBe(true);
      expect(requests.at(-1)?.requestType).toBe('QUIT');
    }
  });
});

const postgres = need('postgres', 'initdb', 'psql', 'pgbench');
describe.skipIf(postgres === undefined)('postgres with psql and pgbench', () => {
  async function start(): Promise<RecordingProxy> {
    const port = await freePort();
    const data = await directory();
    const [server, initdb] = postgres!;
    // The server refuses to run as root.
    const user = process.getuid?.() === 0 ? Number(execFileSync('id', ['-u', 'postgres']).toString()) : undefined;
    execFileSync(initdb!, ['-D', `${data}/db`, '-A', 'trust', '-U', 'joe', '--no-sync'], {
      stdio: 'ignore',
      cwd: data,
      ...(user === undefined ? {} : { uid: user, gid: user }),
    });
    return serve(server!, ['-D', `${data}/db`, '-p', String(port), '-k', data, '-F'], port, {
      user,
      // A fast shutdown: does not wait for clients.
      stopSignal: 'SIGINT',
    });
  }

  test('login, statements, results, errors, COPY and the end', async () => {
    const proxy = await start();
    const sql =
      "create table t (id int, v text);\ninsert into t select n, repeat('x', 200) from generate_series(1, 100) n;\nselect * from t where id > 0;\nselect * from missing;\ncopy t from stdin;\n7\tseven\n\\.\nbegin;\nselect 1/0;\nrollback;\n";
    await run(postgres![2]!, ['-X', '-q', '-h', '127.0.0.1', '-p', String(proxy.port), '-U', 'joe', 'postgres'], sql);
    for (const budgetBytes of budgets) {
      const { protocol, messages } = busiest(proxy, budgetBytes);
      const { requests, responses } = split(messages);
      expect(protocol).toBe('postgresql');
      expect(requests.map((request) => [request.requestType, request.requestDomain])).toEqual(
        ['LOGIN', 'CREATE', 'INSERT', 'SELECT', 'SELECT', 'COPY', 'BEGIN', 'SELECT', 'ROLLBACK', 'TERMINATE'].map(
          (type) => [type, 'postgres'],
        ),
      );
      expect(responses.map((response) => response.status)).toEqual([
        'ok',
        'ok',
        'ok',
        'ok',
        'client_error',
        'ok',
        'ok',
        'client_error',
        'ok',
      ]);
      expect(responses[2]?.result).toBe('INSERT 0 100');
      expect(responses[4]?.exception).toBe('ERROR 42P01: relation "missing" does not exist');
      expect(responses[5]?.result).toBe('COPY 1');
    }
  });

  test('prepared statements and pipelines are answered one for one', async () => {
    const proxy = await start();
    const script = join(await directory(), 'script.sql');
    await writeFile(
      script,
      '\\set n random(1, 9)\nselect :n + 1;\n\\startpipeline\nselect :n;\nselect :n, 2;\n\\endpipeline\n',
    );
    const connection = ['-h', '127.0.0.1', '-p', String(proxy.port), '-U', 'joe'];
    await run(postgres![3]!, [...connection, '-n', '-M', 'prepared', '-f', script, '-t', '20', 'postgres']);
    const { messages } = busiest(proxy, 512);
    const { requests, responses } = split(messages);
    expect(requests.filter((request) => request.endpoint === 'select ? + ?').length).toBeGreaterThanOrEqual(20);
    expect(responses).toHaveLength(requests.filter((request) => request.expectsResponse).length);
    expect(new Set(responses.map((response) => response.status))).toEqual(new Set(['ok']));
  });
});
