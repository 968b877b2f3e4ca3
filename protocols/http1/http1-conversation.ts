import { hexValue } from '../dissection/ascii.ts';
import { ByteFlow } from '../dissection/byte-flow.ts';
import type { Conversation, Message, Segment, Sender } from '../dissection/dissector.ts';
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
import { ReplyOrder } from '../dissection/reply-order.ts';
import { unknownResponse } from '../dissection/unknown-response.ts';

/**
 * One HTTP/1 connection. Each direction is in one of a few places: in a head, in a body of known length (passed over,
 * also where it was not captured), among chunks, or out of step until the other side has spoken. A head is reported when it
 * is complete, or with what is there when the rest was not captured, when the other side answers it, or asks the next
 * question. State: at most 8 KiB of an unfinished head per direction, and ReplyOrder's.
 */

const maxMisses = 3;
const leastBytesOfLongLine = 64;
const leastBytesOfStatus = 12;
const maxChunkBytes = 2 ** 48;

/** What the answer to a request looks like, by its method. */
type Expectation = 'body' | 'no-body' | 'tunnel';

type Place = 'head' | 'chunk-size' | 'chunk-extension' | 'trailer' | 'out-of-step';

const head = new Http1Head();

class Side<Origin> {
  readonly flow = new ByteFlow<Origin>();
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

  /** Whether the next byte begins a message, or may: the body of a request may follow an interim response. */
  get betweenMessages(): boolean {
    return this.flow.ahead === 0 && !this.flow.waiting && (this.place === 'head' || this.place === 'out-of-step');
  }

  beginHead(): void {
    this.place = 'head';
    this.inHead = false;
    this.reported = false;
  }

  restart(): void {
    this.flow.restart();
    this.beginHead();
  }
}

