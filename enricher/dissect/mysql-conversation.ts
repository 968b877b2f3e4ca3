import type { SpanStatus } from '../../schemas/generated/span.ts';
import { indexOfByte, utf8Text } from './ascii.ts';
import { ByteFlow } from './byte-flow.ts';
import type { Conversation, Message, Segment, Sender } from './dissector.ts';
import {
  command,
  commandName,
  fullPacketBytes,
  headerBytes,
  isGreeting,
  lengthEncoded,
  packetLength,
  readError,
  readLogin,
} from './mysql-packets.ts';
import { readQueryAttributes } from './mysql-query-attributes.ts';
import { ReplyOrder } from './reply-order.ts';
import { describeStatement, mysqlDialect, type SqlStatement } from './sql-statement.ts';
import type { TraceContext } from './trace-context.ts';
import { unknownResponse } from './unknown-response.ts';

/**
 * One MySQL or MariaDB connection: packets of known length in both directions. A command is a packet with sequence 0; its
 * response begins with a packet of sequence 1 and goes on counting, which tells pipelined responses apart without reading
 * result sets. State: 2 KiB of an unfinished packet per direction, 256 requests that wait, 128 prepared statements of at
 * most 512 bytes of text.
 */

const maxHeldBytes = 2048;
const maxStatements = 128;
const maxStatementText = 512;
const maxMisses = 3;
const okBytes = 16;

interface Prepared {
  readonly verb: string;
  readonly text: string;
  readonly shape: string;
}

interface Pending {
  readonly code: number;
  /** What a successful PREPARE makes known. */
  readonly prepared: Prepared | undefined;
  /** The database that is in use once it has succeeded. */
  readonly database: string | undefined;
}

class Side<Origin> {
  readonly flow = new ByteFlow<Origin>();
  inStep = true;

  restart(): void {
    this.flow.restart();
    this.inStep = true;
  }
}

