import {
  type Beginning,
  type Message,
  noHeaders,
  type RecognitionHints,
  type Segment,
  type Sender,
} from '../dissection/dissector.ts';
import { FramedConversation, FramedDirection } from '../dissection/framed-conversation.ts';
import { type CommandDescription, describeCommand, effectOf } from './mysql-commands.ts';
import { canTellFrame, frameHeaderBytes, isCompressedFrame, isFrame, looksCompressed } from './mysql-frames.ts';
import {
  command,
  commandName,
  fullPacketBytes,
  headerBytes,
  isGreeting,
  packetLength,
  readLogin,
} from './mysql-packets.ts';
import { loginCode, MysqlResponses, type Pending } from './mysql-responses.ts';
import { MysqlSession } from './mysql-session.ts';

/**
 * One MySQL or MariaDB connection: packets of known length in both directions. A command is a packet with sequence 0;
 * mysql-responses.ts reads what answers it. Where only a command spoke for MySQL, on a port that says nothing, messages
 * are withheld until the first answer fits too. Where both ends agreed on compression, packets come in frames
 * (mysql-frames.ts): compressed ones are holes. State: 2 KiB of an unfinished packet per direction, 256 requests that
 * wait, 128 prepared statements of at most 512 bytes of text.
 */

const maxBufferedBytes = 2048;
const maxWithheld = 8;
/** A login has at least its fixed part, and comes first or behind a request for TLS. */
const leastLoginBytes = 32;
const maxLoginSequence = 3;

/** The port that MySQL and MariaDB listen on where nobody changed it. */
export const mysqlPort = 3306;

class MysqlDirection<Origin> extends FramedDirection<Origin> {
  /** Bytes of the frame in hand that were not read yet. */
  frameLeft = 0;
  /** Where it begins, until its first packet was read. */
  frameStart: Beginning<Origin> | undefined;

  override restart(): void {
    super.restart();
    this.frameLeft = 0;
    this.frameStart = undefined;
  }
}

/** Reads one MySQL connection; see the top of the file. */
export class MysqlConversation<Origin> extends FramedConversation<Origin, MysqlDirection<Origin>> {
  private readonly session = new MysqlSession();
  private readonly responses = new MysqlResponses<Origin>(this.session);
  /** The command that a packet which continues one belongs to, when it expects a response. */
  private lastAsked: Pending | undefined;
  private continuesPacket = false;
  /** Whether packets come in frames; undefined until the first command tells, or the login. */
  private hasFrames: boolean | undefined;
  private believed: boolean;
  private withheld: Message<Origin>[] = [];
  private readonly withhold = (message: Message<Origin>): void => void this.withheld.push(message);

  /** @param hints - what was known when the protocol was recognised; without them it is taken for granted */
  constructor(hints?: RecognitionHints) {
    super(new MysqlDirection(), new MysqlDirection());
    this.believed = hints === undefined || hints.senderPort === mysqlPort || hints.receiverPort === mysqlPort;
  }

