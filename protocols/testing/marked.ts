/**
 * Conversations with their secrets marked: `\u00ab` and `\u00bb` stand around bytes that must be overwritten. The marks are no
 * bytes of the conversation; lengths are those of the text without them. Strings are Latin-1.
 */

const [open, close] = ['\u00ab', '\u00bb'];

/** A call on a connection as one end of it sees it. */
export interface PlayedCall {
  readonly direction: 'ingress' | 'egress';
  readonly bytes: Buffer;
  /** Bytes the call moved, if not all are in `bytes`. */
  readonly length?: number;
}

/** One call, and for each of its bytes whether it is secret. */
export interface MarkedCall extends PlayedCall {
  readonly secret: readonly boolean[];
}

/** The text without its marks. */
export function unmarked(text: string): string {
  return text.replaceAll(open, '').replaceAll(close, '');
}

function call(direction: 'ingress' | 'egress', text: string): MarkedCall {
  const secret: boolean[] = [];
  let within = false;
  for (const character of text) {
    if (character === open) within = true;
    else if (character === close) within = false;
    else secret.push(within);
  }
  return { direction, bytes: Buffer.from(unmarked(text), 'latin1'), secret };
}

/** What the client sends, seen on its host. */
export function client(...texts: readonly string[]): MarkedCall {
  return call('egress', texts.join(''));
}

/** What the server sends, seen on the client's host. */
export function server(...texts: readonly string[]): MarkedCall {
  return call('ingress', texts.join(''));
}

/** The same conversation seen on the host of the other end. */
export function fromOtherEnd(calls: readonly MarkedCall[]): MarkedCall[] {
  return calls.map((one) => ({ ...one, direction: one.direction === 'egress' ? 'ingress' : 'egress' }));
}

/** Cuts each call at these places, as far as it has them. */
export function cutAt(calls: readonly MarkedCall[], places: readonly number[]): MarkedCall[] {
  return calls.flatMap(({ direction, bytes, secret }) => {
    const ends = [...places.filter((place) => place > 0 && place < bytes.length), bytes.length];
    return ends.map((end, index) => {
      const begin = index === 0 ? 0 : ends[index - 1]!;
      return { direction, bytes: bytes.subarray(begin, end), secret: secret.slice(begin, end) };
    });
  });
}

const numberBytes = (bytes: number, value: number, littleEndian: boolean): string => {
  const buffer = Buffer.alloc(bytes);
  if (littleEndian) buffer.writeUIntLE(value, 0, bytes);
  else buffer.writeUIntBE(value, 0, bytes);
  return buffer.toString('latin1');
};

/** A Redis command or reply: an array of bulk strings. */
export function resp(...words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${unmarked(word).length}\r\n${word}\r\n`).join('')}`;
}

/** A PostgreSQL message. */
export function postgresql(type: string, body: string): string {
  return `${type}${numberBytes(4, unmarked(body).length + 4, false)}${body}`;
}

/** A PostgreSQL Bind of the unnamed portal: values of parameters in text. */
export function postgresqlBind(statement: string, ...values: readonly string[]): string {
  const parameters = values.map((value) => `${numberBytes(4, unmarked(value).length, false)}${value}`).join('');
  return postgresql('B', `\0${statement}\0\0\0${numberBytes(2, values.length, false)}${parameters}\0\0`);
}

/** A PostgreSQL StartupMessage. */
export function postgresqlStartup(user: string): string {
  const body = `\0\x03\0\0user\0${user}\0\0`;
  return `${numberBytes(4, body.length + 4, false)}${body}`;
}

/** A MySQL packet. */
export function mysql(sequence: number, body: string): string {
  return `${numberBytes(3, unmarked(body).length, true)}${numberBytes(1, sequence, true)}${body}`;
}

/** A frame of MySQL that holds packets as they are, on a connection that agreed on compression. */
export function mysqlFrame(sequence: number, packets: string): string {
  return `${numberBytes(3, unmarked(packets).length, true)}${numberBytes(1, sequence, true)}\0\0\0${packets}`;
}

/** A MySQL greeting with these capabilities. */
export function mysqlGreeting(capabilities = 0xdf_ff_ff_ff): string {
  const lower = numberBytes(2, capabilities & 0xffff, true);
  const upper = numberBytes(2, capabilities >>> 16, true);
  return mysql(
    0,
    `\x0a8.0.36\0\x01\0\0\0abcdefgh\0${lower}\xff\x02\0${upper}\x15${'\0'.repeat(10)}ijklmnopqrst\0caching_sha2_password\0`,
  );
}

/** A MySQL handshake response whose authentication data have their length before them. */
export function mysqlLogin(answer: string, capabilities = 0x0028_8208, sequence = 1): string {
  const head = `${numberBytes(4, capabilities, true)}\0\0\0\x01\x21${'\0'.repeat(23)}bob\0`;
  return mysql(
    sequence,
    `${head}${String.fromCharCode(unmarked(answer).length)}${answer}shop\0caching_sha2_password\0`,
  );
}

/** MySQL's OK. */
export function mysqlOk(sequence: number): string {
  return mysql(sequence, '\0\0\0\x02\0\0\0');
}
