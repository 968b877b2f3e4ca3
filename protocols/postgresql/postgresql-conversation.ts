import { type Beginning, type Message, noHeaders, type Segment, type Sender } from '../dissection/dissector.ts';
import { FramedConversation, FramedDirection } from '../dissection/framed-conversation.ts';
import { PostgresqlAnswers } from './postgresql-answers.ts';
import { PostgresqlBatch, type PostgresqlDescription, PostgresqlDraft } from './postgresql-batch.ts';
import {
  backend,
  frontend,
  headerBytes,
  isBackendType,
  isFrontendType,
  maxMessageBytes,
  readStartup,
  readZeroEnded,
  startup,
} from './postgresql-messages.ts';
import { PostgresqlStatements } from './postgresql-statements.ts';
import { describeStatement, postgresqlDialect, type SqlStatement } from '../sql/sql-statement.ts';

/**
 * One PostgreSQL connection. A request is a simple query, a function call, or in the extended protocol what one Execute
 * runs (postgresql-batch.ts); what the server answers goes to them in order (postgresql-answers.ts). State: 2 KiB of an
 * unfinished message per direction, and what those two keep.
 */

const maxBufferedBytes = 2048;
const maxNameBytes = 64;
const errorBytes = 1024;
const tagBytes = 80;
/** Answers to a request for encryption: yes, with TLS or GSSAPI. What is neither that nor no is an error. */
const encrypted: ReadonlySet<number> = new Set([0x53, 0x47]);
const notEncrypted = 0x4e;
const describesStatement = 0x53;

/** Reads one PostgreSQL connection; see the top of the file. */
export class PostgresqlConversation<Origin> extends FramedConversation<Origin, FramedDirection<Origin>> {
  private readonly statements = new PostgresqlStatements();
  private readonly batch: PostgresqlBatch<Origin>;
  private readonly answers: PostgresqlAnswers<Origin>;
  private awaitsEncryptionAnswer = false;
  private version = '';
  private database = '';
  private failedPreambles = 0;

  constructor() {
    super(new FramedDirection(), new FramedDirection());
    this.batch = new PostgresqlBatch<Origin>(
      (draft, isWhole) => this.reportDraft(draft, isWhole),
      (change) => this.statements.assume(change),
    );
    this.answers = new PostgresqlAnswers<Origin>(
      this.statements,
      ({ origin, offset, description }, place, outcome, length) => {
        // Another request waits in its place, so the two are joined by an id.
        const requestId = ++this.failedPreambles;
        this.reportRequest({ origin, offset }, true, description, requestId);
        const bare = { responseCode: 0, result: '', declaredBytes: length };
        this.report({ kind: 'response', ...place, requestId, ...outcome, ...bare });
      },
    );
  }

  override read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void {
    this.answers.reportTo(report);
    super.read(sender, segment, report);
  }

  protected startRun(direction: FramedDirection<Origin>, isRequest: boolean, segment: Segment<Origin>): void {
    const place = { origin: segment.origin, offset: 0 };
    if (isRequest) this.startRequests(segment, place);
    else this.answers.repliesStart(place);
    if (!direction.inStep || this.startsAfresh(direction, isRequest, segment)) direction.restart();
  }

  protected readMessage(direction: FramedDirection<Origin>, isRequest: boolean): boolean {
    return isRequest ? this.readFrontend(direction) : this.readBackend(direction);
  }

  protected missed(isRequest: boolean, segment: Segment<Origin>): void {
    if (isRequest) {
      this.batch.finish(false);
      this.answers.cut();
    } else this.answers.missed({ origin: segment.origin, offset: 0 });
  }

  end(report: (message: Message<Origin>) => void): void {
    if (this.desynchronized) return;
    this.report = report;
    this.answers.reportTo(report);
    this.batch.finish(false);
    this.answers.end();
    this.desynchronized = true;
  }

  /** Whether a message stands at the start of a run although the direction was in the middle of one: bytes were lost. */
  private startsAfresh(direction: FramedDirection<Origin>, isRequest: boolean, segment: Segment<Origin>): boolean {
    const { bytes } = segment;
    if (direction.reader.ahead === 0 || bytes.length < headerBytes) return false;
    const length = 1 + bytes.readUInt32BE(1);
    if (isRequest) return (bytes[0] === frontend.query || bytes[0] === frontend.parse) && length <= segment.length;
    return (bytes[0] === backend.parseComplete || bytes[0] === backend.bindComplete) && length === headerBytes;
  }

