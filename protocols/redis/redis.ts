import { isLetter, latin1Text } from '../dissection/ascii.ts';
import type { Dissector, Recognition, RecognitionHints } from '../dissection/dissector.ts';
import { isKnownCommand } from './redis-commands.ts';
import { RedisConversation } from './redis-conversation.ts';
import {
  isAggregateType,
  isBulkType,
  isLineType,
  lineBreakAfter,
  malformedCount,
  readCount,
  respType,
} from './resp.ts';

/** The port that Redis listens on where nobody changed it. */
export const redisPort = 6379;
const maxHeaderBytes = 16;
const maxAnswerBytes = 512;
const maxNameBytes = 64;
/** Values of an array that are looked at to tell a command from a reply. */
const maxLookedAt = 64;

/**
 * An array of bulk strings is a command, or a reply to one: who sent it follows from the kernel, else from the port, else from
 * what the other end says to it. All other values are replies; where nothing is known, only those whose shape is not shared
 * with other text protocols (POP3 answers `+OK` too), unless the other end sent what may be a command before.
 */
function recognise(bytes: Buffer, hints: RecognitionHints): Recognition {
  if (hints.transport === 'udp' || bytes.length === 0) return 'no';
  const type = bytes[0]!;
  const fromServer = hints.sender === 'server' || (hints.sender === undefined && hints.senderPort === redisPort);
  const fromClient = hints.sender === 'client' || (hints.sender === undefined && hints.receiverPort === redisPort);
  const onKnownPort = isKnownPort(hints);
  const lineEnd = lineBreakAfter(bytes, 0, bytes.length);
  if (type === respType.array) {
    if (lineEnd < 0) return bytes.length < maxHeaderBytes && areDigits(bytes, 1, bytes.length) ? 'undecided' : 'no';
    const count = readCount(bytes, 1, lineEnd);
    if (count < -1) return 'no';
    if (count < 1) return !fromClient && (onKnownPort || hints.mayAnswer === true) ? 'response' : 'no';
    if (fromServer) return lookThrough(bytes, lineEnd + 2, count).kind === 'broken' ? 'no' : 'response';
    if (fromClient) return recogniseCommand(bytes, lineEnd + 2, count);
    return recogniseArray(bytes, lineEnd + 2, count, hints.mayAnswer === true);
  }
  if (fromClient && (isBulkType(type) || isLineType(type) || isAggregateType(type))) return 'no';
  if (hints.mayAnswer === true) return recogniseAnswer(bytes, type, lineEnd);
  switch (type) {
    case respType.bulk:
    case respType.integer: {
      if (lineEnd < 0) return bytes.length < maxHeaderBytes && areDigits(bytes, 1, bytes.length) ? 'undecided' : 'no';
      const count = readCount(bytes, 1, lineEnd);
      if (count < -1) return onKnownPort && type === respType.integer ? 'response' : 'no';
      if (onKnownPort || type === respType.integer) return 'response';
      const end = lineEnd + 2 + count;
      return count === -1 || end >= bytes.length || (bytes[end] === 0x0d && bytes[end + 1] === 0x0a)
        ? 'response'
        : 'no';
    }
    case respType.simple:
    case respType.error:
    case respType.null:
    case respType.map:
    case respType.push:
    case respType.set:
    case respType.boolean:
    case respType.double:
      if (onKnownPort) return lineEnd > 0 ? 'response' : bytes.length < maxHeaderBytes ? 'undecided' : 'no';
      return isTelling(bytes, lineEnd) ? 'response' : 'no';
    default:
      return recogniseInline(bytes, lineEnd, onKnownPort && !fromServer);
  }
}

/**
 * An array of which nothing is known but its bytes. One that holds anything but strings is a reply, and so is one whose first
 * string is no name. A well-known name makes a command likely, but lists hold such words too; and where both ends sent
 * arrays of strings, either may be the command.
 */
function recogniseArray(bytes: Buffer, at: number, count: number, mayAnswer: boolean): Recognition {
  const { kind, name } = lookThrough(bytes, at, count);
  if (kind === 'broken') return 'no';
  if (kind === 'mixed') return 'response';
  if (name === undefined) return 'undecided';
  if (!isName(name)) return 'response';
  return !mayAnswer && isKnownCommand(name.toUpperCase()) ? 'request' : 'either';
}

