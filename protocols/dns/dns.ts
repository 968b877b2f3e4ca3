import type { SpanStatus } from '../../schemas/generated/span.ts';
import { unsigned16 } from '../dissection/ascii.ts';
import { StreamReader } from '../dissection/stream-reader.ts';
import { operationName, responseCodeName, typeName } from './dns-codes.ts';
import { type DnsTrust, type JudgedMessage, judgeMessage } from './dns-judgement.ts';
import { extendedCode, headerBytes, readAnswers, recordsAt } from './dns-message.ts';
import {
  type Conversation,
  type Dissector,
  type Message,
  noHeaders,
  type Recognition,
  type RecognitionHints,
  type Segment,
  type Sender,
} from '../dissection/dissector.ts';
import { nameTemplate } from '../dissection/name-template.ts';

/**
 * DNS over UDP, and over TCP with its two bytes of length before each message (RFC 1035, §4.2; RFC 7766). mDNS and LLMNR
 * use the same messages. What a message is, its own QR bit says, so both ends of a socket may ask. State: on TCP the
 * unfinished message per direction, at most 2 KiB.
 */

const maxMessageBytes = 2048;
const maxMisses = 3;
const lengthBytes = 2;
const statefulOperations = 6;
/** Ports of DNS, mDNS and LLMNR. */
export const dnsPorts = [53, 5353, 5355] as const;
const dnsPortSet: ReadonlySet<number> = new Set(dnsPorts);
/** NetBIOS name service and datagram service (RFC 1002): the first has the header of DNS and is another protocol. */
const netbiosPorts: ReadonlySet<number> = new Set([137, 138]);

function isOnPort(ports: ReadonlySet<number>, { senderPort, receiverPort }: RecognitionHints): boolean {
  return ports.has(senderPort) || ports.has(receiverPort);
}

function recognise(bytes: Buffer, hints: RecognitionHints): Recognition {
  if (isOnPort(netbiosPorts, hints)) return 'no';
  const trust = isOnPort(dnsPortSet, hints) ? 'all' : 'plain';
  if (hints.transport !== 'tcp') {
    const datagram = judgeMessage(bytes, 0, bytes.length, trust);
    // Of a datagram no more will come: a question that is cut lies beyond what was captured.
    if (typeof datagram !== 'string' && (!datagram.cut || trust === 'all')) return kindOf(datagram);
    if (hints.transport === 'udp') return 'no';
  }
  return recogniseFrame(bytes, trust);
}

function recogniseFrame(bytes: Buffer, trust: DnsTrust): Recognition {
  if (bytes.length < lengthBytes) return trust === 'all' ? 'undecided' : 'no';
  const length = unsigned16(bytes, 0);
  if (length < headerBytes) return 'no';
  const frameEnd = lengthBytes + length;
  const end = Math.min(bytes.length, frameEnd);
  const framed = judgeMessage(bytes, lengthBytes, end, trust);
  if (framed === 'no') return 'no';
  if (framed === 'short') return trust === 'all' ? 'undecided' : 'no';
  if (framed.cut) return end < frameEnd ? 'undecided' : 'no';
  return kindOf(framed);
}

function kindOf({ header }: JudgedMessage): 'request' | 'response' {
  return header.isResponse ? 'response' : 'request';
}

function statusOf(code: number): SpanStatus {
  if (code === 0) return 'ok';
  return code === 1 || code === 3 ? 'client_error' : 'server_error';
}

class DnsConversation<Origin> implements Conversation<Origin> {
  desynchronized = false;
  private framed: boolean | undefined;
  private readonly client = new StreamReader<Origin>();
  private readonly server = new StreamReader<Origin>();
  private misses = 0;
  /** Directions of a TCP connection of which it is not known where the next message begins. */
  private readonly outOfStep = new Set<StreamReader<Origin>>();
  /** Anyone may send anything to a server's datagram socket: it goes on to speak DNS. */
  private readonly keepsOn: boolean;

