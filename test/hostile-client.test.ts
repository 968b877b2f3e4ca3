/** What clients that mean harm, or are merely broken, can cost. */
import { once } from 'node:events';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry, type Telemetry } from '../core/telemetry/telemetry.ts';
import { type QueryServer, serveQueries } from '../query/http/http-server.ts';
import { defaultQueryLimits } from '../query/config.ts';
import type { QueryLimits } from '../query/http/limits.ts';
import {
  type NamedSpan,
  type OpenedTrace,
  type PagedTraceStore,
  TraceChangedError,
} from '../query/store/trace-store.ts';
import { emptyReader } from '../query/testing/empty-reader.ts';
import { storeWith } from '../query/testing/store-with.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { orderSpan } from '../sink/testing/traces.ts';

const servers: QueryServer[] = [];
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) await server.close();
});

interface Served {
  readonly port: number;
  readonly telemetry: Telemetry;
}

async function serve(store: Partial<PagedTraceStore>, limits: Partial<QueryLimits> = {}): Promise<Served> {
  const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) });
  const server = await serveQueries({
    store: storeWith(store),
    reader: () => emptyReader,
    telemetry,
    host: '127.0.0.1',
    port: 0,
    limits: { ...defaultQueryLimits, ...limits },
  });
  servers.push(server);
  return { port: server.port, telemetry };
}

const id = 'ab'.repeat(16);
const names = { serviceName: 'shop' };

/** A trace of so many pages, each with so much text; tells which pages were asked for. */
function pagesOf(count: number, textBytes: number, asked: number[] = []): () => Promise<OpenedTrace> {
  const head = aTrace([], { traceId: id, revision: 1, rootCount: 1, startTimeNs: 1n, durationNs: 1 });
  async function* pages(): AsyncGenerator<readonly NamedSpan[]> {
    for (let page = 0; page < count; page++) {
      await Promise.resolve();
      asked.push(page);
      yield [{ span: orderSpan({ requestResource: 'x'.repeat(textBytes) }), names }];
    }
  }
  const ids = { storedTraceId: head.traceId, alsoCarriedBy: [] };
  return () => Promise.resolve({ kind: 'found', head, ...ids, pages: pages() });
}

/** Sends a request and reads nothing of the answer. */
async function mute(port: number, path: string): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.pause();
  await once(socket, 'connect');
  socket.write(`GET ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  return socket;
}

async function raw(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  socket.on('error', () => undefined);
  socket.end(text);
  let answer = '';
  for await (const bytes of socket) answer += String(bytes);
  return answer;
}

async function metric(telemetry: Telemetry, name: string): Promise<number> {
  const match = new RegExp(`^${name} (\\S+)$`, 'm').exec(await telemetry.registry.metrics());
  return Number(match?.[1] ?? Number.NaN);
}

async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('readers that do not read', () => {
  const pageBytes = 400_000;

  it('hold one page each, however long their answer is', async () => {
    const asked: number[] = [];
    const readers = 12;
    const { port, telemetry } = await serve({ openTrace: pagesOf(10_000, pageBytes, asked) });
    for (let reader = 0; reader < readers; reader++) await mute(port, `/api/traces/${id}`);
    await until(async () => (await metric(telemetry, 'spanloom_query_requests_open')) === readers);
    // Until the system's buffers are full, pages are asked for; then no more.
    let before = -1;
    await until(async () => {
      const isStill = asked.length === before;
      before = asked.length;
      await new Promise((resolve) => setTimeout(resolve, 100));
      return isStill;
    });
    expect(await metric(telemetry, 'spanloom_query_buffered_bytes')).toBeGreaterThan(0);
    expect(await metric(telemetry, 'spanloom_query_buffered_bytes')).toBeLessThan(readers * (pageBytes + 10_000));
    expect(asked.length).toBeLessThan(readers * 40);
  });

  it('are disconnected in the end, and give their place before that when another needs it', async () => {
    const { port, telemetry } = await serve(
      { openTrace: pagesOf(10_000, pageBytes) },
      { maxRequestsPerClient: 3, yieldAfterMs: 0, stallTimeoutMs: 60_000 },
    );
    const readers = [];
    for (let reader = 0; reader < 3; reader++) readers.push(await mute(port, `/api/traces/${id}`));
    await until(async () => (await metric(telemetry, 'spanloom_query_requests_open')) === 3);
    await until(async () => (await fetch(`http://127.0.0.1:${port}/api/traces`)).status === 200);

    const hurried = await serve({ openTrace: pagesOf(10_000, pageBytes) }, { stallTimeoutMs: 50 });
    await mute(hurried.port, `/api/traces/${id}`);
    await until(async () => /status="499"\} 1/.test(await hurried.telemetry.registry.metrics()));
    expect(await metric(hurried.telemetry, 'spanloom_query_requests_open')).toBe(0);
    expect(await metric(hurried.telemetry, 'spanloom_query_buffered_bytes')).toBe(0);
  });
});

