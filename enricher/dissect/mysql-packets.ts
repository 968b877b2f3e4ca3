import { indexOfByte, latin1Text, utf8Text } from './ascii.ts';

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
  changeUser: 0x11,
  binlogDump: 0x12,
  prepare: 0x16,
  execute: 0x17,
  sendLongData: 0x18,
  closeStatement: 0x19,
  resetStatement: 0x1a,
  fetch: 0x1c,
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

const capability = {
  connectWithDatabase: 0x8,
  compress: 0x20,
  protocol41: 0x200,
  ssl: 0x800,
  secureConnection: 0x8000,
};
const lengthEncodedAuthentication = 0x200000;
const zstd = 0x4000000;

/** What a client says in its handshake response. */
export interface Login {
  readonly kind: 'login';
  readonly user: string;
  readonly database: string;
  /** Packets will be compressed once the server has agreed. */
  readonly compressed: boolean;
}

/** Whether a server's first packet stands here: protocol 10 and a printable version. */
export function isGreeting(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 10 || end - start < 6) return false;
  const limit = Math.min(end, start + 80);
  for (let at = start + 1; at < limit; at++) {
    const byte = bytes[at]!;
    if (byte === 0) return at > start + 3;
    if (byte < 0x20 || byte > 0x7e) return false;
  }
  return false;
}

/** Reads a handshake response or the request to change to TLS; undefined when it is neither. */
export function readLogin(bytes: Buffer, start: number, end: number): Login | { readonly kind: 'tls' } | undefined {
  if (end - start < 32) return undefined;
  const flags = bytes.readUInt32LE(start);
  if ((flags & capability.protocol41) === 0) return undefined;
  // 19 of the 23 reserved bytes are zero; MariaDB uses the last four.
  for (let at = start + 9; at < start + 28; at++) if (bytes[at] !== 0) return undefined;
  if ((flags & capability.ssl) !== 0 && end - start === 32) return { kind: 'tls' };
  const userEnd = indexOfByte(bytes, 0, start + 32, end);
  if (userEnd < 0) return { kind: 'login', user: '', database: '', compressed: isCompressed(flags) };
  const user = utf8Text(bytes, start + 32, Math.min(userEnd, start + 128));
  let at = userEnd + 1;
  // The answer to the challenge is passed over, whatever its encoding; it fits one byte of length in practice.
  if ((flags & (lengthEncodedAuthentication | capability.secureConnection)) !== 0) {
    at += 1 + (bytes[at] ?? 0);
  } else {
    const answerEnd = indexOfByte(bytes, 0, at, end);
    at = answerEnd < 0 ? end : answerEnd + 1;
  }
  let database = '';
  if ((flags & capability.connectWithDatabase) !== 0 && at < end) {
    const databaseEnd = indexOfByte(bytes, 0, at, end);
    if (databaseEnd > at) database = utf8Text(bytes, at, Math.min(databaseEnd, at + 64));
  }
  return { kind: 'login', user, database, compressed: isCompressed(flags) };
}

function isCompressed(flags: number): boolean {
  return (flags & capability.compress) !== 0 || (flags & zstd) !== 0;
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

/** The length-encoded integer at `at`; -1 when it is cut off or none, or does not fit a number. */
export function lengthEncoded(bytes: Buffer, at: number, end: number): number {
  const first = at < end ? bytes[at]! : 0xff;
  if (first < 0xfb) return first;
  if (first === 0xfc && at + 3 <= end) return bytes.readUInt16LE(at + 1);
  if (first === 0xfd && at + 4 <= end) return bytes.readUIntLE(at + 1, 3);
  if (first === 0xfe && at + 9 <= end && bytes.readUInt16LE(at + 7) === 0) return bytes.readUIntLE(at + 1, 6);
  return -1;
}
