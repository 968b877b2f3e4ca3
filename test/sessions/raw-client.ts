import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** A client that writes exactly these bytes, so that it can do what libraries do not. */
export class RawClient {
  private received: Buffer = Buffer.alloc(0);
  private ended = false;
  private wake: () => void = () => undefined;
  private readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes) => {
      this.received = Buffer.concat([this.received, bytes]);
      this.wake();
    });
    for (const event of ['end', 'close', 'error']) {
      socket.on(event, () => {
        this.ended = true;
        this.wake();
      });
    }
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new RawClient(socket);
  }

  /** Sends each part in a call of its own: the next one goes after the other end had time to read. */
  async send(...parts: readonly (string | Buffer)[]): Promise<void> {
    for (const [index, part] of parts.entries()) {
      if (index > 0) await sleep(30);
      this.socket.write(part);
    }
  }

  /** Waits until what was received and not yet taken is enough, and takes it. */
  async receive(isEnough: (bytes: Buffer) => boolean, timeoutMs = 10_000): Promise<Buffer> {
    const deadline = Date.now() + timeoutMs;
    while (!isEnough(this.received) && !this.ended && Date.now() < deadline) {
      await Promise.race([new Promise<void>((done) => (this.wake = done)), sleep(100)]);
    }
    const taken = this.received;
    this.received = Buffer.alloc(0);
    return taken;
  }

  async close(): Promise<void> {
    this.socket.end();
    await this.receive(() => false, 2_000);
    this.socket.destroy();
  }
}
