import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import {
  closeServer,
  createBoundedServer,
  type RequestHandler,
  type ServerLimits,
  serverLimits,
} from './bounded-server.ts';

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function serve(handle: RequestHandler, limits: Partial<ServerLimits> = {}): Promise<() => Promise<Socket>> {
  const server = createBoundedServer({ ...serverLimits, ...limits }, handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const sockets: Socket[] = [];
  open.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.closeAllConnections();
    await closeServer(server);
  });
  return async () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  };
}

const request = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const answered: RequestHandler = (_, response) => void response.end('ok');

async function answerOf(socket: Socket): Promise<string> {
  socket.write(request);
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes.toString();
}

describe('a bounded server', () => {
  it('lets a new connection in, however many others do nothing or are half a request', async () => {
    const connected = await serve(answered, { maxConnections: 4 });
    for (let count = 0; count < 12; count++) {
      const socket = await connected();
      socket.write('GET / HTTP/1.1\r\nHost: local');
      // Its place may be taken by now, but never that of the one that asks.
      expect(await answerOf(await connected())).toContain('200 OK');
    }
  });

  it('keeps a connection whose request is being answered, and refuses new ones when all are', async () => {
    const waiting: ServerResponse[] = [];
    let arrived = (): void => undefined;
    const connected = await serve(
      (_, response) => {
        waiting.push(response);
        arrived();
      },
      { maxConnections: 2 },
    );
    const busy = [await connected(), await connected()];
    for (const socket of busy) {
      const seen = new Promise<void>((resolve) => (arrived = resolve));
      socket.write(request);
      await seen;
    }
    const refused = await connected();
    refused.resume();
    await once(refused, 'close');
    const answers = busy.map((socket) => once(socket, 'data'));
    for (const response of waiting) response.end('ok');
    for (const [bytes] of await Promise.all(answers)) expect(String(bytes)).toContain('200 OK');
  });

  it('closes a connection that asks for more and more without waiting for answers', async () => {
    let handled = 0;
    const connected = await serve(
      () => {
        handled++;
      },
      { maxPipelined: 3 },
    );
    const socket = await connected();
    socket.resume();
    socket.write(request.repeat(50));
    await once(socket, 'close');
    expect(handled).toBe(3);
  });

  it('tells when the connection of a request is closed', async () => {
    let told = (): void => undefined;
    const closed = new Promise<void>((resolve) => (told = resolve));
    let seen = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (seen = resolve));
    const connected = await serve((_, __, signal) => {
      signal.addEventListener('abort', told, { once: true });
      seen();
    });
    const socket = await connected();
    socket.write(request);
    await arrived;
    // Also when it is closed in an orderly way, as clients do that have given up.
    socket.end();
    await closed;
  });

  it('gives up on a head that is too long or never ends', async () => {
    const connected = await serve(answered, { maxHeaderBytes: 2_048, headersTimeoutMs: 200 });
    const long = await connected();
    long.write(`GET /${'x'.repeat(4_096)} HTTP/1.1\r\n`);
    expect(String(((await once(long, 'data')) as [Buffer])[0])).toContain('431');
    const slow = await connected();
    slow.write('GET / HTTP/1.1\r\nHost: localhost\r\n');
    expect(String(((await once(slow, 'data')) as [Buffer])[0])).toContain('408');
  });
});
