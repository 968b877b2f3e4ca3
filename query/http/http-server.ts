/**
 * The read API. Everything is GET. What is answered is in query/routes.ts, a definition with its handler for each route;
 * errors of a request come as `{"problems":[…]}`. Beside the routes there are /healthz, /metrics and /api/openapi.json.
 *
 * Input: HTTP requests, ClickHouse. Output: JSON. State: requests in progress. Bounds: SPANLOOM_QUERY_MAX_REQUESTS and
 * _MAX_CLIENT_REQUESTS at once (admission.ts), _CONCURRENCY of them in the database (concurrency-limit.ts); in time
 * _REQUEST_TIMEOUT and _STALL_TIMEOUT; of one statement _STATEMENT_TIMEOUT and _STATEMENT_MEMORY (read-limits.ts).
 *
 * A request ends when its client disconnects, at its deadline, or when its client does not read and another needs the slot;
 * its SQL ends with it. Health and metrics have no limit.
 *
 * Fastify finds the route and knows what its answer looks like. It never sees a request that is refused whatever it asks
 * for, and never writes: answering.ts does, which knows whether the client reads.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { fastify, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import { closeServer, createBoundedServer, serverLimits } from '../../core/http/bounded-server.ts';
import type { OwnNames } from '../../core/http/foreign-request.ts';
import { listen } from '../../core/listen.ts';
import { projectFile } from '../../core/project-files.ts';
import type { Telemetry } from '../../core/telemetry/telemetry.ts';
import { queryAddress } from '../config.ts';
import { queryEvents } from '../internal-events.ts';
import { queryMetrics } from '../query-metrics.ts';
import { routes } from '../routes.ts';
import type { Reader } from '../store/read-limits.ts';
import type { PagedTraceStore } from '../store/trace-store.ts';
import type { AccessRules } from './access.ts';
import { Admission } from './admission.ts';
import { problems } from './answer.ts';
import { Answering, type Exchange, jsonType, type Received, type WritableAnswer } from './answering.ts';
import { ConcurrencyLimit } from './concurrency-limit.ts';
import type { Route } from './define-route.ts';
import { maxUrlLength, type QueryLimits, streamLimits } from './limits.ts';
import { describeRoutes, schemaOf } from './openapi.ts';
import { PageFiles } from './page-files.ts';
import { parseRequest, type RequestRules } from './parse-request.ts';
import { readParameters } from './read-parameters.ts';
import { timeRangeOf } from './time-range.ts';

/** Options of the API server. */
export interface QueryServerOptions {
  readonly store: PagedTraceStore;
  /** Reads the database for one request, until the signal fires. */
  readonly reader: (signal: AbortSignal) => Reader;
  readonly telemetry: Telemetry;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly limits: QueryLimits;
  /** Host names that clients may use, besides addresses and `localhost`. */
  readonly allowedHosts?: readonly string[];
  /** Who may ask; everybody without it. */
  readonly access?: AccessRules;
  /** Where the page is built. */
  readonly pageDirectory?: string;
  /** Reported by /healthz, so that a client can see whose traces these are. */
  readonly dataDirectory?: string;
}

/** A running API. */
export interface QueryServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Timeout of the database's health check. */
const pingTimeoutMs = 3_000;
/** Metrics call requests so that have no route. */
const noRoute = 'other';
/** Not in OpenAPI. */
const hidden = { schema: { hide: true } } as const;

/** First parts of the paths of routes. At any other path is the page. */
const folderOf = (path: string): string => path.split('/', 2)[1] ?? '';
const routeFolders = new Set([...routes.map(({ definition }) => folderOf(definition.path)), 'healthz', 'metrics']);

/** A browser that opens a page, not a program that asks for data. */
const wantsPage = ({ headers }: IncomingMessage): boolean => (headers.accept ?? '').includes('text/html');

type AnswerExchange = (exchange: Exchange) => Promise<WritableAnswer>;

