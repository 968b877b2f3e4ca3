import type { SpanStatus } from '../../schemas/generated/span.ts';
import type { StreamReader } from '../dissection/stream-reader.ts';
import type { Beginning, Message, Segment } from '../dissection/dissector.ts';
import type { CommandEffect } from './mysql-commands.ts';
import { errorStatus } from './mysql-errors.ts';
import { frameHeaderBytes } from './mysql-frames.ts';
import {
  capability,
  command,
  fullPacketBytes,
  headerBytes,
  isGreeting,
  lengthEncoded,
  packetLength,
  readError,
  readGreeting,
} from './mysql-packets.ts';
import { fitsCommand, MysqlReply, type ReplyPacket } from './mysql-reply.ts';
import { type MysqlSession, readTrackedDatabase } from './mysql-session.ts';
import { PipelineQueue } from '../dissection/pipeline-queue.ts';
import { unknownResponse } from '../dissection/unknown-response.ts';

/**
 * The server's side of a connection. A response begins with the sequence behind that of its command and goes on counting,
 * which tells pipelined responses apart also where their packets could not be followed. It is reported once its status is
 * decided, with the place of its first packet; a status is what the captured packets say.
 */

const maxBufferedBytes = 2048;
/** What is read of a greeting lies in front of its plugin's name. */
const greetingBytes = 128;
const errorByte = 0xff;
/** Number of an error, and whether an error it is. */
const leastErrorBytes = 4;
/** Number and SQLSTATE. */
const errorStateBytes = 9;

/** Code under which a login waits for its answer. */
export const loginCode = 0;

/** A request that waits for its response. */
export interface Pending {
  readonly code: number;
  readonly effect: CommandEffect;
  /** Sequence its response begins with; undefined when the command goes on in packets that were not seen. */
  replySequence: number | undefined;
}

interface OpenReply<Origin> {
  /** Undefined when nobody knows which request this answers. */
  readonly pending: Pending | undefined;
  readonly reply: MysqlReply;
  awaitsFile: boolean;
  /** Where its first packet is: where the response begins, unless that only reports progress or asks for a file. */
  place: Beginning<Origin>;
  begun: boolean;
  declaredBytes: number;
  result: string;
  settled: boolean;
}

/** What became of a packet: `answer` when a response began with it, `frames` when also all that follows comes in frames. */
export type PacketOutcome = 'read' | 'answer' | 'wait' | 'blind' | 'malformed' | 'frames';

/** Reads the server's packets; see the top of the file. */
export class MysqlResponses<Origin> {
  readonly queue = new PipelineQueue<Pending>();
  /** Whether the first answer looked like one; undefined when none was seen. */
  fits: boolean | undefined;
  private readonly session: MysqlSession;
  private open: OpenReply<Origin> | undefined;
  private nextSequence = 0;
  private continues = false;
  /** Where the frame begins whose first packet is in hand. */
  private frameStart: Beginning<Origin> | undefined;

  constructor(session: MysqlSession) {
    this.session = session;
  }

  /** A login or a change of user goes on: both sides send packets that answer nothing. */
  get authenticating(): boolean {
    const code = this.queue.next?.code;
    return code === loginCode || code === command.changeUser;
  }

  /** The server asked for a local file: the client's packets are its content. */
  get awaitsFile(): boolean {
    return this.open?.awaitsFile === true;
  }

  /** A command was reported that expects a response. */
  asked(pending: Pending): void {
    // A client that waited for the last response has seen its end, whether that could be followed or not.
    if (this.queue.idle && this.open?.reply.unclear === true) this.open = undefined;
    this.queue.asked(pending);
  }

  /** The client starts to send: a response whose rest did not come is judged by what was seen of it. */
  requestsStart(midReply: boolean, afterPause: boolean, report: (message: Message<Origin>) => void): void {
    if (this.authenticating || this.awaitsFile) return;
    // Behind others that wait it may well go on: then the client does not wait for responses.
    if (this.queue.idle) this.settleOpen(report);
    this.queue.requestsStart(midReply, afterPause);
  }

  /** The server starts to send. */
  repliesStart(segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    this.queue.repliesStart((pending) => this.giveUp(pending, segment, report));
  }

  /** Packets were hidden: answers to all that wait, nobody knows how. */
  missed(segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    const { open } = this;
    this.open = undefined;
    this.continues = false;
    if (open?.settled === false) this.settle(open, open.begun ? 'ok' : 'unknown', report);
    this.queue.repliesMissed((pending) => this.giveUp(pending, segment, report));
  }

  /** The response in hand is judged by what was seen of it. */
  settleOpen(report: (message: Message<Origin>) => void): void {
    const { open } = this;
    if (open === undefined || open.settled) return;
    this.settle(open, open.begun ? 'ok' : 'unknown', report);
  }

