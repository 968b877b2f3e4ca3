/** How a request gets its answer within the limits of all: a place, a deadline, and a client that reads. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PipelineError } from '../../core/errors.ts';
import { answerHeaders } from '../../core/http/answer-headers.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { queryEvents } from '../internal-events.ts';
import type { QueryMetrics } from '../query-metrics.ts';
import type { Admission } from './admission.ts';
import { type Answer, problems } from './answer.ts';
import { type QueryLimits, retryAfterSeconds } from './limits.ts';
import { writeAnswer } from './write-answer.ts';

/** A request that has arrived. */
export interface Received {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Address of the client, or the user as whom a proxy names it. */
  readonly client: string;
  /** Of its query string. */
  readonly parameters: URLSearchParams;
  /** Fires when the connection is closed. */
  readonly closed: AbortSignal;
}

/** A request in progress. */
export interface Exchange extends Received {
  /** Ends the request: with its connection, at its deadline, or to free its place for another. */
  readonly ended: AbortController;
}

/** An answer that can be written as it is. */
export type WritableAnswer = Exclude<Answer, { kind: 'json' }>;

export interface AnsweringOptions {
  readonly limits: QueryLimits;
  readonly admission: Admission;
  readonly metrics: QueryMetrics;
  readonly telemetry: Telemetry;
}

/** Status in metrics of a request whose client disconnected before its answer was complete. */
const goneStatus = 499;

/** Answers requests; see the top of the file. */
export class Answering {
  readonly #options: AnsweringOptions;

  constructor(options: AnsweringOptions) {
    this.#options = options;
  }

  /** Calls something with a request that ends at its deadline, if it has one, and in any case when that resolves. */
  async until(received: Received, answer: (exchange: Exchange) => Promise<void>, hasDeadline = true): Promise<void> {
    const { closed } = received;
    const ended = new AbortController();
    const late = new PipelineError('DESTINATION_UNAVAILABLE', 'the request took too long');
    const { requestTimeoutMs } = this.#options.limits;
    const deadline = hasDeadline ? setTimeout(() => ended.abort(late), requestTimeoutMs) : undefined;
    const leave = (): void => ended.abort(closed.reason);
    if (closed.aborted) leave();
    else closed.addEventListener('abort', leave, { once: true });
    try {
      await answer({ ...received, ended });
    } finally {
      clearTimeout(deadline);
      closed.removeEventListener('abort', leave);
      ended.abort(new Error('the request is over'));
    }
  }

  /** Answers a request if there is a place for it. @param route for metrics */
  async inPlace(exchange: Exchange, route: string, answerOf: () => Promise<WritableAnswer>): Promise<void> {
    const { client, ended } = exchange;
    const evict = (): void => ended.abort(new Error('another request needed the place of a client that does not read'));
    const admitted = this.#options.admission.enter(client, evict);
    if (admitted.kind !== 'admitted') {
      const answer =
        admitted.kind === 'full'
          ? problems(503, 'too many requests are waiting')
          : problems(429, 'too many requests of this client are waiting');
      const headers = { 'retry-after': String(retryAfterSeconds) };
      await this.write(exchange, route, () => Promise.resolve({ ...answer, headers }));
      return;
    }
    try {
      await this.write(exchange, route, answerOf, admitted.slot.stalls);
    } finally {
      admitted.slot.leave();
    }
  }

  /** Answers a request that needs no place. */
  async write(
    { response, closed, ended }: Exchange,
    route: string,
    answerOf: () => Promise<WritableAnswer>,
    stalls: (isStalled: boolean) => void = () => undefined,
  ): Promise<void> {
    const { limits, metrics, telemetry } = this.#options;
    const startedAtMs = performance.now();
    const answer = await this.#answerOrProblem(route, ended.signal, answerOf);
    let status = answer.kind === 'pieces' ? 200 : (answer.status ?? 200);
    try {
      await writeAnswer(response, begin(response, answer), {
        stallTimeoutMs: limits.stallTimeoutMs,
        // If the deadline passed before there was an answer, the client still gets an error.
        signal: ended.signal.aborted ? closed : ended.signal,
        stalls,
        buffered: metrics.buffered,
      });
    } catch (error) {
      // A whole answer and the beginning of one must differ for the client.
      status = goneStatus;
      if (!closed.aborted) telemetry.emit(queryEvents.cut, { route, error });
      response.destroy();
    }
    metrics.answered(route, status, (performance.now() - startedAtMs) / 1000);
  }

  async #answerOrProblem(
    route: string,
    signal: AbortSignal,
    answerOf: () => Promise<WritableAnswer>,
  ): Promise<WritableAnswer> {
    try {
      return await answerOf();
    } catch (error) {
      if (!signal.aborted) this.#options.telemetry.emit(queryEvents.failed, { route, error });
      return error instanceof PipelineError
        ? problems(503, error.message)
        : problems(500, 'the request could not be answered');
    }
  }
}

/** Media type of JSON. */
export const jsonType = 'application/json; charset=utf-8';

/** Writes the head, and gives the pieces of the body. */
async function* begin(response: ServerResponse, answer: WritableAnswer): AsyncGenerator<string | Buffer> {
  const type = answer.kind === 'whole' ? jsonType : (answer.type ?? jsonType);
  const headers = { ...answerHeaders, 'content-type': type, ...answer.headers };
  if (answer.kind === 'pieces') {
    response.writeHead(200, headers);
    yield* answer.pieces;
    return;
  }
  const { status = 200 } = answer;
  const text = answer.kind === 'whole' ? JSON.stringify(answer.body) : answer.text;
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) });
  yield text;
}
