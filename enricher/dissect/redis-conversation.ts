import type { SpanStatus } from '../../schemas/generated/span.ts';
import { isLetter, latin1Text, utf8Text } from './ascii.ts';
import { ByteFlow } from './byte-flow.ts';
import type { Conversation, Message, Segment, Sender } from './dissector.ts';
import { describeCommand, isKnownCommand, subscriptions } from './redis-commands.ts';
import { ReplyOrder } from './reply-order.ts';
import { lineBreakAfter, malformedCount, readCount, respType } from './resp.ts';
import { unknownResponse } from './unknown-response.ts';

/**
 * One Redis connection (RESP2 and RESP3). Each direction reads values one after another; the rest of a reported value is
 * passed over by its own lengths, through holes where they hide no header. A value's depth needs no stack: only the number
 * of values still to come is kept. State: 2 KiB of an unfinished command or reply per direction, and ReplyOrder's.
 */

const maxHeldBytes = 2048;
const maxHeaderBytes = 32;
const maxWords = 16;
const maxWordBytes = 128;
const maxArguments = 1_048_576;
const maxBulkBytes = 2 ** 40;
const maxMisses = 3;
const maxStuckRuns = 8;

/** `silent`: a command whose name was not captured, so that it was not reported. */
type ReplyKind = 'plain' | 'subscription' | 'silent';

class Side<Origin> {
  readonly flow = new ByteFlow<Origin>();
  /** Values of the current message still to be passed over. */
  remaining = 0;
  /** Inside a line whose end was not seen yet. */
  inLine = false;
  inStep = true;

  get midMessage(): boolean {
    return this.flow.ahead > 0 || this.remaining > 0 || this.inLine;
  }

  restart(): void {
    this.flow.restart();
    this.remaining = 0;
    this.inLine = false;
    this.inStep = true;
  }
}

