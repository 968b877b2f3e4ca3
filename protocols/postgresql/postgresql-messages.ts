import { indexOfByte, utf8Text } from '../dissection/ascii.ts';

/**
 * Messages of the PostgreSQL frontend/backend protocol 3 (postgresql.org/docs, "Message Formats"): a type byte, four bytes
 * of length that count themselves, a body. Only the client's first message has no type byte.
 */

/** Bytes before a typed message's body. */
export const headerBytes = 5;
/** Messages above this length are not believed: the server itself refuses them. */
export const maxMessageBytes = 0x3fffffff;

/** First messages of a client, by their code. */
export const startup = {
  version3: 0x00030000,
  cancel: 80877102,
  ssl: 80877103,
  gss: 80877104,
} as const;

/** Types of messages a client sends; its first has none. */
export const frontend = {
  startup: 0x00,
  query: 0x51,
  parse: 0x50,
  bind: 0x42,
  execute: 0x45,
  describe: 0x44,
  close: 0x43,
  sync: 0x53,
  flush: 0x48,
  terminate: 0x58,
  password: 0x70,
  copyData: 0x64,
  copyDone: 0x63,
  copyFail: 0x66,
  functionCall: 0x46,
} as const;

/** Types of messages a server sends. */
export const backend = {
  authentication: 0x52,
  keyData: 0x4b,
  parameterStatus: 0x53,
  readyForQuery: 0x5a,
  rowDescription: 0x54,
  dataRow: 0x44,
  commandComplete: 0x43,
  error: 0x45,
  notice: 0x4e,
  notification: 0x41,
  parseComplete: 0x31,
  bindComplete: 0x32,
  closeComplete: 0x33,
  noData: 0x6e,
  portalSuspended: 0x73,
  parameterDescription: 0x74,
  emptyQuery: 0x49,
  copyIn: 0x47,
  copyOut: 0x48,
  copyBoth: 0x57,
  copyData: 0x64,
  copyDone: 0x63,
  functionResult: 0x56,
  negotiateVersion: 0x76,
} as const;

const frontendTypes: ReadonlySet<number> = new Set(Object.values(frontend).filter((type) => type !== 0));
const backendTypes: ReadonlySet<number> = new Set(Object.values(backend));

/** Whether a client sends messages of this type. */
export function isFrontendType(type: number): boolean {
  return frontendTypes.has(type);
}

/** Whether a server sends messages of this type. */
export function isBackendType(type: number): boolean {
  return backendTypes.has(type);
}

/** The text up to the next zero byte and where the bytes behind it begin; `whole` is false when it is cut off. */
export interface ZeroEnded {
  readonly text: string;
  readonly next: number;
  readonly whole: boolean;
}

/** Reads a zero-ended string, cut at `maxBytes`. */
export function readZeroEnded(bytes: Buffer, start: number, end: number, maxBytes: number): ZeroEnded {
  const zero = indexOfByte(bytes, 0, start, end);
  const textEnd = zero < 0 ? end : zero;
  const text = start < textEnd ? utf8Text(bytes, start, Math.min(textEnd, start + maxBytes)) : '';
  return { text, next: zero < 0 ? end : zero + 1, whole: zero >= 0 };
}

const maxParameters = 32;

/** User and database of a StartupMessage, whose parameters begin at `start`. */
export function readStartup(
  bytes: Buffer,
  start: number,
  end: number,
): { readonly user: string; readonly database: string } {
  let user = '';
  let database = '';
  let at = start;
  for (let index = 0; index < maxParameters && at < end && bytes[at] !== 0; index++) {
    const name = readZeroEnded(bytes, at, end, 32);
    const value = readZeroEnded(bytes, name.next, end, 64);
    if (!value.whole) break;
    if (name.text === 'user') user = value.text;
    else if (name.text === 'database') database = value.text;
    at = value.next;
  }
  // The server takes the user's name where no database is named.
  return { user, database: database === '' ? user : database };
}

/** Fields of an ErrorResponse that matter here. */
export interface PostgresqlError {
  readonly severity: string;
  /** SQLSTATE, five characters. */
  readonly sqlState: string;
  readonly message: string;
}

/** Reads an ErrorResponse as far as captured. */
export function readErrorFields(bytes: Buffer, start: number, end: number): PostgresqlError {
  let severity = '';
  let sqlState = '';
  let message = '';
  let at = start;
  for (let index = 0; index < maxParameters && at < end && bytes[at] !== 0; index++) {
    const code = bytes[at]!;
    const value = readZeroEnded(bytes, at + 1, end, 256);
    if (code === 0x43 && value.whole) sqlState = value.text.slice(0, 5);
    else if (code === 0x4d) message = value.text;
    // V is the severity that is never translated.
    else if (code === 0x56 && value.whole) severity = value.text;
    else if (code === 0x53 && value.whole && severity === '') severity = value.text;
    at = value.next;
  }
  return { severity, sqlState, message };
}

/** Whether well-formed message headers follow one another from `start`: as many as the bytes show, at most four. */
export function areMessages(bytes: Buffer, start: number, isType: (type: number) => boolean): boolean {
  let at = start;
  for (let index = 0; index < 4 && at < bytes.length; index++) {
    if (!isType(bytes[at]!)) return false;
    if (at + headerBytes > bytes.length) return index > 0;
    const length = bytes.readUInt32BE(at + 1);
    if (length < 4 || length > maxMessageBytes) return false;
    at += 1 + length;
  }
  return true;
}
