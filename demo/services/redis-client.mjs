import net from 'node:net';

/**
 * A small Redis client: a pool of connections with one command in flight on each. Replies are RESP2; only those that
 * the shop uses are understood: simple strings, errors, integers and bulk strings.
 */
export class RedisPool {
  #port;
  #idle = [];
  #waiting = [];
  #open = 0;
  #size;

  constructor(port, size = 16) {
    this.#port = port;
    this.#size = size;
  }

  /** @returns {Promise<string | number | null>} the reply; rejects with the server's error */
  async command(...words) {
    const connection = await this.#take();
    try {
      return await connection.command(words);
    } finally {
      this.#giveBack(connection);
    }
  }

  async #take() {
    const idle = this.#idle.pop();
    if (idle !== undefined) return idle;
    if (this.#open < this.#size) {
      this.#open++;
      return new RedisConnection(await connect(this.#port));
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #giveBack(connection) {
    const next = this.#waiting.shift();
    if (next !== undefined) next(connection);
    else this.#idle.push(connection);
  }
}

function connect(port) {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true }, () => resolve(socket));
    socket.once('error', reject);
  });
}

class RedisConnection {
  #socket;
  #buffer = Buffer.alloc(0);
  #settle;

  constructor(socket) {
    this.#socket = socket;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('close', () => this.#settle?.reject(new Error('Redis closed the connection')));
    socket.on('error', () => undefined);
  }

  command(words) {
    const parts = words.map((word) => String(word));
    const lines = parts.map((part) => `$${Buffer.byteLength(part)}\r\n${part}\r\n`);
    return new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
      this.#socket.write(`*${parts.length}\r\n${lines.join('')}`);
    });
  }

  #read(chunk) {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    const lineEnd = this.#buffer.indexOf('\r\n');
    if (lineEnd < 0) return;
    const kind = String.fromCharCode(this.#buffer[0]);
    const line = this.#buffer.toString('utf8', 1, lineEnd);
    let end = lineEnd + 2;
    let value = kind === ':' ? Number(line) : line;
    if (kind === '$') {
      const length = Number(line);
      if (length >= 0) {
        if (this.#buffer.length < end + length + 2) return;
        value = this.#buffer.toString('utf8', end, end + length);
        end += length + 2;
      } else {
        value = null;
      }
    }
    this.#buffer = this.#buffer.subarray(end);
    if (kind === '-') this.#settle?.reject(new Error(line));
    else this.#settle?.resolve(value);
  }
}