/** Reads one Redis connection; see the top of the file. */
export class RedisConversation<Origin> implements Conversation<Origin> {
  lost = false;
  private readonly client = new Side<Origin>();
  private readonly server = new Side<Origin>();
  private readonly order = new ReplyOrder<ReplyKind>();
  private misses = 0;
  private malformed = false;
  private stuckRuns = 0;
  private subscribed = false;
  private version = '';
  private database = '';

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (this.lost) return;
    const isRequest = sender === 'client';
    const side = isRequest ? this.client : this.server;
    const flow = side.flow;
    if (segment.startsMessage) this.startRun(isRequest, segment, report);
    flow.enter(segment);
    while (flow.position < flow.end && side.inStep) {
      if (side.inLine) this.passLine(side);
      else if (side.remaining > 0) {
        if (!this.passValue(side)) break;
      } else if (!(isRequest ? this.readCommand(side, report) : this.readReply(side, report))) break;
    }
    if (!side.inStep) {
      flow.drop();
      side.restart();
      side.inStep = false;
      if (this.malformed && segment.startsMessage && ++this.misses >= maxMisses) this.lost = true;
      this.malformed = false;
      this.missed(isRequest, segment, report);
    } else if (flow.blind || (side.inLine && flow.gap > 0)) {
      flow.drop();
      side.restart();
      side.inStep = false;
      this.missed(isRequest, segment, report);
    }
    flow.leave();
  }

  end(): void {
    this.lost = true;
  }

  private startRun(isRequest: boolean, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    const { client, server } = this;
    if (isRequest) {
      this.order.requestsStart(server.midMessage, segment.afterPause === true);
      this.stuckRuns = server.midMessage ? this.stuckRuns + 1 : 0;
      // A long reply may overlap a request or two; one that never ends was miscounted because bytes were lost.
      if (this.stuckRuns >= maxStuckRuns) {
        server.restart();
        this.order.repliesMissed(answerUnknown(segment, report));
      }
      if (!client.inStep || (client.midMessage && startsCommand(segment.bytes))) client.restart();
    } else {
      this.order.repliesStart(answerUnknown(segment, report));
      if (!server.inStep) server.restart();
    }
  }

  private missed(isRequest: boolean, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (isRequest) this.order.requestsMissed();
    else this.order.repliesMissed(answerUnknown(segment, report));
  }

  /** Reads one command; false when the rest has to wait for the next segment. */
  private readCommand(side: Side<Origin>, report: (message: Message<Origin>) => void): boolean {
    const flow = side.flow;
    const bytes = flow.window;
    const start = flow.position;
    if (bytes[start] !== respType.array) return this.readInline(side, report);
    const headerEnd = lineBreakAfter(bytes, start, flow.end);
    if (headerEnd < 0) return this.awaitHeader(side);
    const count = readCount(bytes, start + 1, headerEnd);
    if (count > maxArguments || count === malformedCount) return this.giveUp(side);
    let at = headerEnd + 2;
    const words: string[] = [];
    for (let index = 0; index < count; index++) {
      const lengthEnd = at < flow.end ? lineBreakAfter(bytes, at, flow.end) : -1;
      if (lengthEnd < 0) {
        if (at < flow.end && bytes[at] !== respType.bulk) return this.giveUp(side);
        if (this.mayWait(side)) return false;
        this.reportCommand(side, start, words, report);
        flow.position = at;
        side.remaining = count - index;
        return flow.gap === 0 || this.goBlind(side);
      }
      const length = readCount(bytes, at + 1, lengthEnd);
      if (bytes[at] !== respType.bulk || length < 0 || length > maxBulkBytes) return this.giveUp(side);
      const wordStart = lengthEnd + 2;
      const wordEnd = wordStart + length;
      if (wordEnd + 2 > flow.end) {
        if (this.mayWait(side)) return false;
        // A word that was cut is no key.
        if (wordEnd <= flow.end) addWord(words, bytes, wordStart, wordEnd);
        this.reportCommand(side, start, words, report);
        flow.position = wordStart;
        side.remaining = count - index - 1;
        flow.pass(length + 2);
        return true;
      }
      addWord(words, bytes, wordStart, wordEnd);
      at = wordEnd + 2;
    }
    if (words.length > 0) this.reportCommand(side, start, words, report);
    flow.position = at;
    return true;
  }

  /** Reads a command typed as plain words on a line. */
  private readInline(side: Side<Origin>, report: (message: Message<Origin>) => void): boolean {
    const flow = side.flow;
    const bytes = flow.window;
    let start = flow.position;
    if (bytes[start] === 0x0d || bytes[start] === 0x0a) {
      flow.position++;
      return true;
    }
    if (!isLetter(bytes[start])) return this.giveUp(side);
    let lineEnd = start;
    while (lineEnd < flow.end && bytes[lineEnd] !== 0x0a) lineEnd++;
    if (lineEnd >= flow.end) {
      if (this.mayWait(side)) return false;
      return this.giveUp(side);
    }
    const words: string[] = [];
    const commandStart = start;
    for (let at = start; at <= lineEnd; at++) {
      if (at < lineEnd && bytes[at]! > 0x20) continue;
      if (at > start) addWord(words, bytes, start, at);
      start = at + 1;
    }
    if (!isKnownCommand(words[0]?.toUpperCase() ?? '')) return this.giveUp(side);
    this.reportCommand(side, commandStart, words, report);
    flow.position = lineEnd + 1;
    return true;
  }

  private reportCommand(
    side: Side<Origin>,
    start: number,
    words: readonly string[],
    report: (message: Message<Origin>) => void,
  ): void {
    this.misses = 0;
    const command = words[0]?.toUpperCase();
    if (command === undefined) {
      this.order.asked('silent');
      return;
    }
    const described = describeCommand(command, words.slice(1));
    if (command === 'HELLO' && (words[1] === '2' || words[1] === '3')) this.version = words[1];
    if (command === 'SELECT' && words[1] !== undefined && words[1].length <= 5) this.database = words[1];
    const isSubscription = subscriptions.has(command);
    this.subscribed ||= isSubscription;
    this.order.asked(isSubscription ? 'subscription' : 'plain');
    report({
      kind: 'request',
      origin: side.flow.originAt(start),
      offset: side.flow.offsetAt(start),
      requestId: 0,
      expectsResponse: true,
      version: this.version,
      requestType: command,
      requestDomain: this.database,
      requestResource: described.resource,
      endpoint: described.name,
      headerTraceId: '',
      headerSpanId: '',
      xRequestId: '',
      forwardedFor: '',
      userAgent: '',
    });
  }

  /** Reads the head of one reply or push; false when the rest has to wait for the next segment. */
  private readReply(side: Side<Origin>, report: (message: Message<Origin>) => void): boolean {
    const flow = side.flow;
    const bytes = flow.window;
    const start = flow.position;
    const type = bytes[start]!;
    const lineEnd = lineBreakAfter(bytes, start, flow.end);
    switch (type) {
      case respType.simple:
      case respType.error:
      case respType.integer:
      case respType.double:
      case respType.bigNumber:
      case respType.boolean:
      case respType.null: {
        if (lineEnd < 0 && this.mayWait(side)) return false;
        const textEnd = lineEnd < 0 ? flow.end : lineEnd;
        const text = utf8Text(bytes, start + 1, Math.min(textEnd, start + 257));
        const declaredBytes = lineEnd < 0 ? 0 : lineEnd + 2 - start;
        if (type === respType.error) this.reportReply(side, start, text, '', declaredBytes, report);
        else this.reportReply(side, start, '', type === respType.null ? 'nil' : text, declaredBytes, report);
        if (lineEnd < 0) side.inLine = true;
        flow.position = lineEnd < 0 ? flow.end : lineEnd + 2;
        return true;
      }
      case respType.bulk:
      case respType.verbatim:
      case respType.bulkError: {
        if (lineEnd < 0) return this.awaitHeader(side);
        const length = readCount(bytes, start + 1, lineEnd);
        if (length === malformedCount || length > maxBulkBytes) return this.giveUp(side);
        const body = lineEnd + 2;
        const shown = Math.min(flow.end, body + Math.min(Math.max(length, 0), 256));
        if (type === respType.bulkError && shown < body + Math.min(length, 256) && this.mayWait(side)) return false;
        const error = type === respType.bulkError ? utf8Text(bytes, body, shown) : '';
        const declaredBytes = body - start + (length < 0 ? 0 : length + 2);
        this.reportReply(side, start, error, length < 0 ? 'nil' : '', declaredBytes, report);
        flow.pass(declaredBytes);
        return true;
      }
      case respType.array:
      case respType.set:
      case respType.map:
      case respType.push:
      case respType.attribute: {
        if (lineEnd < 0) return this.awaitHeader(side);
        const count = readCount(bytes, start + 1, lineEnd);
        if (count === malformedCount || count > maxBulkBytes) return this.giveUp(side);
        const mayBePush = type === respType.push || (type === respType.array && this.subscribed);
        if (mayBePush && count > 0) {
          const word = firstWord(bytes, lineEnd + 2, flow.end);
          if (word === undefined && this.mayWait(side)) return false;
          if (this.isReply(type, word ?? '')) this.reportReply(side, start, '', '', 0, report);
        } else if (type !== respType.attribute) {
          this.reportReply(side, start, '', count < 0 ? 'nil' : '', 0, report);
        }
        const values = type === respType.map || type === respType.attribute ? 2 * count : count;
        side.remaining = values > 0 ? values : 0;
        flow.position = lineEnd + 2;
        return true;
      }
      default:
        return this.giveUp(side);
    }
  }

  /** Whether an array or push that begins with `word` answers a command: a message does not, a confirmation does once. */
  private isReply(type: number, word: string): boolean {
    if (subscriptions.has(word.toUpperCase())) return this.order.next === 'subscription';
    if (type === respType.push) return false;
    return word !== 'message' && word !== 'pmessage' && word !== 'smessage';
  }

  private reportReply(
    side: Side<Origin>,
    start: number,
    error: string,
    result: string,
    declaredBytes: number,
    report: (message: Message<Origin>) => void,
  ): void {
    this.misses = 0;
    const kind = this.order.answered();
    if (kind === undefined || kind === 'silent') return;
    report({
      kind: 'response',
      origin: side.flow.originAt(start),
      offset: side.flow.offsetAt(start),
      requestId: 0,
      status: error === '' ? 'ok' : errorStatus(error),
      responseCode: 0,
      exception: error,
      result,
      declaredBytes,
      xRequestId: '',
    });
  }

  /** Passes over one value of the current message; false when its header has to wait for the next segment. */
  private passValue(side: Side<Origin>): boolean {
    const flow = side.flow;
    const bytes = flow.window;
    const type = bytes[flow.position]!;
    if (type !== respType.bulk && type !== respType.verbatim && type !== respType.bulkError) {
      if (!isAggregate(type)) {
        if (!isLine(type)) return this.giveUp(side);
        side.remaining--;
        side.inLine = true;
        return true;
      }
    }
    const lineEnd = lineBreakAfter(bytes, flow.position, flow.end);
    if (lineEnd < 0) return this.awaitHeader(side);
    const count = readCount(bytes, flow.position + 1, lineEnd);
    if (count === malformedCount || count > maxBulkBytes) return this.giveUp(side);
    flow.position = lineEnd + 2;
    side.remaining--;
    if (isAggregate(type)) {
      // An attribute stands before the value it describes and is not one itself.
      if (count > 0) side.remaining += type === respType.map || type === respType.attribute ? 2 * count : count;
      if (type === respType.attribute) side.remaining++;
      if (side.remaining > maxBulkBytes) return this.giveUp(side);
    } else if (count >= 0) flow.pass(count + 2);
    return true;
  }

  private passLine(side: Side<Origin>): void {
    const flow = side.flow;
    while (flow.position < flow.end) {
      if (flow.window[flow.position++] === 0x0a) {
        side.inLine = false;
        return;
      }
    }
  }

  private mayWait(side: Side<Origin>): boolean {
    return side.flow.gap === 0 && side.flow.end - side.flow.position <= maxHeldBytes;
  }

  /** A line with a length is not complete. */
  private awaitHeader(side: Side<Origin>): boolean {
    const { flow } = side;
    if (flow.gap > 0) return this.goBlind(side);
    return flow.end - flow.position > maxHeaderBytes ? this.giveUp(side) : false;
  }

  /** Where the next value begins was not captured. */
  private goBlind(side: Side<Origin>): boolean {
    side.inStep = false;
    return false;
  }

  /** These bytes are not RESP. */
  private giveUp(side: Side<Origin>): boolean {
    side.inStep = false;
    this.malformed = true;
    return false;
  }
}