  override read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (this.believed) {
      super.read(sender, segment, report);
      return;
    }
    // Answers do not stop in the middle of a packet to let the client speak.
    const { reader } = this.server;
    if (sender === 'client' && segment.startsMessage && (reader.waiting || reader.ahead > 0))
      this.desynchronized = true;
    super.read(sender, segment, this.withhold);
    this.weigh(report);
  }

  end(report: (message: Message<Origin>) => void): void {
    if (this.believed && !this.desynchronized) this.responses.settleOpen(report);
    this.desynchronized = true;
  }

  /** Believes the conversation once an answer fits, and gives it up when one does not. */
  private weigh(report: (message: Message<Origin>) => void): void {
    const { withheld, responses } = this;
    if (responses.fits === false || withheld.length > maxWithheld) this.desynchronized = true;
    if (this.desynchronized) this.withheld = [];
    else if (responses.fits === true) {
      this.believed = true;
      this.withheld = [];
      for (const message of withheld) report(message);
    } else if (responses.queue.idle) {
      // Their answers are hidden.
      this.withheld = [];
    }
  }

  protected startRun(direction: MysqlDirection<Origin>, isRequest: boolean, segment: Segment<Origin>): void {
    if (!isRequest) this.responses.repliesStart(segment, this.report);
    else this.responses.requestsStart(this.server.reader.ahead > 0, segment.afterPause === true, this.report);
    if (this.startsAfresh(direction, isRequest, segment)) direction.restart();
  }

  protected readMessage(direction: MysqlDirection<Origin>, isRequest: boolean): boolean {
    const { reader } = direction;
    const { window, position, end } = reader;
    if (this.hasFrames === undefined) {
      // What stands in the middle of a response may look like anything.
      const first = isRequest ? 0 : 1;
      const isCompressed = looksCompressed(window, position, end) && window[position + 3] === first;
      if (isCompressed || isFrame(window, position, end, first)) this.hasFrames = true;
      else if (!canTellFrame(window, position, end) && reader.gap === 0) return false;
    }
    if (this.hasFrames !== true) return this.readPacket(direction, isRequest);
    if (direction.frameLeft === 0) return this.readFrameHeader(direction, isRequest);
    if (end - position < headerBytes) return direction.awaitHeader();
    // One that reaches into the next frame is too large for what frames hold as it is.
    const packetBytes = headerBytes + packetLength(window, position);
    if (packetBytes > direction.frameLeft) return direction.goBlind();
    const isRead = this.readPacket(direction, isRequest);
    if (!isRead) return false;
    direction.frameLeft -= packetBytes;
    direction.frameStart = undefined;
    return true;
  }

  /** Reads the header of a frame; what follows a compressed one begins where nobody knows. */
  private readFrameHeader(direction: MysqlDirection<Origin>, isRequest: boolean): boolean {
    const { reader } = direction;
    const { window, position, end } = reader;
    if (end - position < frameHeaderBytes) return direction.awaitHeader();
    if (!isRequest && window[position + 3] === 0 && isGreeting(window, position + headerBytes, end)) {
      this.hasFrames = undefined;
      return this.readPacket(direction, isRequest);
    }
    if (isCompressedFrame(window, position)) return direction.goBlind();
    direction.frameLeft = packetLength(window, position);
    direction.frameStart = direction.beginningAt(position);
    reader.pass(frameHeaderBytes);
    return true;
  }

  private readPacket(direction: MysqlDirection<Origin>, isRequest: boolean): boolean {
    return isRequest ? this.readClientPacket(direction) : this.readServerPacket(direction);
  }

  protected missed(isRequest: boolean, segment: Segment<Origin>): void {
    if (isRequest) this.responses.queue.requestsMissed();
    else this.responses.missed(segment, this.report);
  }

  /** Whether a segment at the start of a run begins with a packet although the direction was in the middle of one. */
  private startsAfresh(direction: MysqlDirection<Origin>, isRequest: boolean, segment: Segment<Origin>): boolean {
    if (!direction.inStep) return true;
    const header = this.hasFrames === true ? frameHeaderBytes : headerBytes;
    if (direction.reader.ahead === 0 || segment.bytes.length <= header) return false;
    const length = header + packetLength(segment.bytes, 0);
    if (length === header) return false;
    if (isRequest) return segment.bytes[3] === 0 && length === segment.length;
    return segment.bytes[3] === 1 && length <= segment.length && this.responses.queue.expecting;
  }

  /** Reads one packet of the client; false when the rest has to wait for the next segment. */
  private readClientPacket(direction: MysqlDirection<Origin>): boolean {
    const { reader } = direction;
    const bytes = reader.window;
    const start = reader.position;
    if (reader.end - start < headerBytes) return direction.awaitHeader();
    const length = packetLength(bytes, start);
    const sequence = bytes[start + 3]!;
    const body = start + headerBytes;
    const end = Math.min(reader.end, body + length);
    const mayGrow = end < body + length && reader.gap === 0 && end - start < maxBufferedBytes;
    if (this.continuesPacket) this.continueCommand(sequence);
    else if (this.responses.awaitsFile) {
      // The content of a local file; its packets count on from the server's, past 255 and 0.
      this.lastAsked = undefined;
    } else if (sequence === 0 && length > 0) {
      if (body >= reader.end || mayGrow) return direction.awaitHeader();
      const code = bytes[body]!;
      const name = commandName(code);
      if (name === undefined) return direction.giveUp();
      this.understood();
      this.hasFrames ??= false;
      const description = describeCommand(this.session, code, name, bytes, body + 1, end);
      this.request(direction, start, code, description, length);
    } else if (sequence > 0 && sequence <= maxLoginSequence && length >= leastLoginBytes) {
      if (this.responses.authenticating) {
        // Its answer to the server's challenge.
      } else if (mayGrow) return false;
      else this.login(direction, start, end);
    }
    // Anything else with a sequence is part of an exchange that was reported.
    this.continuesPacket = length === fullPacketBytes;
    reader.pass(headerBytes + length);
    return true;
  }

  /** A packet goes on with the command before it; the response counts on from the last one. */
  private continueCommand(sequence: number): void {
    if (this.lastAsked !== undefined) this.lastAsked.replySequence = (sequence + 1) & 0xff;
  }

  private login(direction: MysqlDirection<Origin>, start: number, end: number): void {
    const login = readLogin(direction.reader.window, start + headerBytes, end);
    if (login === undefined) return;
    if (login.kind === 'tls') {
      this.desynchronized = true;
      return;
    }
    this.responses.fits = true;
    this.session.loggedIn(login.capabilities);
    const { user, database } = login;
    const description = { requestType: 'LOGIN', resource: user, endpoint: 'LOGIN', context: undefined, database };
    this.request(direction, start, loginCode, description, 0);
  }

  private request(
    direction: MysqlDirection<Origin>,
    start: number,
    code: number,
    description: CommandDescription,
    length: number,
  ): void {
    const { context, database } = description;
    const expectsResponse = code !== command.quit && code !== command.closeStatement && code !== command.sendLongData;
    if (description.prepared !== undefined) this.session.lastPrepared = description.prepared;
    this.lastAsked = undefined;
    const names = code === loginCode || code === command.initDatabase;
    const requestDomain = names ? (database ?? '') : this.session.database;
    if (expectsResponse) {
      const effect = effectOf(description);
      this.lastAsked = { code, effect, replySequence: length === fullPacketBytes ? undefined : 1 };
      this.responses.asked(this.lastAsked);
    }
    this.report({
      kind: 'request',
      ...(direction.frameStart ?? direction.beginningAt(start)),
      requestId: 0,
      expectsResponse,
      version: this.session.version,
      requestType: description.requestType,
      requestDomain,
      requestResource: description.resource,
      endpoint: description.endpoint,
      headers: context === undefined ? noHeaders : { ...noHeaders, ...context },
    });
  }

  /** Reads one packet of the server; false when the rest has to wait for the next segment. */
  private readServerPacket(direction: MysqlDirection<Origin>): boolean {
    switch (this.responses.readPacket(direction.reader, this.report, direction.frameStart)) {
      case 'answer':
        this.understood();
        return true;
      case 'read':
        return true;
      case 'wait':
        return false;
      case 'blind':
        return direction.goBlind();
      case 'malformed':
        return direction.giveUp();
      case 'frames':
        this.understood();
        this.hasFrames = true;
        return true;
    }
  }
}
