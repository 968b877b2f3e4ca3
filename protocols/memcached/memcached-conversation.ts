import { decimalAt, isDigit, latin1Text, utf8Text } from '../dissection/ascii.ts';
import {
  type Message,
  noHeaders,
  type RecognitionHints,
  type ResponseMessage,
  type Segment,
  type Sender,
} from '../dissection/dissector.ts';
import { FramedConversation, FramedDirection } from '../dissection/framed-conversation.ts';
import { unknownResponse } from '../dissection/unknown-response.ts';
import { type BinaryHeader, headerBytes, keyOf, magic, opcode, outcomeOf, readHeader } from './memcached-binary.ts';
import { type Pending, PendingRequests, type ReplyHead } from './memcached-pending.ts';
import {
  firstWord,
  isReplyWord,
  isTextCommand,
  maxValueBytes,
  mayRespond,
  readTextCommand,
  type TextCommand,
} from './memcached-text.ts';

/**
 * One Memcached connection, text or binary: the first byte of a message tells. Values are passed over by their lengths,
 * through holes. A response is reported with its first line or header; the lines up to END belong to it. State: 2 KiB of
 * an unfinished message per direction, and what PendingRequests keeps.
 */

const maxBufferedBytes = 2048;
const maxErrorBytes = 256;
const maxStuckRuns = 8;
const maxResourceCharacters = 256;
const lineFeed = 0x0a;
/** `END` and its line break. */
const endLineBytes = 5;

/** First words of lines that others follow, up to END. */
const lists: ReadonlySet<string> = new Set(['VALUE', 'STAT', 'ITEM', 'key=']);

/** The port that Memcached listens on where nobody changed it. */
export const memcachedPort = 11211;

/** One direction. */
class MemcachedDirection<Origin> extends FramedDirection<Origin> {
  /** Inside a line whose end was not seen yet. */
  inLine = false;
  /** Further lines, or messages with a key, belong to the response in hand. */
  goesOn = false;

  get midMessage(): boolean {
    return this.reader.ahead > 0 || this.inLine || this.goesOn;
  }

  override get isBlind(): boolean {
    return super.isBlind || (this.inLine && this.reader.gap > 0);
  }

  /** Whether an unfinished message may wait for its next bytes. */
  get mayWait(): boolean {
    return this.reader.gap === 0 && this.reader.end - this.reader.position <= maxBufferedBytes;
  }

  override restart(): void {
    super.restart();
    this.inLine = false;
    this.goesOn = false;
  }

  /** Where the line at the reader's position ends: its line feed, -1 when that was not seen. */
  lineEnd(): number {
    const { reader } = this;
    const at = reader.window.indexOf(lineFeed, reader.position);
    return at >= reader.end ? -1 : at;
  }
}

/** Reads one Memcached connection; see the top of the file. */
export class MemcachedConversation<Origin> extends FramedConversation<Origin, MemcachedDirection<Origin>> {
  /** The segment in hand. */
  private segment: Segment<Origin> | undefined;
  private readonly pending = new PendingRequests((pending, how) => {
    const unknown = unknownResponse(this.segment!);
    this.report(how === 'unknown' ? unknown : { ...unknown, status: 'ok', result: pending.silence });
  });
  private stuckRuns = 0;
  /** A message of this protocol was read. */
  private spoken = false;
  /** Off the usual port, the first response must be one that its request may have. */
  private believed: boolean;
  /** `watch` was answered: the server sends its log from now on. */
  private watching = false;

  /** @param hints - what was known when the protocol was recognised; without them it is taken for granted */
  constructor(hints?: RecognitionHints) {
    super(new MemcachedDirection(), new MemcachedDirection());
    this.believed = hints === undefined || hints.senderPort === memcachedPort || hints.receiverPort === memcachedPort;
  }

