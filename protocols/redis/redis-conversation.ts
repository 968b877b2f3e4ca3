import { isLetter, latin1Text, utf8Text } from '../dissection/ascii.ts';
import { type Message, noHeaders, type ResponseMessage, type Segment, type Sender } from '../dissection/dissector.ts';
import { FramedConversation } from '../dissection/framed-conversation.ts';
import { describeCommand, isKnownCommand } from './redis-commands.ts';
import { inlineCommand, splitInline } from './redis-inline.ts';
import type { RedisCommand, RedisReply } from './redis-messages.ts';
import { type Asked, mayAnswer, namelessCommand, proves, RedisSession } from './redis-session.ts';
import { errorStatus } from './redis-errors.ts';
import { confirmsOnly, type PublishedHead, readPublishedHead } from './redis-subscriptions.ts';
import type { RedisTransaction } from './redis-transaction.ts';
import { PipelineQueue } from '../dissection/pipeline-queue.ts';
import {
  isAggregateType,
  isBulkType,
  isLineType,
  isResp3Type,
  lineBreakAfter,
  malformedCount,
  readCount,
  respType,
} from './resp.ts';
import { maxLength, RespStream } from './resp-stream.ts';
import { unknownResponse } from '../dissection/unknown-response.ts';

/**
 * One Redis connection (RESP2 and RESP3). Each direction reads values one after another; the rest of a reported value is
 * passed over by its own lengths, through holes where they hide no header. A value's depth needs no stack: only the number
 * of values still to come is kept. What commands change on the connection is in RedisSession. State: 2 KiB of an
 * unfinished command or reply per direction, 2048 commands that wait, and RedisSession's.
 */

const maxWords = 16;
const maxWordBytes = 128;
const maxArguments = 1_048_576;
const maxStuckRuns = 8;
const maxWaiting = 2048;

type Report<Origin> = (message: Message<Origin>) => void;

/** The array of EXEC while it is passed over: what its values say of the commands. */
interface Running {
  readonly transaction: RedisTransaction;
  readonly count: number;
  /** Values of the array itself still to come. */
  left: number;
}

/** Reads one Redis connection; see the top of the file. */
export class RedisConversation<Origin> extends FramedConversation<Origin, RespStream<Origin>> {
  private readonly queue = new PipelineQueue<Asked>(maxWaiting);
  private readonly session = new RedisSession();
  private running: Running | undefined;
  private stuckRuns = 0;
  /** A message of this protocol was read. */
  private spoken = false;
  /** Commands were hidden since the client began to send. */
  private hiddenInRun = false;
  /** Since the client spoke, the server sent something that answers nothing. */
  private spokeAside = false;

  /** The segment in hand. */
  private segment: Segment<Origin> | undefined;
  private readonly giveUp = (asked: Asked): void => {
    this.session.repliedUnknown(asked);
    if (asked.isReported) this.report(unknownResponse(this.segment!));
  };

  constructor() {
    super(new RespStream(), new RespStream());
  }

  override read(sender: Sender, segment: Segment<Origin>, report: Report<Origin>): void {
    if (this.session.replicating) return;
    this.segment = segment;
    super.read(sender, segment, report);
    this.segment = undefined;
  }

  end(): void {
    this.desynchronized = true;
  }

  protected startRun(_: RespStream<Origin>, isRequest: boolean, segment: Segment<Origin>): void {
    const { client, server } = this;
    if (isRequest) {
      this.queue.requestsStart(server.midMessage, segment.afterPause === true);
      this.hiddenInRun = false;
      this.stuckRuns = server.midMessage ? this.stuckRuns + 1 : 0;
      // A long reply may overlap a request or two; one that never ends was miscounted because bytes were lost.
      if (this.stuckRuns >= maxStuckRuns) {
        this.loseStep(server);
        server.inStep = true;
        this.queue.repliesMissed(this.giveUp);
      }
      if (!client.inStep || (client.midMessage && startsCommand(segment.bytes))) client.restart();
    } else {
      this.spokeAside = false;
      this.queue.repliesStart();
      if (!server.inStep) server.restart();
    }
  }

  protected readMessage(direction: RespStream<Origin>, isRequest: boolean): boolean {
    if (direction.inLine) direction.passLine();
    else if (direction.remaining > 0) {
      if (!this.passValue(direction)) return false;
    } else if (!(isRequest ? this.readCommand(direction) : this.readReply(direction))) return false;
    if (this.session.replicating) direction.reader.drop();
    return true;
  }

  protected missed(isRequest: boolean): void {
    if (isRequest) this.commandsMissed();
    else this.queue.repliesMissed(this.giveUp);
  }

  protected override loseStep(direction: RespStream<Origin>): void {
    super.loseStep(direction);
    if (direction !== this.server || this.running === undefined) return;
    this.running = undefined;
    this.session.ranUnseen();
  }

