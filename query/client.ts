/** Reading traces from outside: through the API of a running process, or from the data directory when there is none. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ClickHouseConfig, openClickHouse } from '../core/clickhouse/config.ts';
import { migrate } from '../core/clickhouse/migrate.ts';
import { PipelineError } from '../core/errors.ts';
import { isDirectory } from '../core/files/is-directory.ts';
import { type SideNames, type SpanNames, traceFromJson } from '../schemas/trace-json.ts';
import { clickHouseTraceStore } from './clickhouse-trace-store.ts';
import { summaryFromJson } from './summary-json.ts';
import { traceFilterParameters } from './trace-filter-parameters.ts';
import type { FoundTrace, TraceStore } from './trace-store.ts';

const requestTimeoutMs = 30_000;
/** Without a listener the refusal is immediate; this timeout is for a busy process. */
const probeTimeoutMs = 5_000;

interface SpanJson {
  readonly span_id: string;
  readonly service_name: string;
  readonly client_service_name: string;
  readonly server_service_name: string;
  readonly client_names: SideNames;
  readonly server_names: SideNames;
}

interface Response {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

async function get(base: string, path: string, timeoutMs: number): Promise<Response> {
  try {
    const response = await fetch(new URL(path, base), { signal: AbortSignal.timeout(timeoutMs) });
    const text = await response.text();
    return { status: response.status, body: objectOf(text) };
  } catch (error) {
    const message = `The query API at ${base} does not answer.`;
    throw new PipelineError('DESTINATION_UNAVAILABLE', message, { retryable: true, cause: error });
  }
}

/** What an answer says; nothing when it comes from something else than the API, such as the server below it or a proxy. */
function objectOf(text: string): Response['body'] {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Response['body'];
  } catch {
    // A page.
  }
  return {};
}

function refused(base: string, { status, body }: Response): PipelineError {
  const texts = Array.isArray(body['problems']) ? body['problems'].map(String) : [`status ${status}`];
  const code = status < 500 ? 'DESTINATION_REFUSED' : 'DESTINATION_UNAVAILABLE';
  return new PipelineError(code, `The query API at ${base} refused: ${texts.join('; ')}.`);
}

/** Traces behind the API at this address. */
export function httpTraceStore(base: string): TraceStore {
  return {
    async listTraces(filter) {
      const response = await get(base, `/api/traces?${traceFilterParameters(filter).toString()}`, requestTimeoutMs);
      if (response.status !== 200 || !Array.isArray(response.body['traces'])) throw refused(base, response);
      return (response.body['traces'] as readonly unknown[]).map(summaryFromJson);
    },
    async findTrace(id): Promise<FoundTrace> {
      const response = await get(base, `/api/traces/${encodeURIComponent(id)}`, requestTimeoutMs);
      const { status, body } = response;
      if (status === 404) return { kind: 'missing' };
      if (status === 409) return { kind: 'ambiguous', traceIds: body['trace_ids'] as readonly string[] };
      if (status !== 200) throw refused(base, response);
      const names = new Map<string, SpanNames>(
        (body['spans'] as readonly SpanJson[]).map((span) => [
          span.span_id,
          {
            serviceName: span.service_name,
            clientServiceName: span.client_service_name,
            serverServiceName: span.server_service_name,
            clientNames: span.client_names,
            serverNames: span.server_names,
          },
        ]),
      );
      // An API of a former version knows of one id only.
      const storedTraceId = String(body['stored_trace_id'] ?? body['trace_id']);
      const alsoCarriedBy = (body['also_carried_by'] ?? []) as readonly string[];
      const trace = traceFromJson({ carried_trace_id: '', ...body });
      return { kind: 'found', named: { trace, names, storedTraceId, alsoCarriedBy } };
    },
    close: () => Promise.resolve(),
  };
}

/** Where traces may be. */
export interface OpenTraceStoreOptions {
  /** The API of a running process, such as http://127.0.0.1:6480. */
  readonly url: string;
  /** Directory of the embedded ClickHouse. */
  readonly directory: string;
  readonly clickHouse: ClickHouseConfig;
}

/**
 * Opens the traces of a data directory: through the API when a process that serves this directory runs, else directly.
 *
 * @throws PipelineError with one sentence on what to do when there are no traces, or another process holds them
 */
export async function openTraceStore(options: OpenTraceStoreOptions): Promise<TraceStore> {
  const { url, clickHouse: config } = options;
  const directory = resolve(options.directory);
  const health = await get(url, '/healthz', probeTimeoutMs).catch(() => undefined);
  if (health?.status === 200 && health.body['name'] === 'spanloom') {
    const served = health.body['data_directory'];
    if (served === undefined || served === directory) return httpTraceStore(url);
  }
  // The folder of the engine's own notes: without it, this would make a new database.
  if (config.url === undefined && !(isDirectory(directory) && existsSync(join(directory, 'metadata'))))
    throw new PipelineError(
      'NOTHING_STORED',
      `There are no traces in ${directory}: run "spanloom up" first, or point SPANLOOM_DATA_DIR to where they are.`,
    );
  const clickHouse = await openClickHouse(config, directory);
  try {
    await migrate(clickHouse);
    return clickHouseTraceStore(clickHouse);
  } catch (error) {
    await clickHouse.close();
    throw error;
  }
}