  /** The client starts to send; within one exchange it also sends passwords and COPY data. */
  private startRequests(segment: Segment<Origin>, place: Beginning<Origin>): void {
    const type = segment.bytes[0] ?? frontend.copyData;
    if (type === frontend.password || isCopy(type) || this.answers.isCopying) return;
    this.answers.requestsStart(this.server.reader.ahead > 0, segment.afterPause === true, place);
  }

  /** Reads one message of the client; false when the rest has to wait for the next segment. */
  private readFrontend(direction: FramedDirection<Origin>): boolean {
    const { reader } = direction;
    const bytes = reader.window;
    const start = reader.position;
    if (bytes[start] === 0) return this.readStartup(direction);
    if (reader.end - start < headerBytes) return direction.awaitHeader();
    const type = bytes[start]!;
    const length = bytes.readUInt32BE(start + 1);
    if (!isFrontendType(type) || length < 4 || length > maxMessageBytes) return direction.giveUp();
    const end = Math.min(reader.end, start + 1 + length);
    if (end < start + 1 + length && isRead(type)) {
      if (reader.gap === 0 && reader.end - start < maxBufferedBytes) return false;
    }
    this.understood();
    this.takeFrontend(type, bytes, start + headerBytes, end, direction.beginningAt(start));
    reader.pass(1 + length);
    return true;
  }

  private takeFrontend(type: number, bytes: Buffer, body: number, end: number, place: Beginning<Origin>): void {
    const { batch, statements } = this;
    switch (type) {
      case frontend.query:
      case frontend.functionCall:
        batch.runs(place, type, type === frontend.query ? describeText(bytes, body, end) : undefined);
        this.endBatch('sync', place);
        return;
      case frontend.parse: {
        const name = readZeroEnded(bytes, body, end, maxNameBytes);
        const statement = describeText(bytes, name.next, end);
        batch.prepares(place, statements.ask(name.text, statement), statement);
        return;
      }
      case frontend.bind: {
        const portal = readZeroEnded(bytes, body, end, maxNameBytes);
        const name = readZeroEnded(bytes, portal.next, end, maxNameBytes);
        const statement = name.whole ? statements.find(name.text) : undefined;
        if (portal.whole) statements.bind(portal.text, statement);
        batch.binds(place, name.text, statement);
        return;
      }
      case frontend.execute:
        batch.executes(place, statements.portal(readZeroEnded(bytes, body, end, maxNameBytes).text));
        return;
      case frontend.describe:
      case frontend.close: {
        const name = readZeroEnded(bytes, body + 1, end, maxNameBytes);
        const isStatement = bytes[body] === describesStatement;
        const statement = isStatement ? statements.find(name.text) : statements.portal(name.text);
        if (type === frontend.describe) batch.describes(place, statement);
        else if (isStatement) batch.closes(place, statements.ask(name.text, undefined), statement);
        else {
          statements.bind(name.text, undefined);
          batch.closes(place, undefined, undefined);
        }
        return;
      }
      case frontend.sync:
        if (!this.answers.takesSync()) this.endBatch('sync', place);
        return;
      case frontend.flush:
        if (!this.answers.isCopying) this.endBatch('flush', place);
        return;
      case frontend.copyDone:
      case frontend.copyFail:
        this.answers.copyDone();
        return;
      case frontend.terminate:
        this.reportRequest(place, false, bare('TERMINATE'));
        return;
      default:
      // Passwords and COPY data belong to an exchange that was reported.
    }
  }

  private endBatch(kind: 'sync' | 'flush', place: Beginning<Origin>): void {
    this.batch.finish(true);
    this.answers.close(kind, place);
  }

  /** Reads the first message of a connection, which has no type. */
  private readStartup(direction: FramedDirection<Origin>): boolean {
    const { reader } = direction;
    const bytes = reader.window;
    const start = reader.position;
    if (reader.end - start < 8) return direction.awaitHeader();
    const length = bytes.readUInt32BE(start);
    const code = bytes.readUInt32BE(start + 4);
    const end = Math.min(reader.end, start + length);
    const place = direction.beginningAt(start);
    if (code === startup.ssl || code === startup.gss) this.awaitsEncryptionAnswer = true;
    else if (code === startup.cancel) this.reportRequest(place, false, bare('CANCEL'));
    else if (code >>> 16 === 3 && length >= 9 && length <= 10_000) {
      if (end < start + length && reader.gap === 0 && reader.end - start < maxBufferedBytes) return false;
      const { user, database } = readStartup(bytes, start + 8, end);
      this.version = `3.${code & 0xffff}`;
      this.database = database;
      this.awaitsEncryptionAnswer = false;
      const draft = new PostgresqlDraft<Origin>(place, undefined);
      draft.expect(frontend.startup, undefined);
      if (this.answers.add(draft, 'login')) this.reportRequest(place, true, { ...bare('LOGIN'), resource: user });
    } else return direction.giveUp();
    reader.pass(length);
    return true;
  }

