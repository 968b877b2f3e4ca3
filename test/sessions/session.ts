/** What real clients and servers said to each other, call by call, with the secrets that are in it. */

/** Bytes that one end wrote, as the other end of the proxy between them read them. */
export interface SessionCall {
  readonly direction: 'to-server' | 'to-client';
  readonly bytes: Buffer;
}

/** Bytes of a session that nobody may see. */
export interface SessionSecret {
  /** What it is: 'password', 'md5 answer', 'scram proof', 'native answer', 'basic credentials', … */
  readonly kind: string;
  readonly bytes: Buffer;
}

/** One connection. */
export interface Session {
  readonly protocol: 'redis' | 'postgresql' | 'mysql' | 'http1';
  /** The client program or library. */
  readonly client: string;
  /** What is special about it, unique within a protocol and client: the login, or where the secret stands. */
  readonly scenario: string;
  /** The port the server listened on; it is not the protocol's usual one. */
  readonly serverPort: number;
  readonly calls: readonly SessionCall[];
  /** Those that are in `calls`, each once. Empty where nothing is secret: then nothing may be overwritten. */
  readonly secrets: readonly SessionSecret[];
}

/** A call as a host sees it on its end of the connection. */
export interface SeenCall {
  readonly direction: 'ingress' | 'egress';
  readonly bytes: Buffer;
  readonly length: number;
}

/** The calls as seen on the host of the client or of the server; bytes are copies. */
export function callsSeenBy(session: Session, end: 'client' | 'server'): SeenCall[] {
  return session.calls.map(({ direction, bytes }) => ({
    direction: (direction === 'to-server') === (end === 'client') ? 'egress' : 'ingress',
    bytes: Buffer.from(bytes),
    length: bytes.length,
  }));
}

/** All that went in one direction. */
export function bytesOf(session: Session, direction: SessionCall['direction']): Buffer {
  return Buffer.concat(session.calls.filter((call) => call.direction === direction).map((call) => call.bytes));
}
