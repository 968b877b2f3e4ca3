import type { SpanStatus } from '../../schemas/generated/span.ts';
import { ByteFlow } from './byte-flow.ts';
import type { Conversation, Message, Segment, Sender } from './dissector.ts';
import {
  backend,
  frontend,
  headerBytes,
  isBackendType,
  isFrontendType,
  maxMessageBytes,
  readErrorFields,
  readStartup,
  readZeroEnded,
  startup,
} from './postgresql-messages.ts';
import { PostgresqlBatch, PostgresqlExchange } from './postgresql-exchange.ts';
import { ReplyOrder } from './reply-order.ts';
import { describeStatement, postgresqlDialect, type SqlStatement } from './sql-statement.ts';

/**
 * One PostgreSQL connection. A request is what one ReadyForQuery answers: a simple query, a function call, or the extended
 * messages up to a Sync, named after the first statement it runs. Messages up to a Flush are a request of their own, since
 * the client waits for their answer. State: 2 KiB of an unfinished message per direction, 256 exchanges that wait, 128
 * prepared statements of at most 512 bytes of text.
 */

const maxHeldBytes = 2048;
const maxStatements = 128;
const maxStatementText = 512;
const maxMisses = 3;
const errorBytes = 1024;

class Side<Origin> {
  readonly flow = new ByteFlow<Origin>();
  inStep = true;

  restart(): void {
    this.flow.restart();
    this.inStep = true;
  }
}

