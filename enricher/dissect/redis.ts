import { isLetter, latin1Text } from './ascii.ts';
import type { Dissector, Recognition, RecognitionHints } from './dissector.ts';
import { isKnownCommand } from './redis-commands.ts';
import { RedisConversation } from './redis-conversation.ts';
import { lineBreakAfter, readCount, respType } from './resp.ts';

const redisPort = 6379;
const maxHeaderBytes = 16;

/**
 * An array of bulk strings is a command, unless the sender is known to be the server: then, and only then, it is a reply.
 * Where nothing is known, its first word decides. All other values are replies; without a known port or sender only those
 * whose shape is not shared with other text protocols (POP3 answers `+OK` too).
 */
function recognise(bytes: Buffer, hints: RecognitionHints): Recognition {
  if (hints.transport === 'udp' || bytes.length === 0) return 'no';
  const type = bytes[0]!;
  const fromServer = hints.sender === 'server' || (hints.sender === undefined && hints.senderPort === redisPort);
  const fromClient = hints.sender === 'client' || (hints.sender === undefined && hints.receiverPort === redisPort);
  const onKnownPort = hints.senderPort === redisPort || hints.receiverPort === redisPort;
  const lineEnd = lineBreakAfter(bytes, 0, bytes.length);
  switch (type) {
    case respType.array: {
      if (lineEnd < 0) return bytes.length < maxHeaderBytes && areDigits(bytes, 1, bytes.length) ? 'undecided' : 'no';
      const count = readCount(bytes, 1, lineEnd);
      if (count < -1) return 'no';
      if (count < 1) return onKnownPort ? 'response' : 'no';
      return recogniseArray(bytes, lineEnd + 2, fromServer, fromClient, onKnownPort);
    }
    case respType.bulk:
    case respType.integer: {
      if (fromClient) return 'no';
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
      if (fromClient) return 'no';
      if (onKnownPort) return lineEnd > 0 ? 'response' : bytes.length < maxHeaderBytes ? 'undecided' : 'no';
      return isTelling(bytes, lineEnd) ? 'response' : 'no';
    default:
      return recogniseInline(bytes, lineEnd, onKnownPort && !fromServer);
  }
}

function recogniseArray(
  bytes: Buffer,
  at: number,
  fromServer: boolean,
  fromClient: boolean,
  onKnownPort: boolean,
): Recognition {
  if (at >= bytes.length) return 'undecided';
  if (bytes[at] !== respType.bulk) return onKnownPort && !fromClient ? 'response' : 'no';
  const lineEnd = lineBreakAfter(bytes, at, bytes.length);
  if (lineEnd < 0) return bytes.length - at < maxHeaderBytes ? 'undecided' : 'no';
  const length = readCount(bytes, at + 1, lineEnd);
  if (length < 0) return length === -1 && !fromClient ? 'response' : 'no';
  if (fromServer) return 'response';
  const word = lineEnd + 2;
  if (length > 32 || length === 0) return fromClient ? 'no' : 'response';
  if (word + length > bytes.length) return fromClient ? 'request' : 'undecided';
  for (let index = word; index < word + length; index++) {
    const byte = bytes[index]!;
    if (!isLetter(byte) && byte !== 0x2e && byte !== 0x5f && byte !== 0x2d) return fromClient ? 'no' : 'response';
  }
  if (fromClient) return 'request';
  return isKnownCommand(latin1Text(bytes, word, word + length).toUpperCase()) ? 'request' : 'response';
}

function recogniseInline(bytes: Buffer, lineEnd: number, allowed: boolean): Recognition {
  if (!isLetter(bytes[0])) return 'no';
  const isPing = lineEnd === 4 && latin1Text(bytes, 0, 4).toUpperCase() === 'PING';
  if (isPing) return 'request';
  if (!allowed) return 'no';
  if (lineEnd < 0) return bytes.length < 512 ? 'undecided' : 'no';
  let wordEnd = 0;
  while (wordEnd < lineEnd && bytes[wordEnd] !== 0x20) wordEnd++;
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
  recognise,
  open: <Origin>() => new RedisConversation<Origin>(),
};
