/**
 * The read API. Everything is GET. Answers are JSON, /metrics is text; errors of a request come as `{"problems":[…]}`.
 *
 *   GET /api/traces?service=&endpoint=&protocol=&status=&where=&min_duration=&max_duration=&from=&to=&sort=&limit=
 *   GET /api/traces/<id, or its first digits>
 *   GET /api/traces/<stored id>/likely-edges
 *   GET /api/traces/<stored id>/flows
 *   GET /healthz
 *   GET /metrics
 *
 * Input: HTTP requests, ClickHouse. Output: JSON. State: requests in progress. Bounds: SPANLOOM_QUERY_MAX_REQUESTS and
 * _MAX_CLIENT_REQUESTS at once (admission.ts), _CONCURRENCY of them in the database (concurrency-limit.ts); in time
 * _REQUEST_TIMEOUT and _STALL_TIMEOUT; of one statement _STATEMENT_TIMEOUT and _STATEMENT_MEMORY (read-limits.ts).
 *
 * A request ends when its client disconnects, at its deadline, or when its client does not read and another needs the slot;
 * its SQL ends with it. Health and metrics have no limit.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PipelineError } from '../../core/errors.ts';
import { answerHeaders } from '../../core/http/answer-headers.ts';
import { closeServer, createBoundedServer, serverLimits } from '../../core/http/bounded-server.ts';
import { foreignReason, type OwnNames } from '../../core/http/foreign-request.ts';
import { listen } from '../../core/listen.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { Admission } from './admission.ts';
import { type Answer, problems } from './answer.ts';
import { queryAddress } from '../config.ts';
import { maxUrlLength, type QueryLimits, retryAfterSeconds } from './limits.ts';
import { queryEvents } from '../internal-events.ts';
import { queryMetrics } from '../query-metrics.ts';
import { parseQueryString } from './query-string.ts';
import { traceRoutes } from '../api/routes.ts';
import type { PagedTraceStore } from '../store/trace-store.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import { writeAnswer } from './write-answer.ts';

/** Options of the API server. */
export interface QueryServerOptions {
  readonly store: PagedTraceStore;
  readonly telemetry: Telemetry;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits: QueryLimits;
  /** Host names that clients may use, besides addresses and `localhost`. */
  readonly allowedHosts?: readonly string[];
  /** Reported by /healthz, so that a client can see whose traces these are. */
  readonly dataDirectory?: string;
}

/** A running API. */
export interface QueryServer {
  readonly port: number;
  close(): Promise<void>;
}

/** A request in progress. */
interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Fires when the connection is closed. */
  readonly closed: AbortSignal;
  /** Ends the request: with its connection, at its deadline, or to free its slot for another. */
  readonly ended: AbortController;
  readonly stalls: (isStalled: boolean) => void;
}

/** Timeout of the database's health check. */
const pingTimeoutMs = 3_000;
/** Status in metrics of a request whose client disconnected before its answer was complete. */
const goneStatus = 499;

/** Serves the API until it is closed. @throws PipelineError ENVIRONMENT_UNSUPPORTED when the address is taken */
export async function serveQueries(options: QueryServerOptions): Promise<QueryServer> {
  const { telemetry, host, port } = options;
  const handler = new RequestHandler(options);
  const server = createBoundedServer(serverLimits, (request, response, closed) => {
    handler.handle(request, response, closed).catch((error: unknown) => {
      telemetry.emit(queryEvents.failed, { route: 'other', error });
      response.destroy();
    });
  });
  const listeningPort = await listen(server, queryAddress({ host, port }));
  return { port: listeningPort, close: () => closeServer(server) };
}

/** Answers requests, within the limits of them all. */
class RequestHandler {
  readonly #options: QueryServerOptions;
  readonly #own: OwnNames;
  readonly #admission: Admission;
  readonly #routes: ReturnType<typeof traceRoutes>;
  readonly #metrics: ReturnType<typeof queryMetrics>;
  /** Answered without limits, so that they work while all slots are taken. */
  readonly #unlimited: ReadonlyMap<string, () => Promise<Answer>> = new Map([
    ['/healthz', () => this.#health()],
    ['/metrics', () => this.#ownMetrics()],
  ]);

  constructor(options: QueryServerOptions) {
    const { store, telemetry, limits, allowedHosts = [] } = options;
    const concurrency = new ConcurrencyLimit(limits.maxConcurrency);
    this.#options = options;
    this.#own = { allowedHosts: new Set(allowedHosts.map((name) => name.toLowerCase())) };
    this.#admission = new Admission(limits);
    this.#routes = traceRoutes(store, concurrency);
    this.#metrics = queryMetrics(telemetry.registry, this.#admission, concurrency);
  }

