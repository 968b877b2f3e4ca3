import type { SpanStatus } from '../../schemas/generated/span.ts';
import type { Message } from './dissector.ts';
import { backend } from './postgresql-messages.ts';
import type { SqlStatement } from './sql-statement.ts';
import type { TraceContext } from './trace-context.ts';

/** The client's messages up to a Sync or Flush, while they come in. */
export class PostgresqlBatch<Origin> {
  readonly origin: Origin;
  readonly offset: number;
  /** Set once the batch was reported. */
  exchange: PostgresqlExchange<Origin> | undefined;
  /** Answers that the messages so far bring, one each unless there is an error. */
  expectedAnswers = 0;
  private bound: SqlStatement | undefined;
  private prepared: SqlStatement | undefined;
  private ran: SqlStatement | undefined;
  private context: TraceContext | undefined;
  private hasExecute = false;
  private hasClose = false;
  private hasCall = false;

  constructor(origin: Origin, offset: number) {
    this.origin = origin;
    this.offset = offset;
  }

  /** Whether nothing but a Sync was sent. */
  get isEmpty(): boolean {
    return this.expectedAnswers === 0;
  }

  /** A simple query. */
  runs(statement: SqlStatement, isSimple: boolean): void {
    this.expectedAnswers++;
    this.hasExecute = isSimple;
    this.ran ??= statement;
    this.context ??= statement.context;
  }

  prepares(statement: SqlStatement): void {
    this.expectedAnswers++;
    this.prepared ??= statement;
    this.context ??= statement.context;
    this.bound = statement;
  }

  binds(statement: SqlStatement | undefined): void {
    this.expectedAnswers++;
    this.bound = statement;
  }

  executes(): void {
    this.expectedAnswers++;
    this.hasExecute = true;
    this.ran ??= this.bound;
  }

  describes(statement: SqlStatement | undefined): void {
    this.expectedAnswers++;
    this.prepared ??= statement;
  }

  closes(statement: SqlStatement | undefined): void {
    this.expectedAnswers++;
    this.hasClose = true;
    this.prepared ??= statement;
  }

  calls(): void {
    this.expectedAnswers++;
    this.hasCall = true;
  }

  /** What the request is called. A batch that runs nothing prepares, or closes; one that was cut is taken to run. */
  describe(isWhole: boolean): {
    readonly requestType: string;
    readonly resource: string;
    readonly endpoint: string;
    readonly context: TraceContext | undefined;
  } {
    const { context } = this;
    if (this.hasCall) return { requestType: 'FUNCTION_CALL', resource: '', endpoint: 'FUNCTION_CALL', context };
    const statement = this.ran ?? this.bound;
    if (statement !== undefined && (this.hasExecute || this.prepared === undefined || !isWhole)) {
      const { verb, text, shape } = statement;
      return { requestType: verb || 'QUERY', resource: text, endpoint: shape || 'QUERY', context };
    }
    if (this.hasExecute) return { requestType: 'EXECUTE', resource: '', endpoint: 'EXECUTE', context };
    const requestType = this.hasClose ? 'CLOSE' : this.prepared === undefined ? 'EXECUTE' : 'PREPARE';
    const shape = this.prepared?.shape ?? '';
    return {
      requestType,
      resource: this.prepared?.text ?? '',
      endpoint: shape === '' || this.hasClose ? requestType : `${requestType} ${shape}`,
      context,
    };
  }
}

/**
 * One request that waits, and what was seen of its answer. `sync` ends with ReadyForQuery, `flush` when each of its
 * messages was answered, `login` with ReadyForQuery or a fatal error; `silent` is a Sync alone, which is not reported.
 */
export class PostgresqlExchange<Origin> {
  kind: 'sync' | 'flush' | 'login' | 'silent';
  reported = false;
  hasRows = false;
  private missing: number;
  private begun = false;
  private origin: Origin | undefined;
  private offset = 0;
  private status: SpanStatus = 'unknown';
  private exception = '';
  private result = '';

  constructor(kind: 'sync' | 'flush' | 'login' | 'silent', missing: number) {
    this.kind = kind;
    this.missing = missing;
    this.reported = kind === 'silent';
  }

  /** The request turned out to end like this. */
  closes(kind: 'sync' | 'flush', missing: number): void {
    if (this.kind === 'silent') return;
    this.kind = kind;
    this.missing = missing;
  }

  /** The first byte of the answer; later calls change nothing. */
  begins(origin: Origin, offset: number): void {
    if (this.begun) return;
    this.begun = true;
    this.origin = origin;
    this.offset = offset;
  }

  progresses(): void {
    this.hasRows = true;
  }

  completes(tag: string): void {
    this.hasRows = true;
    if (this.result === '') this.result = tag;
  }

  fails(status: SpanStatus, exception: string): void {
    this.status = status;
    this.exception = exception;
  }

  succeeds(): void {
    if (this.status === 'unknown') this.status = 'ok';
  }

  /** Counts an answer of a batch that ended with Flush; true when it was the last one. */
  counts(type: number): boolean {
    if (this.kind !== 'flush') return false;
    if (type === backend.dataRow || type === backend.parameterDescription || type === backend.copyData) return false;
    return --this.missing <= 0;
  }

  /** Reports the answer, once. */
  reportTo(report: (message: Message<Origin>) => void, declaredBytes: number): void {
    if (this.reported) return;
    this.reported = true;
    report({
      kind: 'response',
      origin: this.origin as Origin,
      offset: this.offset,
      requestId: 0,
      status: this.status,
      responseCode: 0,
      exception: this.exception,
      result: this.result,
      declaredBytes,
      xRequestId: '',
    });
    this.origin = undefined;
  }
}