  private commandsMissed(): void {
    this.queue.requestsMissed();
    this.session.commandsMissed();
    this.hiddenInRun = true;
  }

  /** Reads one command; false when the rest has to wait for the next segment. */
  private readCommand(direction: RespStream<Origin>): boolean {
    const reader = direction.reader;
    const bytes = reader.window;
    const start = reader.position;
    if (bytes[start] !== respType.array) return this.readInline(direction);
    const headerEnd = lineBreakAfter(bytes, start, reader.end);
    if (headerEnd < 0) return direction.awaitHeader();
    const count = readCount(bytes, start + 1, headerEnd);
    if (count > maxArguments || count === malformedCount) return direction.giveUp();
    let at = headerEnd + 2;
    const words: string[] = [];
    for (let index = 0; index < count; index++) {
      const lengthEnd = at < reader.end ? lineBreakAfter(bytes, at, reader.end) : -1;
      if (lengthEnd < 0) {
        if (at < reader.end && bytes[at] !== respType.bulk) return direction.giveUp();
        if (direction.mayWait) return false;
        this.reportCommand(direction, start, words, count);
        reader.position = at;
        direction.remaining = count - index;
        return reader.gap === 0 || direction.goBlind();
      }
      const length = readCount(bytes, at + 1, lengthEnd);
      if (bytes[at] !== respType.bulk || length < 0 || length > maxLength) return direction.giveUp();
      const wordStart = lengthEnd + 2;
      const wordEnd = wordStart + length;
      if (wordEnd + 2 > reader.end) {
        if (direction.mayWait) return false;
        // A word that was cut is no key.
        if (wordEnd <= reader.end) addWord(words, bytes, wordStart, wordEnd);
        this.reportCommand(direction, start, words, count);
        reader.position = wordStart;
        direction.remaining = count - index - 1;
        reader.pass(length + 2);
        return true;
      }
      addWord(words, bytes, wordStart, wordEnd);
      at = wordEnd + 2;
    }
    if (words.length > 0) this.reportCommand(direction, start, words, count);
    reader.position = at;
    return true;
  }

  /** Reads a command typed as plain words on a line. */
  private readInline(direction: RespStream<Origin>): boolean {
    const reader = direction.reader;
    const bytes = reader.window;
    const start = reader.position;
    if (isBlank(bytes[start]!)) {
      reader.position++;
      return true;
    }
    if (!isLetter(bytes[start])) return direction.giveUp();
    let lineEnd = start;
    while (lineEnd < reader.end && bytes[lineEnd] !== 0x0a) lineEnd++;
    const isWhole = lineEnd < reader.end;
    if (!isWhole && direction.mayWait) return false;
    const name = inlineCommand(bytes, start, lineEnd);
    if (!isKnownCommand(name) && !(this.spoken && isName(name))) return direction.giveUp();
    let wordsEnd = lineEnd;
    // The word at which the line was cut may go on.
    if (!isWhole) while (wordsEnd > start && bytes[wordsEnd - 1]! > 0x20) wordsEnd--;
    const { words, count } = splitInline(bytes, start, wordsEnd, maxWords, maxWordBytes);
    if (words.length === 0) return direction.giveUp();
    this.reportCommand(direction, start, words, isWhole ? count : maxArguments);
    reader.position = isWhole ? lineEnd + 1 : lineEnd;
    direction.inLine = !isWhole;
    return true;
  }

  private reportCommand(direction: RespStream<Origin>, start: number, words: readonly string[], count: number): void {
    this.understood();
    this.spoken = true;
    const { queue, session } = this;
    if (queue.full) {
      this.commandsMissed();
      return;
    }
    const name = words[0]?.toUpperCase();
    if (name === undefined) {
      queue.asked(namelessCommand);
      return;
    }
    const command: RedisCommand = { name, words: words.slice(1), argumentCount: count - 1 };
    const requestDomain = session.nextDatabase;
    const version = session.nextVersion;
    const othersWait = !queue.idle && (this.spokeAside || this.server.reader.waiting);
    const asking = session.asks(command);
    if (asking === 'ignored') return;
    if (asking === 'unclear') this.commandsMissed();
    const described = describeCommand(name, command.words);
    if (asking !== 'one-way') queue.asked(asking === 'unclear' ? { ...namelessCommand, isReported: true } : asking);
    this.report({
      kind: 'request',
      origin: direction.reader.originAt(start),
      offset: direction.reader.offsetAt(start),
      requestId: 0,
      expectsResponse: asking !== 'one-way',
      ...(othersWait ? { othersWait } : undefined),
      version,
      requestType: name,
      requestDomain,
      requestResource: described.resource,
      endpoint: described.name,
      headers: noHeaders,
    });
  }

