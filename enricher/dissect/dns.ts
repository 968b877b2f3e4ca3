import type { SpanStatus } from '../../schemas/generated/span.ts';
import { unsigned16 } from './ascii.ts';
import { ByteFlow } from './byte-flow.ts';
import { type DnsQuestion, headerBytes, readAnswers, readQuestion, responseCodeName, typeName } from './dns-message.ts';
import type { Conversation, Dissector, Message, Recognition, RecognitionHints, Segment, Sender } from './dissector.ts';
import { nameTemplate } from './name-template.ts';

/**
 * DNS over UDP, and over TCP with its two bytes of length before each message (RFC 1035, §4.2; RFC 7766). mDNS and LLMNR
 * use the same messages. What a message is, its own QR bit says, so both ends of a socket may ask. State: on TCP the
 * unfinished message per direction, at most 2 KiB.
 */

const maxMessageBytes = 2048;
const maxMisses = 3;
const dnsPorts: ReadonlySet<number> = new Set([53, 5353, 5355]);

/** What a message at some place would be, and its first question. */
interface Judged {
  readonly recognition: Recognition;
  readonly question: DnsQuestion | undefined;
}

const noMessage: Judged = { recognition: 'no', question: undefined };
const tooShort: Judged = { recognition: 'undecided', question: undefined };

/** Judges what a DNS message that begins at `start` would say; only on a known port the unusual is believed. */
function judge(bytes: Buffer, start: number, end: number, knownPort: boolean): Judged {
  if (end - start < headerBytes) return tooShort;
  const flags = unsigned16(bytes, start + 2);
  const operation = (flags >> 11) & 0xf;
  const isResponse = (flags & 0x8000) !== 0;
  const questions = unsigned16(bytes, start + 4);
  const answers = unsigned16(bytes, start + 6);
  const authorities = unsigned16(bytes, start + 8);
  const additionals = unsigned16(bytes, start + 10);
  if ((flags & 0x40) !== 0 || operation > 5 || operation === 3) return noMessage;
  if (!isResponse && (flags & 0xf) !== 0) return noMessage;
  if (questions > 32 || answers > 512 || authorities > 512 || additionals > 64) return noMessage;
  if (!knownPort && (questions !== 1 || operation !== 0 || (!isResponse && answers + authorities > 0)))
    return noMessage;
  const recognition = isResponse ? 'response' : 'request';
  if (questions === 0) return isResponse && knownPort ? { recognition, question: undefined } : noMessage;
  const question = readQuestion(bytes, start, end);
  if (question === undefined) return knownPort && end - start >= 512 ? { recognition, question } : noMessage;
  const recordClass = question.recordClass & 0x7fff;
  if (question.type === 0 || (recordClass !== 1 && recordClass !== 3 && recordClass !== 255)) return noMessage;
  return isPlausibleName(question.name) ? { recognition, question } : noMessage;
}

function judgeMessage(bytes: Buffer, start: number, end: number, knownPort: boolean): Recognition {
  return judge(bytes, start, end, knownPort).recognition;
}

function isMessage(judgement: Recognition): boolean {
  return judgement === 'request' || judgement === 'response';
}

function isPlausibleName(name: string): boolean {
  for (let index = 0; index < name.length; index++) {
    const code = name.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) return false;
  }
  return true;
}

function recognise(bytes: Buffer, hints: RecognitionHints): Recognition {
  const knownPort = dnsPorts.has(hints.senderPort) || dnsPorts.has(hints.receiverPort);
  if (hints.transport !== 'tcp') {
    const datagram = judgeMessage(bytes, 0, bytes.length, knownPort);
    if (isMessage(datagram)) return datagram;
    if (hints.transport === 'udp') return 'no';
  }
  if (bytes.length < 2) return knownPort ? 'undecided' : 'no';
  const length = unsigned16(bytes, 0);
  if (length < headerBytes || (!knownPort && bytes.length < 2 + headerBytes)) return 'no';
  const framed = judgeMessage(bytes, 2, Math.min(bytes.length, 2 + length), knownPort);
  return framed === 'undecided' && !knownPort ? 'no' : framed;
}

