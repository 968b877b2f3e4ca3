import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Message, RequestMessage, ResponseMessage } from './dissection/dissector.ts';
import { havePrograms, runClient } from './testing/programs.ts';
import { type RunningServer, startMariadb, startPostgres, startRedis } from './testing/real-servers.ts';
import { dissectConnection, type RecordingProxy, startRecordingProxy } from './testing/recording-proxy.ts';

/** Conversations of real clients with real servers, recorded by a proxy between them. */

const budgets = [Number.MAX_SAFE_INTEGER, 512];
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A proxy to the server; both end with the test. */
async function record(server: RunningServer): Promise<RecordingProxy> {
  cleanups.push(() => server.stop());
  const proxy = await startRecordingProxy(server.port);
  cleanups.push(() => proxy.close());
  return proxy;
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

describe.skipIf(!havePrograms('redis-server', 'redis-cli'))('redis-server and redis-cli', () => {
  test('each command has its reply, also where values are larger than what is captured', async () => {
    const proxy = await record(await startRedis());
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
    await runClient('redis-cli', ['-p', String(proxy.port)], `${commands.join('\n')}\n`);
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

describe.skipIf(!havePrograms('mariadbd', 'mariadb', 'mariadb-install-db'))('mariadbd and mariadb', () => {
  test('login, statements, results, errors and the end', async () => {
    const proxy = await record(await startMariadb());
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
    await runClient(
      'mariadb',
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

  test('with compression, what is small enough not to be compressed', async () => {
    const proxy = await record(await startMariadb());
    const sql = ['create database shop', 'use shop', 'select 1', 'selec 1', 'drop database shop'];
    await runClient(
      'mariadb',
      ['--no-defaults', '--skip-ssl', '--compress', '-h127.0.0.1', `-P${proxy.port}`, '-uroot', '--force'],
      `${sql.join(';\n')};\n`,
    );
    for (const budgetBytes of budgets) {
      const { requests, responses } = split(busiest(proxy, budgetBytes).messages);
      expect(requests.map(({ endpoint }) => endpoint)).toEqual([
        ...['LOGIN', 'create database shop', 'SELECT DATABASE()', 'INIT_DB', 'select ?', 'selec ?'],
        ...['drop database shop', 'QUIT'],
      ]);
      // The result of `select 1` is compressed.
      const ok = ['ok', 0];
      const answers = [ok, ok, ok, ok, ['unknown', 0], ['client_error', 1064], ok];
      expect(responses.map(({ status, responseCode }) => [status, responseCode])).toEqual(answers);
    }
  });
});

describe.skipIf(!havePrograms('postgres', 'initdb', 'psql', 'pgbench'))('postgres with psql and pgbench', () => {
  test('login, statements, results, errors, COPY and the end', async () => {
    const proxy = await record(await startPostgres());
    const sql =
      "create table t (id int, v text);\ninsert into t select n, repeat('x', 200) from generate_series(1, 100) n;\nselect * from t where id > 0;\nselect * from missing;\ncopy t from stdin;\n7\tseven\n\\.\nbegin;\nselect 1/0;\nrollback;\n";
    await runClient('psql', ['-X', '-q', '-h', '127.0.0.1', '-p', String(proxy.port), '-U', 'joe', 'postgres'], sql);
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
    const proxy = await record(await startPostgres());
    const folder = await mkdtemp(join(tmpdir(), 'spanloom-real-'));
    cleanups.push(() => rm(folder, { recursive: true, force: true }));
    const script = join(folder, 'script.sql');
    await writeFile(
      script,
      '\\set n random(1, 9)\nselect :n + 1;\n\\startpipeline\nselect :n;\nselect :n, 2;\n\\endpipeline\n',
    );
    const connection = ['-h', '127.0.0.1', '-p', String(proxy.port), '-U', 'joe'];
    const client = [...connection, '-n', '-M', 'prepared', '-f', script, '-t', '20', 'postgres'];
    expect(await runClient('pgbench', client)).toMatchObject({ code: 0 });
    const { messages } = busiest(proxy, 512);
    const { requests, responses } = split(messages);
    expect(requests.filter((request) => request.endpoint === 'select ? + ?').length).toBeGreaterThanOrEqual(20);
    expect(responses).toHaveLength(requests.filter((request) => request.expectsResponse).length);
    expect(new Set(responses.map((response) => response.status))).toEqual(new Set(['ok']));
  });
});
