/**
 * What machines ask a process, over HTTP:
 *
 *   GET /healthz   200 while it is alive; 503 when it hangs and should be killed
 *   GET /readyz    200 when others may count on it; 503 otherwise
 *   GET /metrics   Prometheus text format 0.0.4
 *
 * The body of a 503 says why, one reason a line.
 */
import { createServer, type ServerResponse } from 'node:http';
import { listen } from '../listen.ts';
import type { Telemetry } from './telemetry.ts';

/** Where to listen, and what counts as alive. */
export interface ServeTelemetryOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A stage that gave no sign of life for longer counts as hanging. */
  readonly livenessTimeoutMs: number;
}

/** A running endpoint. */
export interface TelemetryServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Serves until it is closed. @throws PipelineError ENVIRONMENT_UNSUPPORTED when the address cannot be taken */
export async function serveTelemetry(
  { registry, health }: Pick<Telemetry, 'registry' | 'health'>,
  { host, port, livenessTimeoutMs }: ServeTelemetryOptions,
): Promise<TelemetryServer> {
  const routes: Readonly<Record<string, (response: ServerResponse) => Promise<void> | void>> = {
    '/healthz': (response) => answer(response, health.deathProblems(livenessTimeoutMs)),
    '/readyz': async (response) => answer(response, await health.readinessProblems()),
    '/metrics': async (response) => {
      const text = await registry.metrics();
      response.writeHead(200, { 'content-type': registry.contentType }).end(text);
    },
  };
  const server = createServer({ requestTimeout: 30_000 }, (request, response) => {
    const route = routes[(request.url ?? '').split('?', 1)[0]!];
    if (route === undefined || (request.method !== 'GET' && request.method !== 'HEAD')) {
      response.writeHead(route === undefined ? 404 : 405).end();
      return;
    }
    Promise.resolve(route(response)).catch(() => response.writeHead(500).end());
  });
  const listeningPort = await listen(server, {
    host,
    port,
    what: 'The server of metrics',
    portSetting: 'SPANLOOM_METRICS_PORT',
  });
  return {
    port: listeningPort,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, problems: readonly string[]): void {
  const text = problems.length === 0 ? 'ok' : problems.join('\n');
  response.writeHead(problems.length === 0 ? 200 : 503, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(`${text}\n`);
}
