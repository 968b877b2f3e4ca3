/**
 * Probes and metrics of a process, over HTTP:
 *
 *   GET /healthz   200 while it is alive; 503 when it hangs and should be killed
 *   GET /readyz    200 when it is ready; 503 otherwise
 *   GET /metrics   Prometheus text format 0.0.4
 *
 * The body of a 503 says why, one reason a line.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerHeaders } from '../http/answer-headers.ts';
import { closeServer, createBoundedServer, serverLimits } from '../http/bounded-server.ts';
import { foreignReason, type OwnNames } from '../http/foreign-request.ts';
import { listen } from '../listen.ts';
import type { Telemetry } from './telemetry.ts';

/** Where to listen, and what counts as alive. */
export interface ServeTelemetryOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A stage that showed no progress for longer counts as hanging. */
  readonly livenessTimeoutMs: number;
}

/** A running endpoint. */
export interface TelemetryServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Idle connections are closed after this time. The longest answer takes less. */
const idleTimeoutMs = 15_000;
/** Metrics contain no secrets, and scrapers use host names of their own. */
const own: OwnNames = { allowedHosts: new Set(), anyOverNetwork: true };

/** Serves until it is closed. @throws PipelineError ENVIRONMENT_UNSUPPORTED when the address cannot be taken */
export async function serveTelemetry(
  { registry, health }: Pick<Telemetry, 'registry' | 'health'>,
  { host, port, livenessTimeoutMs }: ServeTelemetryOptions,
): Promise<TelemetryServer> {
  const readiness = shared(() => health.readinessProblems());
  const metrics = shared(() => registry.metrics());
  const routes: Readonly<Record<string, (response: ServerResponse) => Promise<void> | void>> = {
    '/healthz': (response) => answer(response, health.deathProblems(livenessTimeoutMs)),
    '/readyz': async (response) => answer(response, await readiness()),
    '/metrics': async (response) => send(response, 200, registry.contentType, await metrics()),
  };
  const server = createBoundedServer(serverLimits, (request, response) => {
    const refusal = refusalOf(request);
    if (refusal !== undefined) {
      // A body may follow, which is not read.
      response.setHeader('connection', 'close');
      send(response, refusal, plainText, '');
      return;
    }
    const path = (request.url ?? '').split('?', 1)[0]!;
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (route === undefined) send(response, 404, plainText, '');
    else Promise.resolve(route(response)).catch(() => send(response, 500, plainText, ''));
  });
  server.setTimeout(idleTimeoutMs);
  const listeningPort = await listen(server, {
    host,
    port,
    what: 'The server of metrics',
    portSetting: 'SPANLOOM_METRICS_PORT',
  });
  return {
    port: listeningPort,
    close: async () => {
      server.closeAllConnections();
      await closeServer(server);
    },
  };
}

const plainText = 'text/plain; charset=utf-8';

/** Many that ask at the same time share one answer. */
function shared<Value>(ask: () => Promise<Value>): () => Promise<Value> {
  let asked: Promise<Value> | undefined;
  return () =>
    (asked ??= ask().finally(() => {
      asked = undefined;
    }));
}

/** The status with which a request is refused; undefined when it is not. */
function refusalOf({ method, headers, rawHeaders, socket }: IncomingMessage): number | undefined {
  if (foreignReason({ rawHeaders, localAddress: socket.localAddress }, own) !== undefined) return 403;
  if (method !== 'GET' && method !== 'HEAD') return 405;
  const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0;
  return hasBody ? 400 : undefined;
}

function answer(response: ServerResponse, problems: readonly string[]): void {
  const text = problems.length === 0 ? 'ok' : problems.join('\n');
  send(response, problems.length === 0 ? 200 : 503, plainText, `${text}\n`);
}

function send(response: ServerResponse, status: number, type: string, text: string): void {
  response.writeHead(status, { ...answerHeaders, 'content-type': type }).end(text);
}
