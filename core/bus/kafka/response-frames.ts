/**
 * Sockets that hand kafkajs whole responses only. It collects the parts of a response per broker, not per socket: half a response
 * of a connection that broke would stand before the first one of the next, and what is read then out of bounds throws in a
 * handler of a socket, where nothing catches it.
 */
import type { ISocketFactory } from 'kafkajs';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

const keepAliveDelayMs = 60_000;
const sizeBytes = 4;
/** Of the correlation id, with which each response begins. */
const smallestResponse = 4;

/** Cuts what a socket reads into responses: a size in four bytes, big-endian, and as many bytes. */
class ResponseFrames {
  #parts: Buffer[] = [];
  #bytes = 0;
  /** Bytes until something can be said: of the size, or of the whole response with it. */
  #needed = sizeBytes;

  /**
   * @param onResponse - takes each response that is complete now, with its size
   * @throws Error if a size is none that a response can have
   */
  add(part: Buffer, onResponse: (response: Buffer) => void): void {
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes < this.#needed) return;
    let rest = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
    this.#needed = frameBytes(rest);
    while (rest.length >= sizeBytes && rest.length >= this.#needed) {
      onResponse(rest.subarray(0, this.#needed));
      rest = rest.subarray(this.#needed);
      this.#needed = frameBytes(rest);
    }
    this.#parts = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
  }
}

/** Bytes of the response that begins here, with its size; of the size alone while that is not complete. */
function frameBytes(bytes: Buffer): number {
  if (bytes.length < sizeBytes) return sizeBytes;
  const size = bytes.readInt32BE(0);
  if (size < smallestResponse) throw new Error(`No response of Kafka: it says that it has ${size} bytes`);
  return sizeBytes + size;
}

/** Makes the listener of a socket's data hear whole responses; what is none ends the connection with an error. */
function inFrames(socket: Socket, listener: (response: Buffer) => void): (part: Buffer) => void {
  const frames = new ResponseFrames();
  return (part) => {
    // What still arrives after an error is not heard.
    if (socket.destroyed) return;
    try {
      frames.add(part, (response) => {
        if (!socket.destroyed) listener(response);
      });
    } catch (error) {
      socket.destroy(error as Error);
    }
  };
}

/** As kafkajs makes its sockets, with whole responses. */
export const responseSocket: ISocketFactory = ({ host, port, ssl, onConnect }) => {
  // Without TLS kafkajs passes null, which its types do not say.
  const tls = ssl as typeof ssl | null;
  const name = isIP(host) === 0 ? { servername: host } : {};
  const socket: Socket =
    tls === null ? connectTcp({ host, port }, onConnect) : connectTls({ host, port, ...name, ...tls }, onConnect);
  socket.setKeepAlive(true, keepAliveDelayMs);
  const on = socket.on.bind(socket);
  socket.on = ((event: string, listener: (...values: unknown[]) => void) =>
    on(event, event === 'data' ? inFrames(socket, listener) : listener)) as typeof socket.on;
  return socket;
};