  /** Reads the head of one reply or push; false when the rest has to wait for the next segment. */
  private readReply(direction: RespStream<Origin>): boolean {
    const type = direction.reader.window[direction.reader.position]!;
    // Masters send line breaks so that a replica does not take them for gone.
    if (type === 0x0a) {
      direction.reader.position++;
      return true;
    }
    if (isResp3Type(type) && (isLineType(type) || isBulkType(type) || isAggregateType(type)))
      this.session.isResp3 = true;
    if (isLineType(type)) return this.readLine(direction, type);
    if (isBulkType(type)) return this.readBulk(direction, type);
    return isAggregateType(type) ? this.readAggregate(direction, type) : direction.giveUp();
  }

  private readLine(direction: RespStream<Origin>, type: number): boolean {
    const reader = direction.reader;
    const bytes = reader.window;
    const start = reader.position;
    const lineEnd = lineBreakAfter(bytes, start, reader.end);
    if (lineEnd < 0 && direction.mayWait) return false;
    const textEnd = lineEnd < 0 ? reader.end : lineEnd;
    const text = utf8Text(bytes, start + 1, Math.min(textEnd, start + 257));
    const declaredBytes = lineEnd < 0 ? 0 : lineEnd + 2 - start;
    const isNull = type === respType.null;
    if (type === respType.simple && this.isMonitorLine(text)) this.spokeAside = true;
    else {
      const reply = { type, isError: type === respType.error, isNull, text, payload: '', count: 0 };
      this.reportReply(direction, start, reply, declaredBytes);
    }
    if (lineEnd < 0) direction.inLine = true;
    reader.position = lineEnd < 0 ? reader.end : lineEnd + 2;
    return true;
  }

