import kafkajs from 'kafkajs';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { responseSocket } from './response-frames.ts';

const { Kafka, logLevel } = kafkajs;

const response = (text: string): Buffer => {
  const size = Buffer.alloc(4);
  size.writeInt32BE(text.length);
  return Buffer.concat([size, Buffer.from(text)]);
};

describe('responseSocket', () => {
  let server: Server | undefined;

  afterEach(async () => {
    server?.close();
    if (server !== undefined) await once(server, 'close');
  });

  async function listen(onConnection: (socket: Socket) => void): Promise<{ host: string; port: number }> {
    server = createServer((socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
  }

  const connect = (address: { host: string; port: number }): Socket =>
    responseSocket({ ...address, ssl: null as never, onConnect: () => undefined });

  /** Everything that the listener of data hears until the connection ends, and the error if it ends with one. */
  async function heard(socket: Socket): Promise<{ responses: string[]; error: string | undefined }> {
    const responses: string[] = [];
    let error: string | undefined;
    socket.on('data', (bytes: Buffer) => responses.push(bytes.toString('latin1')));
    socket.on('error', ({ message }) => (error = message));
    socket.on('end', () => socket.end());
    // once() would reject at the error.
    await new Promise((resolve) => socket.on('close', resolve));
    return { responses, error };
  }

  /** Sends each part when the one before has left, so that they are not joined by chance only. */
  async function sendParts(socket: Socket, bytes: Buffer, partBytes: number): Promise<void> {
    socket.setNoDelay(true);
    for (let start = 0; start < bytes.length; start += partBytes)
      await new Promise((resolve) => socket.write(bytes.subarray(start, start + partBytes), resolve));
    socket.end();
  }

  it.each([1, 3, 5, 16, 1000])('cuts responses out of parts of %i bytes', async (partBytes) => {
    const sent = ['0001a', '0002', `0003${'x'.repeat(60)}`].map(response);
    const address = await listen((socket) => void sendParts(socket, Buffer.concat(sent), partBytes));
    const { responses, error } = await heard(connect(address));
    expect(responses).toEqual(sent.map((bytes) => bytes.toString('latin1')));
    expect(error).toBeUndefined();
  });

  it('hands out nothing of a response that breaks off', async () => {
    const whole = response('0001 whole');
    const address = await listen((socket) =>
      socket.end(Buffer.concat([whole, response('0002 broken').subarray(0, 9)])),
    );
    expect((await heard(connect(address))).responses).toEqual([whole.toString('latin1')]);
  });

  it.each([-1, 0, 3, -2147483648])('ends the connection when a response says that it has %i bytes', async (size) => {
    const bytes = Buffer.alloc(12);
    bytes.writeInt32BE(size);
    const address = await listen((socket) => socket.end(bytes));
    const { responses, error } = await heard(connect(address));
    expect(responses).toEqual([]);
    expect(error).toBe(`No response of Kafka: it says that it has ${size} bytes`);
  });

  it('lets a client fail, and not its process, when what answers is no broker', async () => {
    const { host, port } = await listen((socket) =>
      socket.on('data', () => socket.write(Buffer.from([0, 0, 0, 2, 7, 7]))),
    );
    const admin = new Kafka({
      brokers: [`${host}:${port}`],
      logLevel: logLevel.NOTHING,
      socketFactory: responseSocket,
      retry: { retries: 1, initialRetryTime: 1 },
    }).admin();
    await expect(admin.connect()).rejects.toThrow(/No response of Kafka/);
    await admin.disconnect();
  });
});
