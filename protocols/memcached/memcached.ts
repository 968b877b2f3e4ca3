import { decimalAt, latin1Text } from '../dissection/ascii.ts';
import type { Dissector, Recognition, RecognitionHints } from '../dissection/dissector.ts';
import { headerBytes, magic, mayBeHeader, readHeader } from './memcached-binary.ts';
import { MemcachedConversation, memcachedPort } from './memcached-conversation.ts';
import { firstWord, isCommandStart, isReplyWord, isTextCommand } from './memcached-text.ts';

export { memcachedPort } from './memcached-conversation.ts';

const maxLineBytes = 512;
const longestCommand = 14;
/** A key has neither blanks nor control characters. */
const key = String.raw`[^\x00-\x20\x7f]{1,250}`;
/** Lines that only clients of Memcached send. A job of beanstalkd is deleted alike, by its number. */
const tellingCommand = new RegExp(
  `^(?:gets?(?: ${key})+|gats? \\d+(?: ${key})+|(?:set|add|replace|append|prepend) ${key} \\d+ -?\\d+ \\d+(?: noreply)?|` +
    `cas ${key} \\d+ -?\\d+ \\d+ \\d+(?: noreply)?|(?:incr|decr) ${key} \\d+(?: noreply)?|touch ${key} \\d+(?: noreply)?|` +
    `delete (?!\\d+$)${key}(?: noreply)?|m[gda] ${key}(?: [a-zA-Z]\\S*)*|ms ${key} \\d+(?: [a-zA-Z]\\S*)*) ?$`,
);
/** Lines that only a server of Memcached sends. */
const tellingValue = new RegExp(`^VALUE ${key} \\d+ \\d+(?: \\d+)?$`);
/** Lines that answer what may be a request. */
const answer = new RegExp(
  `^(?:END|STORED|NOT_STORED|EXISTS|NOT_FOUND|DELETED|TOUCHED|\\d{1,20} *|HD(?: \\S+)*|VA \\d+(?: \\S+)*|EN|NS|EX|NF|MN|` +
    `CLIENT_ERROR .*|SERVER_ERROR .*)$`,
);

/**
 * On the usual port a command or a reply is known by its first word. Elsewhere other protocols have such lines too: what may
 * be a request is one of whole lines of the right words, and waits for an answer that fits.
 */
function recognise(bytes: Buffer, hints: RecognitionHints): Recognition {
  if (hints.transport === 'udp' || bytes.length === 0) return 'no';
  const fromServer = hints.sender === 'server' || (hints.sender === undefined && hints.senderPort === memcachedPort);
  const fromClient = hints.sender === 'client' || (hints.sender === undefined && hints.receiverPort === memcachedPort);
  const onKnownPort = hints.senderPort === memcachedPort || hints.receiverPort === memcachedPort;
  const first = bytes[0]!;
  const request = onKnownPort ? 'request' : 'either';
  if (first === magic.request || first === magic.response) {
    if (first === magic.request ? fromServer : fromClient) return 'no';
    if (bytes.length < headerBytes) return mayBeHeader(bytes, 0) ? 'undecided' : 'no';
    const header = readHeader(bytes, 0, first === magic.request);
    if (header === undefined) return 'no';
    if (first === magic.request) return request;
    // Little more than zeros: of itself only a value with its flags tells.
    const tells = header.operation.name === 'get' && header.extrasBytes === 4;
    return onKnownPort || hints.mayAnswer === true || tells ? 'response' : 'no';
  }
  if (!fromServer) {
    const asked = recogniseCommand(bytes, onKnownPort);
    if (asked === 'yes') return request;
    if (asked === 'undecided') return 'undecided';
  }
  return fromClient ? 'no' : recogniseReply(bytes, onKnownPort, hints.mayAnswer === true);
}

function recogniseCommand(bytes: Buffer, onKnownPort: boolean): 'yes' | 'undecided' | 'no' {
  const lineEnd = bytes.indexOf(0x0a);
  const word = firstWord(bytes, 0, bytes.length);
  if (word.length === bytes.length) return word.length <= longestCommand && isCommandStart(word) ? 'undecided' : 'no';
  const behind = bytes[word.length];
  if (!isTextCommand(word) || (behind !== 0x20 && behind !== 0x0d && behind !== 0x0a)) return 'no';
  if (onKnownPort) return 'yes';
  if (lineEnd < 0) return bytes.length < maxLineBytes ? 'undecided' : 'no';
  if (bytes[lineEnd - 1] !== 0x0d) return 'no';
  return tellingCommand.test(latin1Text(bytes, 0, lineEnd - 1)) ? 'yes' : 'no';
}

function recogniseReply(bytes: Buffer, onKnownPort: boolean, mayAnswer: boolean): Recognition {
  const lineEnd = bytes.indexOf(0x0a);
  const word = firstWord(bytes, 0, bytes.length);
  if (lineEnd < 0) {
    const mayBe = /^(?:[A-Z][A-Z_]*|\d+)$/.test(word) && bytes.length < maxLineBytes;
    return mayBe && (onKnownPort || mayAnswer || 'VALUE'.startsWith(word)) ? 'undecided' : 'no';
  }
  if (bytes[lineEnd - 1] !== 0x0d) return 'no';
  const line = latin1Text(bytes, 0, lineEnd - 1);
  if (tellingValue.test(line)) return 'response';
  if (mayAnswer && answer.test(line)) return 'response';
  if (!onKnownPort) return 'no';
  return isReplyWord(word) || decimalAt(bytes, 0, line.trimEnd().length) >= 0 ? 'response' : 'no';
}

/** Memcached, over TCP and Unix sockets. */
export const memcachedDissector: Dissector = {
  protocol: 'memcached',
  timeoutMs: 30_000,
  keepsOrder: true,
  recognise,
  open: <Origin>(hints?: RecognitionHints) => new MemcachedConversation<Origin>(hints),
};