  override read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (this.watching) return;
    this.segment = segment;
    super.read(sender, segment, report);
    this.segment = undefined;
  }

  end(): void {
    this.desynchronized = true;
  }

  protected startRun(_: MemcachedDirection<Origin>, isRequest: boolean, segment: Segment<Origin>): void {
    const { client, server, pending } = this;
    if (!isRequest) {
      pending.repliesStart();
      if (!server.inStep) server.restart();
      return;
    }
    pending.requestsStart(server.midMessage, segment.afterPause === true);
    this.stuckRuns = server.midMessage ? this.stuckRuns + 1 : 0;
    // A long response may overlap a request or two; one that never ends was miscounted because bytes were lost.
    if (this.stuckRuns >= maxStuckRuns) {
      server.restart();
      pending.repliesMissed();
    }
    if (!client.inStep || (client.midMessage && startsRequest(segment.bytes))) client.restart();
  }

  protected readMessage(direction: MemcachedDirection<Origin>, isRequest: boolean): boolean {
    const { reader } = direction;
    if (direction.inLine) return this.passLine(direction);
    const first = reader.window[reader.position]!;
    if (first === magic.request || first === magic.response) return this.readBinary(direction, isRequest);
    return isRequest ? this.readCommand(direction) : this.readReply(direction);
  }

  protected missed(isRequest: boolean): void {
    if (isRequest) this.pending.requestsMissed();
    else this.pending.repliesMissed();
  }

  private passLine(direction: MemcachedDirection<Origin>): boolean {
    const { reader } = direction;
    const end = direction.lineEnd();
    direction.inLine = end < 0;
    reader.position = end < 0 ? reader.end : end + 1;
    return true;
  }

  /** Reads the line of a client; false when the rest has to wait for the next segment. */
  private readCommand(direction: MemcachedDirection<Origin>): boolean {
    const { reader } = direction;
    const bytes = reader.window;
    const start = reader.position;
    const lineEnd = direction.lineEnd();
    const isWhole = lineEnd >= 0;
    if (!isWhole && direction.mayWait) return false;
    const textEnd = textEndOf(bytes, start, isWhole ? lineEnd : reader.end);
    const name = firstWord(bytes, start, textEnd);
    const isCutName = !isWhole && name.length === textEnd - start;
    if (isCutName && reader.gap > 0) return direction.goBlind();
    if (!isTextCommand(name) && !(this.spoken && /^[a-z_]+$/.test(name))) return direction.giveUp();
    const command = readTextCommand(bytes, start, textEnd, isWhole);
    if (command === undefined) return direction.giveUp();
    this.askText(direction, start, command);
    if (isWhole) reader.pass(lineEnd + 1 - start + (command.valueBytes < 0 ? 0 : command.valueBytes + 2));
    else {
      reader.position = reader.end;
      direction.inLine = true;
    }
    return true;
  }

  private askText(direction: MemcachedDirection<Origin>, start: number, command: TextCommand): void {
    const { name, keys, keyCount, hasResponse, isQuiet } = command;
    const pending: Pending | undefined = hasResponse
      ? {
          isQuiet,
          silence: name === 'mg' ? 'miss' : '',
          keyCount,
          mayHave: (reply) => {
            if (reply.kind !== 'text' || !mayRespond(command, reply.word, reply.line)) return false;
            if (name === 'watch' && reply.word === 'OK') this.watching = true;
            return true;
          },
        }
      : undefined;
    this.reportRequest(direction, start, name, keys, pending);
  }

  /** Reads a line of the server; false when the rest has to wait for the next segment. */
  private readReply(direction: MemcachedDirection<Origin>): boolean {
    const { reader } = direction;
    const bytes = reader.window;
    const start = reader.position;
    const lineEnd = direction.lineEnd();
    const isWhole = lineEnd >= 0;
    if (!isWhole && direction.mayWait) return false;
    const textEnd = textEndOf(bytes, start, isWhole ? lineEnd : reader.end);
    const word = replyWord(bytes, start, textEnd);
    const isCutWord = !isWhole && firstWord(bytes, start, textEnd).length === textEnd - start;
    if (isCutWord && reader.gap > 0) return direction.goBlind();
    if (word === undefined) return direction.giveUp();
    const valueBytes = valueBytesOf(word, bytes, start, textEnd);
    if (isWhole && valueBytes === -1) return direction.giveUp();
    let bytesHere = isWhole ? lineEnd + 1 - start + (valueBytes < 0 ? 0 : valueBytes + 2) : 0;
    let { goesOn } = direction;
    if (!goesOn) {
      const line = lineText(bytes, start, textEnd);
      const pending = this.take({ kind: 'text', word, line });
      // Behind the only value that can come, only END does: so that may be hidden.
      const isOnlyValue = word === 'VALUE' && isWhole && pending?.keyCount === 1;
      if (isOnlyValue) bytesHere += endLineBytes;
      goesOn = lists.has(word) && !isOnlyValue;
      if (pending !== undefined) this.answerText(direction, start, { word, line }, pending, goesOn ? 0 : bytesHere);
    }
    direction.goesOn = goesOn && lists.has(word);
    if (isWhole) reader.pass(bytesHere);
    else {
      reader.position = reader.end;
      direction.inLine = true;
    }
    return true;
  }

  private answerText(
    direction: MemcachedDirection<Origin>,
    start: number,
    { word, line }: { readonly word: string; readonly line: string },
    { keyCount }: Pending,
    declaredBytes: number,
  ): void {
    const isError = word.endsWith('ERROR');
    this.reportResponse(direction, start, {
      status: !isError ? 'ok' : word === 'SERVER_ERROR' ? 'server_error' : 'client_error',
      responseCode: 0,
      exception: isError ? line : '',
      result: isError ? '' : resultOf(word, line, keyCount),
      declaredBytes,
    });
  }

  /** Reads a message of the binary protocol; false when the rest has to wait for the next segment. */
  private readBinary(direction: MemcachedDirection<Origin>, isRequest: boolean): boolean {
    const { reader } = direction;
    const start = reader.position;
    if (reader.end - start < headerBytes) return direction.awaitHeader();
    const header = readHeader(reader.window, start, isRequest);
    if (header === undefined) return direction.giveUp();
    const { extrasBytes, keyBytes, bodyBytes } = header;
    const wanted = headerBytes + Math.min(bodyBytes, extrasBytes + keyBytes + (isRequest ? 0 : maxErrorBytes));
    const isKnownByHeader = !isRequest && header.statusCode === 0 && keyBytes === 0;
    if (!isKnownByHeader && reader.end - start < wanted && direction.mayWait) return false;
    if (isRequest) this.askBinary(direction, start, header);
    else this.answerBinary(direction, start, header);
    reader.pass(headerBytes + bodyBytes);
    return true;
  }

  private askBinary(direction: MemcachedDirection<Origin>, start: number, header: BinaryHeader): void {
    const { operation, opaque } = header;
    const key = keyOf(direction.reader.window, start, header, direction.reader.end);
    const { name, isQuiet } = operation;
    const pending: Pending | undefined =
      header.opcode === opcode.quitQuietly
        ? undefined
        : {
            isQuiet,
            silence: name === 'get' || name === 'gat' ? 'miss' : '',
            keyCount: 1,
            mayHave: (reply) =>
              reply.kind === 'binary' &&
              reply.opcode === header.opcode &&
              reply.opaque === opaque &&
              (reply.key === '' || reply.key === key || header.opcode === opcode.stats),
          };
    this.reportRequest(direction, start, name, key === '' ? [] : [key], pending);
  }

  private answerBinary(direction: MemcachedDirection<Origin>, start: number, header: BinaryHeader): void {
    const { window, end } = direction.reader;
    const isPart = direction.goesOn;
    // Statistics are messages with a key each, and one without at the end.
    direction.goesOn = header.opcode === opcode.stats && header.keyBytes > 0;
    if (isPart) return;
    const key = keyOf(window, start, header, end);
    if (this.take({ kind: 'binary', opcode: header.opcode, opaque: header.opaque, key }) === undefined) return;
    this.reportResponse(direction, start, {
      ...outcomeOf(window, start, header, end),
      declaredBytes: direction.goesOn ? 0 : headerBytes + header.bodyBytes,
    });
  }

  /** The request that a response answers. */
  private take(reply: ReplyHead): Pending | undefined {
    this.understood();
    this.spoken = true;
    const pending = this.pending.answered(reply);
    if (pending === 'misfit') {
      if (!this.believed) this.desynchronized = true;
      return undefined;
    }
    if (pending !== undefined) this.believed = true;
    return pending;
  }

  private reportRequest(
    direction: MemcachedDirection<Origin>,
    start: number,
    requestType: string,
    keys: readonly string[],
    pending: Pending | undefined,
  ): void {
    this.understood();
    this.spoken = true;
    if (this.pending.isFull) {
      this.pending.requestsMissed();
      return;
    }
    if (pending !== undefined) this.pending.asked(pending);
    this.report({
      kind: 'request',
      origin: direction.reader.originAt(start),
      offset: direction.reader.offsetAt(start),
      requestId: 0,
      expectsResponse: pending !== undefined,
      version: '',
      requestType,
      requestDomain: '',
      requestResource: [requestType, ...keys].join(' ').slice(0, maxResourceCharacters),
      endpoint: requestType,
      headers: noHeaders,
    });
  }

  private reportResponse(
    direction: MemcachedDirection<Origin>,
    start: number,
    said: Pick<ResponseMessage<Origin>, 'status' | 'responseCode' | 'exception' | 'result' | 'declaredBytes'>,
  ): void {
    this.report({
      kind: 'response',
      origin: direction.reader.originAt(start),
      offset: direction.reader.offsetAt(start),
      requestId: 0,
      ...said,
    });
  }
}

