import type { SpanStatus } from '../../schemas/generated/span.ts';
import type { Beginning, ResponseMessage } from '../dissection/dissector.ts';
import type { Expectation, PostgresqlDraft, Preamble } from './postgresql-batch.ts';
import { backend, frontend } from './postgresql-messages.ts';

/**
 * What was seen of the answer to one request: each of its messages brings answers of its own kind, in order, the last of
 * which shows that it was done.
 */

/** How a statement ended. */
export interface Outcome {
  readonly status: SpanStatus;
  readonly exception: string;
}

const nothing: readonly Expectation[] = [];

type Part = 'no' | 'part' | 'last';

/** Whether a message of this type answers a message of the client, and whether it is the last one that does. */
function answers(expected: number, type: number): Part {
  switch (expected) {
    case frontend.parse:
      return type === backend.parseComplete ? 'last' : 'no';
    case frontend.bind:
      return type === backend.bindComplete ? 'last' : 'no';
    case frontend.close:
      return type === backend.closeComplete ? 'last' : 'no';
    case frontend.describe:
      if (type === backend.parameterDescription) return 'part';
      return type === backend.rowDescription || type === backend.noData ? 'last' : 'no';
    case frontend.execute:
      if (type === backend.commandComplete || type === backend.emptyQuery || type === backend.portalSuspended)
        return 'last';
      return isData(type) ? 'part' : 'no';
    case frontend.startup:
      return type === backend.authentication ? 'part' : 'no';
    case frontend.functionCall:
      return type === backend.functionResult ? 'part' : 'no';
    default:
      // A simple query has any number of results, and ends with ReadyForQuery.
      return isData(type) ||
        type === backend.rowDescription ||
        type === backend.commandComplete ||
        type === backend.emptyQuery
        ? 'part'
        : 'no';
  }
}

function isData(type: number): boolean {
  switch (type) {
    case backend.dataRow:
    case backend.copyIn:
    case backend.copyOut:
    case backend.copyBoth:
    case backend.copyData:
    case backend.copyDone:
      return true;
    default:
      return false;
  }
}

/** The answer to one request, as it comes in. */
export class PostgresqlReply<Origin> {
  readonly draft: PostgresqlDraft<Origin>;
  /** Rows or a verdict were seen: without an error behind them, the request succeeded. */
  hasResult = false;
  isSettled = false;
  /** The last message that was counted answers a preamble, not the request itself. */
  isPreamble = false;
  private done = 0;
  private isEnded = false;
  private place: Beginning<Origin> | undefined;
  private result = '';

  constructor(draft: PostgresqlDraft<Origin>) {
    this.draft = draft;
  }

  get hasBegun(): boolean {
    return this.place !== undefined;
  }

  /** Whether each of its messages was answered; of a simple query only ReadyForQuery says so. */
  get isComplete(): boolean {
    return this.isEnded || (!this.draft.isOpenEnded && this.done >= this.draft.expected.length);
  }

  /** Whether it is a simple query or a function call, which ReadyForQuery completes. */
  get isSimple(): boolean {
    const { expected } = this.draft;
    const type = expected[expected.length - 1]?.type;
    return type === frontend.query || type === frontend.functionCall;
  }

  /** The preamble that is being answered. */
  get preamble(): Preamble<Origin> | undefined {
    const { preambles } = this.draft;
    return preambles.length === 0 ? undefined : preambles.find(({ until }) => this.done < until);
  }

  /** Messages that were not answered. */
  get unanswered(): readonly Expectation[] {
    if (this.done >= this.draft.expected.length) return nothing;
    return this.draft.expected.slice(this.done);
  }

  /**
   * Whether a message of this type belongs to this answer; counts it if so. Returns the messages of the client that it
   * shows to be done: more than one where a server leaves answers out.
   */
  take(type: number): readonly Expectation[] | undefined {
    const { expected } = this.draft;
    this.isPreamble = this.preamble !== undefined;
    for (let index = this.done; index < expected.length; index++) {
      const part = answers(expected[index]!.type, type);
      if (part === 'no') continue;
      const from = this.done;
      this.done = part === 'last' ? index + 1 : index;
      return from === this.done ? nothing : expected.slice(from, this.done);
    }
    if (!this.draft.isOpenEnded || this.isEnded) return undefined;
    // Of messages that were not captured: the first verdict is taken for its own.
    if (type === backend.commandComplete || type === backend.emptyQuery) this.isEnded = true;
    return nothing;
  }

  /** The first byte of the answer; later calls change nothing. */
  begins(place: Beginning<Origin>): void {
    this.place ??= place;
  }

  /** A verdict of the server; of a preamble it says nothing about the request. */
  completes(tag: string): void {
    this.hasResult = true;
    if (this.result === '') this.result = tag;
  }

  /** The response, which takes its place from what was seen of it, else from `fallback`. */
  settle({ status, exception }: Outcome, fallback: Beginning<Origin>, declaredBytes: number): ResponseMessage<Origin> {
    this.isSettled = true;
    const { origin, offset } = this.place ?? fallback;
    this.place = undefined;
    return {
      kind: 'response',
      origin,
      offset,
      requestId: 0,
      status,
      responseCode: 0,
      exception,
      result: status === 'ok' ? this.result : '',
      declaredBytes,
    };
  }
}
