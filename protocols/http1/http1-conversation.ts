import { hexValue } from '../dissection/ascii.ts';
import { StreamReader } from '../dissection/stream-reader.ts';
import type { Conversation, Message, ResponseMessage, Segment, Sender } from '../dissection/dissector.ts';
import { Http1Head, maxHeadBytes } from './http1-head.ts';
import { requestMessage, responseMessage } from './http1-messages.ts';
import {
  isTellingRequestLine,
  judgeRequestLine,
  judgeStart,
  judgeStatusLine,
  beginsWithUsualMethod,
  methodEnd,
  methodName,
  requestTarget,
  tellsRequest,
} from './http1-start-line.ts';
import { PipelineQueue } from '../dissection/pipeline-queue.ts';
import { unknownResponse } from '../dissection/unknown-response.ts';

/**
 * One HTTP/1 connection. Each direction is in one of a few places: in a head, in a body of known length (passed over,
 * also where it was not captured), among chunks, or out of step until the other direction has spoken. A head is reported when it
 * is complete, or with what is there when the rest was not captured, when the other direction answers it, or asks the next
 * question. State: at most 8 KiB of an unfinished head per direction, and PipelineQueue's.
 */

const maxMisses = 3;
const leastBytesOfLongLine = 64;
const leastBytesOfStatus = 12;
const maxChunkBytes = 2 ** 48;

/** What the answer to a request looks like, by its method. */
type Expectation = 'body' | 'no-body' | 'tunnel';

type Place = 'head' | 'chunk-size' | 'chunk-extension' | 'trailer' | 'out-of-step';

const head = new Http1Head();

class DirectionState<Origin> {
  readonly reader = new StreamReader<Origin>();
  place: Place = 'head';
  /** The head that waits for its end was looked at before. */
  inHead = false;
  /** Its first line is there. */
  lineSeen = false;
  /** The head that is waiting for its end was reported already with what there was. */
  reported = false;
  /** What the response that was reported so early answers. */
  expectation: Expectation | undefined;
  chunkBytes = 0;
  trailerLineBytes = 0;
  /** The end of the response in hand is to be reported. */
  reportsEnd = false;

  /** Whether the next byte begins a message, or may: the body of a request may follow an interim response. */
  get betweenMessages(): boolean {
    return this.reader.ahead === 0 && !this.reader.waiting && (this.place === 'head' || this.place === 'out-of-step');
  }

  beginHead(): void {
    this.place = 'head';
    this.inHead = false;
    this.reported = false;
  }

  restart(): void {
    this.reader.restart();
    this.beginHead();
    this.reportsEnd = false;
  }
}

