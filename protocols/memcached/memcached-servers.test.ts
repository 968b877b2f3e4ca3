import { writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { dissectPayloads } from '../../test/redaction/dissect-redacted.ts';
import { addonMissing, defaultBudget, factsAt, redactCalls, wholePayload } from '../../test/redaction/redact-calls.ts';
import type { PlayedCall } from '../testing/marked.ts';
import { havePrograms, runClient } from '../testing/programs.ts';
import { type RealServer, startServer } from '../testing/real-servers.ts';
import {
  dissectConnection,
  type RecordedConnection,
  type RecordingProxy,
  startRecordingProxy,
} from '../testing/recording-proxy.ts';

/** Conversations of real clients with a real server, recorded by a proxy between them. */

const budgets = [Number.MAX_SAFE_INTEGER, 512];
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function record(
  settings: (directory: string) => readonly string[] = () => [],
  prepare: (directory: string) => Promise<unknown> = () => Promise.resolve(),
): Promise<RecordingProxy> {
  const server: RealServer = await startServer(
    'memcached',
    (port, directory) => ['-l', '127.0.0.1', '-p', String(port), '-u', 'root', '-m', '16', ...settings(directory)],
    { prepare },
  );
  cleanups.push(() => server.stop());
  const proxy = await startRecordingProxy(server.port);
  cleanups.push(() => proxy.close());
  return proxy;
}

/** Sends each text when the response to the one before is there, which ends like this. */
async function talk(port: number, exchanges: readonly (readonly [request: string, end: RegExp])[]): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  for (const [request, end] of exchanges) {
    let response = '';
    socket.write(request, 'latin1');
    while (!end.test(response)) {
      const [bytes] = (await once(socket, 'data')) as [Buffer];
      response += bytes.toString('latin1');
    }
  }
  socket.destroy();
}

/** The connection with the most on it. */
function busiest({ connections }: RecordingProxy): RecordedConnection {
  return [...connections].sort((one, other) => other.chunks.length - one.chunks.length)[0]!;
}

/** What came of each request: its resource, status and result. */
function callsOf(connection: RecordedConnection, budgetBytes: number): string[] {
  const { protocol, messages } = dissectConnection(connection, budgetBytes);
  expect(protocol).toBe('memcached');
  const responses = messages.filter((message) => message.kind === 'response');
  return messages
    .filter((message) => message.kind === 'request')
    .map(({ requestResource, expectsResponse }) => {
      if (!expectsResponse) return requestResource;
      const response = responses.shift();
      const said = response?.status === 'ok' ? response.result || 'ok' : response?.status;
      return `${requestResource}: ${said ?? '-'}`;
    });
}

function playedCalls({ chunks }: RecordedConnection): PlayedCall[] {
  return chunks.map(({ fromClient, bytes }) => ({ direction: fromClient ? 'egress' : 'ingress', bytes }));
}