  /**
   * Reads the packet at the reader's position.
   * @param frameStart - where the frame begins that it is the first packet of
   */
  readPacket(
    reader: StreamReader<Origin>,
    report: (message: Message<Origin>) => void,
    frameStart?: Beginning<Origin>,
  ): PacketOutcome {
    this.frameStart = frameStart;
    const bytes = reader.window;
    const start = reader.position;
    if (reader.end - start < headerBytes) return reader.gap > 0 ? 'blind' : 'wait';
    const length = packetLength(bytes, start);
    const sequence = bytes[start + 3]!;
    const body = start + headerBytes;
    const packet: ReplyPacket = { bytes, start: body, end: Math.min(reader.end, body + length), length };
    let outcome: PacketOutcome = 'read';
    if (!this.continues) {
      outcome = this.goesOn(sequence)
        ? this.continueReply(reader, packet, report)
        : this.isAnswer(sequence)
          ? this.beginReply(reader, packet, report)
          : this.passOver(reader, packet, sequence);
      if (outcome === 'wait' || outcome === 'blind' || outcome === 'malformed') return outcome;
    }
    this.continues = length === fullPacketBytes;
    this.nextSequence = (sequence + 1) & 0xff;
    reader.pass(headerBytes + length);
    return outcome;
  }

  /** Whether a packet with this sequence belongs to the response in hand. */
  private goesOn(sequence: number): boolean {
    const { open } = this;
    if (open === undefined || open.reply.over || this.authenticating) return false;
    if (open.awaitsFile) return true;
    // Sequences wrap at 256: after that many packets 1 begins another response only behind an end.
    return sequence === this.nextSequence && (sequence !== 1 || !open.reply.mayHaveEnded);
  }

  /** Whether a packet with this sequence begins the answer to the request that waits longest. */
  private isAnswer(sequence: number): boolean {
    if (this.authenticating) return sequence > 0;
    const { next } = this.queue;
    if (next !== undefined && next.replySequence === undefined) return sequence > 1;
    return sequence === (next?.replySequence ?? 1);
  }

  private passOver(
    reader: StreamReader<Origin>,
    { bytes, start, end, length }: ReplyPacket,
    sequence: number,
  ): PacketOutcome {
    if (sequence === 0 && reader.gap === 0 && end - start < Math.min(length, greetingBytes)) return 'wait';
    if (sequence === 0 && isGreeting(bytes, start, end)) {
      this.session.greeted(readGreeting(bytes, start, end));
      this.fits = true;
    } else this.fits ??= false;
    return 'read';
  }

  private continueReply(
    reader: StreamReader<Origin>,
    packet: ReplyPacket,
    report: (message: Message<Origin>) => void,
  ): PacketOutcome {
    const open = this.open!;
    if (packet.length === 0) return 'read';
    const seen = this.look(reader, packet, open.reply);
    if (seen === 'read') this.take(reader, open, packet, report);
    else if (seen === 'hidden') open.reply.hidden();
    else return seen;
    return 'read';
  }

  private beginReply(
    reader: StreamReader<Origin>,
    packet: ReplyPacket,
    report: (message: Message<Origin>) => void,
  ): PacketOutcome {
    if (packet.length === 0) return 'malformed';
    const code = this.queue.next?.code;
    const reply = new MysqlReply(code);
    const seen = this.look(reader, packet, reply);
    if (seen === 'hidden') return 'blind';
    if (seen !== 'read') return seen;
    const first = packet.bytes[packet.start]!;
    // Authentication goes on: another method, more data.
    if (this.authenticating && first !== 0 && first !== errorByte) return 'read';
    const beginsFrames = first === 0 && code === loginCode && this.session.agreedOnFrames;
    this.settleOpen(report);
    const pending = this.queue.answered();
    if (pending !== undefined) this.fits ??= fitsCommand(pending.code, packet) && isFollowed(reader, packet);
    this.open = {
      pending,
      reply: pending === undefined ? new MysqlReply(undefined) : reply,
      awaitsFile: false,
      place: this.frameStart ?? beginningOf(reader, packet),
      begun: false,
      declaredBytes: 0,
      result: '',
      settled: false,
    };
    this.take(reader, this.open, packet, report);
    return beginsFrames ? 'frames' : 'answer';
  }