/** Reads one HTTP/1 connection; see the top of the file. */
export class Http1Conversation<Origin> implements Conversation<Origin> {
  desynchronized = false;
  private readonly client = new DirectionState<Origin>();
  private readonly server = new DirectionState<Origin>();
  private readonly queue = new PipelineQueue<Expectation>();
  private misses = 0;
  /** The last word of the server was an interim response to the last request: what comes is the body of that. */
  private bodyExpected = false;

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (this.desynchronized) return;
    const isRequest = sender === 'client';
    const direction = isRequest ? this.client : this.server;
    const reader = direction.reader;
    // A client that asks again does not wait for the rest of a response.
    if (isRequest && segment.startsMessage && direction.betweenMessages) this.giveUp(this.server, segment, report);
    if (segment.startsMessage) this.startRun(isRequest, segment, report);
    if (this.startsAfresh(direction, isRequest, segment)) {
      this.giveUp(direction, segment, report);
      direction.restart();
    }
    reader.enter(segment);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- desynchronized is set while reading
    while (reader.position < reader.end && !this.desynchronized)
      if (!this.step(direction, isRequest, segment, report)) break;
    if (direction.reportsEnd && (reader.blind || direction.place === 'out-of-step')) {
      direction.reportsEnd = false;
      report({ kind: 'end', requestId: 0, origin: segment.origin, offset: segment.length, isUnclear: true });
    }
    if (reader.blind) {
      direction.place = 'out-of-step';
      if (isRequest) this.queue.requestsMissed();
      else this.queue.repliesMissed(() => report(unknownResponse(segment)));
    }
    reader.leave();
  }

  /** The rest of the head that waits does not come any more. */
  private giveUp(
    direction: DirectionState<Origin>,
    segment: Segment<Origin>,
    report: (message: Message<Origin>) => void,
  ): void {
    if (!direction.reader.waiting || direction.reported) return;
    if (direction === this.client) this.flushRequest(false, report);
    else this.flushResponse(segment, report);
  }

  private startRun(isRequest: boolean, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (!isRequest) this.queue.repliesStart(() => report(unknownResponse(segment)));
    else if (this.client.betweenMessages) {
      // A body that has begun and is not complete is still on its way, however long it takes.
      this.queue.requestsStart(false, segment.afterPause === true && this.server.betweenMessages);
    }
  }

  end(report: (message: Message<Origin>) => void): void {
    if (this.client.reader.waiting && !this.client.reported) this.flushRequest(false, report);
    const { reader, reported } = this.server;
    // Without its status a response says less than the end of the connection.
    if (reader.waiting && !reported) {
      reader.reopen();
      head.read(reader.window, 0, reader.end, false);
      this.reportPartial(this.server, false, report);
      reader.leave();
    }
    this.desynchronized = true;
  }

  /**
   * In the middle of something, a start line at byte 0 means that what should have come before it was missed. Out of
   * step, the beginning of a message is the place to try again.
   */
  private startsAfresh(direction: DirectionState<Origin>, isRequest: boolean, segment: Segment<Origin>): boolean {
    if (!segment.startsMessage) return false;
    const { reader } = direction;
    if (reader.ahead === 0 && direction.place === 'out-of-step') return true;
    if (reader.ahead === 0 && direction.place === 'head' && !reader.waiting) return false;
    if (isRequest && this.bodyExpected && (reader.ahead > 0 || direction.place !== 'head')) return false;
    const { bytes } = segment;
    const isLong = bytes.length >= leastBytesOfLongLine;
    if (!isRequest) {
      const verdict = judgeStart(bytes, 0, bytes.length, false);
      return verdict === 'yes' || (verdict === 'partial' && isLong);
    }
    const verdict = judgeStart(bytes, 0, bytes.length, true);
    if (verdict !== 'yes' && !(verdict === 'partial' && isLong && tellsRequest(bytes, 0, bytes.length))) return false;
    return !endsRequestLine(reader.waitingBytes, bytes);
  }

  /** Reads one piece; false when the rest has to wait for the next segment. */
  private step(
    direction: DirectionState<Origin>,
    isRequest: boolean,
    segment: Segment<Origin>,
    report: (message: Message<Origin>) => void,
  ): boolean {
    switch (direction.place) {
      case 'head':
        return this.readHead(direction, isRequest, segment.startsMessage, report);
      case 'chunk-size':
        this.readChunkSize(direction);
        return true;
      case 'chunk-extension':
        this.readChunkExtension(direction);
        return true;
      case 'trailer':
        this.readTrailer(direction, report);
        return true;
      case 'out-of-step':
        direction.reader.drop();
        return false;
    }
  }

  private readHead(
    direction: DirectionState<Origin>,
    isRequest: boolean,
    startsMessage: boolean,
    report: (message: Message<Origin>) => void,
  ): boolean {
    const reader = direction.reader;
    // A head that comes in many pieces is not read again with each: its first line ends with a line break, all of it with an
    // empty line.
    const mayWait = reader.gap === 0 && reader.end - reader.position <= maxHeadBytes;
    if (direction.inHead && reader.position === 0 && mayWait) {
      if (!(direction.lineSeen ? reader.bringsEmptyLine : reader.brings(0x0a))) return false;
    }
    direction.inHead = false;
    let isComplete = head.read(reader.window, reader.position, reader.end, isRequest);
    if (head.start >= reader.end) {
      reader.drop();
      return false;
    }
    const verdict = isRequest
      ? judgeRequestLine(reader.window, head.start, head.lineEnd, head.lineComplete)
      : judgeStatusLine(reader.window, head.start, head.lineEnd, head.lineComplete);
    if (verdict === 'no') {
      if (startsMessage && ++this.misses >= maxMisses) this.desynchronized = true;
      direction.place = 'out-of-step';
      reader.drop();
      return false;
    }
    if (!isRequest && verdict === 'yes' && this.queue.idle && this.client.reader.waiting && !this.client.reported) {
      // It answers what there is of a request.
      this.flushRequest(true, report);
      isComplete = head.read(reader.window, reader.position, reader.end, isRequest);
    }
    if (isComplete) {
      this.misses = 0;
      if (isRequest) this.finishRequest(direction, report);
      else this.finishResponse(direction, report);
      return true;
    }
    if (reader.gap === 0 && reader.end - head.start <= maxHeadBytes) {
      reader.position = head.start;
      direction.inHead = true;
      direction.lineSeen = head.lineComplete;
      return false;
    }
    this.misses = 0;
    if (!isRequest || this.isClearRequest(reader)) this.reportPartial(direction, isRequest, report);
    direction.place = 'out-of-step';
    reader.drop();
    return false;
  }

  /** Reports what there is of a request that is answered, or of which nothing more comes; its end is still looked for. */
  private flushRequest(isAnswered: boolean, report: (message: Message<Origin>) => void): void {
    const { reader } = this.client;
    reader.reopen();
    head.read(reader.window, 0, reader.end, true);
    if (isAnswered || this.isClearRequest(reader)) this.reportPartial(this.client, true, report);
    reader.leave();
  }

  private isClearRequest(reader: StreamReader<Origin>): boolean {
    return head.lineComplete || isTellingRequestLine(reader.window, head.start, head.lineEnd);
  }

  /** Reports what there is of a response; also that there is one, when its status is not there. */
  private flushResponse(segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    const { server } = this;
    const { reader } = server;
    reader.reopen();
    head.read(reader.window, 0, reader.end, false);
    if (reader.end - head.start >= leastBytesOfStatus) this.reportPartial(server, false, report);
    else {
      server.reported = true;
      server.expectation = this.queue.answered();
      const place = { origin: reader.originAt(head.start), offset: reader.offsetAt(head.start) };
      if (server.expectation !== undefined) report({ ...unknownResponse(segment), ...place });
    }
    reader.leave();
  }

  private reportPartial(
    direction: DirectionState<Origin>,
    isRequest: boolean,
    report: (message: Message<Origin>) => void,
  ): void {
    if (direction.reported) return;
    const { window, end } = direction.reader;
    if (isRequest) {
      if (judgeRequestLine(window, head.start, head.lineEnd, head.lineComplete) === 'no') return;
      const cut = methodEnd(window, head.start, head.lineEnd);
      if (cut < 0 || cut + 1 >= head.lineEnd) return;
      direction.reported = true;
      this.reportRequest(direction, cut, report);
    } else if (end - head.start >= leastBytesOfStatus) {
      const code = statusCode(window, head.start);
      if (code < 200) return;
      direction.reported = true;
      direction.expectation = this.queue.answered();
      if (direction.expectation !== undefined) this.reportResponse(direction, code, 0, report);
    }
  }

  private finishRequest(direction: DirectionState<Origin>, report: (message: Message<Origin>) => void): void {
    const reader = direction.reader;
    const window = reader.window;
    if (!direction.reported) this.reportRequest(direction, methodEnd(window, head.start, head.lineEnd), report);
    const length = head.contentLength(window);
    const chunked = head.chunked(window);
    reader.position = head.next;
    direction.beginHead();
    if (chunked) beginChunks(direction);
    else if (length > 0) reader.pass(length);
  }

  private reportRequest(
    direction: DirectionState<Origin>,
    cut: number,
    report: (message: Message<Origin>) => void,
  ): void {
    const { reader } = direction;
    const bytes = reader.window;
    const requestType = methodName(bytes, head.start, cut);
    this.bodyExpected = false;
    this.queue.asked(requestType === 'HEAD' ? 'no-body' : requestType === 'CONNECT' ? 'tunnel' : 'body');

    report(requestMessage(head, bytes, cut, requestType, reader.originAt(head.start), reader.offsetAt(head.start)));
  }

  private finishResponse(direction: DirectionState<Origin>, report: (message: Message<Origin>) => void): void {
    const reader = direction.reader;
    const window = reader.window;
    const code = statusCode(window, head.start);
    this.bodyExpected = code < 200 && code !== 101;
    if (this.bodyExpected) {
      // An interim response: the real one follows.
      reader.position = head.next;
      direction.beginHead();
      return;
    }
    const chunked = head.chunked(window);
    const length = head.coded(window) ? -1 : head.contentLength(window);
    let bodyless = code === 204 || code === 304 || code === 101;
    // Its turn was taken already when the first part of the head was reported.
    const expectation = direction.reported ? direction.expectation : this.queue.answered();
    bodyless ||= expectation === 'no-body';
    // What follows is another protocol, or a tunnel.
    const isTunnel = code === 101 || (expectation === 'tunnel' && code < 300);
    if (!direction.reported && expectation !== undefined) {
      const declaredBytes = bodyless ? head.next - head.start : length < 0 ? 0 : head.next - head.start + length;
      const isHeadOnly = declaredBytes > 0 || isTunnel;
      const ends = isHeadOnly ? undefined : chunked ? 'apart' : 'with-connection';
      direction.reportsEnd = ends === 'apart';
      this.reportResponse(direction, code, declaredBytes, report, ends);
    }
    if (isTunnel) this.desynchronized = true;
    reader.position = head.next;
    direction.beginHead();
    if (bodyless) return;
    if (chunked) beginChunks(direction);
    else if (length >= 0) reader.pass(length);
    else direction.place = 'out-of-step'; // The body lasts until the connection closes.
  }

  private reportResponse(
    direction: DirectionState<Origin>,
    code: number,
    declaredBytes: number,
    report: (message: Message<Origin>) => void,
    ends?: ResponseMessage<Origin>['ends'],
  ): void {
    const { reader } = direction;
    const { start } = head;
    const at = { origin: reader.originAt(start), offset: reader.offsetAt(start) };
    const message = responseMessage(head, reader.window, code, declaredBytes, at.origin, at.offset);
    report(ends === undefined ? message : { ...message, ends });
  }

  private readChunkSize(direction: DirectionState<Origin>): void {
    const reader = direction.reader;
    while (reader.position < reader.end) {
      const byte = reader.window[reader.position]!;
      const digit = hexValue(byte);
      if (digit >= 0) {
        direction.chunkBytes = direction.chunkBytes * 16 + digit;
        if (direction.chunkBytes > maxChunkBytes) {
          direction.place = 'out-of-step';
          return;
        }
        reader.position++;
      } else if (byte === 0x0a || byte === 0x0d || byte === 0x3b || byte === 0x20 || byte === 0x09) {
        direction.place = 'chunk-extension';
        return;
      } else {
        direction.place = 'out-of-step';
        return;
      }
    }
  }

  private readChunkExtension(direction: DirectionState<Origin>): void {
    const reader = direction.reader;
    while (reader.position < reader.end) {
      if (reader.window[reader.position++] !== 0x0a) continue;
      if (direction.chunkBytes === 0) {
        direction.place = 'trailer';
        direction.trailerLineBytes = 0;
      } else {
        const behind = reader.position + direction.chunkBytes;
        // The line break behind a chunk is one byte where it is a bare line feed.
        const breakBytes = behind < reader.end && reader.window[behind] === 0x0a ? 1 : 2;
        const passed = direction.chunkBytes + breakBytes;
        beginChunks(direction);
        reader.pass(passed);
      }
      return;
    }
  }

  private readTrailer(direction: DirectionState<Origin>, report: (message: Message<Origin>) => void): void {
    const reader = direction.reader;
    while (reader.position < reader.end) {
      const byte = reader.window[reader.position++];
      if (byte === 0x0a) {
        if (direction.trailerLineBytes === 0) {
          direction.beginHead();
          if (direction.reportsEnd) {
            const last = reader.position - 1;
            direction.reportsEnd = false;
            report({ kind: 'end', requestId: 0, origin: reader.originAt(last), offset: reader.offsetAt(last) + 1 });
          }
          return;
        }
        direction.trailerLineBytes = 0;
      } else if (byte !== 0x0d) direction.trailerLineBytes = 1;
    }
  }
}

