import { createServer } from 'node:http';
import { expect, it } from 'vitest';
import { listen } from '../../core/listen.ts';
import { httpTraceStore } from './http-trace-store.ts';

it('an answer that is not of the API is told by its status, not as no answer', async () => {
  const server = createServer((_, response) => response.writeHead(431).end('<html>'));
  const port = await listen(server, { host: '127.0.0.1', port: 0, what: 'A server', portSetting: '' });
  const url = `http://127.0.0.1:${port}`;
  const listed = httpTraceStore(url).listTraces({ sort: 'newest', limit: 1 });
  await expect(listed).rejects.toThrow(`The query API at ${url} refused: status 431.`);
  await new Promise((resolve) => server.close(resolve));
  const unheard = httpTraceStore(url).listTraces({ sort: 'newest', limit: 1 });
  await expect(unheard).rejects.toThrow(`The query API at ${url} does not answer.`);
});
