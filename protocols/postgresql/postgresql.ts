import { isLetter } from '../dissection/ascii.ts';
import type { Dissector, Recognition, RecognitionHints } from '../dissection/dissector.ts';
import { PostgresqlConversation } from './postgresql-conversation.ts';
import {
  areMessages,
  backend,
  frontend,
  headerBytes,
  isBackendType,
  isFrontendType,
  readErrorFields,
  startup,
} from './postgresql-messages.ts';

/** The port that PostgreSQL listens on where nobody changed it. */
export const postgresqlPort = 5432;
const maxStartupBytes = 10_000;
const maxRecognisedBytes = 1 << 24;
/** First messages longer than this are not waited for. */
const maxBatchBytes = 512;

/** A client's first message tells itself by its code; every other message by its type, its length and what follows it. */
function recognise(bytes: Buffer, hints: RecognitionHints): Recognition {
  if (hints.transport === 'udp' || bytes.length === 0) return 'no';
  const fromServer = hints.sender === 'server' || (hints.sender === undefined && hints.senderPort === postgresqlPort);
  const fromClient = hints.sender === 'client' || (hints.sender === undefined && hints.receiverPort === postgresqlPort);
  const onKnownPort = hints.senderPort === postgresqlPort || hints.receiverPort === postgresqlPort;
  if (bytes[0] === 0) return fromServer ? 'no' : recogniseStartup(bytes);
  const type = bytes[0]!;
  const mayBeRequest = !fromServer && isFrontendType(type);
  const mayBeResponse = !fromClient && isBackendType(type);
  if (!mayBeRequest && !mayBeResponse) return 'no';
  if (bytes.length < headerBytes) return bytes.length === 1 || bytes[1] === 0 ? 'undecided' : 'no';
  const length = bytes.readUInt32BE(1);
  if (length < 4 || length > maxRecognisedBytes) return 'no';
  if (mayBeRequest && isRequest(bytes, type, length, onKnownPort)) return 'request';
  if (mayBeResponse && isResponse(bytes, type, length, onKnownPort)) return 'response';
  if (bytes.length === headerBytes && length > 4) return 'undecided';
  // Programs read in pieces too: the rest of the message may tell, or what follows it.
  const isWhole = hints.length !== undefined && hints.length <= bytes.length;
  return mayBeRequest && isWhole && mayGrow(bytes, type, length) ? 'undecided' : 'no';
}

/** Whether a request that begins like this may become one that is known by its end, or by its text. */
function mayGrow(bytes: Buffer, type: number, length: number): boolean {
  switch (type) {
    case frontend.parse:
      return bytes.length <= headerBytes + 1;
    case frontend.bind:
    case frontend.execute:
    case frontend.describe:
    case frontend.close:
      return length < maxBatchBytes && areMessages(bytes, 0, isFrontendType);
    default:
      return false;
  }
}

function recogniseStartup(bytes: Buffer): Recognition {
  if (bytes.length < 8) return bytes.length < 2 || bytes[1] === 0 ? 'undecided' : 'no';
  const length = bytes.readUInt32BE(0);
  const code = bytes.readUInt32BE(4);
  if (code === startup.ssl || code === startup.gss) return length === 8 && bytes.length === 8 ? 'request' : 'no';
  if (code === startup.cancel) return length === 16 ? 'request' : 'no';
  if (code >> 16 !== 3 || length < 9 || length > maxStartupBytes) return 'no';
  return bytes.length === 8 ? 'undecided' : isLetter(bytes[8]) || bytes[8] === 0x5f ? 'request' : 'no';
}

function isRequest(bytes: Buffer, type: number, length: number, onKnownPort: boolean): boolean {
  if (!areMessages(bytes, 0, isFrontendType)) return false;
  const last = length;
  switch (type) {
    case frontend.query: {
      if (bytes.length <= headerBytes) return false;
      if (last < bytes.length && bytes[last] !== 0) return false;
      const first = bytes[headerBytes]!;
      return isLetter(first) || first === 0x28 || first === 0x2d || first === 0x2f || first <= 0x20 || first === 0x3b;
    }
    case frontend.parse:
      return bytes.length > headerBytes + 1 && isNameThenText(bytes);
    case frontend.bind:
    case frontend.execute:
    case frontend.describe:
    case frontend.close:
      // Part of a batch: another message follows.
      return length < bytes.length - 1 && (onKnownPort || endsBatch(bytes));
    case frontend.sync:
    case frontend.terminate:
      return onKnownPort && length === 4 && bytes.length === headerBytes;
    default:
      return false;
  }
}

/** A zero-ended name, then a zero-ended text of printable bytes, as far as captured. */
function isNameThenText(bytes: Buffer): boolean {
  let at = headerBytes;
  while (at < bytes.length && bytes[at] !== 0) if (bytes[at++]! < 0x20) return false;
  at++;
  while (at < bytes.length && bytes[at] !== 0) {
    const byte = bytes[at++]!;
    if (byte < 0x20 && (byte < 0x09 || byte > 0x0d)) return false;
  }
  return true;
}

/** Whether the bytes close with Sync or Flush. */
function endsBatch(bytes: Buffer): boolean {
  const tail = bytes.length - headerBytes;
  const type = bytes[tail];
  return (type === frontend.sync || type === frontend.flush) && bytes.readUInt32BE(tail + 1) === 4;
}

function isResponse(bytes: Buffer, type: number, length: number, onKnownPort: boolean): boolean {
  if (!areMessages(bytes, 0, isBackendType)) return false;
  switch (type) {
    case backend.authentication:
      return length >= 8 && bytes.length >= 9 && bytes.readUInt32BE(5) <= 12;
    case backend.error:
    case backend.notice: {
      const { severity, sqlState } = readErrorFields(bytes, headerBytes, Math.min(bytes.length, 1 + length));
      return severity !== '' && sqlState.length === 5;
    }
    case backend.parseComplete:
    case backend.bindComplete:
    case backend.closeComplete:
      return length === 4 && (bytes.length > headerBytes || onKnownPort);
    case backend.readyForQuery:
      return length === 5 && onKnownPort;
    case backend.rowDescription:
    case backend.commandComplete:
    case backend.parameterStatus:
    case backend.parameterDescription:
    case backend.notification:
      return onKnownPort && length > 4;
    default:
      return false;
  }
}

/** PostgreSQL and what speaks its protocol, without TLS. */
export const postgresqlDissector: Dissector = {
  protocol: 'postgresql',
  timeoutMs: 120_000,
  recognise,
  open: <Origin>() => new PostgresqlConversation<Origin>(),
};
