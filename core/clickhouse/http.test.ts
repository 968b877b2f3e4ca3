import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { openHttpClickHouse } from './http.ts';

interface Asked {
  readonly url: URL;
  readonly body: Buffer;
}

/** A stand-in for a server: remembers requests and answers all alike. */
async function withServer(
  status: number,
  answer: string,
  use: (url: string, asked: readonly Asked[]) => Promise<void>,
): Promise<void> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      asked.push({ url: new URL(request.url!, 'http://server'), body: Buffer.concat(pieces) });
      response.writeHead(status).end(answer);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

const login = { database: 'spans', user: 'writer', password: 'x', requestTimeoutMs: 5000 };
const insert = {
  table: 't',
  columns: [{ name: 'a', type: 'Int8' }],
  rows: [Buffer.from([1, 0, 0xff]), Buffer.from([0x80])],
};

describe('ClickHouse over HTTP', () => {
  it('gets rows as they are, and the same token for the same rows', async () => {
    await withServer(200, '', async (url, asked) => {
      const clickHouse = openHttpClickHouse({ url, ...login });
      await clickHouse.insert(insert);
      await clickHouse.insert(insert);
      await clickHouse.insert({ ...insert, rows: [Buffer.from([2])] });
      await clickHouse.close();
      const [first, second, third] = asked.map((request) => request.url.searchParams);
      expect(first!.get('query')).toBe('INSERT INTO `t` (`a`) FORMAT RowBinary');
      expect(first!.get('database')).toBe('spans');
      expect(first!.get('async_insert')).toBe('0');
      expect(asked[0]!.body).toEqual(Buffer.from([1, 0, 0xff, 0x80]));
      const token = 'insert_deduplication_token';
      expect(first!.get(token)).toBe(second!.get(token));
      expect(first!.get(token)).not.toBe(third!.get(token));
    });
  });

  it('that is overloaded is worth waiting for', async () => {
    await withServer(500, 'Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)', async (url) => {
      const clickHouse = openHttpClickHouse({ url, ...login });
      await expect(clickHouse.insert(insert)).rejects.toMatchObject({
        code: 'DESTINATION_UNAVAILABLE',
        retryable: true,
      });
      await clickHouse.close();
    });
  });

  it('that is not there is worth waiting for', async () => {
    const clickHouse = openHttpClickHouse({ url: 'http://127.0.0.1:9', ...login });
    await expect(clickHouse.select('SELECT 1')).rejects.toMatchObject({ retryable: true });
    await clickHouse.close();
  });

  it('asks for bounded, read-only queries that end with their connection, and ends them by their id as well', async () => {
    const asked: URL[] = [];
    const bodies: string[] = [];
    let closed = (): void => undefined;
    const isClosed = new Promise<void>((resolve) => (closed = resolve));
    let killed = (): void => undefined;
    const isKilled = new Promise<void>((resolve) => (killed = resolve));
    let arrived = (): void => undefined;
    const hasArrived = new Promise<void>((resolve) => (arrived = resolve));
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (bytes: Buffer) => (body += String(bytes)));
      request.on('end', () => {
        asked.push(new URL(request.url!, 'http://server'));
        bodies.push(body);
        if (body.startsWith('KILL')) {
          response.end();
          killed();
          return;
        }
        response.once('close', closed);
        // The head and the beginning of the rows, and then nothing.
        response.writeHead(200).write('{"a":1}\n');
        arrived();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const clickHouse = openHttpClickHouse({ url, ...login });
    const cancelled = new AbortController();
    const query = clickHouse.select('SELECT 1', { signal: cancelled.signal, settings: { max_execution_time: 20 } });
    const outcome = expect(query).rejects.toThrow('the client has gone');
    await hasArrived;
    cancelled.abort(new Error('the client has gone'));
    await outcome;
    await Promise.all([isClosed, isKilled]);
    const parameters = asked[0]!.searchParams;
    expect(parameters.get('cancel_http_readonly_queries_on_client_close')).toBe('1');
    expect(parameters.get('readonly')).toBe('2');
    expect(bodies[0]).toContain('max_execution_time = 20');
    expect(bodies[1]).toContain(`query_id = '${parameters.get('query_id')!}'`);
    await clickHouse.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
});
