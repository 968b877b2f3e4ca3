import { latin1Text } from '../dissection/ascii.ts';
import type { Beginning, Conversation, Message, ResponseEnd, Segment, Sender } from '../dissection/dissector.ts';
import { StreamReader } from '../dissection/stream-reader.ts';
import { unknownResponse } from '../dissection/unknown-response.ts';
import { readParams, unknownRequest } from './fastcgi-params.ts';
import { headerBytes, isResponse, judgeBegin, readHeader, type RecordHeader, recordType } from './fastcgi-records.ts';
import { FastcgiResponse } from './fastcgi-response.ts';

/**
 * One FastCGI connection. A request is reported when its parameters are complete, or with what there is when the rest was not
 * captured; a response with the end of its header fields; its end with END_REQUEST. A request has its id as correlation id only
 * while others are open: ids begin anew with each request. State: at most `maxOpen` requests, each with at most 8 KiB of
 * parameters, and an unfinished record of each direction.
 */

const maxOpen = 64;
const maxParamsBytes = 8192;
const maxRecordBytes = 4096;
const maxMisses = 3;
const endBytes = 2 * headerBytes;
/** Bytes behind a record that hold nothing but the end of a request: END_REQUEST, with an empty STDOUT before it or without. */
const bytesOfEnd: ReadonlySet<number> = new Set([endBytes, endBytes + headerBytes]);
/** Protocol status of END_REQUEST (specification, section 5.5). */
const protocolStatus = ['', 'cannot multiplex connections', 'overloaded', 'unknown role'];

/** A request that was begun. */
class Exchange<Origin> {
  readonly beginning: Beginning<Origin>;
  readonly requestId: number;
  readonly params: Buffer[] = [];
  paramsBytes = 0;
  isReported = false;
  readonly response = new FastcgiResponse();
  /** Where the response began. */
  answeredAt: Beginning<Origin> | undefined;
  isAnswered = false;

  constructor(beginning: Beginning<Origin>, requestId: number) {
    this.beginning = beginning;
    this.requestId = requestId;
  }
}

class Direction<Origin> {
  readonly reader = new StreamReader<Origin>();
  inStep = true;

  restart(): void {
    this.reader.restart();
    this.inStep = true;
  }
}

type Report<Origin> = (message: Message<Origin>) => void;

/** Reads one connection; see the top of the file. */
export class FastcgiConversation<Origin> implements Conversation<Origin> {
  desynchronized = false;
  private readonly client = new Direction<Origin>();
  private readonly server = new Direction<Origin>();
  private readonly open = new Map<number, Exchange<Origin>>();
  private misses = 0;
  /** The request whose output was read last. */
  private speaking: Exchange<Origin> | undefined;
  /** A request began under the id of one that was not answered to its end. */
  private isReplaced = false;

  read(sender: Sender, segment: Segment<Origin>, report: Report<Origin>): void {
    if (this.desynchronized) return;
    const isClient = sender === 'client';
    const direction = isClient ? this.client : this.server;
    const { reader } = direction;
    if (segment.startsMessage && this.startsAfresh(direction, isClient, segment)) direction.restart();
    reader.enter(segment);
    if (!direction.inStep) reader.drop();
    while (reader.position < reader.end && this.readRecord(direction, isClient, report));
    if (!direction.inStep && segment.startsMessage && ++this.misses >= maxMisses) this.desynchronized = true;
    if (reader.blind) this.goBlind(direction, isClient, segment, report);
    reader.leave();
  }

  end(): void {
    this.desynchronized = true;
  }

  /** In the middle of something, what can only be a first record means that what should have come before it was missed. */
  private startsAfresh({ reader, inStep }: Direction<Origin>, isClient: boolean, { bytes }: Segment<Origin>): boolean {
    if (!inStep) return true;
    if (reader.ahead === 0 && !reader.waiting) return false;
    if (isClient) return judgeBegin(bytes) === 'yes';
    return this.isReplaced && isResponse(bytes);
  }

  /** What follows was not captured: where the next record begins is unknown, unless nothing but the end can be there. */
  private goBlind(
    direction: Direction<Origin>,
    isClient: boolean,
    segment: Segment<Origin>,
    report: Report<Origin>,
  ): void {
    const { speaking } = this;
    if (isClient) {
      for (const exchange of this.open.values()) if (!exchange.isReported) this.reportRequest(exchange, report);
    } else if (speaking === undefined) {
      this.missResponses(segment, report);
    } else if (direction.inStep && speaking.answeredAt !== undefined) {
      if (!speaking.isAnswered) speaking.response.hide();
      this.reportResponse(speaking, report);
      const isEnd = bytesOfEnd.has(direction.reader.gap);
      const end = {
        kind: 'end',
        requestId: speaking.requestId,
        origin: segment.origin,
        offset: segment.length,
      } as const;
      report(isEnd ? end : { ...end, isUnclear: true });
      this.forget(speaking);
      if (isEnd) return;
    }
    direction.inStep = false;
  }

  /** A response may lie in bytes that nobody captured. */
  private missResponses(segment: Segment<Origin>, report: Report<Origin>): void {
    for (const [id, { isReported, requestId }] of this.open) {
      if (!isReported) continue;
      report({ ...unknownResponse(segment), requestId });
      this.open.delete(id);
    }
  }