/** An array from the end that sends commands. */
function recogniseCommand(bytes: Buffer, at: number, count: number): Recognition {
  const { kind, name } = lookThrough(bytes, at, count);
  if (kind !== 'strings') return 'no';
  return name === undefined ? 'undecided' : isName(name) ? 'request' : 'no';
}

/** What a server says to what may be a command. */
function recogniseAnswer(bytes: Buffer, type: number, lineEnd: number): Recognition {
  if (!isLineType(type) && !isBulkType(type) && !isAggregateType(type)) return 'no';
  if (lineEnd < 0) return bytes.length < maxAnswerBytes ? 'undecided' : 'no';
  if (isLineType(type)) return 'response';
  return readCount(bytes, 1, lineEnd) === malformedCount ? 'no' : 'response';
}

/** Looks at the values of an array, as far as they were captured. `name`: the first string, when it was. */
function lookThrough(
  bytes: Buffer,
  start: number,
  count: number,
): { readonly kind: 'strings' | 'mixed' | 'broken'; readonly name: string | undefined } {
  let at = start;
  let name: string | undefined;
  for (let index = 0; index < count && index < maxLookedAt && at < bytes.length; index++) {
    const type = bytes[at]!;
    const lineEnd = lineBreakAfter(bytes, at, Math.min(bytes.length, at + maxAnswerBytes));
    if (type !== respType.bulk) {
      if (!isLineType(type) && !isBulkType(type) && !isAggregateType(type)) return { kind: 'broken', name };
      return lineEnd < 0 ? { kind: 'strings', name } : { kind: 'mixed', name };
    }
    if (lineEnd < 0) return { kind: bytes.length - at < maxHeaderBytes ? 'strings' : 'broken', name };
    const length = readCount(bytes, at + 1, lineEnd);
    if (length === -1) return { kind: 'mixed', name };
    const end = lineEnd + 2 + length;
    if (length < 0 || (end < bytes.length && bytes[end] !== 0x0d)) return { kind: 'broken', name };
    // What is longer is no name, however little of it was captured.
    if (index === 0 && length > maxNameBytes) name = '';
    else if (index === 0 && end <= bytes.length) name = latin1Text(bytes, lineEnd + 2, end);
    at = end + 2;
  }
  return { kind: 'strings', name };
}

/** Whether this may be the name of a command: servers may have modules, and may have been told other names. */
function isName(text: string): boolean {
  return text.length <= maxNameBytes && /^[\x21-\x7e]+$/.test(text);
}

function isKnownPort({ senderPort, receiverPort }: RecognitionHints): boolean {
  return senderPort === redisPort || receiverPort === redisPort;
}

function recogniseInline(bytes: Buffer, lineEnd: number, allowed: boolean): Recognition {
  if (!isLetter(bytes[0])) return 'no';
  const isPing = lineEnd === 4 && latin1Text(bytes, 0, 4).toUpperCase() === 'PING';
  if (isPing) return 'request';
  if (!allowed) return 'no';
  let wordEnd = 0;
  while (wordEnd < bytes.length && bytes[wordEnd]! > 0x20) wordEnd++;
  // The word may go on, or the line may be that of another protocol; a line that is cut is long.
  if (wordEnd >= bytes.length || (lineEnd < 0 && bytes.length < maxAnswerBytes))
    return bytes.length < maxAnswerBytes ? 'undecided' : 'no';
  return wordEnd <= 32 && isKnownCommand(latin1Text(bytes, 0, wordEnd).toUpperCase()) ? 'request' : 'no';
}

function areDigits(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if ((byte < 0x30 || byte > 0x39) && byte !== 0x2d && byte !== 0x0d) return false;
  }
  return true;
}

/** Replies that no other protocol known here gives. */
function isTelling(bytes: Buffer, lineEnd: number): boolean {
  if (lineEnd < 1 || lineEnd > 512) return false;
  const line = latin1Text(bytes, 0, lineEnd);
  if (line === '+PONG' || line === '+QUEUED') return true;
  return line.startsWith('-NOAUTH ') || line.startsWith('-WRONGTYPE ') || line.startsWith('-MOVED ');
}

/** Redis and its descendants, RESP2 and RESP3. */
export const redisDissector: Dissector = {
  protocol: 'redis',
  timeoutMs: 120_000,
  keepsOrder: true,
  recognise,
  needsAnswer: (bytes, hints) =>
    bytes[0] === respType.array && hints.sender === undefined && !isKnownPort(hints) && hints.mayAnswer !== true,
  open: <Origin>() => new RedisConversation<Origin>(),
};
