import type { Beginning, ResponseMessage } from '../dissection/dissector.ts';
import type { Expectation, Preamble } from './postgresql-batch.ts';
import { backend } from './postgresql-messages.ts';
import type { Outcome, PostgresqlReply } from './postgresql-reply.ts';

/**
 * The requests of one batch that wait, and what was seen of their answers. A batch is answered in the order of its
 * messages. With the first error the server skips the rest of it up to Sync: those requests were not executed, and are
 * errors of the client, as statements of a failed transaction are (SQLSTATE 25P02). An error behind all answers is that of
 * the commit at Sync, and belongs to the last request.
 */

/** How a request ends that the server skipped. */
export const skipped: Outcome = {
  status: 'client_error',
  exception: 'not executed: an earlier statement before the same Sync failed',
};

const ok: Outcome = { status: 'ok', exception: '' };
const unknown: Outcome = { status: 'unknown', exception: '' };

/** What an exchange needs from its conversation. */
export interface ExchangeListener<Origin> {
  respond(response: ResponseMessage<Origin>): void;
  /** A preamble failed: it becomes a request of its own. */
  preambleFailed(preamble: Preamble<Origin>, place: Beginning<Origin>, outcome: Outcome, declaredBytes: number): void;
  /** The server has done what these messages ask for, has not, or nobody knows. */
  done(messages: readonly Expectation[]): void;
  undone(messages: readonly Expectation[], isSkipped: boolean): void;
  uncertain(messages: readonly Expectation[]): void;
}

/**
 * How a batch ends: `sync` with ReadyForQuery, `flush` once each of its messages was answered, `login` with ReadyForQuery
 * or a fatal error. `open`: the client has not ended it yet.
 */
export type ExchangeKind = 'open' | 'sync' | 'flush' | 'login';

/** One batch that waits for its answers; see the top of the file. */
export class PostgresqlExchange<Origin> {
  kind: ExchangeKind;
  /** Messages of it were not captured: it may have more requests, and may have ended with Flush. */
  isCut = false;
  /** The server takes COPY data in the extended protocol, and ignores the Sync that came before them. */
  awaitsSync = false;
  /** Another batch was sent before this one was answered. */
  isOverlapped = false;
  private readonly replies: PostgresqlReply<Origin>[] = [];
  private readonly listener: ExchangeListener<Origin>;
  /** Where the last message is that was counted. */
  private seenAt: Beginning<Origin> | undefined;
  private at = 0;
  private isAborted = false;

  constructor(kind: ExchangeKind, listener: ExchangeListener<Origin>) {
    this.kind = kind;
    this.listener = listener;
  }

  /** Whether an error was seen. */
  get aborted(): boolean {
    return this.isAborted;
  }

  /** The reply that is being read, or comes next. */
  get current(): PostgresqlReply<Origin> | undefined {
    return this.replies[this.at];
  }

  /** Whether all requests so far were answered. */
  get isAnswered(): boolean {
    for (let index = this.at; index < this.replies.length; index++) {
      if (!this.replies[index]!.isComplete) return false;
    }
    return true;
  }

  add(reply: PostgresqlReply<Origin>): void {
    this.replies.push(reply);
  }

  /** A message of the server that is no error; returns the request it answers. */
  take(type: number, place: Beginning<Origin>): PostgresqlReply<Origin> | undefined {
    for (;;) {
      const reply = this.current;
      if (reply === undefined || this.isAborted) return undefined;
      const done = reply.take(type);
      if (done !== undefined) {
        this.seenAt = place;
        this.listener.done(done);
        // Of a COPY the client's data comes first; the verdict behind it is the answer.
        if (type === backend.copyIn || type === backend.copyBoth) return reply;
        reply.begins(place);
        if (!reply.isPreamble && brings(type)) reply.hasResult = true;
        return reply;
      }
      if (!reply.isComplete || this.at + 1 >= this.replies.length) return undefined;
      this.settle(reply, ok, place, 0);
      this.at++;
    }
  }

  /** An error: of the request that is being answered, or of the one behind it. */
  fail(outcome: Outcome, place: Beginning<Origin>, declaredBytes: number): void {
    if (this.isAborted) return;
    this.isAborted = true;
    this.seenAt = place;
    const before = this.current;
    if (before?.isComplete === true && this.at + 1 < this.replies.length) {
      this.settle(before, ok, place, 0);
      this.at++;
    }
    const reply = this.current;
    if (reply === undefined) return;
    const { preamble } = reply;
    if (preamble !== undefined) {
      this.listener.preambleFailed(preamble, place, outcome, declaredBytes);
      return;
    }
    reply.begins(place);
    // Behind the answer to one that was cut, it may be the error of another that was not captured.
    const isOthers = reply.isComplete && (reply.draft.isOpenEnded || this.isCut);
    this.listener.undone(reply.unanswered, false);
    this.settle(reply, isOthers ? unknown : outcome, place, declaredBytes);
    this.at++;
  }

  /** ReadyForQuery, or all that a Flush asked for. False when the answers before it were those of other requests. */
  end(place: Beginning<Origin>, isSkipping: boolean): boolean {
    if (this.isAborted || isSkipping) {
      this.skipRest(place);
      return true;
    }
    const reply = this.current;
    if (reply === undefined) return true;
    const isAligned = reply.hasBegun && this.at === this.replies.length - 1;
    // Servers that speak the protocol leave answers out; one request alone is then answered all the same.
    const isDone = reply.isComplete || reply.isSimple || this.replies.length === 1;
    if (!reply.hasBegun || !isDone) {
      this.giveUp(place);
      return isAligned;
    }
    this.settle(reply, ok, place, 0);
    this.at++;
    this.giveUp(place);
    return isAligned;
  }

  /** The rest of the batch is not executed. */
  skipRest(place: Beginning<Origin>): void {
    for (; this.at < this.replies.length; this.at++) {
      const reply = this.replies[this.at]!;
      this.listener.undone(reply.unanswered, true);
      this.settle(reply, skipped, place, 0);
    }
  }

  /** What was seen of the answer in hand is all there is to it. */
  settleSeen(place: Beginning<Origin> | undefined = this.seenAt): void {
    const reply = this.current;
    if (place === undefined) return;
    if (this.isAborted) this.skipRest(place);
    else if (reply?.hasResult === true) this.settle(reply, ok, place, 0);
  }

  /** The answers are hidden, or the rest of them: they are judged by what was seen. */
  giveUp(place: Beginning<Origin>): void {
    this.settleSeen(place);
    for (; this.at < this.replies.length; this.at++) {
      const reply = this.replies[this.at]!;
      this.listener.uncertain(reply.unanswered);
      this.settle(reply, unknown, place, 0);
    }
  }

  private settle(
    reply: PostgresqlReply<Origin>,
    outcome: Outcome,
    place: Beginning<Origin>,
    declaredBytes: number,
  ): void {
    if (!reply.isSettled) this.listener.respond(reply.settle(outcome, place, declaredBytes));
  }
}

/** Whether a message is a result, or part of one. */
function brings(type: number): boolean {
  switch (type) {
    case backend.parseComplete:
    case backend.bindComplete:
    case backend.closeComplete:
    case backend.noData:
    case backend.parameterDescription:
      return false;
    default:
      return true;
  }
}
