import { createReadStream, existsSync } from 'node:fs';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { projectFile } from '../../core/project-files.ts';
import { listen } from '../../core/listen.ts';

/** The page as it was built, and an API behind it. */
export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

const build = projectFile('query', 'ui', 'build');
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
};

/** As strict as the page can bear: everything from this server, nothing within the document. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'";

/** Why the page cannot be served; undefined when it can. */
export function pageMissing(): string | undefined {
  if (!existsSync(join(build, 'index.html'))) return 'the page is not built: npm run setup';
  return existsSync('/usr/bin/chromium') ? undefined : 'Chromium is missing: npm run setup';
}

/**
 * Serves the page; questions to the API go to another server, unless `made` answers them.
 *
 * @param made answers by path: pieces of JSON, or a status
 */
export async function servePage(
  apiPort: number,
  made: (path: string, request: IncomingMessage) => Iterable<string> | number | undefined,
): Promise<PageServer> {
  const server = createServer((incoming, response) => {
    const path = new URL(incoming.url ?? '/', 'http://page').pathname;
    const answer = path.startsWith('/api/') ? made(path, incoming) : undefined;
    if (!path.startsWith('/api/')) sendFile(path, response);
    else if (answer === undefined) forward(incoming, response, apiPort);
    else if (typeof answer === 'number')
      response.writeHead(answer, { 'content-type': 'application/json' }).end('{"problems":["made"]}');
    else {
      response.writeHead(200, { 'content-type': 'application/json' });
      pipeline(Readable.from(answer), response, () => undefined);
    }
  });
  const port = await listen(server, { host: '127.0.0.1', port: 0, what: 'The page', portSetting: '' });
  return {
    url: `http://127.0.0.1:${port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function sendFile(path: string, response: ServerResponse): void {
  const file = /^\/assets\/[\w.-]+$/.test(path) ? join(build, path) : join(build, 'index.html');
  if (!existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'content-type': types[extname(file)] ?? 'application/octet-stream',
    'content-security-policy': policy,
  });
  createReadStream(file).pipe(response);
}

function forward({ url, headers }: IncomingMessage, response: ServerResponse, port: number): void {
  const { accept = '*/*' } = headers;
  const asked = request({ host: '127.0.0.1', port, path: url, headers: { accept } });
  asked.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  asked.on('error', () => response.destroy());
  asked.end();
}