  /** Whether the bytes of a packet that matter are there, will come, or were not captured. */
  private look(
    reader: StreamReader<Origin>,
    { bytes, start, end, length }: ReplyPacket,
    reply: MysqlReply,
  ): 'read' | 'wait' | 'hidden' | 'blind' {
    const captured = end - start;
    const wanted = captured <= 0 ? 1 : reply.bytesWanted(bytes[start]!, length);
    if (captured < wanted && reader.gap === 0 && captured + headerBytes < maxBufferedBytes) return 'wait';
    if (captured <= 0) return 'hidden';
    // Progress or an error: without its number nobody knows.
    return bytes[start] === errorByte && captured < Math.min(length, leastErrorBytes) ? 'blind' : 'read';
  }

  private take(
    reader: StreamReader<Origin>,
    open: OpenReply<Origin>,
    packet: ReplyPacket,
    report: (message: Message<Origin>) => void,
  ): void {
    const { bytes, start, end, length } = packet;
    const event = open.reply.take(packet);
    if (event === 'progress') return;
    open.awaitsFile = event === 'file';
    if (event === 'file') return;
    const first = bytes[start]!;
    if (!open.begun) {
      open.begun = true;
      open.place = this.frameStart ?? beginningOf(reader, packet);
      // Of a prepared statement, definitions follow.
      if ((first === 0 || first === errorByte) && open.reply.over)
        open.declaredBytes = (this.frameStart === undefined ? 0 : frameHeaderBytes) + headerBytes + length;
    }
    if (event === 'error') {
      const error = readError(bytes, start, end);
      const status = errorStatus(error.code, error.sqlState);
      // Whose fault it is follows from the SQLSTATE, unless the number alone says so.
      const isSure = status === 'client_error' || length < errorStateBytes || end - start >= errorStateBytes;
      this.settle(open, isSure ? status : 'unknown', report, error);
      return;
    }
    if (event === 'ok' && open.pending !== undefined) this.succeeded(open, open.pending, packet);
    if (open.reply.decided) this.settle(open, 'ok', report);
  }

  /** A result is there: the first one brings about what the command is for. */
  private succeeded(open: OpenReply<Origin>, { code, effect }: Pending, { bytes, start, end }: ReplyPacket): void {
    const { session } = this;
    const isOk = bytes[start] === 0;
    if (open.reply.results === 1) {
      if (effect.prepared !== undefined && isOk && end - start >= 5) {
        session.remember(bytes.readUInt32LE(start + 1), effect.prepared);
      } else if (isOk && countsRows(code)) {
        const rows = lengthEncoded(bytes, start + 1, end);
        if (rows >= 0) open.result = `${rows} rows affected`;
      }
      if (effect.closesStatements === true) session.forgetStatements();
      if (effect.database !== undefined) session.database = effect.database;
    }
    if (isOk && effect.prepared === undefined && session.has(capability.sessionTrack) === true) {
      session.database = readTrackedDatabase(bytes, start, end) ?? session.database;
    }
  }

  private settle(
    open: OpenReply<Origin>,
    status: SpanStatus,
    report: (message: Message<Origin>) => void,
    error: { readonly code: number; readonly message: string } = { code: 0, message: '' },
  ): void {
    const wasSettled = open.settled;
    open.settled = true;
    const { pending, place, begun, declaredBytes } = open;
    if (wasSettled || pending === undefined) return;
    const { lastDatabase } = pending.effect;
    if (lastDatabase !== undefined) this.session.database = status === 'ok' && open.reply.over ? lastDatabase : '';
    if (!begun) this.leaveOpen(pending);
    report({
      kind: 'response',
      ...place,
      requestId: 0,
      status,
      responseCode: error.code,
      exception: error.message,
      result: status === 'ok' ? open.result : '',
      declaredBytes,
    });
  }

  /** The response to a request is hidden. */
  private giveUp(pending: Pending, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    this.leaveOpen(pending);
    report(unknownResponse(segment));
  }

  /** Nobody knows whether a command succeeded. */
  private leaveOpen({ code, effect }: Pending): void {
    const { session } = this;
    if (effect.closesStatements === true) session.forgetStatements();
    if (effect.database === undefined && effect.lastDatabase === undefined) return;
    // Of a login that failed nothing follows.
    session.database = code === loginCode ? (effect.database ?? '') : '';
  }
}

/** Whether what stands behind a packet, as far as captured, has the next sequence, or begins another response. */
function isFollowed<Origin>(reader: StreamReader<Origin>, { bytes, start, length }: ReplyPacket): boolean {
  const next = start + length + headerBytes - 1;
  return next >= reader.end || bytes[next] === 1 || bytes[next] === ((bytes[start - 1]! + 1) & 0xff);
}

function beginningOf<Origin>(reader: StreamReader<Origin>, { start }: ReplyPacket): Beginning<Origin> {
  const at = start - headerBytes;
  return { origin: reader.originAt(at), offset: reader.offsetAt(at) };
}

function countsRows(code: number): boolean {
  return code === command.query || code === command.execute || code === command.bulkExecute;
}