/** Reads one MySQL connection; see the top of the file. */
export class MysqlConversation<Origin> implements Conversation<Origin> {
  lost = false;
  private readonly client = new Side<Origin>();
  private readonly server = new Side<Origin>();
  private readonly order = new ReplyOrder<Pending>();
  private readonly statements = new Map<number, Prepared>();
  private lastPrepared: Prepared | undefined;
  private authenticating = false;
  private compressed = false;
  private version = '';
  private database = '';
  private user = '';
  /** The server asked for a local file: its verdict comes after the file, with whatever sequence. */
  private awaitsFile = false;
  private responding = false;
  private nextSequence = 0;
  /** The last packet may have ended a response: an EOF packet. */
  private mayHaveEnded = false;
  private continuesPacket = false;
  private misses = 0;
  private malformed = false;

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (this.lost) return;
    const isRequest = sender === 'client';
    const side = isRequest ? this.client : this.server;
    const flow = side.flow;
    if (segment.startsMessage) {
      if (!isRequest) this.order.repliesStart(() => report(unknownResponse(segment)));
      else if (!this.authenticating && !this.awaitsFile)
        this.order.requestsStart(this.server.flow.ahead > 0, segment.afterPause === true);
      if (this.startsAfresh(side, isRequest, segment)) side.restart();
    }
    flow.enter(segment);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- lost is set while reading
    while (flow.position < flow.end && side.inStep && !this.lost) {
      if (!(isRequest ? this.readClientPacket(side, report) : this.readServerPacket(side, report))) break;
    }
    if (side.inStep && flow.blind) side.inStep = false;
    if (!side.inStep) {
      flow.drop();
      flow.restart();
      if (this.malformed && segment.startsMessage && ++this.misses >= maxMisses) this.lost = true;
      this.malformed = false;
      this.missed(isRequest, segment, report);
    }
    flow.leave();
  }

  end(): void {
    this.lost = true;
  }

  /** Whether a segment at the start of a run begins with a packet although the direction was in the middle of one. */
  private startsAfresh(side: Side<Origin>, isRequest: boolean, segment: Segment<Origin>): boolean {
    if (!side.inStep) return true;
    if (side.flow.ahead === 0 || segment.bytes.length <= headerBytes) return false;
    const length = headerBytes + packetLength(segment.bytes, 0);
    if (length === headerBytes) return false;
    if (isRequest) return segment.bytes[3] === 0 && length === segment.length;
    return segment.bytes[3] === 1 && length <= segment.length && this.order.expecting;
  }

  /** Reads one packet of the client; false when the rest has to wait for the next segment. */
  private readClientPacket(side: Side<Origin>, report: (message: Message<Origin>) => void): boolean {
    const flow = side.flow;
    const bytes = flow.window;
    const start = flow.position;
    if (flow.end - start < headerBytes) return this.awaitHeader(side);
    const length = packetLength(bytes, start);
    const sequence = bytes[start + 3]!;
    const body = start + headerBytes;
    const bodyEnd = Math.min(flow.end, body + length);
    const mayGrow = bodyEnd < body + length && flow.gap === 0 && bodyEnd - start < maxHeldBytes;
    const continues = this.continuesPacket;
    this.continuesPacket = length === fullPacketBytes;

    if (sequence !== 0 || continues || length === 0) {
      if (sequence > 0 && sequence < 4 && !continues && length >= 32) {
        if (mayGrow) return this.wait(continues);
        const login = readLogin(bytes, body, bodyEnd);
        if (login?.kind === 'tls') this.lost = true;
        else if (login !== undefined) {
          this.compressed = login.compressed;
          this.user = login.user;
          this.authenticating = true;
          const database = login.database;
          this.request(side, start, 0, 'LOGIN', login.user, 'LOGIN', { database }, report);
        }
      }
      // Anything else with a sequence is part of an exchange that was reported: authentication, a local file.
      flow.pass(headerBytes + length);
      return true;
    }
    if (body >= flow.end || mayGrow) {
      if (flow.gap > 0) return this.goBlind(side);
      return this.wait(continues);
    }
    const code = bytes[body]!;
    const name = commandName(code);
    if (name === undefined) return this.giveUp(side);
    this.misses = 0;
    this.authenticating = code === command.changeUser;
    this.readCommand(side, start, bodyEnd, code, name, report);
    flow.pass(headerBytes + length);
    return true;
  }

  private readCommand(
    side: Side<Origin>,
    start: number,
    end: number,
    code: number,
    name: string,
    report: (message: Message<Origin>) => void,
  ): void {
    const bytes = side.flow.window;
    const argument = start + headerBytes + 1;
    switch (code) {
      case command.query:
      case command.prepare: {
        const attributes =
          code === command.query
            ? readQueryAttributes(bytes, argument, end)
            : { textStart: argument, context: undefined };
        if (attributes.textStart < 0) {
          this.request(side, start, code, name, '', name, { context: attributes.context }, report);
          return;
        }
        const statement = describeStatement(bytes, attributes.textStart, end, mysqlDialect);
        const context = attributes.context ?? statement.context;
        if (code === command.prepare) {
          const prepared = toPrepared(statement);
          this.request(
            side,
            start,
            code,
            name,
            statement.text,
            `${name} ${statement.shape}`,
            { prepared, context },
            report,
          );
        } else {
          const database = statement.verb === 'USE' ? databaseOfUse(statement.shape) : undefined;
          const { verb, text, shape } = statement;
          this.request(side, start, code, verb || name, text, shape || name, { context, database }, report);
        }
        return;
      }
      case command.execute:
      case command.bulkExecute: {
        const id = argument + 4 <= end ? bytes.readUInt32LE(argument) : 0;
        const prepared = id === 0xffffffff ? this.lastPrepared : this.statements.get(id);
        const verb = prepared === undefined || prepared.verb === '' ? name : prepared.verb;
        this.request(side, start, code, verb, prepared?.text ?? '', prepared?.shape ?? name, {}, report);
        return;
      }
      case command.closeStatement:
      case command.resetStatement:
      case command.sendLongData:
      case command.fetch: {
        const id = argument + 4 <= end ? bytes.readUInt32LE(argument) : 0;
        const prepared = this.statements.get(id);
        if (code === command.closeStatement) this.statements.delete(id);
        this.request(side, start, code, name, prepared?.text ?? '', name, {}, report);
        return;
      }
      case command.initDatabase: {
        const database = utf8Text(bytes, argument, Math.min(end, argument + 64));
        this.request(side, start, code, name, database, name, { database }, report);
        return;
      }
      case command.changeUser: {
        const userEnd = indexOfByte(bytes, 0, argument, end);
        this.user = userEnd < 0 ? '' : utf8Text(bytes, argument, Math.min(userEnd, argument + 96));
        this.request(side, start, code, name, this.user, name, {}, report);
        return;
      }
      default:
        this.request(side, start, code, name, '', name, {}, report);
    }
  }

  private request(
    side: Side<Origin>,
    start: number,
    code: number,
    requestType: string,
    requestResource: string,
    endpoint: string,
    effect: {
      readonly prepared?: Prepared;
      readonly database?: string | undefined;
      readonly context?: TraceContext | undefined;
    },
    report: (message: Message<Origin>) => void,
  ): void {
    const expectsResponse = code !== command.quit && code !== command.closeStatement && code !== command.sendLongData;
    if (effect.prepared !== undefined) this.lastPrepared = effect.prepared;
    if (expectsResponse) {
      if (this.order.idle) this.responding = false;
      this.order.asked({ code, prepared: effect.prepared, database: effect.database });
    }
    report({
      kind: 'request',
      origin: side.flow.originAt(start),
      offset: side.flow.offsetAt(start),
      requestId: 0,
      expectsResponse,
      version: this.version,
      requestType,
      requestDomain: code === 0 || code === command.initDatabase ? (effect.database ?? '') : this.database,
      requestResource,
      endpoint,
      headerTraceId: effect.context?.traceId ?? '',
      headerSpanId: effect.context?.spanId ?? '',
      xRequestId: '',
      forwardedFor: '',
      userAgent: '',
    });
  }

  /** Reads one packet of the server; false when the rest has to wait for the next segment. */
  private readServerPacket(side: Side<Origin>, report: (message: Message<Origin>) => void): boolean {
    const flow = side.flow;
    const bytes = flow.window;
    const start = flow.position;
    if (flow.end - start < headerBytes) return this.awaitHeader(side);
    const length = packetLength(bytes, start);
    const sequence = bytes[start + 3]!;
    const body = start + headerBytes;
    const bodyEnd = Math.min(flow.end, body + length);
    if (!this.isAnswer(sequence)) {
      if (sequence === 0 && isGreeting(bytes, body, bodyEnd)) this.version = '10';
      this.nextSequence = (sequence + 1) & 0xff;
      this.mayHaveEnded = body < flow.end && bytes[body] === 0xfe && length < 64;
      flow.pass(headerBytes + length);
      return true;
    }
    if (length === 0) return this.giveUp(side);
    const first = bytes[body];
    const wanted = first === 0xff ? length : first === 0 ? Math.min(length, okBytes) : 1;
    if (bodyEnd - body < wanted && flow.gap === 0 && bodyEnd - start < maxHeldBytes) return false;
    if (first === undefined || body >= flow.end) return this.goBlind(side);
    this.nextSequence = (sequence + 1) & 0xff;
    this.readAnswer(side, start, first, length, bodyEnd, report);
    flow.pass(headerBytes + length);
    return true;
  }

  /** Whether a packet with this sequence begins the answer to the request that waits longest, or decides it. */
  private isAnswer(sequence: number): boolean {
    if (this.authenticating) return sequence > 0;
    if (this.awaitsFile) return true;
    // Sequences wrap at 256: after that many packets 1 begins an answer only behind an end.
    return sequence === 1 && (!this.responding || this.nextSequence !== 1 || this.mayHaveEnded);
  }

  private readAnswer(
    side: Side<Origin>,
    start: number,
    first: number,
    length: number,
    bodyEnd: number,
    report: (message: Message<Origin>) => void,
  ): void {
    const bytes = side.flow.window;
    const body = start + headerBytes;
    // Authentication goes on: another method, more data.
    if (this.authenticating && first !== 0 && first !== 0xff) return;
    if (first === 0xfb && this.order.next?.code === command.query) {
      this.awaitsFile = true;
      return;
    }
    const request = this.order.answered();
    this.misses = 0;
    this.awaitsFile = false;
    this.responding = true;
    if (request === undefined) return;
    const wasAuthenticating = this.authenticating;
    this.authenticating = false;
    const declaredBytes = first === 0 || first === 0xff || wasAuthenticating ? headerBytes + length : 0;
    if (first === 0xff) {
      const error = readError(bytes, body, bodyEnd);
      this.response(
        side,
        start,
        errorStatus(error.code, error.sqlState),
        error.code,
        error.message,
        '',
        declaredBytes,
        report,
      );
      return;
    }
    let result = '';
    if (first === 0 && request.prepared !== undefined && bodyEnd - body >= 5) {
      this.remember(bytes.readUInt32LE(body + 1), request.prepared);
    } else if (first === 0 && countsRows(request.code)) {
      const rows = lengthEncoded(bytes, body + 1, bodyEnd);
      if (rows >= 0) result = `${rows} rows affected`;
    }
    if (request.database !== undefined) this.database = request.database;
    this.response(side, start, 'ok', 0, '', result, declaredBytes, report);
    // From here on packets are wrapped in compressed ones.
    if (wasAuthenticating && this.compressed) this.lost = true;
  }

  private response(
    side: Side<Origin>,
    start: number,
    status: SpanStatus,
    responseCode: number,
    exception: string,
    result: string,
    declaredBytes: number,
    report: (message: Message<Origin>) => void,
  ): void {
    report({
      kind: 'response',
      origin: side.flow.originAt(start),
      offset: side.flow.offsetAt(start),
      requestId: 0,
      status,
      responseCode,
      exception,
      result,
      declaredBytes,
      xRequestId: '',
    });
  }

  /** Packets were hidden: of the client commands, of the server answers to all that wait, nobody knows how. */
  private missed(isRequest: boolean, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (isRequest) {
      this.order.requestsMissed();
      return;
    }
    this.awaitsFile = false;
    this.authenticating = false;
    this.order.repliesMissed(() => report(unknownResponse(segment)));
  }

  private remember(id: number, prepared: Prepared): void {
    this.statements.delete(id);
    if (this.statements.size >= maxStatements) {
      for (const oldest of this.statements.keys()) {
        this.statements.delete(oldest);
        break;
      }
    }
    this.statements.set(id, prepared);
  }

  private awaitHeader(side: Side<Origin>): boolean {
    return side.flow.gap > 0 ? this.goBlind(side) : false;
  }

  private wait(continued: boolean): boolean {
    this.continuesPacket = continued;
    return false;
  }

  private goBlind(side: Side<Origin>): boolean {
    side.inStep = false;
    return false;
  }

  private giveUp(side: Side<Origin>): boolean {
    side.inStep = false;
    this.malformed = true;
    return false;
  }
}