/** Serves the API until it is closed. @throws PipelineError ENVIRONMENT_UNSUPPORTED when the address is taken */
export async function serveQueries(options: QueryServerOptions): Promise<QueryServer> {
  const { host, port } = options;
  const app = await new QueryApplication(options).start();
  const listeningPort = await listen(app.server, queryAddress({ host, port }));
  return {
    port: listeningPort,
    async close() {
      await closeServer(app.server);
      await app.close();
    },
  };
}

/** The application of fastify with what its handlers share. */
class QueryApplication {
  readonly #options: QueryServerOptions;
  readonly #rules: RequestRules;
  readonly #page: PageFiles;
  readonly #concurrency: ConcurrencyLimit;
  readonly #answering: Answering;
  readonly #streams = new Admission(streamLimits);
  /** What fastify does not know of a request. */
  readonly #received = new WeakMap<IncomingMessage, Received>();

  constructor(options: QueryServerOptions) {
    const { telemetry, limits, allowedHosts = [], access = {} } = options;
    const { pageDirectory = projectFile('query', 'ui', 'build') } = options;
    const admission = new Admission(limits);
    this.#options = options;
    const own: OwnNames = { allowedHosts: new Set(allowedHosts.map((name) => name.toLowerCase())) };
    this.#rules = { own, access, isPage: (path) => !routeFolders.has(folderOf(path)) };
    this.#page = new PageFiles(pageDirectory);
    this.#concurrency = new ConcurrencyLimit(limits.maxConcurrency);
    const metrics = queryMetrics(telemetry.registry, admission, this.#concurrency);
    this.#answering = new Answering({ limits, admission, metrics, telemetry });
  }

  async start(): Promise<FastifyInstance> {
    const app = fastify({
      serverFactory: (handle) =>
        createBoundedServer(serverLimits, (request, response, closed) => {
          this.#receive(request, response, closed, handle).catch((error: unknown) => {
            this.#options.telemetry.emit(queryEvents.failed, { route: noRoute, error });
            response.destroy();
          });
        }),
      exposeHeadRoutes: false,
      // A path that cannot be decoded.
      frameworkErrors: (_, request, reply) =>
        void this.#answer(request, reply, noRoute, () => Promise.resolve(problems(400, 'the path cannot be read'))),
      routerOptions: { maxParamLength: maxUrlLength, querystringParser: () => ({}) },
    });
    app.setSerializerCompiler(serializerCompiler);
    // What a request says is read by readParameters, which finds all that is wrong with it.
    app.setValidatorCompiler(() => (value: unknown) => ({ value }));
    await describeRoutes(app);
    for (const route of routes)
      app.get(route.definition.path, { schema: schemaOf(route.definition) }, (request, reply) =>
        this.#answer(
          request,
          reply,
          route.definition.path,
          (exchange) => this.#answerOf(route, request, reply, exchange),
          !route.isEndless,
        ),
      );
    app.get('/api/openapi.json', hidden, (request, reply) =>
      this.#answer(request, reply, '/api/openapi.json', () =>
        Promise.resolve({ kind: 'text', type: jsonType, text: JSON.stringify(app.swagger()) }),
      ),
    );
    app.get('/healthz', hidden, (request, reply) =>
      this.#answerAlways(request, reply, '/healthz', () => this.#health()),
    );
    app.get('/metrics', hidden, (request, reply) =>
      this.#answerAlways(request, reply, '/metrics', () => this.#ownMetrics()),
    );
    app.setNotFoundHandler((request, reply) => {
      const path = request.raw.url!.replace(/\?.*$/s, '');
      const isPage = this.#rules.isPage(path) && (path === '/' || this.#page.has(path) || wantsPage(request.raw));
      return this.#answer(request, reply, isPage ? '/' : noRoute, () =>
        Promise.resolve(
          isPage
            ? this.#page.at(path, request.raw.headers['accept-encoding'] ?? '')
            : problems(404, 'there is nothing at this path'),
        ),
      );
    });
    await app.ready();
    return app;
  }

  /** Gives a request to fastify, unless it is refused. */
  async #receive(
    request: IncomingMessage,
    response: ServerResponse,
    closed: AbortSignal,
    handle: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<void> {
    const parsed = parseRequest(request, this.#rules);
    if (parsed.kind === 'request') {
      const { client, parameters } = parsed;
      this.#received.set(request, { request, response, closed, client, parameters });
      handle(request, response);
      return;
    }
    const received = { request, response, closed, client: '', parameters: new URLSearchParams() };
    await this.#answering.until(received, (exchange) =>
      this.#answering.write(exchange, noRoute, () => Promise.resolve(parsed.answer)),
    );
  }

  /** Answers a request that fastify has found a route for. */
  async #answer(
    { raw }: FastifyRequest,
    reply: FastifyReply,
    route: string,
    answerOf: AnswerExchange,
    hasDeadline = true,
  ): Promise<void> {
    reply.hijack();
    const inPlace = (exchange: Exchange): Promise<void> =>
      this.#answering.inPlace(exchange, route, () => answerOf(exchange));
    await this.#answering.until(this.#received.get(raw)!, inPlace, hasDeadline);
  }

  /** The same without limits, so that it works while all slots are taken. */
  async #answerAlways(
    { raw }: FastifyRequest,
    reply: FastifyReply,
    route: string,
    answerOf: AnswerExchange,
  ): Promise<void> {
    reply.hijack();
    await this.#answering.until(this.#received.get(raw)!, (exchange) =>
      this.#answering.write(exchange, route, () => answerOf(exchange)),
    );
  }

  async #answerOf(
    { definition, takesTurns, answer }: Route,
    request: FastifyRequest,
    reply: FastifyReply,
    { parameters, client, ended }: Exchange,
  ): Promise<WritableAnswer> {
    const read = readParameters(definition, request.params as Readonly<Record<string, string>>, parameters);
    if (read.kind === 'problems') return problems(400, ...read.problems);
    const { from, to } = read.request.query;
    const times = { ...(typeof from === 'bigint' && { from }), ...(typeof to === 'bigint' && { to }) };
    const resolved = timeRangeOf(times, BigInt(Date.now()) * 1_000_000n, this.#options.limits.maxRangeNs);
    if (definition.isOverTime === true && resolved.kind === 'problem') return problems(400, resolved.problem);
    const range = resolved.kind === 'range' ? resolved.range : { fromNs: 0n, toNs: 0n };
    const { signal } = ended;
    const inTurn = <Result>(task: () => Promise<Result>): Promise<Result> =>
      this.#concurrency.run(task, signal, client);
    const { store, reader } = this.#options;
    const accept = request.headers.accept ?? '';
    const context = { store, reader: reader(signal), signal, client, accept, range, inTurn, streams: this.#streams };
    const answered = await (takesTurns ? answer(read.request, context) : inTurn(() => answer(read.request, context)));
    if (answered.kind !== 'json') return answered;
    const { body, headers } = answered;
    const serialize = reply.getSerializationFunction('200', 'application/json')!;
    return {
      kind: 'text',
      type: jsonType,
      text: serialize(body as Record<string, unknown>),
      ...(headers && { headers }),
    };
  }

  async #health(): Promise<WritableAnswer> {
    const { store, dataDirectory } = this.#options;
    const problem = await within(store.ping(), pingTimeoutMs);
    if (problem !== undefined) return problems(503, problem);
    const directory = dataDirectory === undefined ? {} : { data_directory: dataDirectory };
    return { kind: 'whole', status: 200, body: { name: 'spanloom', status: 'ok', ...directory } };
  }

  async #ownMetrics(): Promise<WritableAnswer> {
    const { registry } = this.#options.telemetry;
    return { kind: 'text', type: registry.contentType, text: await registry.metrics() };
  }
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