function statusOf(code: number): SpanStatus {
  if (code === 0) return 'ok';
  return code === 1 || code === 3 ? 'client_error' : 'server_error';
}

class DnsConversation<Origin> implements Conversation<Origin> {
  lost = false;
  private framed: boolean | undefined;
  private readonly client = new ByteFlow<Origin>();
  private readonly server = new ByteFlow<Origin>();
  private misses = 0;

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (this.lost) return;
    this.framed ??=
      isWholeFrame(segment.bytes) || !isMessage(judgeMessage(segment.bytes, 0, segment.bytes.length, true));
    const flow = sender === 'client' ? this.client : this.server;
    if (!this.framed || (segment.startsMessage && flow.ahead > 0 && isWholeFrame(segment.bytes))) flow.restart();
    flow.enter(segment);
    if (this.framed) {
      while (flow.position < flow.end && this.readFramed(flow, report));
      if (flow.blind) flow.restart();
    } else {
      this.readMessage(flow, flow.position, flow.end, 0, report);
      flow.drop();
    }
    flow.leave();
  }

  end(): void {
    this.lost = true;
  }

  /** Reads one message of a TCP stream; false when the rest has to wait for the next segment. */
  private readFramed(flow: ByteFlow<Origin>, report: (message: Message<Origin>) => void): boolean {
    const available = flow.end - flow.position;
    if (available < 2) {
      if (flow.gap > 0) flow.drop();
      return false;
    }
    const length = unsigned16(flow.window, flow.position);
    if (available < 2 + length && flow.gap === 0 && available < maxMessageBytes) return false;
    const end = Math.min(flow.end, flow.position + 2 + length);
    if (length >= headerBytes) this.readMessage(flow, flow.position + 2, end, 2, report);
    else this.miss();
    flow.pass(2 + length);
    return true;
  }

  private readMessage(
    flow: ByteFlow<Origin>,
    start: number,
    end: number,
    prefixBytes: number,
    report: (message: Message<Origin>) => void,
  ): void {
    const bytes = flow.window;
    const { recognition, question } = judge(bytes, start, end, true);
    if (!isMessage(recognition)) {
      this.miss();
      return;
    }
    this.misses = 0;
    const requestId = unsigned16(bytes, start);
    const origin = flow.originAt(start - prefixBytes);
    const offset = flow.offsetAt(start - prefixBytes);
    if (recognition === 'request') {
      const name = question?.name ?? '';
      report({
        kind: 'request',
        origin,
        offset,
        requestId,
        expectsResponse: true,
        version: '',
        requestType: question === undefined ? '' : typeName(question.type),
        requestDomain: name,
        requestResource: name,
        endpoint: nameTemplate(name),
        headerTraceId: '',
        headerSpanId: '',
        xRequestId: '',
        forwardedFor: '',
        userAgent: '',
      });
      return;
    }
    const code = bytes[start + 3]! & 0xf;
    report({
      kind: 'response',
      origin,
      offset,
      requestId,
      status: statusOf(code),
      responseCode: code,
      exception: code === 0 ? '' : responseCodeName(code),
      result: readAnswers(bytes, start, end, question?.next ?? start + headerBytes, unsigned16(bytes, start + 6)),
      declaredBytes: prefixBytes === 2 ? 2 + unsigned16(bytes, start - 2) : 0,
      xRequestId: '',
    });
  }

  private miss(): void {
    if (++this.misses >= maxMisses) this.lost = true;
  }
}

function isWholeFrame(bytes: Buffer): boolean {
  if (bytes.length < 2 + headerBytes || unsigned16(bytes, 0) !== bytes.length - 2) return false;
  return isMessage(judgeMessage(bytes, 2, bytes.length, false));
}

/** DNS, mDNS and LLMNR. */
export const dnsDissector: Dissector = {
  protocol: 'dns',
  timeoutMs: 15_000,
  recognise,
  open: <Origin>() => new DnsConversation<Origin>(),
};