  async #health(): Promise<Answer> {
    const { store, dataDirectory } = this.#options;
    const problem = await within(store.ping(), pingTimeoutMs);
    if (problem !== undefined) return problems(503, problem);
    const directory = dataDirectory === undefined ? {} : { data_directory: dataDirectory };
    return { kind: 'whole', status: 200, body: { name: 'spanloom', status: 'ok', ...directory } };
  }

  async #ownMetrics(): Promise<Answer> {
    const { registry } = this.#options.telemetry;
    return { kind: 'text', type: registry.contentType, text: await registry.metrics() };
  }

  /** Answers a request, with whatever is wrong with it too. */
  async handle(request: IncomingMessage, response: ServerResponse, closed: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const deadline = setTimeout(
      () => ended.abort(new PipelineError('DESTINATION_UNAVAILABLE', 'the request took too long')),
      this.#options.limits.requestTimeoutMs,
    );
    const leave = (): void => ended.abort(closed.reason);
    if (closed.aborted) leave();
    else closed.addEventListener('abort', leave, { once: true });
    const exchange: Exchange = { request, response, closed, ended, stalls: () => undefined };
    try {
      const parsed = parseRequest(request, this.#own);
      const answerOf = parsed.kind === 'request' ? this.#unlimited.get(parsed.path) : () => Promise.resolve(parsed);
      if (answerOf !== undefined)
        await this.#send(exchange, parsed.kind === 'request' ? parsed.path : 'other', answerOf);
      else if (parsed.kind === 'request') await this.#answerInSlot(parsed, exchange);
    } finally {
      clearTimeout(deadline);
      closed.removeEventListener('abort', leave);
    }
  }

  async #answerInSlot({ path, parameters }: ParsedRequest, exchange: Exchange): Promise<void> {
    const { request, ended } = exchange;
    const [route, answerOf] = this.#routes.find({ path, parameters, signal: ended.signal });
    const evict = (): void => ended.abort(new Error('another request needed the place of a client that does not read'));
    const admitted = this.#admission.enter(request.socket.remoteAddress ?? '', evict);
    if (admitted.kind !== 'admitted') {
      const answer =
        admitted.kind === 'full'
          ? problems(503, 'too many requests are waiting')
          : problems(429, 'too many requests of this client are waiting');
      const headers = { 'retry-after': String(retryAfterSeconds) };
      await this.#send(exchange, route, () => Promise.resolve({ ...answer, headers }));
      return;
    }
    try {
      await this.#send({ ...exchange, stalls: admitted.slot.stalls }, route, answerOf);
    } finally {
      admitted.slot.leave();
    }
  }

  async #send(exchange: Exchange, route: string, answerOf: () => Promise<Answer>): Promise<void> {
    const { response, closed, ended, stalls } = exchange;
    const startedAtMs = performance.now();
    const answer = await this.#answerOrProblem(route, ended.signal, answerOf);
    let status = answer.kind === 'whole' ? answer.status : 200;
    try {
      await writeAnswer(response, begin(response, answer), {
        stallTimeoutMs: this.#options.limits.stallTimeoutMs,
        // If the deadline passed before there was an answer, the client still gets an error.
        signal: ended.signal.aborted ? closed : ended.signal,
        stalls,
        buffered: this.#metrics.buffered,
      });
    } catch (error) {
      // A whole answer and the beginning of one must differ for the client.
      status = goneStatus;
      if (!closed.aborted) this.#options.telemetry.emit(queryEvents.cut, { route, error });
      response.destroy();
    }
    this.#metrics.answered(route, status, (performance.now() - startedAtMs) / 1000);
  }

  async #answerOrProblem(route: string, signal: AbortSignal, answerOf: () => Promise<Answer>): Promise<Answer> {
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

/** Writes the head, and gives the pieces of the body. */
async function* begin(response: ServerResponse, answer: Answer): AsyncGenerator<string> {
  const type = answer.kind === 'text' ? answer.type : 'application/json; charset=utf-8';
  const headers = { ...answerHeaders, 'content-type': type };
  if (answer.kind === 'pieces') {
    response.writeHead(200, headers);
    yield* answer.pieces;
    return;
  }
  const text = answer.kind === 'text' ? answer.text : JSON.stringify(answer.body);
  const [status, further] = answer.kind === 'text' ? [200, {}] : [answer.status, answer.headers];
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text), ...further });
  yield text;
}

interface ParsedRequest {
  readonly kind: 'request';
  readonly path: string;
  readonly parameters: URLSearchParams;
}

/** What is asked for, or why it is not answered. */
function parseRequest(
  { method, url = '', headers, rawHeaders, socket }: IncomingMessage,
  own: OwnNames,
): ParsedRequest | Extract<Answer, { kind: 'whole' }> {
  const foreign = foreignReason({ rawHeaders, localAddress: socket.localAddress }, own);
  if (foreign !== undefined) return problems(403, foreign);
  if (method !== 'GET') return closing(problems(405, 'only GET is understood'), { allow: 'GET' });
  if (headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0)
    return closing(problems(400, 'a request must have no body'));
  if (url.length > maxUrlLength) return problems(414, `the path must have at most ${maxUrlLength} characters`);
  if (!url.startsWith('/')) return problems(400, 'the request has no readable path');
  const at = url.includes('?') ? url.indexOf('?') : url.length;
  const query = parseQueryString(url.slice(at + 1));
  if (query.kind === 'problems') return problems(400, ...query.problems);
  return { kind: 'request', path: url.slice(0, at), parameters: query.parameters };
}

/** A body may follow on the connection, which is not read. */
function closing(
  answer: Extract<Answer, { kind: 'whole' }>,
  headers: Readonly<Record<string, string>> = {},
): Extract<Answer, { kind: 'whole' }> {
  return { ...answer, headers: { ...headers, connection: 'close' } };
}

/** Why something failed, or that it took too long; undefined when it did not. */
async function within(work: Promise<void>, timeoutMs: number): Promise<string | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve('the database does not answer'), timeoutMs);
  });
  const done = work.then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  try {
    return await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}