  /** What MONITOR shows: a time, the database and address in brackets, and the words of a command. */
  private isMonitorLine(text: string): boolean {
    return (this.session.monitoring || this.queue.idle) && /^\d+\.\d+ \[/.test(text);
  }

  private readBulk(direction: RespStream<Origin>, type: number): boolean {
    const reader = direction.reader;
    const bytes = reader.window;
    const start = reader.position;
    const lineEnd = lineBreakAfter(bytes, start, reader.end);
    if (lineEnd < 0) return direction.awaitHeader();
    const isStream = this.queue.next?.command === 'SYNC';
    const length = readCount(bytes, start + 1, lineEnd);
    if ((length === malformedCount && !isStream) || length > maxLength) return direction.giveUp();
    const body = lineEnd + 2;
    const shown = Math.min(reader.end, body + Math.min(Math.max(length, 0), 256));
    const isError = type === respType.bulkError;
    const isToken = this.queue.doubtful && length > 0 && length <= maxWordBytes;
    if ((isError || isToken) && shown < body + Math.min(length, 256) && direction.mayWait) return false;
    const declaredBytes = isStream ? 0 : body - start + (length < 0 ? 0 : length + 2);
    const reply = {
      type,
      isError,
      isNull: length < 0,
      text: isError ? utf8Text(bytes, body, shown) : '',
      payload: isToken && shown === body + length ? utf8Text(bytes, body, shown) : '',
      count: 0,
    };
    this.reportReply(direction, start, reply, declaredBytes);
    reader.pass(declaredBytes);
    return true;
  }

  private readAggregate(direction: RespStream<Origin>, type: number): boolean {
    const reader = direction.reader;
    const bytes = reader.window;
    const start = reader.position;
    const lineEnd = lineBreakAfter(bytes, start, reader.end);
    if (lineEnd < 0) return direction.awaitHeader();
    const count = readCount(bytes, start + 1, lineEnd);
    if (count === malformedCount || count > maxLength) return direction.giveUp();
    const values = type === respType.map || type === respType.attribute ? 2 * count : count;
    let missingValues = 0;
    if (type !== respType.attribute) {
      const mayBePublished = type === respType.push || (type === respType.array && count > 1 && count < 5);
      const head = mayBePublished ? readPublishedHead(bytes, lineEnd + 2, reader.end) : undefined;
      if (mayBePublished && head?.isWhole !== true && this.awaitsPublished(head) && direction.mayWait) return false;
      if (head === undefined ? type !== respType.push : this.isReply(type, count, head)) {
        const reply = { type, isError: false, isNull: count < 0, text: '', payload: '', count };
        const asked = this.reportReply(direction, start, reply, 0, head);
        missingValues = this.startRunning(asked?.transaction, reply);
      } else this.spokeAside = true;
    }
    direction.remaining = Math.max(0, values - missingValues);
    reader.position = lineEnd + 2;
    return true;
  }

  /** Whether the rest of what may be a message or a confirmation is worth waiting for. */
  private awaitsPublished(head: PublishedHead | undefined): boolean {
    return head === undefined || this.queue.next?.channels !== undefined || head.word.endsWith('subscribe');
  }

  private isReply(type: number, count: number, head: PublishedHead): boolean {
    const { queue, session } = this;
    const { next } = queue;
    const meant =
      next === undefined ? 'none' : (next.channels ?? (next.command === 'PING' && !next.isQueued ? 'ping' : 'other'));
    if (session.subscriptions.isReply({ isPush: type === respType.push, isResp3: session.isResp3, count }, head, meant))
      return true;
    return queue.doubtful && queue.hasOne((asked) => confirmsOnly(asked.channels, head));
  }

  /** The array of EXEC begins: returns how many values it is short of. */
  private startRunning(transaction: RedisTransaction | undefined, reply: RedisReply): number {
    if (transaction === undefined || reply.isNull || reply.count <= 0 || transaction.queued === 0) return 0;
    if (transaction.isVague) {
      // How many values follow depends on subscriptions that are not known.
      this.queue.repliesMissed(this.giveUp);
      this.session.ranUnseen();
      return 0;
    }
    if (!transaction.changesConnection) return transaction.missingValues;
    if (transaction.missingValues === 0) this.running = { transaction, count: reply.count, left: reply.count };
    else this.session.ranUnseen();
    return transaction.missingValues;
  }

  private reportReply(
    direction: RespStream<Origin>,
    start: number,
    reply: RedisReply,
    declaredBytes: number,
    head?: PublishedHead,
  ): Asked | undefined {
    this.understood();
    this.spoken = true;
    const { queue, session } = this;
    if (session.refusesToBeMuted(reply)) queue.misaligned();
    const { next } = queue;
    if (next !== undefined && !mayAnswer(next, reply)) {
      if (next.isQueued) session.commandsMissed();
      queue.misaligned();
    }
    const asked = queue.answered(
      this.giveUp,
      queue.doubtful ? (one) => proves(one, reply, !this.hiddenInRun) || confirmsOnly(one.channels, head) : undefined,
    );
    if (asked === undefined) return undefined;
    if (reply.text === 'QUEUED' && reply.type === respType.simple && !asked.isQueued) session.isInTransaction();
    session.replied(asked, reply);
    if (!asked.isReported) return asked;
    const { type, isError, isNull, text } = reply;
    const { assumed } = asked;
    this.report({
      kind: 'response',
      origin: direction.reader.originAt(start),
      offset: direction.reader.offsetAt(start),
      requestId: 0,
      status: isError ? errorStatus(text) : 'ok',
      responseCode: 0,
      exception: isError ? text : '',
      result: isNull ? 'nil' : isLineType(type) && !isError ? text : '',
      declaredBytes,
      ...(assumed === undefined ? undefined : this.corrections(assumed)),
    });
    return asked;
  }

  /** Passes over one value of a message, and takes in what it says of a command that EXEC ran. */
  private passValue(direction: RespStream<Origin>): boolean {
    const { running } = this;
    if (direction !== this.server || running === undefined) return direction.passValue();
    const type = direction.reader.window[direction.reader.position]!;
    const isOfArray = direction.remaining === running.left && type !== respType.attribute;
    if (!direction.passValue()) return false;
    if (!isOfArray) return true;
    const index = running.count - running.left;
    this.session.ran(running.transaction, index, type === respType.error || type === respType.bulkError);
    if (--running.left === 0) this.running = undefined;
    return true;
  }

  /** What a request was said to see and, as turned out since, did not. */
  private corrections(assumed: {
    readonly database: string;
    readonly version: string;
  }): Pick<ResponseMessage<Origin>, 'requestDomain' | 'version'> {
    const { database, version } = this.session;
    return {
      ...(database === assumed.database ? undefined : { requestDomain: database }),
      ...(version === assumed.version ? undefined : { version }),
    };
  }
}

function addWord(words: string[], bytes: Buffer, start: number, end: number): void {
  if (words.length >= maxWords) return;
  words.push(words.length === 0 ? latin1Text(bytes, start, Math.min(end, start + 32)) : wordText(bytes, start, end));
}

function wordText(bytes: Buffer, start: number, end: number): string {
  return utf8Text(bytes, start, Math.min(end, start + maxWordBytes));
}

/** Whether the byte may stand before a command on a line, or alone on one. */
function isBlank(byte: number): boolean {
  return byte === 0x0d || byte === 0x0a || byte === 0x20 || byte === 0x09;
}

/** Whether this may be the name of a command that is in no list. */
function isName(text: string): boolean {
  return /^[A-Z][A-Z0-9._|-]*$/.test(text);
}

function startsCommand(bytes: Buffer): boolean {
  const lineEnd = bytes[0] === respType.array ? lineBreakAfter(bytes, 0, bytes.length) : -1;
  return lineEnd > 1 && readCount(bytes, 1, lineEnd) > 0 && bytes[lineEnd + 2] === respType.bulk;
}