/** Reads one HTTP/1 connection; see the top of the file. */
export class Http1Conversation<Origin> implements Conversation<Origin> {
  lost = false;
  private readonly client = new Side<Origin>();
  private readonly server = new Side<Origin>();
  private readonly order = new ReplyOrder<Expectation>();
  private misses = 0;
  /** The last word of the server was an interim response to the last request: what comes is the body of that. */
  private bodyExpected = false;

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (this.lost) return;
    const isRequest = sender === 'client';
    const side = isRequest ? this.client : this.server;
    const flow = side.flow;
    // A client that asks again does not wait for the rest of a response.
    if (isRequest && segment.startsMessage && side.betweenMessages) this.giveUp(this.server, segment, report);
    if (segment.startsMessage) this.startRun(isRequest, segment, report);
    if (this.startsAfresh(side, isRequest, segment)) {
      this.giveUp(side, segment, report);
      side.restart();
    }
    flow.enter(segment);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- lost is set while reading
    while (flow.position < flow.end && !this.lost) if (!this.step(side, isRequest, segment, report)) break;
    if (flow.blind) {
      side.place = 'out-of-step';
      if (isRequest) this.order.requestsMissed();
      else this.order.repliesMissed(() => report(unknownResponse(segment)));
    }
    flow.leave();
  }

  /** The rest of the head that waits does not come any more. */
  private giveUp(side: Side<Origin>, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (!side.flow.waiting || side.reported) return;
    if (side === this.client) this.flushRequest(false, report);
    else this.flushResponse(segment, report);
  }

  private startRun(isRequest: boolean, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (!isRequest) this.order.repliesStart(() => report(unknownResponse(segment)));
    else if (this.client.betweenMessages) {
      // A body that has begun and is not complete is still on its way, however long it takes.
      this.order.requestsStart(false, segment.afterPause === true && this.server.betweenMessages);
    }
  }

  end(report: (message: Message<Origin>) => void): void {
    if (this.client.flow.waiting && !this.client.reported) this.flushRequest(false, report);
    const { flow, reported } = this.server;
    // Without its status a response says less than the end of the connection.
    if (flow.waiting && !reported) {
      flow.reopen();
      head.read(flow.window, 0, flow.end, false);
      this.reportPartial(this.server, false, report);
      flow.leave();
    }
    this.lost = true;
  }

  /**
   * In the middle of something, a start line at byte 0 means that what should have come before it was missed. Out of
   * step, the beginning of a message is the place to try again.
   */
  private startsAfresh(side: Side<Origin>, isRequest: boolean, segment: Segment<Origin>): boolean {
    if (!segment.startsMessage) return false;
    const { flow } = side;
    if (flow.ahead === 0 && side.place === 'out-of-step') return true;
    if (flow.ahead === 0 && side.place === 'head' && !flow.waiting) return false;
    if (isRequest && this.bodyExpected && (flow.ahead > 0 || side.place !== 'head')) return false;
    const { bytes } = segment;
    const isLong = bytes.length >= leastBytesOfLongLine;
    if (!isRequest) {
      const verdict = judgeStart(bytes, 0, bytes.length, false);
      return verdict === 'yes' || (verdict === 'partial' && isLong);
    }
    const verdict = judgeStart(bytes, 0, bytes.length, true);
    if (verdict !== 'yes' && !(verdict === 'partial' && isLong && tellsRequest(bytes, 0, bytes.length))) return false;
    return !endsRequestLine(flow.waitingBytes, bytes);
  }

  /** Reads one piece; false when the rest has to wait for the next segment. */
  private step(
    side: Side<Origin>,
    isRequest: boolean,
    segment: Segment<Origin>,
    report: (message: Message<Origin>) => void,
  ): boolean {
    switch (side.place) {
      case 'head':
        return this.readHead(side, isRequest, segment.startsMessage, report);
      case 'chunk-size':
        this.readChunkSize(side);
        return true;
      case 'chunk-extension':
        this.readChunkExtension(side);
        return true;
      case 'trailer':
        this.readTrailer(side);
        return true;
      case 'out-of-step':
        side.flow.drop();
        return false;
    }
  }

  private readHead(
    side: Side<Origin>,
    isRequest: boolean,
    startsMessage: boolean,
    report: (message: Message<Origin>) => void,
  ): boolean {
    const flow = side.flow;
    // A head that comes in many pieces is not read again with each: its first line ends with a line break, all of it with an
    // empty line.
    const mayWait = flow.gap === 0 && flow.end - flow.position <= maxHeadBytes;
    if (side.inHead && flow.position === 0 && mayWait) {
      if (!(side.lineSeen ? flow.bringsEmptyLine : flow.brings(0x0a))) return false;
    }
    side.inHead = false;
    let isComplete = head.read(flow.window, flow.position, flow.end, isRequest);
    if (head.start >= flow.end) {
      flow.drop();
      return false;
    }
    const verdict = isRequest
      ? judgeRequestLine(flow.window, head.start, head.lineEnd, head.lineComplete)
      : judgeStatusLine(flow.window, head.start, head.lineEnd, head.lineComplete);
    if (verdict === 'no') {
      if (startsMessage && ++this.misses >= maxMisses) this.lost = true;
      side.place = 'out-of-step';
      flow.drop();
      return false;
    }
    if (!isRequest && verdict === 'yes' && this.order.idle && this.client.flow.waiting && !this.client.reported) {
      // It answers what there is of a request.
      this.flushRequest(true, report);
      isComplete = head.read(flow.window, flow.position, flow.end, isRequest);
    }
    if (isComplete) {
      this.misses = 0;
      if (isRequest) this.finishRequest(side, report);
      else this.finishResponse(side, report);
      return true;
    }
    if (flow.gap === 0 && flow.end - head.start <= maxHeadBytes) {
      flow.position = head.start;
      side.inHead = true;
      side.lineSeen = head.lineComplete;
      return false;
    }
    this.misses = 0;
    if (!isRequest || this.isClearRequest(flow)) this.reportPartial(side, isRequest, report);
    side.place = 'out-of-step';
    flow.drop();
    return false;
  }

  /** Reports what there is of a request that is answered, or of which nothing more comes; its end is still looked for. */
  private flushRequest(isAnswered: boolean, report: (message: Message<Origin>) => void): void {
    const { flow } = this.client;
    flow.reopen();
    head.read(flow.window, 0, flow.end, true);
    if (isAnswered || this.isClearRequest(flow)) this.reportPartial(this.client, true, report);
    flow.leave();
  }

  private isClearRequest(flow: ByteFlow<Origin>): boolean {
    return head.lineComplete || isTellingRequestLine(flow.window, head.start, head.lineEnd);
  }

  /** Reports what there is of a response; also that there is one, when its status is not there. */
  private flushResponse(segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    const { server } = this;
    const { flow } = server;
    flow.reopen();
    head.read(flow.window, 0, flow.end, false);
    if (flow.end - head.start >= leastBytesOfStatus) this.reportPartial(server, false, report);
    else {
      server.reported = true;
      server.expectation = this.order.answered();
      const place = { origin: flow.originAt(head.start), offset: flow.offsetAt(head.start) };
      if (server.expectation !== undefined) report({ ...unknownResponse(segment), ...place });
    }
    flow.leave();
  }

  private reportPartial(side: Side<Origin>, isRequest: boolean, report: (message: Message<Origin>) => void): void {
    if (side.reported) return;
    const { window, end } = side.flow;
    if (isRequest) {
      if (judgeRequestLine(window, head.start, head.lineEnd, head.lineComplete) === 'no') return;
      const cut = methodEnd(window, head.start, head.lineEnd);
      if (cut < 0 || cut + 1 >= head.lineEnd) return;
      side.reported = true;
      this.reportRequest(side, cut, report);
    } else if (end - head.start >= leastBytesOfStatus) {
      const code = statusCode(window, head.start);
      if (code < 200) return;
      side.reported = true;
      side.expectation = this.order.answered();
      if (side.expectation !== undefined) this.reportResponse(side, code, 0, report);
    }
  }

  private finishRequest(side: Side<Origin>, report: (message: Message<Origin>) => void): void {
    const flow = side.flow;
    const window = flow.window;
    if (!side.reported) this.reportRequest(side, methodEnd(window, head.start, head.lineEnd), report);
    const length = head.contentLength(window);
    const chunked = head.chunked(window);
    flow.position = head.next;
    side.beginHead();
    if (chunked) beginChunks(side);
    else if (length > 0) flow.pass(length);
  }

  private reportRequest(side: Side<Origin>, cut: number, report: (message: Message<Origin>) => void): void {
    const { flow } = side;
    const bytes = flow.window;
    const requestType = methodName(bytes, head.start, cut);
    this.bodyExpected = false;
    this.order.asked(requestType === 'HEAD' ? 'no-body' : requestType === 'CONNECT' ? 'tunnel' : 'body');

    report(requestMessage(head, bytes, cut, requestType, flow.originAt(head.start), flow.offsetAt(head.start)));
  }

  private finishResponse(side: Side<Origin>, report: (message: Message<Origin>) => void): void {
    const flow = side.flow;
    const window = flow.window;
    const code = statusCode(window, head.start);
    this.bodyExpected = code < 200 && code !== 101;
    if (this.bodyExpected) {
      // An interim response: the real one follows.
      flow.position = head.next;
      side.beginHead();
      return;
    }
    const chunked = head.chunked(window);
    const length = head.coded(window) ? -1 : head.contentLength(window);
    let bodyless = code === 204 || code === 304 || code === 101;
    // Its turn was taken already when the first part of the head was reported.
    const expectation = side.reported ? side.expectation : this.order.answered();
    bodyless ||= expectation === 'no-body';
    if (!side.reported && expectation !== undefined) {
      const declaredBytes = bodyless ? head.next - head.start : length < 0 ? 0 : head.next - head.start + length;
      this.reportResponse(side, code, declaredBytes, report);
    }
    // What follows is another protocol, or a tunnel.
    if (code === 101 || (expectation === 'tunnel' && code < 300)) this.lost = true;
    flow.position = head.next;
    side.beginHead();
    if (bodyless) return;
    if (chunked) beginChunks(side);
    else if (length >= 0) flow.pass(length);
    else side.place = 'out-of-step'; // The body lasts until the connection closes.
  }

  private reportResponse(
    side: Side<Origin>,
    code: number,
    declaredBytes: number,
    report: (message: Message<Origin>) => void,
  ): void {
    const { flow } = side;
    report(
      responseMessage(head, flow.window, code, declaredBytes, flow.originAt(head.start), flow.offsetAt(head.start)),
    );
  }

  private readChunkSize(side: Side<Origin>): void {
    const flow = side.flow;
    while (flow.position < flow.end) {
      const byte = flow.window[flow.position]!;
      const digit = hexValue(byte);
      if (digit >= 0) {
        side.chunkBytes = side.chunkBytes * 16 + digit;
        if (side.chunkBytes > maxChunkBytes) {
          side.place = 'out-of-step';
          return;
        }
        flow.position++;
      } else if (byte === 0x0a || byte === 0x0d || byte === 0x3b || byte === 0x20 || byte === 0x09) {
        side.place = 'chunk-extension';
        return;
      } else {
        side.place = 'out-of-step';
        return;
      }
    }
  }

  private readChunkExtension(side: Side<Origin>): void {
    const flow = side.flow;
    while (flow.position < flow.end) {
      if (flow.window[flow.position++] !== 0x0a) continue;
      if (side.chunkBytes === 0) {
        side.place = 'trailer';
        side.trailerLineBytes = 0;
      } else {
        const behind = flow.position + side.chunkBytes;
        // The line break behind a chunk is one byte where it is a bare line feed.
        const breakBytes = behind < flow.end && flow.window[behind] === 0x0a ? 1 : 2;
        const passed = side.chunkBytes + breakBytes;
        beginChunks(side);
        flow.pass(passed);
      }
      return;
    }
  }

  private readTrailer(side: Side<Origin>): void {
    const flow = side.flow;
    while (flow.position < flow.end) {
      const byte = flow.window[flow.position++];
      if (byte === 0x0a) {
        if (side.trailerLineBytes === 0) {
          side.beginHead();
          return;
        }
        side.trailerLineBytes = 0;
      } else if (byte !== 0x0d) side.trailerLineBytes = 1;
    }
  }
}

function beginChunks<Origin>(side: Side<Origin>): void {
  side.place = 'chunk-size';
  side.chunkBytes = 0;
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