  /** Reads one record, or a part of one; false when the rest has to wait for the next segment, or nothing can be read. */
  private readRecord(direction: Direction<Origin>, isClient: boolean, report: Report<Origin>): boolean {
    const { reader } = direction;
    const { window, position, end } = reader;
    const available = end - position;
    if (available < headerBytes) {
      if (reader.gap > 0) reader.drop();
      return false;
    }
    const header = readHeader(window, position, isClient);
    if (header === undefined) {
      direction.inStep = false;
      reader.drop();
      return false;
    }
    this.misses = 0;
    const { contentBytes, paddingBytes } = header;
    const isPassedOver = header.type === recordType.stdin || header.type === recordType.data;
    const isWhole = available >= headerBytes + contentBytes;
    if (!isWhole && !isPassedOver && reader.gap === 0 && available < maxRecordBytes && !this.isBody(header))
      return false;
    const at = { origin: reader.originAt(position), offset: reader.offsetAt(position) };
    const contentStart = position + headerBytes;
    const contentEnd = Math.min(end, contentStart + contentBytes);
    const content = window.subarray(contentStart, contentEnd);
    reader.pass(headerBytes + contentBytes + paddingBytes);
    const after = { origin: reader.originAt(Math.max(position, reader.position - 1)), offset: 0 };
    const place = {
      at,
      /** Behind its last byte, where that was captured. */
      after: { ...after, offset: reader.offsetAt(reader.position) },
      isWhole,
    };
    if (isClient) this.readRequestRecord(header, content, place, report);
    else this.readResponseRecord(header, content, place, report);
    return true;
  }

  /** Nothing is read of it. */
  private isBody({ type, requestId }: RecordHeader): boolean {
    return type === recordType.stdout && this.open.get(requestId)?.isAnswered !== false;
  }

  private readRequestRecord(
    { type, requestId, contentBytes }: RecordHeader,
    content: Buffer,
    { at, isWhole }: RecordPlace<Origin>,
    report: Report<Origin>,
  ): void {
    if (type === recordType.beginRequest) {
      this.begin(requestId, at);
      return;
    }
    const exchange = this.open.get(requestId);
    if (exchange === undefined || exchange.isReported) return;
    if (type === recordType.params && contentBytes > 0) {
      const room = maxParamsBytes - exchange.paramsBytes;
      // Copies, as the segment is not kept.
      exchange.params.push(Buffer.from(content.subarray(0, room)));
      exchange.paramsBytes += Math.min(content.length, room);
      if (isWhole && content.length < room) return;
    }
    this.reportRequest(exchange, report);
  }

  private begin(id: number, at: Beginning<Origin>): void {
    const before = this.open.get(id);
    if (before !== undefined) {
      this.forget(before);
      this.isReplaced = true;
    }
    for (const oldest of this.open.keys()) {
      if (this.open.size < maxOpen) break;
      this.open.delete(oldest);
    }
    this.open.set(id, new Exchange<Origin>(at, this.open.size === 0 ? 0 : id));
  }

  private reportRequest(exchange: Exchange<Origin>, report: Report<Origin>): void {
    exchange.isReported = true;
    const { beginning, requestId, params } = exchange;
    const request = params.length === 0 ? unknownRequest : readParams(Buffer.concat(params));
    params.length = 0;
    report({ kind: 'request', ...beginning, requestId, expectsResponse: true, version: '1', ...request });
  }

  private readResponseRecord(
    { type, requestId, contentBytes }: RecordHeader,
    content: Buffer,
    { at, after, isWhole }: RecordPlace<Origin>,
    report: Report<Origin>,
  ): void {
    const exchange = this.open.get(requestId);
    if (exchange === undefined) return;
    // It answers what there is of a request.
    if (!exchange.isReported) this.reportRequest(exchange, report);
    this.isReplaced = false;
    this.speaking = exchange;
    const { response } = exchange;
    switch (type) {
      case recordType.stderr:
        if (contentBytes > 0) exchange.answeredAt ??= at;
        response.addErrors(latin1Text(content, 0, content.length));
        return;
      case recordType.stdout:
        if (contentBytes > 0) exchange.answeredAt ??= at;
        response.addOutput(latin1Text(content, 0, content.length), !isWhole);
        if (response.isOver) this.reportResponse(exchange, report);
        return;
      case recordType.endRequest: {
        exchange.answeredAt ??= at;
        const instead = outcomeOf(content, exchange);
        this.reportResponse(exchange, report);
        report({ kind: 'end', requestId: exchange.requestId, ...after, ...(instead && { instead }) });
        this.forget(exchange);
      }
    }
  }

  private reportResponse(exchange: Exchange<Origin>, report: Report<Origin>): void {
    if (exchange.isAnswered) return;
    exchange.isAnswered = true;
    const { response, requestId, answeredAt } = exchange;
    const { status, code, exception, xRequestId } = response;
    report({
      kind: 'response',
      ...answeredAt!,
      requestId,
      status,
      responseCode: code,
      exception,
      result: '',
      declaredBytes: 0,
      xRequestId,
      ends: 'apart',
    });
  }

  private forget(exchange: Exchange<Origin>): void {
    for (const [id, each] of this.open) if (each === exchange) this.open.delete(id);
    if (this.speaking === exchange) this.speaking = undefined;
  }
}

/** Where a record is. */
interface RecordPlace<Origin> {
  readonly at: Beginning<Origin>;
  readonly after: Beginning<Origin>;
  /** All of its content was captured. */
  readonly isWhole: boolean;
}

/** What END_REQUEST says instead of the head: the application failed, or the request was refused. */
function outcomeOf<Origin>(
  content: Buffer,
  { response }: Exchange<Origin>,
): ResponseEnd<Origin>['instead'] | undefined {
  if (content.length < 5 || response.status !== 'ok') return undefined;
  const refusal = protocolStatus[content[4]!] ?? '';
  if (refusal !== '') return { status: 'server_error', exception: refusal };
  const exitStatus = content.readUInt32BE(0);
  if (exitStatus === 0) return undefined;
  return { status: 'server_error', exception: response.error || `exit status ${exitStatus}` };
}
