import { isLetter } from './ascii.ts';
import type { Dissector, Recognition, RecognitionHints } from './dissector.ts';
import { MysqlConversation } from './mysql-conversation.ts';
import {
  command,
  commandName,
  fullPacketBytes,
  headerBytes,
  isGreeting,
  packetLength,
  readLogin,
} from './mysql-packets.ts';
import { readQueryAttributes } from './mysql-query-attributes.ts';

const mysqlPort = 3306;
const maxGreetingBytes = 1024;

/**
 * A greeting and a handshake response are plain to see. A command is one packet with sequence 0, a known command byte and
 * an argument that fits it; short commands without an argument are believed only on the usual port. Responses look like
 * nothing in particular: they are believed only from the usual port, when capture began in the middle of a connection.
 */
function recognise(bytes: Buffer, hints: RecognitionHints): Recognition {
  if (hints.transport === 'udp') return 'no';
  if (bytes.length < headerBytes) return 'undecided';
  const length = packetLength(bytes, 0);
  const sequence = bytes[3]!;
  const fromServer = hints.sender === 'server' || (hints.sender === undefined && hints.senderPort === mysqlPort);
  const fromClient = hints.sender === 'client' || (hints.sender === undefined && hints.receiverPort === mysqlPort);
  if (length === 0 || sequence > 2) return 'no';
  if (bytes.length === headerBytes) return length < fullPacketBytes ? 'undecided' : 'no';
  const end = Math.min(bytes.length, headerBytes + length);
  if (sequence === 0 && length <= maxGreetingBytes && isGreeting(bytes, headerBytes, end)) {
    return fromClient ? 'no' : 'response';
  }
  if (sequence > 0 && !fromServer && readLogin(bytes, headerBytes, end) !== undefined) return 'request';
  const onKnownPort = hints.senderPort === mysqlPort || hints.receiverPort === mysqlPort;
  if (sequence === 0 && !fromServer) return isCommand(bytes, length, end, onKnownPort) ? 'request' : 'no';
  if (sequence === 1 && onKnownPort && fromServer && !fromClient) return isAnswer(bytes, length) ? 'response' : 'no';
  return 'no';
}

function isCommand(bytes: Buffer, length: number, end: number, onKnownPort: boolean): boolean {
  const code = bytes[headerBytes]!;
  const argument = headerBytes + 1;
  if (commandName(code) === undefined || end < bytes.length) {
    // Several packets in one call: only commands without an answer may stand first.
    if (code !== command.closeStatement && code !== command.prepare) return false;
  }
  switch (code) {
    case command.query:
    case command.prepare: {
      const start = code === command.query ? readQueryAttributes(bytes, argument, end).textStart : argument;
      return start > 0 && looksLikeSql(bytes, start, end);
    }
    case command.execute:
      // One iteration, always (dev.mysql.com, COM_STMT_EXECUTE).
      return length >= 10 && end >= argument + 9 && bytes.readUInt32LE(argument + 5) === 1 && bytes[argument + 4]! < 16;
    case command.closeStatement:
    case command.resetStatement:
      return length === 5 && onKnownPort;
    case command.initDatabase:
      return length > 1 && length < 66 && onKnownPort;
    default:
      return onKnownPort && length < 64;
  }
}

const verbLeast = 3;

function looksLikeSql(bytes: Buffer, start: number, end: number): boolean {
  let at = start;
  while (at < end && (bytes[at]! <= 0x20 || bytes[at] === 0x28)) at++;
  if (bytes[at] === 0x2f && bytes[at + 1] === 0x2a) return true;
  if (bytes[at] === 0x2d && bytes[at + 1] === 0x2d) return true;
  let letters = 0;
  while (at + letters < end && isLetter(bytes[at + letters])) letters++;
  const behind = bytes[at + letters];
  return (
    letters >= verbLeast &&
    letters < 20 &&
    (at + letters >= end || behind === undefined || behind <= 0x28 || behind === 0x3b)
  );
}

function isAnswer(bytes: Buffer, length: number): boolean {
  const first = bytes[headerBytes]!;
  if (first === 0xff) return length >= 9 && bytes[headerBytes + 3] === 0x23;
  if (first === 0) return length >= 7 && length < 256;
  return length === 1 && bytes.length > headerBytes + 1 && bytes[headerBytes + 4] === 2;
}

/** MySQL and MariaDB without TLS and without compression. */
export const mysqlDissector: Dissector = {
  protocol: 'mysql',
  timeoutMs: 120_000,
  recognise,
  open: <Origin>() => new MysqlConversation<Origin>(),
};