  constructor(hints: RecognitionHints | undefined) {
    if (hints?.transport === 'tcp') this.framed = true;
    else if (hints?.transport === 'udp') this.framed = false;
    this.keepsOn = hints?.transport === 'udp' && isOnPort(dnsPortSet, hints);
  }

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (this.desynchronized) return;
    this.framed ??= isFramed(segment.bytes, segment.length);
    const reader = sender === 'client' ? this.client : this.server;
    if (!this.framed || (segment.startsMessage && reader.ahead > 0 && isWholeFrame(segment.bytes))) reader.restart();
    reader.enter(segment);
    if (this.framed) {
      while (reader.position < reader.end && this.readFramed(reader, report));
      if (reader.blind) {
        reader.restart();
        this.outOfStep.add(reader);
      }
    } else {
      this.readMessage(reader, reader.position, reader.end, 0, reader.gap > 0, report);
      reader.drop();
    }
    reader.leave();
  }

  end(): void {
    this.desynchronized = true;
  }

  /** Reads one message of a TCP stream; false when the rest has to wait for the next segment. */
  private readFramed(reader: StreamReader<Origin>, report: (message: Message<Origin>) => void): boolean {
    const available = reader.end - reader.position;
    if (available < lengthBytes) {
      if (reader.gap > 0) reader.drop();
      return false;
    }
    const length = unsigned16(reader.window, reader.position);
    const frameBytes = lengthBytes + length;
    if (available < frameBytes && reader.gap === 0 && available < maxMessageBytes) return false;
    if (this.outOfStep.has(reader)) {
      // What was missed may have ended within a message: only what fits in every respect begins another one.
      if (available < frameBytes || !isMessageAt(reader.window, reader.position + lengthBytes, 'plain')) {
        reader.drop();
        return false;
      }
      this.outOfStep.delete(reader);
    }
    const end = Math.min(reader.end, reader.position + frameBytes);
    const start = reader.position + lengthBytes;
    if (length >= headerBytes) this.readMessage(reader, start, end, lengthBytes, available < frameBytes, report);
    else this.miss();
    reader.pass(frameBytes);
    return true;
  }

  /** @param isCut whether the message goes on behind `end`, where nothing was captured */
  private readMessage(
    reader: StreamReader<Origin>,
    start: number,
    end: number,
    prefixBytes: number,
    isCut: boolean,
    report: (message: Message<Origin>) => void,
  ): void {
    const judged = judgeMessage(reader.window, start, end, 'all');
    if (typeof judged === 'string' || (judged.cut && !isCut)) {
      // Of a message that was captured without its header nothing can be said, neither that it is none.
      if (judged !== 'short' || !isCut) this.miss();
      return;
    }
    this.misses = 0;
    const origin = reader.originAt(start - prefixBytes);
    const offset = reader.offsetAt(start - prefixBytes);
    if (judged.header.isResponse) {
      const declaredBytes = prefixBytes === 0 ? 0 : prefixBytes + unsigned16(reader.window, start - prefixBytes);
      report(responseMessage(judged, reader.window, start, end, origin, offset, declaredBytes));
    } else report(requestMessage(judged, origin, offset));
  }

  private miss(): void {
    if (++this.misses >= maxMisses && !this.keepsOn) this.desynchronized = true;
  }
}

function requestMessage<Origin>(
  { header, question, cut }: JudgedMessage,
  origin: Origin,
  offset: number,
): Message<Origin> {
  const name = question?.name ?? '';
  const typeWithoutQuestion = cut ? '' : operationName(header.operation);
  return {
    kind: 'request',
    origin,
    offset,
    requestId: header.id,
    // A stateful operation with id 0 wants no answer (RFC 8490, §5.4).
    expectsResponse: header.operation !== statefulOperations || header.id !== 0,
    version: '',
    requestType: question === undefined ? typeWithoutQuestion : typeName(question.type),
    requestDomain: name,
    requestResource: name,
    endpoint: nameTemplate(name),
    headers: noHeaders,
  };
}

function responseMessage<Origin>(
  { header, question }: JudgedMessage,
  bytes: Buffer,
  start: number,
  end: number,
  origin: Origin,
  offset: number,
  declaredBytes: number,
): Message<Origin> {
  const isSimple = question !== undefined && header.questions === 1;
  const records = isSimple ? question.next : recordsAt(bytes, start, end, header);
  const code = extendedCode(bytes, end, header, records);
  return {
    kind: 'response',
    origin,
    offset,
    requestId: header.id,
    status: statusOf(code),
    responseCode: code,
    exception: code === 0 ? '' : responseCodeName(code),
    result: readAnswers(bytes, start, end, records, header.answers),
    declaredBytes,
  };
}

function isWholeFrame(bytes: Buffer): boolean {
  if (bytes.length < lengthBytes + headerBytes || unsigned16(bytes, 0) !== bytes.length - lengthBytes) return false;
  return isMessageAt(bytes, lengthBytes, 'plain');
}

/** Where the transport does not say: whether messages have their length before them, judged by the first one. */
function isFramed(bytes: Buffer, length: number): boolean {
  if (isWholeFrame(bytes)) return true;
  if (isMessageAt(bytes, 0, 'usual')) return false;
  if (bytes.length < length)
    return unsigned16(bytes, 0) === length - lengthBytes || !isMessageAt(bytes, 0, 'usual', true);
  return recogniseFrame(bytes, 'all') !== 'no' || !isMessageAt(bytes, 0, 'all');
}

function isMessageAt(bytes: Buffer, start: number, trust: DnsTrust, mayBeCut = false): boolean {
  const judged = judgeMessage(bytes, start, bytes.length, trust);
  return typeof judged !== 'string' && (mayBeCut || !judged.cut);
}

/** DNS, mDNS and LLMNR. */
export const dnsDissector: Dissector = {
  protocol: 'dns',
  timeoutMs: 15_000,
  recognise,
  open: <Origin>(hints?: RecognitionHints) => new DnsConversation<Origin>(hints),
};
