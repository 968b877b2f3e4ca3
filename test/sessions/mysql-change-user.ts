import { nativeAnswer } from './derived-secrets.ts';
import { RawClient } from './raw-client.ts';

/**
 * A MySQL client that changes its user, which the command line client cannot. Capabilities: 4.1 protocol, secure
 * connection, plugin names (MariaDB's documentation of the connection phase and of COM_CHANGE_USER).
 */

/** Who logs in. */
export interface MysqlLogin {
  readonly user: string;
  readonly password: string;
}

const capabilities = 0x0001 | 0x0008 | 0x0200 | 0x2000 | 0x8000 | 0x80000;
const plugin = 'mysql_native_password';
const headerBytes = 4;

function packet(sequence: number, body: Buffer): Buffer {
  const head = Buffer.alloc(headerBytes);
  head.writeUIntLE(body.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, body]);
}

function isWholePacket(bytes: Buffer): boolean {
  return bytes.length >= headerBytes && bytes.length >= headerBytes + bytes.readUIntLE(0, 3);
}

const text = (value: string): Buffer => Buffer.from(`${value}\0`);

function answerTo(salt: Buffer, password: string): Buffer {
  return password === '' ? Buffer.alloc(0) : nativeAnswer(password, salt);
}

/** The salt of a greeting: eight bytes behind the version and the thread, twelve behind the capabilities. */
function saltOfGreeting(greeting: Buffer): Buffer {
  const first = greeting.indexOf(0, headerBytes + 1) + 1 + 4;
  return Buffer.concat([greeting.subarray(first, first + 8), greeting.subarray(first + 27, first + 39)]);
}

function loginPacket({ user, password }: MysqlLogin, salt: Buffer): Buffer {
  const fixed = Buffer.alloc(32);
  fixed.writeUInt32LE(capabilities, 0);
  fixed.writeUInt32LE(1 << 24, 4);
  fixed[8] = 45;
  const answer = answerTo(salt, password);
  return packet(
    1,
    Buffer.concat([fixed, text(user), Buffer.from([answer.length]), answer, text('shop'), text(plugin)]),
  );
}

function changePacket({ user, password }: MysqlLogin, salt: Buffer): Buffer {
  const answer = answerTo(salt, password);
  const charset = Buffer.from([45, 0]);
  const parts = [Buffer.from([0x11]), text(user), Buffer.from([answer.length]), answer, text('shop'), charset];
  return packet(0, Buffer.concat([...parts, text(plugin)]));
}

/** Logs in, changes the user, and asks something. @param cut sends the change in two calls, cut within the answer */
export async function changeUser(port: number, first: MysqlLogin, second: MysqlLogin, cut = false): Promise<void> {
  const client = await RawClient.connect(port);
  let salt = saltOfGreeting(await client.receive(isWholePacket));
  const follow = async (login: MysqlLogin): Promise<void> => {
    const answer = await client.receive(isWholePacket);
    if (answer[headerBytes] !== 0xfe) return;
    // A request to switch: plugin and salt.
    const begin = answer.indexOf(0, headerBytes + 1) + 1;
    salt = answer.subarray(begin, begin + 20);
    await client.send(packet(answer[3]! + 1, answerTo(salt, login.password)));
    await client.receive(isWholePacket);
  };
  await client.send(loginPacket(first, salt));
  await follow(first);
  await client.send(packet(0, Buffer.from('\x03select current_user()')));
  await client.receive(isWholePacket);
  const change = changePacket(second, salt);
  const middle = headerBytes + 1 + second.user.length + 1 + 8;
  if (cut) await client.send(change.subarray(0, middle), change.subarray(middle));
  else await client.send(change);
  await follow(second);
  await client.send(packet(0, Buffer.from('\x03select current_user()')));
  await client.receive(isWholePacket);
  await client.send(packet(0, Buffer.from([1])));
  await client.close();
}