describe('a request', () => {
  it('whose client goes away cancels what runs and what waits for it', async () => {
    const signals: AbortSignal[] = [];
    const { port, telemetry } = await serve(
      {
        listTraces: (_, signal) =>
          new Promise((__, reject) => {
            signals.push(signal!);
            signal!.addEventListener('abort', () => reject(signal!.reason as Error));
          }),
      },
      { maxConcurrency: 1 },
    );
    const clients = [await mute(port, '/api/traces'), await mute(port, '/api/traces')];
    await until(async () => (await metric(telemetry, 'spanloom_query_requests_waiting')) === 1);
    // The one that waits first: it must not get the turn of the other.
    clients[1]!.destroy();
    await until(async () => (await metric(telemetry, 'spanloom_query_requests_waiting')) === 0);
    clients[0]!.destroy();
    await until(async () => (await metric(telemetry, 'spanloom_query_requests_open')) === 0);
    expect(signals).toHaveLength(1);
    expect(signals[0]!.aborted).toBe(true);
  });

  it('that takes too long is cancelled, and told so', async () => {
    const { port } = await serve(
      {
        listTraces: (_, signal) =>
          new Promise((__, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error))),
      },
      { requestTimeoutMs: 30 },
    );
    const response = await fetch(`http://127.0.0.1:${port}/api/traces`);
    expect(response.status).toBe(503);
    expect(await response.json()).toEqual({ problems: ['the request took too long'] });
  });

  it('beyond the places there are is refused, with when to come again; health and metrics need none', async () => {
    const { port, telemetry } = await serve(
      { listTraces: () => new Promise(() => undefined), openTrace: () => new Promise(() => undefined) },
      { maxRequests: 4, maxRequestsPerClient: 4, maxConcurrency: 1 },
    );
    for (let client = 0; client < 4; client++) await mute(port, '/api/traces');
    await until(async () => (await metric(telemetry, 'spanloom_query_requests_open')) === 4);
    const refused = await fetch(`http://127.0.0.1:${port}/api/traces/${id}`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
    expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);

    const all = await serve({ listTraces: () => new Promise(() => undefined) }, { maxRequests: 1 });
    await mute(all.port, '/api/traces');
    await until(async () => (await metric(all.telemetry, 'spanloom_query_requests_open')) === 1);
    const full = await fetch(`http://127.0.0.1:${all.port}/api/traces`);
    expect([full.status, full.headers.get('retry-after')]).toEqual([503, '1']);
  });

  it('gets data that a browser neither keeps nor shows as a page', async () => {
    const { port } = await serve({});
    for (const path of ['/api/traces', '/healthz', '/metrics', '/other']) {
      const { headers } = await fetch(`http://127.0.0.1:${port}${path}`);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('access-control-allow-origin')).toBeNull();
    }
  });

  it('through a page of another site is refused everywhere', async () => {
    const { port } = await serve({});
    const status = (path: string, headers: Readonly<Record<string, string>>): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        request({ port, path, headers: { host: `127.0.0.1:${port}`, ...headers } }, (response) => {
          response.resume();
          resolve(response.statusCode);
        })
          .once('error', reject)
          .end();
      });
    for (const path of ['/api/traces', `/api/traces/${id}`, '/healthz', '/metrics']) {
      expect(await status(path, { origin: 'http://evil.example' })).toBe(403);
      expect(await status(path, { origin: 'null' })).toBe(403);
      expect(await status(path, { host: 'evil.example' })).toBe(403);
      expect(await status(path, { 'sec-fetch-site': 'cross-site' })).toBe(403);
      expect(await status(path, { origin: `http://127.0.0.1:${port}` })).not.toBe(403);
    }
  });

  it('that is malformed gets a status of its own kind', async () => {
    const { port } = await serve({});
    const host = 'Host: localhost\r\n';
    const answers: readonly (readonly [string, string])[] = [
      [`GET /api/traces?service=%zz HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces?service=a%00b HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces?limit=1&limit=2 HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces?limit=99999999999999999999 HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces?limit=-1 HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces?from=0001-01-01 HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces?min_duration=${'9'.repeat(400)}d HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces?${'a&'.repeat(5_000)} HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces?where=${'('.repeat(1_000)} HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces/%zz HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces/${id}0 HTTP/1.1\r\n${host}`, '400'],
      [`GET /${'x'.repeat(14_500)} HTTP/1.1\r\n${host}`, '414'],
      [`GET /${'x'.repeat(40_000)} HTTP/1.1\r\n${host}`, '431'],
      [`GET http://evil.example/api/traces HTTP/1.1\r\n${host}`, '400'],
      [`GET /api/traces HTTP/1.1\r\n${host}Content-Length: 5\r\n`, '400'],
      [`GET /api/traces HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\n`, '400'],
      ['GET /api/traces HTTP/1.1\r\n', '400'],
      [`GET /api/traces HTTP/1.1\r\n${host}Host: evil.example\r\n`, '403'],
      [`DELETE /api/traces HTTP/1.1\r\n${host}`, '405'],
      ['\0\x01\x02', '400'],
    ];
    for (const [text, status] of answers) {
      const answer = await raw(port, `${text}Connection: close\r\n\r\n`);
      expect(answer.slice(0, 12), text.slice(0, 80)).toBe(`HTTP/1.1 ${status}`);
      expect(answer.length, text.slice(0, 80)).toBeLessThan(8_000);
    }
  });
});

