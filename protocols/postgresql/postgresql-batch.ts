import type { Beginning } from '../dissection/dissector.ts';
import { frontend } from './postgresql-messages.ts';
import type { StatementChange } from './postgresql-statements.ts';
import type { SqlStatement } from '../sql/sql-statement.ts';
import type { TraceContext } from '../dissection/trace-context.ts';

/**
 * The client's messages up to a Sync or Flush, cut into requests: each Execute ends one, with what prepares it in front
 * and what is closed behind it; what is prepared and not run is one too. A statement that only makes ready for the next
 * (BEGIN, START TRANSACTION, SAVEPOINT, SET) is a preamble of it, and part of its request: drivers send it of their own
 * accord. State: one request in the making.
 */

/** Messages of one request; those beyond are not followed. */
const maxExpected = 64;
const maxPreambles = 8;
const preambleVerbs: ReadonlySet<string> = new Set(['BEGIN', 'START', 'SAVEPOINT', 'SET']);

/** A message of the client that the server answers. */
export interface Expectation {
  readonly type: number;
  readonly change: StatementChange | undefined;
}

/** How a request is named. */
export interface PostgresqlDescription {
  readonly requestType: string;
  readonly resource: string;
  readonly endpoint: string;
  readonly context: TraceContext | undefined;
}

/** A statement in front of another one of the same request. */
export interface Preamble<Origin> extends Beginning<Origin> {
  readonly description: PostgresqlDescription;
  /** How many of the request's messages are its own or stand in front. */
  readonly until: number;
}

/** A request in the making. */
export class PostgresqlDraft<Origin> implements Beginning<Origin> {
  readonly origin: Origin;
  readonly offset: number;
  readonly expected: Expectation[] = [];
  readonly preambles: readonly Preamble<Origin>[];
  /** More messages belong to it than are known. */
  isOpenEnded = false;
  isReported = false;
  bound: SqlStatement | undefined;
  prepared: SqlStatement | undefined;
  ran: SqlStatement | undefined;
  /** Name of a statement that is prepared and not yet bound. */
  parsedName: string | undefined;
  context: TraceContext | undefined;
  /** Types of its own messages, a bit each: the last five bits of a letter tell them apart. */
  private types = 0;

  constructor({ origin, offset }: Beginning<Origin>, before: PostgresqlDraft<Origin> | undefined) {
    this.origin = before?.origin ?? origin;
    this.offset = before?.offset ?? offset;
    this.preambles = before === undefined ? [] : [...before.preambles, before.toPreamble()];
    if (before !== undefined) this.expected.push(...before.expected);
  }

  /** Whether it runs something: what comes behind it is another request. */
  get hasExecute(): boolean {
    return this.has(frontend.execute) || this.has(frontend.query);
  }

  get isPreamble(): boolean {
    const { ran } = this;
    if (ran === undefined || this.isOpenEnded || this.isReported || this.preambles.length >= maxPreambles) return false;
    return preambleVerbs.has(ran.verb) && !this.has(frontend.query);
  }

  /** What it is called. A request that runs nothing prepares, describes or closes; one that was cut is taken to run. */
  describe(isWhole: boolean): PostgresqlDescription {
    const { context } = this;
    if (this.has(frontend.functionCall))
      return { requestType: 'FUNCTION_CALL', resource: '', endpoint: 'FUNCTION_CALL', context };
    const statement = this.ran ?? this.bound;
    if (statement !== undefined && (this.hasExecute || this.prepared === undefined || !isWhole)) {
      const { verb, text, shape } = statement;
      return { requestType: verb || 'QUERY', resource: text, endpoint: shape || 'QUERY', context };
    }
    if (this.hasExecute) return { requestType: 'EXECUTE', resource: '', endpoint: 'EXECUTE', context };
    const requestType = this.has(frontend.parse)
      ? 'PREPARE'
      : this.has(frontend.close)
        ? 'CLOSE'
        : this.has(frontend.bind)
          ? 'EXECUTE'
          : 'DESCRIBE';
    const { text = '', shape = '' } = this.prepared ?? {};
    const endpoint = shape === '' || requestType === 'CLOSE' ? requestType : `${requestType} ${shape}`;
    return { requestType, resource: text, endpoint, context };
  }

  /** False when there are too many to be followed. */
  expect(type: number, change: StatementChange | undefined): boolean {
    if (this.expected.length >= maxExpected) {
      this.isOpenEnded = true;
      return false;
    }
    this.expected.push({ type, change });
    this.types |= 1 << (type & 31);
    return true;
  }