/** A line as far as it is shown. */
function lineText(bytes: Buffer, start: number, end: number): string {
  return utf8Text(bytes, start, Math.min(end, start + maxErrorBytes));
}

function textEndOf(bytes: Buffer, start: number, end: number): number {
  return end > start && bytes[end - 1] === 0x0d ? end - 1 : end;
}

/** The first word of a server's line; `number` for a number, `key=` for a line of a dump; undefined when it is none. */
function replyWord(bytes: Buffer, start: number, end: number): string | undefined {
  const word = firstWord(bytes, start, end);
  if (isReplyWord(word)) return word;
  if (word !== '' && decimalAt(bytes, start, start + Math.min(word.length, 15)) >= 0) return 'number';
  return word.startsWith('key=') ? 'key=' : undefined;
}

/** Bytes of the value behind a server's line; -2 when none follows, -1 when that cannot be told. */
function valueBytesOf(word: string, bytes: Buffer, start: number, end: number): number {
  if (word !== 'VALUE' && word !== 'VA') return -2;
  const [, second = '', , fourth = ''] = latin1Text(bytes, start, end).split(' ');
  const text = word === 'VA' ? second : fourth;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  return value <= maxValueBytes ? value : -1;
}

/** What a response says in short. */
function resultOf(word: string, line: string, keyCount: number): string {
  switch (word) {
    case 'number':
    case 'VERSION':
      return line.trim();
    case 'EN':
      return 'miss';
    case 'END':
      return keyCount > 0 ? 'miss' : '';
    case 'NF':
      return 'NOT_FOUND';
    case 'NS':
      return 'NOT_STORED';
    case 'EX':
      return 'EXISTS';
    case 'VALUE':
    case 'VA':
    case 'HD':
    case 'MN':
    case 'ME':
    case 'STAT':
    case 'ITEM':
    case 'key=':
      return '';
    default:
      return word;
  }
}

/** Whether a run begins with a request although the one before it was not finished. */
function startsRequest(bytes: Buffer): boolean {
  if (bytes.length >= headerBytes && readHeader(bytes, 0, true) !== undefined) return true;
  const lineEnd = bytes.indexOf(lineFeed);
  const name = firstWord(bytes, 0, Math.max(lineEnd, 0));
  return lineEnd > 0 && !isDigit(bytes[0]) && isTextCommand(name);
}