function beginChunks<Origin>(direction: DirectionState<Origin>): void {
  direction.place = 'chunk-size';
  direction.chunkBytes = 0;
}

/**
 * Whether a request line that waits for its end gets it: one without white space in its target comes of both. What begins
 * with a usual method begins a line of its own: what waits was more of a body than was declared.
 */
function endsRequestLine(waiting: Buffer, bytes: Buffer): boolean {
  if (waiting.length === 0 || waiting.includes(0x0a) || beginsWithUsualMethod(bytes)) return false;
  const line = Buffer.concat([waiting, bytes]);
  const breakAt = line.indexOf(0x0a);
  const end = breakAt < 0 ? line.length : breakAt;
  const lineEnd = line[end - 1] === 0x0d ? end - 1 : end;
  if (judgeRequestLine(line, 0, lineEnd, breakAt >= 0) !== 'yes') return false;
  const { start, end: targetEnd } = requestTarget(line, methodEnd(line, 0, lineEnd), lineEnd, true);
  return !line.subarray(start, targetEnd).includes(0x20);
}

function statusCode(bytes: Uint8Array, start: number): number {
  return (bytes[start + 9]! - 0x30) * 100 + (bytes[start + 10]! - 0x30) * 10 + bytes[start + 11]! - 0x30;
}