function toPrepared(statement: SqlStatement): Prepared {
  const { verb, text, shape } = statement;
  return { verb, shape, text: text.length > maxStatementText ? text.slice(0, maxStatementText) : text };
}

function countsRows(code: number): boolean {
  return code === command.query || code === command.execute || code === command.bulkExecute;
}

function databaseOfUse(shape: string): string {
  const name = shape.slice(4).trim();
  return (name.startsWith('`') && name.endsWith('`') ? name.slice(1, -1) : name).slice(0, 64);
}

/** Classes of SQLSTATE that tell the client that it asked for something it cannot have (ISO 9075-2, §24). */
const clientClasses: ReadonlySet<string> = new Set([
  '02',
  '07',
  '0A',
  '21',
  '22',
  '23',
  '24',
  '25',
  '28',
  '34',
  '3D',
  '42',
  '44',
]);
/** Errors of class HY000 that are the client's: no default, unknown or wrong values, read-only, denied. */
const clientCodes: ReadonlySet<number> = new Set([
  1045, 1049, 1044, 1054, 1064, 1062, 1146, 1227, 1290, 1364, 1366, 1292, 1265,
]);

function errorStatus(code: number, sqlState: string): SpanStatus {
  return clientClasses.has(sqlState.slice(0, 2)) || clientCodes.has(code) ? 'client_error' : 'server_error';
}