function answerUnknown<Origin>(
  segment: Segment<Origin>,
  report: (message: Message<Origin>) => void,
): (kind: ReplyKind) => void {
  return (kind) => {
    if (kind !== 'silent') report(unknownResponse(segment));
  };
}

function addWord(words: string[], bytes: Buffer, start: number, end: number): void {
  if (words.length >= maxWords) return;
  words.push(words.length === 0 ? latin1Text(bytes, start, Math.min(end, start + 32)) : wordText(bytes, start, end));
}

function wordText(bytes: Buffer, start: number, end: number): string {
  return utf8Text(bytes, start, Math.min(end, start + maxWordBytes));
}

function isAggregate(type: number): boolean {
  return (
    type === respType.array ||
    type === respType.set ||
    type === respType.map ||
    type === respType.push ||
    type === respType.attribute
  );
}

function isLine(type: number): boolean {
  return (
    type === respType.simple ||
    type === respType.error ||
    type === respType.integer ||
    type === respType.double ||
    type === respType.bigNumber ||
    type === respType.boolean ||
    type === respType.null
  );
}

/** The text of the bulk or simple string at `at`; undefined when it is not all there. */
function firstWord(bytes: Buffer, at: number, end: number): string | undefined {
  const lineEnd = at < end ? lineBreakAfter(bytes, at, end) : -1;
  if (lineEnd < 0) return undefined;
  if (bytes[at] !== respType.bulk) return latin1Text(bytes, at + 1, Math.min(lineEnd, at + 33));
  const length = readCount(bytes, at + 1, lineEnd);
  if (length < 0 || length > 32) return '';
  return lineEnd + 2 + length > end ? undefined : latin1Text(bytes, lineEnd + 2, lineEnd + 2 + length);
}

function startsCommand(bytes: Buffer): boolean {
  const lineEnd = bytes[0] === respType.array ? lineBreakAfter(bytes, 0, bytes.length) : -1;
  return lineEnd > 1 && readCount(bytes, 1, lineEnd) > 0 && bytes[lineEnd + 2] === respType.bulk;
}

const serverErrors: ReadonlySet<string> = new Set(
  'LOADING BUSY OOM MISCONF CLUSTERDOWN MASTERDOWN TRYAGAIN READONLY NOREPLICAS UNKILLABLE IOERR'.split(' '),
);

function errorStatus(text: string): SpanStatus {
  const cut = text.indexOf(' ');
  return serverErrors.has(cut < 0 ? text : text.slice(0, cut)) ? 'server_error' : 'client_error';
}