/** Reads one PostgreSQL connection; see the top of the file. */
export class PostgresqlConversation<Origin> implements Conversation<Origin> {
  lost = false;
  private readonly client = new Side<Origin>();
  private readonly server = new Side<Origin>();
  private readonly statements = new Map<string, SqlStatement>();
  private readonly order = new ReplyOrder<PostgresqlExchange<Origin>>();
  private batch: PostgresqlBatch<Origin> | undefined;
  private awaitsEncryptionAnswer = false;
  private version = '';
  private database = '';
  private misses = 0;
  private malformed = false;

  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    if (this.lost) return;
    const isRequest = sender === 'client';
    const side = isRequest ? this.client : this.server;
    const flow = side.flow;
    if (segment.startsMessage) {
      if (isRequest) this.startRequests(segment, report);
      else {
        this.reportBatch(false, report);
        this.order.repliesStart((exchange) => giveUp(exchange, segment, report));
      }
      if (!side.inStep || this.startsAfresh(side, isRequest, segment)) side.restart();
    }
    flow.enter(segment);
    // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- lost is set while reading
    while (flow.position < flow.end && side.inStep && !this.lost) {
      if (!(isRequest ? this.readFrontend(side, report) : this.readBackend(side, report))) break;
    }
    if (side.inStep && flow.blind) side.inStep = false;
    if (!side.inStep) {
      flow.drop();
      flow.restart();
      if (this.malformed && segment.startsMessage && ++this.misses >= maxMisses) this.lost = true;
      this.malformed = false;
      if (isRequest) {
        // The Sync is taken to be in what was not captured.
        this.reportBatch(false, report);
        this.batch = undefined;
        this.order.requestsMissed();
      } else this.order.repliesMissed((exchange) => giveUp(exchange, segment, report));
    }
    flow.leave();
  }

  end(report: (message: Message<Origin>) => void): void {
    if (this.lost) return;
    this.reportBatch(false, report);
    const exchange = this.order.next;
    if (exchange?.hasRows === true) {
      exchange.succeeds();
      exchange.reportTo(report, 0);
    }
    this.lost = true;
  }

  /** Whether a message stands at the start of a run although the direction was in the middle of one: bytes were lost. */
  private startsAfresh(side: Side<Origin>, isRequest: boolean, segment: Segment<Origin>): boolean {
    const { bytes } = segment;
    if (side.flow.ahead === 0 || bytes.length < headerBytes) return false;
    const length = 1 + bytes.readUInt32BE(1);
    if (isRequest) return (bytes[0] === frontend.query || bytes[0] === frontend.parse) && length <= segment.length;
    return (bytes[0] === backend.parseComplete || bytes[0] === backend.bindComplete) && length === headerBytes;
  }

  /** Reads one message of the client; false when the rest has to wait for the next segment. */
  private readFrontend(side: Side<Origin>, report: (message: Message<Origin>) => void): boolean {
    const flow = side.flow;
    const bytes = flow.window;
    const start = flow.position;
    if (bytes[start] === 0) return this.readStartup(side, report);
    if (flow.end - start < headerBytes) return this.awaitHeader(side);
    const type = bytes[start]!;
    const length = bytes.readUInt32BE(start + 1);
    if (!isFrontendType(type) || length < 4 || length > maxMessageBytes) return this.giveUp(side);
    const bodyEnd = Math.min(flow.end, start + 1 + length);
    if (bodyEnd < start + 1 + length && isRead(type)) {
      if (flow.gap === 0 && flow.end - start < maxHeldBytes) return false;
    }
    this.misses = 0;
    const body = start + headerBytes;
    switch (type) {
      case frontend.query: {
        const statement = describeText(bytes, body, bodyEnd);
        this.batchAt(side, start).runs(statement, true);
        this.closeBatch('sync', report);
        break;
      }
      case frontend.parse: {
        const name = readZeroEnded(bytes, body, bodyEnd, 64);
        const statement = describeText(bytes, name.next, bodyEnd);
        this.remember(name.text, statement);
        this.batchAt(side, start).prepares(statement);
        break;
      }
      case frontend.bind: {
        const portal = readZeroEnded(bytes, body, bodyEnd, 64);
        const name = readZeroEnded(bytes, portal.next, bodyEnd, 64);
        this.batchAt(side, start).binds(name.whole ? this.statements.get(name.text) : undefined);
        break;
      }
      case frontend.execute:
        this.batchAt(side, start).executes();
        break;
      case frontend.describe: {
        const name = readZeroEnded(bytes, body + 1, bodyEnd, 64);
        this.batchAt(side, start).describes(bytes[body] === 0x53 ? this.statements.get(name.text) : undefined);
        break;
      }
      case frontend.close: {
        const name = readZeroEnded(bytes, body + 1, bodyEnd, 64);
        this.batchAt(side, start).closes(bytes[body] === 0x53 ? this.statements.get(name.text) : undefined);
        if (bytes[body] === 0x53) this.statements.delete(name.text);
        break;
      }
      case frontend.sync:
        this.batchAt(side, start);
        this.closeBatch('sync', report);
        break;
      case frontend.flush:
        if (this.batch !== undefined) this.closeBatch('flush', report);
        break;
      case frontend.functionCall:
        this.batchAt(side, start).calls();
        this.closeBatch('sync', report);
        break;
      case frontend.terminate:
        this.reportOneWay(side, start, 'TERMINATE', report);
        break;
      default:
        // Passwords and COPY data belong to an exchange that was reported.
        break;
    }
    flow.pass(1 + length);
    return true;
  }

  /** Reads the first message of a connection, which has no type. */
  private readStartup(side: Side<Origin>, report: (message: Message<Origin>) => void): boolean {
    const flow = side.flow;
    const bytes = flow.window;
    const start = flow.position;
    if (flow.end - start < 8) return this.awaitHeader(side);
    const length = bytes.readUInt32BE(start);
    const code = bytes.readUInt32BE(start + 4);
    const end = Math.min(flow.end, start + length);
    if (code === startup.ssl || code === startup.gss) this.awaitsEncryptionAnswer = true;
    else if (code === startup.cancel) this.reportOneWay(side, start, 'CANCEL', report);
    else if (code >>> 16 === 3 && length >= 9 && length <= 10_000) {
      if (end < start + length && flow.gap === 0 && flow.end - start < maxHeldBytes) return false;
      const { user, database } = readStartup(bytes, start + 8, end);
      this.version = `3.${code & 0xffff}`;
      this.database = database;
      this.awaitsEncryptionAnswer = false;
      this.push(new PostgresqlExchange<Origin>('login', 0));
      this.reportRequest(flow.originAt(start), flow.offsetAt(start), true, 'LOGIN', user, 'LOGIN', undefined, report);
    } else return this.giveUp(side);
    flow.pass(length);
    return true;
  }

  /** Reads one message of the server; false when the rest has to wait for the next segment. */
  private readBackend(side: Side<Origin>, report: (message: Message<Origin>) => void): boolean {
    const flow = side.flow;
    const bytes = flow.window;
    const start = flow.position;
    const type = bytes[start]!;
    if (this.awaitsEncryptionAnswer) {
      this.awaitsEncryptionAnswer = false;
      // S or G: what follows is encrypted. N: it is not.
      if (flow.end - start === 1) {
        if (type !== backend.notice) this.lost = true;
        flow.position++;
        return true;
      }
    }
    if (flow.end - start < headerBytes) return this.awaitHeader(side);
    const length = bytes.readUInt32BE(start + 1);
    if (!isBackendType(type) || length < 4 || length > maxMessageBytes) return this.giveUp(side);
    const bodyEnd = Math.min(flow.end, start + 1 + length);
    const wanted =
      type === backend.error
        ? Math.min(length, errorBytes)
        : type === backend.commandComplete
          ? Math.min(length, 80)
          : 0;
    if (bodyEnd < start + 1 + wanted && flow.gap === 0 && flow.end - start < maxHeldBytes) return false;
    const exchange = type === backend.readyForQuery ? this.readyFor(report) : this.order.next;
    if (exchange !== undefined) this.answer(exchange, side, start, type, bodyEnd, 1 + length, report);
    flow.pass(1 + length);
    return true;
  }

  private answer(
    exchange: PostgresqlExchange<Origin>,
    side: Side<Origin>,
    start: number,
    type: number,
    bodyEnd: number,
    messageBytes: number,
    report: (message: Message<Origin>) => void,
  ): void {
    const bytes = side.flow.window;
    const body = start + headerBytes;
    switch (type) {
      case backend.notice:
      case backend.notification:
      case backend.parameterStatus:
      case backend.keyData:
      case backend.negotiateVersion:
        return;
      case backend.authentication:
        // Only the verdict ends a login; challenges go on.
        if (bodyEnd >= body + 4 && bytes.readUInt32BE(body) !== 0) return;
        break;
      case backend.copyIn:
      case backend.copyBoth:
        // The data comes first; the verdict behind it is the answer.
        return;
      default:
        break;
    }
    this.misses = 0;
    if (type !== backend.readyForQuery) exchange.begins(side.flow.originAt(start), side.flow.offsetAt(start));
    switch (type) {
      case backend.error: {
        const error = readErrorFields(bytes, body, bodyEnd);
        exchange.fails(statusOf(error.sqlState), `${error.severity} ${error.sqlState}: ${error.message}`);
        exchange.reportTo(report, messageBytes);
        if (exchange.kind === 'flush' || (exchange.kind === 'login' && error.severity !== 'ERROR'))
          this.order.answered();
        return;
      }
      case backend.commandComplete:
        exchange.completes(readZeroEnded(bytes, body, bodyEnd, 64).text);
        break;
      case backend.emptyQuery:
      case backend.portalSuspended:
      case backend.functionResult:
        exchange.completes('');
        break;
      case backend.readyForQuery:
        exchange.begins(side.flow.originAt(start), side.flow.offsetAt(start));
        exchange.succeeds();
        exchange.reportTo(report, 0);
        this.order.answered();
        return;
      case backend.rowDescription:
      case backend.dataRow:
      case backend.copyOut:
      case backend.copyData:
        exchange.progresses();
    }
    if (exchange.counts(type)) {
      exchange.succeeds();
      exchange.reportTo(report, 0);
      this.order.answered();
    }
  }

  private batchAt(side: Side<Origin>, start: number): PostgresqlBatch<Origin> {
    this.batch ??= new PostgresqlBatch<Origin>(side.flow.originAt(start), side.flow.offsetAt(start));
    return this.batch;
  }

  /** Ends a batch at its Sync or Flush. */
  private closeBatch(kind: 'sync' | 'flush', report: (message: Message<Origin>) => void): void {
    const { batch } = this;
    if (batch === undefined) return;
    this.reportBatch(true, report);
    if (batch.exchange !== undefined) batch.exchange.closes(kind, batch.expectedAnswers);
    this.batch = undefined;
  }

  /** Reports an open batch with what was seen of it; it goes on until its Sync. */
  private reportBatch(isWhole: boolean, report: (message: Message<Origin>) => void): void {
    const { batch } = this;
    if (batch === undefined || batch.exchange !== undefined) return;
    const isEmpty = batch.isEmpty;
    batch.exchange = new PostgresqlExchange<Origin>(isEmpty ? 'silent' : 'sync', 0);
    this.push(batch.exchange);
    if (isEmpty) return;
    const described = batch.describe(isWhole);
    this.reportRequest(
      batch.origin,
      batch.offset,
      true,
      described.requestType,
      described.resource,
      described.endpoint,
      described.context,
      report,
    );
  }

  /** The exchange that a ReadyForQuery ends. One that ended with Flush before it is over too. */
  private readyFor(report: (message: Message<Origin>) => void): PostgresqlExchange<Origin> | undefined {
    while (this.order.next?.kind === 'flush') {
      this.order.next.succeeds();
      this.order.next.reportTo(report, 0);
      this.order.answered();
    }
    if (this.order.idle) this.order.answered();
    return this.order.next;
  }

  private push(exchange: PostgresqlExchange<Origin>): void {
    // A client that waited for the answer to its Flush sends more only when it has it.
    const first = this.order.next;
    if (first?.kind === 'flush' && first.reported) this.order.answered();
    this.order.asked(exchange);
  }

  private reportOneWay(
    side: Side<Origin>,
    start: number,
    requestType: string,
    report: (message: Message<Origin>) => void,
  ): void {
    const { flow } = side;
    this.reportRequest(
      flow.originAt(start),
      flow.offsetAt(start),
      false,
      requestType,
      '',
      requestType,
      undefined,
      report,
    );
  }

  private reportRequest(
    origin: Origin,
    offset: number,
    expectsResponse: boolean,
    requestType: string,
    requestResource: string,
    endpoint: string,
    context: SqlStatement['context'],
    report: (message: Message<Origin>) => void,
  ): void {
    report({
      kind: 'request',
      origin,
      offset,
      requestId: 0,
      expectsResponse,
      version: this.version,
      requestType,
      requestDomain: this.database,
      requestResource,
      endpoint,
      headerTraceId: context?.traceId ?? '',
      headerSpanId: context?.spanId ?? '',
      xRequestId: '',
      forwardedFor: '',
      userAgent: '',
    });
  }

  /** The client goes on: what was seen of the answer is all that is needed of it. */
  private startRequests(segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    const type = segment.bytes[0] ?? frontend.copyData;
    // Within one exchange the client also sends passwords and COPY data.
    if (type === frontend.password || type === frontend.copyData || type === frontend.copyDone) return;
    const exchange = this.order.next;
    if (exchange?.hasRows === true) {
      exchange.succeeds();
      exchange.reportTo(report, 0);
    }
    this.order.requestsStart(this.server.flow.ahead > 0, segment.afterPause === true);
  }

  private remember(name: string, statement: SqlStatement): void {
    this.statements.delete(name);
    if (this.statements.size >= maxStatements) {
      for (const oldest of this.statements.keys()) {
        this.statements.delete(oldest);
        break;
      }
    }
    const text = statement.text.length > maxStatementText ? statement.text.slice(0, maxStatementText) : statement.text;
    // The trace context belongs to the request that prepares, not to those that run the statement later.
    this.statements.set(name, { ...statement, text, context: undefined });
  }

  private awaitHeader(side: Side<Origin>): boolean {
    if (side.flow.gap > 0) side.inStep = false;
    return false;
  }

  private giveUp(side: Side<Origin>): boolean {
    side.inStep = false;
    this.malformed = true;
    return false;
  }
}

/** The answer was hidden, or the rest of it: it is judged by what was seen. */
function giveUp<Origin>(
  exchange: PostgresqlExchange<Origin>,
  segment: Segment<Origin>,
  report: (message: Message<Origin>) => void,
): void {
  exchange.begins(segment.origin, 0);
  if (exchange.hasRows) exchange.succeeds();
  exchange.reportTo(report, 0);
}

/** Whether the body of a client's message is read. */
function isRead(type: number): boolean {
  return (
    type === frontend.query ||
    type === frontend.parse ||
    type === frontend.bind ||
    type === frontend.describe ||
    type === frontend.close
  );
}

function describeText(bytes: Buffer, start: number, bodyEnd: number): SqlStatement {
  let end = start;
  while (end < bodyEnd && bytes[end] !== 0) end++;
  return describeStatement(bytes, start, end, postgresqlDialect);
}

/** Classes of SQLSTATE that the server answers for: connections, conflicts between transactions, resources, itself. */
const serverClasses: ReadonlySet<string> = new Set(['08', '40', '53', '54', '55', '57', '58', '72', 'F0', 'XX']);

function statusOf(sqlState: string): SpanStatus {
  return serverClasses.has(sqlState.slice(0, 2)) ? 'server_error' : 'client_error';
}
