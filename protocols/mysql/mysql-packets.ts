import { indexOfByte, isDigit, latin1Text, utf8Text } from '../dissection/ascii.ts';

/**
 * Packets of the MySQL client/server protocol, as MySQL and MariaDB speak it (dev.mysql.com, "Client/Server Protocol";
 * mariadb.com, "Clients & Utilities protocol"). All readers take the body of a packet, as far as captured.
 */

/** Bytes of a packet's header: three of length, one of sequence. */
export const headerBytes = 4;
/** Body length that says that the next packet continues this one. */
export const fullPacketBytes = 0xffffff;

/** First byte of a command. */
export const command = {
  quit: 0x01,
  initDatabase: 0x02,
  query: 0x03,
  fieldList: 0x04,
  statistics: 0x09,
  processInfo: 0x0a,
  changeUser: 0x11,
  binlogDump: 0x12,
  prepare: 0x16,
  execute: 0x17,
  sendLongData: 0x18,
  closeStatement: 0x19,
  resetStatement: 0x1a,
  fetch: 0x1c,
  binlogDumpGtid: 0x1e,
  resetConnection: 0x1f,
  bulkExecute: 0xfa,
} as const;

const commandNames: ReadonlyMap<number, string> = new Map([
  [0x01, 'QUIT'],
  [0x02, 'INIT_DB'],
  [0x03, 'QUERY'],
  [0x04, 'FIELD_LIST'],
  [0x05, 'CREATE_DB'],
  [0x06, 'DROP_DB'],
  [0x07, 'REFRESH'],
  [0x08, 'SHUTDOWN'],
  [0x09, 'STATISTICS'],
  [0x0a, 'PROCESS_INFO'],
  [0x0c, 'PROCESS_KILL'],
  [0x0d, 'DEBUG'],
  [0x0e, 'PING'],
  [0x11, 'CHANGE_USER'],
  [0x12, 'BINLOG_DUMP'],
  [0x15, 'REGISTER_SLAVE'],
  [0x16, 'PREPARE'],
  [0x17, 'EXECUTE'],
  [0x18, 'SEND_LONG_DATA'],
  [0x19, 'CLOSE_STATEMENT'],
  [0x1a, 'RESET_STATEMENT'],
  [0x1b, 'SET_OPTION'],
  [0x1c, 'FETCH'],
  [0x1e, 'BINLOG_DUMP_GTID'],
  [0x1f, 'RESET_CONNECTION'],
  [0xfa, 'BULK_EXECUTE'],
]);

/** The command's name; undefined when there is no such command. */
export function commandName(code: number): string | undefined {
  return commandNames.get(code);
}

/** Length and sequence of the packet whose header stands at `at`. */
export function packetLength(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
}

/** Flags of client and server that change how packets are read; what counts are those that both have. */
export const capability = {
  connectWithDatabase: 0x8,
  compress: 0x20,
  protocol41: 0x200,
  ssl: 0x800,
  secureConnection: 0x8000,
  lengthEncodedAuthentication: 0x200000,
  sessionTrack: 0x800000,
  zstd: 0x4000000,
  queryAttributes: 0x8000000,
} as const;

/** What a client says in its handshake response. */
export interface Login {
  readonly kind: 'login';
  readonly user: string;
  readonly database: string;
  readonly capabilities: number;
}

const leastVersionBytes = 5;

/** Whether a server's first packet stands here: protocol 10 and a version such as 8.0.36 or 5.5.5-10.11.6-MariaDB. */
export function isGreeting(bytes: Uint8Array, start: number, end: number): boolean {
  return versionEnd(bytes, start, end) > 0;
}

/** Capabilities that the greeting offers; undefined when it is none, or they were not captured. */
export function readGreeting(bytes: Buffer, start: number, end: number): number | undefined {
  const zero = versionEnd(bytes, start, end);
  // Thread id, eight bytes of the challenge and a zero stand before; character set and status between the two halves.
  const lower = zero + 1 + 4 + 8 + 1;
  if (zero < 0 || lower + 7 > end) return undefined;
  return (bytes.readUInt16LE(lower) | (bytes.readUInt16LE(lower + 5) << 16)) >>> 0;
}

/** Where the version ends; -1 when there is none. */
function versionEnd(bytes: Uint8Array, start: number, end: number): number {
  if (bytes[start] !== 10 || end - start < 6 || !isDigit(bytes[start + 1])) return -1;
  const limit = Math.min(end, start + 80);
  let sawDot = false;
  for (let at = start + 1; at < limit; at++) {
    const byte = bytes[at]!;
    if (byte === 0) return sawDot && at > start + leastVersionBytes ? at : -1;
    if (byte < 0x20 || byte > 0x7e) return -1;
    if (byte === 0x2e) sawDot = true;
  }
  return -1;
}

