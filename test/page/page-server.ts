import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline, Readable } from 'node:stream';
import { listen } from '../../core/listen.ts';
import { sendPage } from './built-page.ts';

/** The page as it was built, and an API behind it. */
export interface PageServer {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Serves the page; questions to the API go to another server, unless `made` answers them.
 *
 * @param made answers by path: pieces of JSON, or a status
 */
export async function servePage(
  apiPort: number,
  made: (path: string, request: IncomingMessage) => Iterable<string> | AsyncIterable<string> | number | undefined,
): Promise<PageServer> {
  const server = createServer((incoming, response) => {
    const path = new URL(incoming.url ?? '/', 'http://page').pathname;
    const answer = path.startsWith('/api/') ? made(path, incoming) : undefined;
    if (!path.startsWith('/api/')) sendPage(response, path);
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