  private has(type: number): boolean {
    return (this.types & (1 << (type & 31))) !== 0;
  }

  private toPreamble(): Preamble<Origin> {
    const { origin, offset, expected } = this;
    return { origin, offset, description: this.describe(true), until: expected.length };
  }
}

/** Cuts the messages of a batch into requests; see the top of the file. */
export class PostgresqlBatch<Origin> {
  private readonly report: (draft: PostgresqlDraft<Origin>, isWhole: boolean) => void;
  private readonly lose: (change: StatementChange) => void;
  private draft: PostgresqlDraft<Origin> | undefined;
  /** A complete request that is a preamble if another follows. */
  private preamble: PostgresqlDraft<Origin> | undefined;

  /**
   * @param report - takes a request once it is complete, or as far as it goes
   * @param lose - takes a change of which the outcome will not be seen
   */
  constructor(
    report: (draft: PostgresqlDraft<Origin>, isWhole: boolean) => void,
    lose: (change: StatementChange) => void,
  ) {
    this.report = report;
    this.lose = lose;
  }

  /** Whether something was sent that is not reported yet. */
  get isPending(): boolean {
    return this.draft?.isReported === false || this.preamble !== undefined;
  }

  /** A simple query, or a function call. */
  runs(place: Beginning<Origin>, type: number, statement: SqlStatement | undefined): void {
    const draft = this.draftAt(place, true);
    draft.ran = statement;
    draft.context = statement?.context;
    draft.expect(type, undefined);
  }

  prepares(place: Beginning<Origin>, change: StatementChange, statement: SqlStatement): void {
    const { draft: before } = this;
    const draft = this.draftAt(place, before?.hasExecute === true || before?.parsedName !== undefined);
    draft.prepared = statement;
    draft.bound = statement;
    draft.parsedName = change.name;
    draft.context ??= statement.context;
    this.expect(draft, frontend.parse, change);
  }

  binds(place: Beginning<Origin>, name: string, statement: SqlStatement | undefined): void {
    const { draft: before } = this;
    const isOther = before?.parsedName !== undefined && before.parsedName !== name;
    const draft = this.draftAt(place, before?.hasExecute === true || isOther);
    draft.bound = statement;
    draft.parsedName = undefined;
    this.expect(draft, frontend.bind, undefined);
  }

  executes(place: Beginning<Origin>, statement: SqlStatement | undefined): void {
    const draft = this.draftAt(place, this.draft?.hasExecute === true);
    draft.ran = statement;
    this.expect(draft, frontend.execute, undefined);
  }

  describes(place: Beginning<Origin>, statement: SqlStatement | undefined): void {
    const draft = this.draftAt(place, this.draft?.hasExecute === true);
    draft.prepared ??= statement;
    this.expect(draft, frontend.describe, undefined);
  }

  closes(place: Beginning<Origin>, change: StatementChange | undefined, statement: SqlStatement | undefined): void {
    const draft = this.draftAt(place, false);
    draft.prepared ??= statement;
    this.expect(draft, frontend.close, change);
  }

  /** The batch ends, or what follows was not captured. */
  finish(isWhole: boolean): void {
    const last = this.draft ?? this.preamble;
    this.draft = undefined;
    this.preamble = undefined;
    if (last === undefined) return;
    if (!isWhole && !last.hasExecute) last.isOpenEnded = true;
    if (!last.isReported) this.report(last, isWhole);
  }

  /** The server answers already: reports what there is; the client may go on with it. */
  reveal(): void {
    const { draft, preamble } = this;
    this.preamble = undefined;
    if (preamble !== undefined) this.report(preamble, true);
    if (draft?.isReported === false) this.report(draft, false);
  }

  private draftAt(place: Beginning<Origin>, isNext: boolean): PostgresqlDraft<Origin> {
    if (isNext) this.complete();
    if (this.draft === undefined) {
      this.draft = new PostgresqlDraft(place, this.preamble);
      this.preamble = undefined;
    }
    return this.draft;
  }

  private complete(): void {
    const { draft } = this;
    this.draft = undefined;
    if (draft === undefined) return;
    if (draft.isPreamble) this.preamble = draft;
    else if (!draft.isReported) this.report(draft, true);
  }

  private expect(draft: PostgresqlDraft<Origin>, type: number, change: StatementChange | undefined): void {
    if (!draft.expect(type, change) && change !== undefined) this.lose(change);
  }
}