  /** Reads one message of the server; false when the rest has to wait for the next segment. */
  private readBackend(direction: FramedDirection<Origin>): boolean {
    const { reader } = direction;
    const bytes = reader.window;
    const start = reader.position;
    const type = bytes[start]!;
    if (this.awaitsEncryptionAnswer) {
      this.awaitsEncryptionAnswer = false;
      if (type === notEncrypted) {
        reader.pass(1);
        return true;
      }
      if (encrypted.has(type)) {
        this.desynchronized = true;
        return false;
      }
    }
    if (reader.end - start < headerBytes) return direction.awaitHeader();
    const length = bytes.readUInt32BE(start + 1);
    if (!isBackendType(type) || length < 4 || length > maxMessageBytes) return direction.giveUp();
    const body = start + headerBytes;
    const end = Math.min(reader.end, start + 1 + length);
    if (
      end < start + 1 + Math.min(length, wantedBytes(type)) &&
      reader.gap === 0 &&
      reader.end - start < maxBufferedBytes
    )
      return false;
    if (!isAside(type, bytes, body, end)) {
      this.understood();
      if (this.batch.isPending && type !== backend.readyForQuery && this.answers.needsMore) this.batch.reveal();
      const isAligned = this.answers.take({
        type,
        bytes,
        body,
        end,
        length: 1 + length,
        place: direction.beginningAt(start),
      });
      if (!isAligned) this.answers.missed(direction.beginningAt(start));
    }
    reader.pass(1 + length);
    return true;
  }

  private reportDraft(draft: PostgresqlDraft<Origin>, isWhole: boolean): void {
    draft.isReported = true;
    if (this.answers.add(draft)) this.reportRequest(draft, true, draft.describe(isWhole));
  }

  private reportRequest(
    { origin, offset }: Beginning<Origin>,
    expectsResponse: boolean,
    { requestType, resource, endpoint, context }: PostgresqlDescription,
    requestId = 0,
  ): void {
    this.report({
      kind: 'request',
      origin,
      offset,
      requestId,
      expectsResponse,
      version: this.version,
      requestType,
      requestDomain: this.database,
      requestResource: resource,
      endpoint,
      headers: context === undefined ? noHeaders : { ...noHeaders, ...context },
    });
  }
}

function bare(requestType: string): PostgresqlDescription {
  return { requestType, resource: '', endpoint: requestType, context: undefined };
}

function isCopy(type: number): boolean {
  return type === frontend.copyData || type === frontend.copyDone || type === frontend.copyFail;
}

/** Messages that the server sends at any time, and those of a login before its verdict. */
function isAside(type: number, bytes: Buffer, body: number, end: number): boolean {
  switch (type) {
    case backend.notice:
    case backend.notification:
    case backend.parameterStatus:
    case backend.keyData:
    case backend.negotiateVersion:
      return true;
    case backend.authentication:
      return end < body + 4 || bytes.readUInt32BE(body) !== 0;
    default:
      return false;
  }
}

/** Bytes that have to be there to read a message of the server, of those its length counts. */
function wantedBytes(type: number): number {
  if (type === backend.error) return errorBytes;
  if (type === backend.commandComplete) return tagBytes;
  return type === backend.authentication || type === backend.readyForQuery ? headerBytes + 3 : 0;
}

/** Whether the body of a client's message is read. */
function isRead(type: number): boolean {
  switch (type) {
    case frontend.query:
    case frontend.parse:
    case frontend.bind:
    case frontend.execute:
    case frontend.describe:
    case frontend.close:
      return true;
    default:
      return false;
  }
}

function describeText(bytes: Buffer, start: number, bodyEnd: number): SqlStatement {
  let end = start;
  while (end < bodyEnd && bytes[end] !== 0) end++;
  return describeStatement(bytes, start, end, postgresqlDialect);
}
