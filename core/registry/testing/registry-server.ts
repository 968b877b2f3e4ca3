/**
 * A server that speaks the documented REST contract of a Schema Registry as far as clients of ours ask, for what a real
 * one cannot be made to do on demand: be away, refuse, want credentials.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A running server, and what it should do next. */
export interface RegistryServer {
  readonly url: string;
  /** Answers every request with this status instead. */
  failWith: number | undefined;
  /** Answers registrations with 409. */
  isIncompatible: boolean;
  /** Wants these, as user:password. */
  credentials: string | undefined;
  /** Method and path of every request so far. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString();
}

/** Starts it on a free port of loopback. */
export async function startRegistryServer(): Promise<RegistryServer> {
  const texts: string[] = [];
  const requests: string[] = [];
  const state = { failWith: undefined, isIncompatible: false, credentials: undefined } as Pick<
    RegistryServer,
    'failWith' | 'isIncompatible' | 'credentials'
  >;

  function answer(request: IncomingMessage, body: string): readonly [number, object] {
    const { method = '', url = '', headers } = request;
    requests.push(`${method} ${url}`);
    if (state.failWith !== undefined) return [state.failWith, { error_code: 50001, message: 'out of order' }];
    const expected = `Basic ${Buffer.from(state.credentials ?? '').toString('base64')}`;
    if (state.credentials !== undefined && headers.authorization !== expected)
      return [401, { error_code: 40101, message: 'Unauthorized' }];
    if (method === 'POST' && /^\/subjects\/[^/]+\/versions$/.test(url)) {
      if (headers['content-type'] !== 'application/vnd.schemaregistry.v1+json')
        return [415, { error_code: 415, message: 'Unsupported Media Type' }];
      if (state.isIncompatible) return [409, { error_code: 409, message: 'Schema being registered is incompatible' }];
      const { schema } = JSON.parse(body) as { readonly schema: string };
      if (!texts.includes(schema)) texts.push(schema);
      return [200, { id: texts.indexOf(schema) + 1 }];
    }
    const id = /^\/schemas\/ids\/(\d+)$/.exec(url)?.[1];
    const text = id === undefined ? undefined : texts[Number(id) - 1];
    if (method === 'GET' && text !== undefined) return [200, { schema: text }];
    return [404, { error_code: 40403, message: 'Schema not found' }];
  }

  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const [status, value] = answer(request, body);
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' });
      response.end(JSON.stringify(value));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}