/** Reads a handshake response or the request to change to TLS; undefined when it is neither. */
export function readLogin(bytes: Buffer, start: number, end: number): Login | { readonly kind: 'tls' } | undefined {
  if (end - start < 32) return undefined;
  const capabilities = bytes.readUInt32LE(start);
  if ((capabilities & capability.protocol41) === 0) return undefined;
  // 19 of the 23 reserved bytes are zero; MariaDB uses the last four.
  for (let at = start + 9; at < start + 28; at++) if (bytes[at] !== 0) return undefined;
  if ((capabilities & capability.ssl) !== 0 && end - start === 32) return { kind: 'tls' };
  const userEnd = indexOfByte(bytes, 0, start + 32, end);
  if (userEnd < 0) return { kind: 'login', user: '', database: '', capabilities };
  const user = utf8Text(bytes, start + 32, Math.min(userEnd, start + 128));
  let database = '';
  if ((capabilities & capability.connectWithDatabase) !== 0) {
    const at = afterAuthentication(bytes, userEnd + 1, end, capabilities);
    const databaseEnd = indexOfByte(bytes, 0, at, end);
    if (databaseEnd > at) database = utf8Text(bytes, at, Math.min(databaseEnd, at + 64));
  }
  return { kind: 'login', user, database, capabilities };
}

/** The position behind the answer to the challenge, which is passed over. */
function afterAuthentication(bytes: Buffer, start: number, end: number, capabilities: number): number {
  if ((capabilities & capability.lengthEncodedAuthentication) !== 0) {
    const length = lengthEncoded(bytes, start, end);
    return length < 0 ? end : Math.min(end, start + lengthEncodedBytes(bytes[start]!) + length);
  }
  if ((capabilities & capability.secureConnection) !== 0) return Math.min(end, start + 1 + (bytes[start] ?? 0));
  const zero = indexOfByte(bytes, 0, start, end);
  return zero < 0 ? end : zero + 1;
}

/** User and database of a COM_CHANGE_USER, whose user stands at `start`; a database that was not captured is empty. */
export function readChangeUser(
  bytes: Buffer,
  start: number,
  end: number,
): { readonly user: string; readonly database: string } {
  const userEnd = indexOfByte(bytes, 0, start, end);
  if (userEnd < 0) return { user: '', database: '' };
  const user = utf8Text(bytes, start, Math.min(userEnd, start + 96));
  const at = afterAuthentication(bytes, userEnd + 1, end, capability.secureConnection);
  const databaseEnd = indexOfByte(bytes, 0, at, end);
  return { user, database: databaseEnd > at ? utf8Text(bytes, at, Math.min(databaseEnd, at + 64)) : '' };
}

/** An ERR packet. */
export interface MysqlError {
  readonly code: number;
  /** Five characters; empty before the handshake is done. */
  readonly sqlState: string;
  readonly message: string;
}

/** Reads the ERR packet whose 0xff stands at `start`. */
export function readError(bytes: Buffer, start: number, end: number): MysqlError {
  if (end - start < 3) return { code: 0, sqlState: '', message: '' };
  const code = bytes.readUInt16LE(start + 1);
  let at = start + 3;
  let sqlState = '';
  if (bytes[at] === 0x23 && at + 6 <= end) {
    sqlState = latin1Text(bytes, at + 1, at + 6);
    at += 6;
  }
  return { code, sqlState, message: utf8Text(bytes, at, Math.min(end, at + 256)) };
}

/** Number of an ERR packet of MariaDB that only says how far a long statement is; the response comes behind it. */
const progressCode = 0xffff;

/** Whether the ERR packet whose 0xff stands at `start` is a progress report: where an error has its SQLSTATE is a count. */
export function isProgressReport(bytes: Buffer, start: number, end: number): boolean {
  return end - start >= 4 && bytes.readUInt16LE(start + 1) === progressCode && bytes[start + 3] !== 0x23;
}

/** Bytes of a length-encoded integer that begins with `first`. */
export function lengthEncodedBytes(first: number): number {
  return first < 0xfb ? 1 : first === 0xfc ? 3 : first === 0xfd ? 4 : 9;
}

/** The length-encoded integer at `at`; -1 when it is cut off or none, or does not fit a number. */
export function lengthEncoded(bytes: Buffer, at: number, end: number): number {
  const first = at < end ? bytes[at]! : 0xff;
  if (first < 0xfb) return first;
  if (first === 0xfc && at + 3 <= end) return bytes.readUInt16LE(at + 1);
  if (first === 0xfd && at + 4 <= end) return bytes.readUIntLE(at + 1, 3);
  if (first === 0xfe && at + 9 <= end && bytes.readUInt16LE(at + 7) === 0) return bytes.readUIntLE(at + 1, 6);
  return -1;
}
