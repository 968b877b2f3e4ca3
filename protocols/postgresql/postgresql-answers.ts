import type { SpanStatus } from '../../schemas/generated/span.ts';
import type { Beginning, Message } from '../dissection/dissector.ts';
import type { Expectation, PostgresqlDraft } from './postgresql-batch.ts';
import { type ExchangeKind, type ExchangeListener, PostgresqlExchange } from './postgresql-exchange.ts';
import { backend, readErrorFields, readZeroEnded } from './postgresql-messages.ts';
import { PostgresqlReply } from './postgresql-reply.ts';
import type { PostgresqlStatements } from './postgresql-statements.ts';
import { PipelineQueue } from '../dissection/pipeline-queue.ts';

/**
 * The batches of one connection that wait, and the server's messages that answer them. ReadyForQuery answers each Sync,
 * simple query and function call, whatever became of it: it is what holds batches and answers together. State: 256 batches
 * that wait, with 512 requests in all; requests beyond these are not reported.
 */

const maxExchanges = 256;
const maxReplies = 512;
const maxTagBytes = 64;
const idleTransaction = 0x49;

/** A message of the server. */
export interface BackendMessage<Origin> {
  readonly type: number;
  readonly bytes: Buffer;
  readonly body: number;
  /** Where its captured bytes end. */
  readonly end: number;
  /** Bytes of the whole message. */
  readonly length: number;
  readonly place: Beginning<Origin>;
}

type Report<Origin> = (message: Message<Origin>) => void;

/** Pairs batches with their answers; see the top of the file. */
export class PostgresqlAnswers<Origin> {
  readonly order = new PipelineQueue<PostgresqlExchange<Origin>>();
  private readonly statements: PostgresqlStatements;
  private readonly listener: ExchangeListener<Origin>;
  /** The batch that the client has not ended. */
  private open: PostgresqlExchange<Origin> | undefined;
  /** The batch whose COPY data the client sends, in the extended protocol. */
  private copying: { readonly exchange: PostgresqlExchange<Origin>; isDone: boolean } | undefined;
  private exchanges = 0;
  private replies = 0;
  /** An error was seen: the server skips to the next Sync. */
  private isSkipping = false;
  private report: Report<Origin> | undefined;

  /** @param preambleFailed - reports a preamble as a request of its own, with its response */
  constructor(statements: PostgresqlStatements, preambleFailed: ExchangeListener<Origin>['preambleFailed']) {
    this.statements = statements;
    this.listener = {
      respond: (response) => {
        this.replies--;
        this.report?.(response);
      },
      preambleFailed,
      done: (messages) => each(messages, (change) => statements.make(change)),
      undone: (messages, isSkipped) => each(messages, (change) => statements.refuse(change, isSkipped)),
      uncertain: (messages) => each(messages, (change) => statements.assume(change)),
    };
  }

  /** Sets what takes the messages that come of the segment in hand. */
  reportTo(report: Report<Origin>): void {
    this.report = report;
  }

  /** Whether the client's messages belong to the COPY of a batch. */
  get isCopying(): boolean {
    return this.copying !== undefined;
  }

  /** Takes a request that is about to be reported; false when there are too many to follow. */
  add(draft: PostgresqlDraft<Origin>, kind: ExchangeKind = 'open'): boolean {
    const exchange = this.open ?? this.push(kind, draft);
    if (kind === 'open') this.open = exchange;
    if (this.replies >= maxReplies) {
      exchange.isCut = true;
      this.listener.uncertain(draft.expected);
      return false;
    }
    this.replies++;
    exchange.add(new PostgresqlReply(draft));
    return true;
  }

  /** The client ended its batch, here; a Sync alone is answered too. */
  close(kind: 'sync' | 'flush', place: Beginning<Origin>): void {
    const exchange = this.open ?? (kind === 'sync' ? this.push(kind, place) : undefined);
    this.open = undefined;
    if (exchange !== undefined) exchange.kind = kind;
  }

  /** What follows in the client's batch was not captured: its Sync is taken to be there. */
  cut(): void {
    if (this.open !== undefined) {
      this.open.kind = 'sync';
      this.open.isCut = true;
      this.open = undefined;
    }
    this.order.requestsMissed();
  }

  /** A Sync that belongs to the COPY in hand, and is answered with it. */
  takesSync(): boolean {
    const { copying } = this;
    if (copying === undefined) return false;
    if (copying.isDone || copying.exchange.aborted) this.copying = undefined;
    return true;
  }

  /** The client has sent all COPY data, or gives up. */
  copyDone(): void {
    if (this.copying !== undefined) this.copying.isDone = true;
  }

  /** The client goes on: what was seen of the answer is all that is needed of it, unless it never waits for answers. */
  requestsStart(midReply: boolean, afterPause: boolean, place: Beginning<Origin>): void {
    const exchange = this.order.next;
    if (exchange !== undefined && exchange !== this.open && !exchange.isOverlapped && this.exchanges <= 1) {
      // It was ended by a Flush that was not captured.
      if (exchange.isCut && exchange.current?.hasBegun === true) {
        exchange.current.hasResult = true;
        exchange.giveUp(place);
        this.pop();
      } else exchange.settleSeen(place);
    }
    this.order.requestsStart(midReply, afterPause);
  }

  repliesStart(place: Beginning<Origin>): void {
    this.order.repliesStart((exchange) => this.giveUp(exchange, place));
  }

