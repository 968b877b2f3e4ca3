import { isLetter, latin1Text } from '../dissection/ascii.ts';
import type { Dissector, Recognition, RecognitionHints } from '../dissection/dissector.ts';
import { MysqlConversation, mysqlPort } from './mysql-conversation.ts';
import {
  command,
  commandName,
  fullPacketBytes,
  headerBytes,
  isGreeting,
  packetLength,
  readLogin,
} from './mysql-packets.ts';
import { frameHeaderBytes, isFrame, looksCompressed } from './mysql-frames.ts';
import { readQueryAttributes } from './mysql-query-attributes.ts';
import { isVerb, isVerbStart } from '../sql/sql-statement.ts';

const maxGreetingBytes = 1024;
/** A call that moves fewer bytes than this, and ends within a packet, cut it in no place where clients cut. */
const leastPartBytes = 512;

/**
 * A greeting and a handshake response are plain to see. A command is one packet with sequence 0, a known command byte and
 * an argument that fits it; other protocols begin alike (a PUBLISH of MQTT has a topic where the statement stands), so off
 * the usual port a statement begins with a verb of SQL, the packet fits the call, and the conversation waits for an answer
 * that fits (see MysqlConversation). Commands without an argument are believed only on the usual port. Responses look like
 * nothing in particular: they are believed only from the usual port, when capture began in the middle of a connection.
 */
function recognise(bytes: Buffer, hints: RecognitionHints): Recognition {
  if (hints.transport === 'udp') return 'no';
  if (bytes.length < headerBytes) return 'undecided';
  // Compressed bytes may look like any command.
  if (looksCompressed(bytes, 0, bytes.length)) return 'no';
  const sequence = bytes[3]!;
  if (sequence > 1) return recognisePacket(bytes, hints);
  if (isFrameHeader(bytes)) return 'undecided';
  if (!isFrame(bytes, 0, bytes.length, sequence)) return recognisePacket(bytes, hints);
  const moved = hints.length === undefined ? {} : { length: hints.length - frameHeaderBytes };
  return recognisePacket(bytes.subarray(frameHeaderBytes), { ...hints, ...moved });
}

function recognisePacket(bytes: Buffer, hints: RecognitionHints): Recognition {
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
  const onKnownPort = hints.senderPort === mysqlPort || hints.receiverPort === mysqlPort;
  // Commands of a batch come one behind the other; a login comes alone.
  const missing = headerBytes + length - (hints.length ?? headerBytes + length);
  if (sequence > 0 && !fromServer && missing <= 0 && readLogin(bytes, headerBytes, end) !== undefined) return 'request';
  if (sequence === 0 && !fromServer) return recogniseCommand(bytes, length, missing, onKnownPort);
  if (sequence === 1 && onKnownPort && fromServer && !fromClient) return isAnswer(bytes, length) ? 'response' : 'no';
  return 'no';
}

/** Whether these bytes are the header of a frame, or little more, that holds packets as they are. */
function isFrameHeader(bytes: Buffer): boolean {
  const isShort = bytes.length >= frameHeaderBytes && bytes.length < frameHeaderBytes + headerBytes;
  return isShort && packetLength(bytes, headerBytes) === 0 && bytes.length < headerBytes + packetLength(bytes, 0);
}

function recogniseCommand(bytes: Buffer, length: number, missing: number, onKnownPort: boolean): Recognition {
  const code = bytes[headerBytes]!;
  if (commandName(code) === undefined) return 'no';
  const end = Math.min(bytes.length, headerBytes + length);
  // Several packets in one call: another command follows.
  if (end < bytes.length && !isCommandHeader(bytes, end)) return 'no';
  const recognition = recogniseArgument(bytes, code, length, end, onKnownPort);
  if (recognition !== 'request' || onKnownPort || missing <= 0) return recognition;
  return headerBytes + length - missing >= leastPartBytes ? 'request' : 'undecided';
}

/** Whether a header of a command stands here, as far as captured. */
function isCommandHeader(bytes: Buffer, at: number): boolean {
  const header = at + headerBytes;
  if (header > bytes.length) return true;
  if (bytes[header - 1] !== 0 || packetLength(bytes, at) === 0) return false;
  return header === bytes.length || commandName(bytes[header]!) !== undefined;
}

