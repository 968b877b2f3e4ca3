/** What the query stage answers to whom, and how it serves the page. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../core/telemetry/logger.ts';
import { createTelemetry } from '../core/telemetry/telemetry.ts';
import { httpTraceStore } from '../query/api/http-trace-store.ts';
import { defaultQueryLimits } from '../query/config.ts';
import { type QueryServer, type QueryServerOptions, serveQueries } from '../query/http/http-server.ts';
import { emptyReader } from '../query/testing/empty-reader.ts';
import { storeWith } from '../query/testing/store-with.ts';

const token = 'correct-horse-battery';
const servers: QueryServer[] = [];
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'spanloom-page-'));
});
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
  rmSync(directory, { recursive: true, force: true });
});

async function serve(options: Partial<QueryServerOptions> = {}): Promise<number> {
  const server = await serveQueries({
    store: storeWith({}),
    reader: () => emptyReader,
    telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
    host: '127.0.0.1',
    port: 0,
    limits: defaultQueryLimits,
    pageDirectory: directory,
    ...options,
  });
  servers.push(server);
  return server.port;
}

interface Got {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}
function get(port: number, path: string, headers: Readonly<Record<string, string>> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    request({ port, path, headers: { host: `127.0.0.1:${port}`, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    })
      .once('error', reject)
      .end();
  });
}

const script = `console.log(${JSON.stringify('x'.repeat(5_000))});`;
function buildPage(): void {
  mkdirSync(join(directory, 'assets'));
  writeFileSync(join(directory, 'index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(directory, 'assets', 'index-abc123.js'), script);
  writeFileSync(join(directory, 'assets', 'icon-1.svg'), '<svg/>');
}

describe('with a token', () => {
  it('everything but health needs it, and a browser asks for it', async () => {
    buildPage();
    const port = await serve({ access: { token } });
    for (const path of ['/', '/assets/index-abc123.js', '/api/traces', '/api/openapi.json', '/metrics', '/nothing']) {
      const refused = await get(port, path, { accept: 'text/html' });
      expect([path, refused.status]).toEqual([path, 401]);
      expect(refused.headers['www-authenticate']).toMatch(/^Basic /);
      expect(String(refused.body)).toContain('problems');
      expect((await get(port, path, { authorization: `Bearer ${token.toUpperCase()}` })).status).toBe(401);
      expect((await get(port, path, { authorization: `Bearer ${token}` })).status).toBe(
        path === '/nothing' ? 404 : 200,
      );
    }
    expect((await get(port, '/healthz')).status).toBe(200);
    expect((await get(port, '/healthz', { origin: 'http://evil.example' })).status).toBe(403);
  });

  it('the command line sends it', async () => {
    const port = await serve({ access: { token } });
    const base = `http://127.0.0.1:${port}`;
    await expect(httpTraceStore(base).listTraces({ sort: 'newest', limit: 1 })).rejects.toThrow('a token is needed');
    expect(await httpTraceStore(base, token).listTraces({ sort: 'newest', limit: 1 })).toEqual({ traces: [] });
  });
});

describe('the page', () => {
  it('is at every path that is not of the API, for a browser that asks for a page', async () => {
    buildPage();
    const port = await serve();
    for (const path of ['/', '/traces/abc', '/map?from=1', '/state']) {
      const { status, headers, body } = await get(port, path, { accept: 'text/html,*/*;q=0.8' });
      expect([path, status, headers['content-type']]).toEqual([path, 200, 'text/html; charset=utf-8']);
      expect(String(body)).toContain('<title>page</title>');
      expect(headers['cache-control']).toBe('no-cache');
      expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
      expect(headers['content-security-policy']).not.toContain('unsafe');
    }
    for (const path of ['/api/nothing', '/healthz/x', '/api'])
      expect([path, (await get(port, path, { accept: 'text/html' })).status]).toEqual([path, 404]);
    expect((await get(port, '/other', { accept: 'application/json' })).status).toBe(404);
    expect((await get(port, '/assets/gone.js')).status).toBe(404);
  });

  it('has files of their types, kept by their hashes, compressed for who takes that', async () => {
    buildPage();
    const port = await serve();
    const plain = await get(port, '/assets/index-abc123.js');
    expect(plain.headers).toMatchObject({
      'content-type': 'text/javascript; charset=utf-8',
      'cache-control': expect.stringContaining('immutable') as string,
      'x-content-type-options': 'nosniff',
    });
    expect(String(plain.body)).toBe(script);
    const compressed = await get(port, '/assets/index-abc123.js', { 'accept-encoding': 'br, gzip' });
    expect(compressed.headers['content-encoding']).toBe('gzip');
    expect(String(gunzipSync(compressed.body))).toBe(script);
    expect((await get(port, '/assets/icon-1.svg')).headers['content-type']).toBe('image/svg+xml');
    for (const path of ['/assets/../../etc/passwd', '/assets/%2e%2e/index.html', '//etc/passwd', '/index.html/'])
      expect([path, (await get(port, path)).status]).toEqual([path, 404]);
  });

  it('may be linked from elsewhere; the API may not', async () => {
    buildPage();
    const port = await serve();
    const link = {
      accept: 'text/html',
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    };
    expect((await get(port, '/traces/abc', link)).status).toBe(200);
    expect((await get(port, '/api/traces', link)).status).toBe(403);
    expect((await get(port, '/', { ...link, host: 'evil.example' })).status).toBe(403);
    expect((await get(port, '/', { ...link, 'sec-fetch-dest': 'iframe' })).status).toBe(403);
  });

  it('that is not built says so', async () => {
    const port = await serve();
    const { status, headers, body } = await get(port, '/', { accept: 'text/html' });
    expect([status, headers['content-type']]).toEqual([404, 'text/plain; charset=utf-8']);
    expect(String(body)).toContain('npm run setup');
  });
});