  /** Answers were hidden, or do not fit. */
  missed(place: Beginning<Origin>): void {
    this.isSkipping = false;
    this.copying = undefined;
    this.order.repliesMissed((exchange) => this.giveUp(exchange, place));
  }

  /** The connection ended. */
  end(): void {
    this.order.next?.settleSeen();
  }

  /**
   * Reads a message of the server.
   * @returns false when answers do not fit the batches any more
   */
  take(message: BackendMessage<Origin>): boolean {
    if (message.type === backend.readyForQuery) return this.ready(message);
    const exchange = this.order.next;
    if (exchange === undefined) return true;
    if (message.type === backend.error) {
      this.fail(exchange, message);
      return true;
    }
    this.answer(exchange, message);
    if (exchange.kind === 'flush' && exchange.isAnswered) {
      exchange.end(message.place, false);
      this.pop();
    }
    return true;
  }

  /** Whether a message of the server may answer what was not reported yet. */
  get needsMore(): boolean {
    const exchange = this.order.next;
    return exchange === undefined || (exchange === this.open && exchange.isAnswered);
  }

  private answer(
    exchange: PostgresqlExchange<Origin>,
    { type, bytes, body, end, place }: BackendMessage<Origin>,
  ): void {
    const reply = exchange.take(type, place);
    if (reply === undefined) return;
    if (type === backend.copyIn || type === backend.copyBoth) {
      if (!reply.isSimple && exchange.kind === 'sync') this.copying = { exchange, isDone: false };
    } else if (type === backend.commandComplete) {
      this.complete(reply, readZeroEnded(bytes, body, end, maxTagBytes).text);
    }
  }

  private complete(reply: PostgresqlReply<Origin>, tag: string): void {
    if (!reply.isPreamble) reply.completes(tag);
    if (tag === 'DISCARD ALL' || tag === 'DEALLOCATE ALL') this.statements.forgetAll();
    else if (tag === 'DEALLOCATE')
      for (const name of deallocated(reply.draft.ran?.shape ?? '')) this.statements.forget(name);
  }

  private fail(
    exchange: PostgresqlExchange<Origin>,
    { bytes, body, end, length, place }: BackendMessage<Origin>,
  ): void {
    const error = readErrorFields(bytes, body, end);
    const exception = `${error.severity} ${error.sqlState}: ${error.message}`;
    exchange.fail({ status: statusOf(error.sqlState), exception }, place, length);
    if (exchange.kind === 'login') {
      if (error.severity !== 'ERROR') this.pop();
      return;
    }
    this.isSkipping = true;
    // The client waits for no more of what it ended with Flush.
    while (this.order.next?.kind === 'flush') {
      this.order.next.skipRest(place);
      if (!this.pop()) break;
    }
  }

  private ready({ bytes, body, end, place }: BackendMessage<Origin>): boolean {
    if (body < end && bytes[body] === idleTransaction) this.statements.forgetPortals();
    while (this.order.next?.kind === 'flush') {
      this.order.next.end(place, this.isSkipping);
      if (!this.pop()) break;
    }
    const exchange = this.order.next;
    if (this.copying?.exchange === exchange) this.copying = undefined;
    const isAligned = exchange?.end(place, this.isSkipping) ?? true;
    if (exchange === this.open) this.open = undefined;
    this.isSkipping = false;
    this.pop();
    return isAligned;
  }

  private push(kind: ExchangeKind, place: Beginning<Origin>): PostgresqlExchange<Origin> {
    const first = this.order.next;
    if (first !== undefined) {
      // The order drops its oldest to take another.
      if (this.exchanges >= maxExchanges) this.giveUp(first, place);
    }
    const exchange = new PostgresqlExchange<Origin>(kind, this.listener);
    this.exchanges++;
    if (this.exchanges > 1) {
      exchange.isOverlapped = true;
      if (first !== undefined) first.isOverlapped = true;
    }
    this.order.asked(exchange);
    return exchange;
  }

  private pop(): boolean {
    const exchange = this.order.answered();
    if (exchange === undefined) return false;
    this.exchanges--;
    return true;
  }

  private giveUp(exchange: PostgresqlExchange<Origin>, place: Beginning<Origin>): void {
    this.exchanges--;
    if (exchange === this.open) this.open = undefined;
    exchange.giveUp(place);
  }
}

function each(messages: readonly Expectation[], change: (change: NonNullable<Expectation['change']>) => void): void {
  for (const message of messages) if (message.change !== undefined) change(message.change);
}

/** Names in the statements of a query that deallocate one; names that are not quoted are in lower case. */
function deallocated(shape: string): string[] {
  const names: string[] = [];
  for (const [, name] of shape.matchAll(/\bdeallocate\s+(?:prepare\s+)?("(?:[^"]|"")*"|[^\s;"]+)/gi)) {
    names.push(name!.startsWith('"') ? name!.slice(1, -1).replaceAll('""', '"') : name!.toLowerCase());
  }
  return names;
}

/** Classes of SQLSTATE that the server answers for: connections, conflicts between transactions, resources, itself. */
const serverClasses: ReadonlySet<string> = new Set(['08', '40', '53', '54', '55', '57', '58', '72', 'F0', 'XX']);

function statusOf(sqlState: string): SpanStatus {
  return serverClasses.has(sqlState.slice(0, 2)) ? 'server_error' : 'client_error';
}