function recogniseArgument(
  bytes: Buffer,
  code: number,
  length: number,
  end: number,
  onKnownPort: boolean,
): Recognition {
  const argument = headerBytes + 1;
  const isWhole = end - headerBytes >= length;
  switch (code) {
    case command.query: {
      const { textStart } = readQueryAttributes(bytes, argument, end, undefined);
      if (textStart < 0) return isWhole ? 'no' : 'undecided';
      return recogniseSql(bytes, textStart, end, isWhole, onKnownPort);
    }
    case command.prepare:
      return recogniseSql(bytes, argument, end, isWhole, onKnownPort);
    case command.execute:
      // One iteration, always (dev.mysql.com, COM_STMT_EXECUTE).
      if (length < 10) return 'no';
      if (end < argument + 9) return 'undecided';
      return bytes.readUInt32LE(argument + 5) === 1 && bytes[argument + 4]! < 16 ? 'request' : 'no';
    case command.closeStatement:
    case command.resetStatement:
      return length === 5 && (onKnownPort || end < bytes.length) ? 'request' : 'no';
    case command.initDatabase:
      return length > 1 && length < 66 && onKnownPort ? 'request' : 'no';
    default:
      return onKnownPort && length < 64 ? 'request' : 'no';
  }
}

const maxVerbBytes = 20;

/** Whether a statement stands here: a comment, or a verb and what may stand behind one, in text without control characters. */
function recogniseSql(bytes: Buffer, start: number, end: number, isWhole: boolean, onKnownPort: boolean): Recognition {
  let at = start;
  while (at < end && (isBlank(bytes[at]!) || bytes[at] === 0x28)) at++;
  if (hasControls(bytes, start, end)) return 'no';
  const wordStart = at;
  while (at < end && (isLetter(bytes[at]) || bytes[at] === 0x5f)) at++;
  if (at === end && !isWhole) {
    const part = at - wordStart <= maxVerbBytes ? latin1Text(bytes, wordStart, at).toUpperCase() : '';
    return wordStart === at || (part !== '' && isVerbStart(part)) ? 'undecided' : 'no';
  }
  if (wordStart === at) return startsComment(bytes, at, end) ? 'request' : 'no';
  if (at - wordStart > maxVerbBytes || (at < end && !mayFollowVerb(bytes[at]!))) return 'no';
  // Where everything is MySQL, a word with a typing error is still a statement.
  const isStatement = isVerb(latin1Text(bytes, wordStart, at).toUpperCase()) || (onKnownPort && at - wordStart > 2);
  return isStatement ? 'request' : 'no';
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}

/** Whether there are control characters before the first literal, which may have any. */
function hasControls(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === 0x22 || byte === 0x27) return false;
    if ((byte < 0x20 && !isBlank(byte)) || byte === 0x7f) return true;
  }
  return false;
}

function startsComment(bytes: Buffer, at: number, end: number): boolean {
  const next = at + 1 < end ? bytes[at + 1]! : -1;
  if (bytes[at] === 0x23) return true;
  if (bytes[at] === 0x2f) return next === 0x2a;
  return bytes[at] === 0x2d && next === 0x2d && (at + 2 >= end || isBlank(bytes[at + 2]!));
}

/** Space, or what opens an operand: a parenthesis, a name, a literal, a variable, a sign, a comment; or the end. */
function mayFollowVerb(byte: number): boolean {
  return isBlank(byte) || '("\'`@*-+/;#.!~?'.includes(String.fromCharCode(byte));
}

function isAnswer(bytes: Buffer, length: number): boolean {
  const first = bytes[headerBytes]!;
  if (first === 0xff) return length >= 9 && bytes[headerBytes + 3] === 0x23;
  if (first === 0) return length >= 7 && length < 256;
  return length === 1 && bytes.length > headerBytes + 1 && bytes[headerBytes + 4] === 2;
}

/** MySQL and MariaDB without TLS; of connections with compression, what is small enough not to be compressed. */
export const mysqlDissector: Dissector = {
  protocol: 'mysql',
  timeoutMs: 120_000,
  recognise,
  open: <Origin>(hints?: RecognitionHints) => new MysqlConversation<Origin>(hints),
};