describe('a trace that changes while it is read', () => {
  it('is read anew while nothing has been sent', async () => {
    let attempts = 0;
    const failing = pagesOf(3, 10);
    const { port } = await serve({
      async openTrace() {
        const opened = await failing();
        if (opened.kind !== 'found' || ++attempts > 2) return opened;
        // eslint-disable-next-line @typescript-eslint/require-await
        const pages = (async function* (): AsyncGenerator<readonly NamedSpan[]> {
          yield* [];
          throw new TraceChangedError(id);
        })();
        return { ...opened, pages };
      },
    });
    const response = await fetch(`http://127.0.0.1:${port}/api/traces/${id}`);
    expect(((await response.json()) as { spans: unknown[] }).spans).toHaveLength(3);
    expect(attempts).toBe(3);
  });

  it('is cut off after that, so that no client takes a part for the whole', async () => {
    const good = pagesOf(1, 10);
    const { port, telemetry } = await serve({
      async openTrace() {
        const opened = await good();
        if (opened.kind !== 'found') return opened;
        const pages = (async function* (): AsyncGenerator<readonly NamedSpan[]> {
          yield* opened.pages;
          throw new TraceChangedError(id);
        })();
        return { ...opened, pages };
      },
    });
    const response = await fetch(`http://127.0.0.1:${port}/api/traces/${id}`);
    await expect(response.text()).rejects.toThrow();
    await until(async () => /event="query_cut",stage=""\} 1/.test(await telemetry.registry.metrics()));
  });
});
