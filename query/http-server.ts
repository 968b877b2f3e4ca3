/**
 * The read API. Everything is GET and JSON; what is wrong with a request comes as `{"problems":[…]}`, all at once.
 *
 *   GET /api/traces?service=&endpoint=&protocol=&status=&where=&min_duration=&max_duration=&from=&to=&sort=&limit=
 *   GET /api/traces/<id, or its first digits>
 *   GET /healthz
 *   GET /metrics
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Counter, Histogram } from 'prom-client';
import { PipelineError } from '../core/errors.ts';
import { listen } from '../core/listen.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import type { JsonObject } from '../schemas/trace-json.ts';
import { queryAddress } from './config.ts';
import { namedTraceToJson } from './named-trace-json.ts';
import { queryEvents } from './query-events.ts';
import { summaryToJson } from './summary-json.ts';
import { parseTraceFilter } from './trace-filter-parameters.ts';
import type { TraceStore } from './trace-store.ts';

/** How the API is served. */
export interface QueryServerOptions {
  readonly store: TraceStore;
  readonly telemetry: Telemetry;
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Requests to the database at the same time; others wait. */
  readonly maxConcurrency: number;
  /** Told by /healthz, so that a client can see whose traces these are. */
  readonly dataDirectory?: string;
}

/** A running API. */
export interface QueryServer {
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: JsonObject;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Requests that wait for their turn; beyond them the answer is 503. */
const maxWaiting = 64;
const loopbackHosts: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]']);

const problems = (status: number, ...texts: readonly string[]): Answer => ({ status, body: { problems: texts } });

/** Lets so many tasks run at a time. */
function limiter(limit: number): {
  run<Result>(task: () => Promise<Result>): Promise<Result>;
  readonly waiting: number;
} {
  const waiting: (() => void)[] = [];
  let running = 0;
  return {
    get waiting() {
      return waiting.length;
    },
    async run(task) {
      if (running >= limit) await new Promise<void>((resolve) => waiting.push(resolve));
      else running++;
      try {
        return await task();
      } finally {
        const next = waiting.shift();
        // The place goes to the next one directly, so that nobody can slip in between.
        if (next === undefined) running--;
        else next();
      }
    },
  };
}

/** Serves the API until it is closed. @throws PipelineError ENVIRONMENT_UNSUPPORTED when the address is taken */
export async function serveQueries(options: QueryServerOptions): Promise<QueryServer> {
  const { store, telemetry, host, port } = options;
  const registers = [telemetry.registry];
  const requests = new Counter({
    name: 'spanloom_query_requests_total',
    help: 'Requests to the read API, by route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const seconds = new Histogram({
    name: 'spanloom_query_duration_seconds',
    help: 'Time to answer a request.',
    labelNames: ['route'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
    registers,
  });
  const turns = limiter(options.maxConcurrency);
  const isLoopback = loopbackHosts.has(host) || host === '::1';

  async function list(parameters: URLSearchParams): Promise<Answer> {
    const parsed = parseTraceFilter(parameters);
    if (parsed.kind === 'problems') return problems(400, ...parsed.problems);
    const traces = await turns.run(() => store.listTraces(parsed.filter));
    return { status: 200, body: { traces: traces.map(summaryToJson) } };
  }

  async function one(id: string, parameters: URLSearchParams): Promise<Answer> {
    const wrong = [...parameters.keys()].map((name) => `${name}: unknown parameter; there are none`);
    if (!/^[0-9a-fA-F]{1,32}$/.test(id)) wrong.unshift('the trace id must be 1 to 32 hexadecimal digits');
    if (wrong.length > 0) return problems(400, ...wrong);
    const found = await turns.run(() => store.findTrace(id.toLowerCase()));
    switch (found.kind) {
      case 'missing':
        return problems(404, `there is no trace ${id}`);
      case 'ambiguous':
        return {
          status: 409,
          body: { problems: [`several traces begin with ${id}`], trace_ids: found.traceIds },
        };
      case 'found':
        return { status: 200, body: namedTraceToJson(found.named) };
    }
  }

  async function health(): Promise<Answer> {
    // Not in the queue of the others: a busy database is a healthy one.
    await store.findTrace('0'.repeat(32));
    const directory = options.dataDirectory === undefined ? {} : { data_directory: options.dataDirectory };
    return { status: 200, body: { name: 'spanloom', status: 'ok', ...directory } };
  }

  /** The route, for metrics, and what answers it. */
  function routeOf(path: string, parameters: URLSearchParams): readonly [string, () => Promise<Answer>] {
    if (path === '/api/traces') return ['/api/traces', () => list(parameters)];
    const id = /^\/api\/traces\/([^/]+)$/.exec(path)?.[1];
    if (id !== undefined) return ['/api/traces/:id', () => one(id, parameters)];
    if (path === '/healthz') return ['/healthz', health];
    return ['other', () => Promise.resolve(problems(404, `there is no ${path}`))];
  }

  function isForeign(request: IncomingMessage): boolean {
    // A page of another site must not read traces through a name that it points to this machine.
    const name = (request.headers.host ?? '').replace(/:\d+$/, '').toLowerCase();
    return isLoopback && !loopbackHosts.has(name);
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const startedAtMs = performance.now();
    let url: URL;
    try {
      url = new URL(request.url ?? '/', 'http://localhost');
    } catch {
      send(response, problems(400, 'the request has no readable path'));
      return;
    }
    if (url.pathname === '/metrics' && request.method === 'GET' && !isForeign(request)) {
      response.writeHead(200, { 'content-type': telemetry.registry.contentType });
      response.end(await telemetry.registry.metrics());
      return;
    }
    const [route, answerOf] = routeOf(url.pathname, url.searchParams);
    let answer: Answer;
    if (isForeign(request)) answer = problems(403, 'only requests to this machine by its own name are answered');
    else if (request.method !== 'GET')
      answer = { ...problems(405, 'only GET is understood'), headers: { allow: 'GET' } };
    else if (turns.waiting >= maxWaiting) answer = problems(503, 'too many requests are waiting');
    else {
      try {
        answer = await answerOf();
      } catch (error) {
        telemetry.emit(queryEvents.failed, { route, error });
        answer =
          error instanceof PipelineError
            ? problems(503, error.message)
            : problems(500, 'the request could not be answered');
      }
    }
    send(response, answer);
    requests.inc({ route, status: answer.status });
    seconds.observe({ route }, (performance.now() - startedAtMs) / 1000);
  }

  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    handle(request, response).catch((error: unknown) => {
      telemetry.emit(queryEvents.failed, { route: 'other', error });
      response.destroy();
    });
  });
  const listeningPort = await listen(server, queryAddress({ host, port }));
  return {
    port: listeningPort,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeIdleConnections();
        // Whoever keeps a request open must not keep the process from ending.
        setTimeout(() => server.closeAllConnections(), 1000).unref();
      }),
  };
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  response.end(text);
}