describe.skipIf(!havePrograms('memcached'))('memcached', () => {
  it('text: commands, meta commands, errors, a pipeline, values larger than what is captured', async () => {
    const proxy = await record();
    const big = 'x'.repeat(5000);
    await talk(proxy.port, [
      ['set a 7 0 5\r\nhello\r\n', /STORED\r\n$/],
      [`set big 0 0 5000\r\n${big}\r\n`, /STORED\r\n$/],
      ['get a big none\r\n', /END\r\n$/],
      ['get none\r\n', /END\r\n$/],
      ['gets a\r\n', /END\r\n$/],
      ['cas a 0 0 1 9999\r\nx\r\n', /EXISTS\r\n$/],
      ['add a 0 0 1\r\nx\r\n', /NOT_STORED\r\n$/],
      ['set n 0 0 1 noreply\r\n5\r\nincr n 2\r\nincr a 1\r\ndecr none 1\r\n', /NOT_FOUND\r\n$/],
      ['gat 100 n\r\n', /END\r\n$/],
      ['touch n 50\r\n', /TOUCHED\r\n$/],
      ['mg a v t\r\n', /hello\r\n$/],
      ['mg none v\r\n', /EN\r\n$/],
      ['ms b 2 T90\r\nhi\r\n', /HD/],
      ['mg a v q O1 k\r\nmg none v q O2 k\r\nmg b v q O3 k\r\nmd none2 q\r\nmn\r\n', /MN\r\n$/],
      ['delete a\r\n', /DELETED\r\n$/],
      ['nonsense\r\n', /ERROR\r\n$/],
      ['version\r\n', /VERSION .*\r\n$/],
      ['set huge 0 0 2000000\r\n' + 'y'.repeat(2_000_000) + '\r\n', /SERVER_ERROR .*\r\n$/],
      ['get big\r\n', /END\r\n$/],
      ['stats\r\n', /END\r\n$/],
    ]);
    const expected = [
      'set a: STORED',
      'set big: STORED',
      'get a big none: ok',
      'get none: miss',
      'gets a: ok',
      'cas a: EXISTS',
      'add a: NOT_STORED',
      'set n',
      'incr n: 7',
      'incr a: client_error',
      'decr none: NOT_FOUND',
      'gat n: ok',
      'touch n: TOUCHED',
      'mg a: ok',
      'mg none: miss',
      'ms b: ok',
      'mg a: ok',
      'mg none: miss',
      'mg b: ok',
      'md none2: NOT_FOUND',
      'mn: ok',
      'delete a: DELETED',
      'nonsense: client_error',
      expect.stringMatching(/^version: VERSION 1/) as string,
      'set huge: server_error',
      'get big: ok',
      'stats: ok',
    ];
    for (const budgetBytes of budgets) expect(callsOf(busiest(proxy), budgetBytes)).toEqual(expected);
  });

  it.skipIf(addonMissing() !== undefined)(
    'a login by text never leaves the host, and nothing else is lost',
    async () => {
      const proxy = await record(
        (directory) => ['-Y', join(directory, 'users')],
        (directory) => writeFile(join(directory, 'users'), 'bob:s3cr3t\n'),
      );
      await talk(proxy.port, [
        ['get a\r\n', /CLIENT_ERROR .*\r\n$/],
        ['set auth 0 0 10\r\nbob wrong1\r\n', /CLIENT_ERROR .*\r\n$/],
        ['set auth 0 0 10\r\nbob s3cr3t\r\n', /STORED\r\n$/],
        ['set a 0 0 5\r\nhello\r\n', /STORED\r\n$/],
        ['get a\r\n', /END\r\n$/],
      ]);
      const facts = factsAt('client', 11211, true);
      for (const budget of [wholePayload, defaultBudget]) {
        const payloads = redactCalls(playedCalls(busiest(proxy)), facts, budget);
        const sent = payloads.map(({ payload }) => payload.toString('latin1')).join('');
        expect(sent).not.toMatch(/s3cr3t|wrong1|bob/);
        expect(sent).toContain('hello');
        const messages = dissectPayloads(payloads, facts, 'payload');
        expect(messages).toEqual(dissectPayloads(payloads, facts, 'captured'));
        expect(messages.filter((message) => message.startsWith('memcached'))).toHaveLength(5);
      }
    },
  );
});

describe.skipIf(!havePrograms('memcached', 'memccp', 'memccat', 'memcrm', 'memcexist'))(
  'memcached and libmemcached',
  () => {
    it.each([
      ['text', []],
      ['binary', ['--binary']],
    ])('%s: the clients that come with it', async (_, options) => {
      const proxy = await record();
      const server = `--servers=127.0.0.1:${proxy.port}`;
      const directory = cleanups.length;
      const file = join('/tmp', `spanloom-memcached-${process.pid}-${directory}`);
      await writeFile(file, 'x'.repeat(3000));
      await runClient('memccp', [...options, server, file]);
      const key = file.slice('/tmp/'.length);
      expect((await runClient('memccat', [...options, server, key, 'none'])).output).toContain('xxx');
      await runClient('memcexist', [...options, server, key]);
      await runClient('memcrm', [...options, server, key]);
      await runClient('memcrm', [...options, server, key]);
      for (const budgetBytes of budgets) {
        const calls = proxy.connections
          .filter(({ chunks }) => chunks.length > 0)
          .flatMap((connection) => callsOf(connection, budgetBytes))
          .filter((call) => call.includes(key) || call.includes('none'));
        expect(calls).toEqual([
          expect.stringMatching(/^set .*: (STORED|ok)$/),
          expect.stringMatching(/^get .*: ok$/),
          'get none: miss',
          expect.stringMatching(/^(add|get|mg|touch) .*$/),
          expect.stringMatching(/^delete .*: (DELETED|ok)$/),
          expect.stringMatching(/^delete .*: NOT_FOUND$/),
        ]);
      }
      if (addonMissing() !== undefined) return;
      const facts = factsAt('client', 11211, true);
      for (const connection of proxy.connections.filter(({ chunks }) => chunks.length > 0)) {
        const payloads = redactCalls(playedCalls(connection), facts, defaultBudget);
        expect(dissectPayloads(payloads, facts, 'payload')).toEqual(dissectPayloads(payloads, facts, 'captured'));
      }
    });
  },
);
