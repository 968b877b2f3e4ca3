import { resolve } from 'node:path';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { migrate } from '../core/clickhouse/migrate.ts';
import { connect } from '../core/stage/connect.ts';
import { stageEvents } from '../core/telemetry/stage-telemetry.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { clickHouseTraceStore } from './store/clickhouse-trace-store.ts';
import { boundedReader } from './store/read-limits.ts';
import { accessRules, type QueryConfig, queryLimits, readLimits } from './config.ts';
import { serveQueries } from './http/http-server.ts';
import { queryEvents } from './internal-events.ts';

/** Options of the query stage. The caller closes the database. */
export interface RunQueryOptions {
  readonly config: QueryConfig;
  readonly clickHouse: ClickHouse;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  /** Directory of the embedded ClickHouse; /healthz reports it. */
  readonly dataDirectory?: string;
  /** Called with the port once the API listens. */
  readonly listening?: (port: number) => void;
}

/**
 * Migrates the database, then serves the read API until the signal fires.
 *
 * Input: HTTP requests and ClickHouse. Output: JSON. State: requests in progress. Bounds: SPANLOOM_QUERY_* (http-server.ts).
 */
export async function runQuery(options: RunQueryOptions): Promise<void> {
  const { config, clickHouse, telemetry, signal } = options;
  telemetry.health.check('ClickHouse', () => clickHouse.ping());
  await connect('migrate', () => migrate(clickHouse), { telemetry: stageEvents(telemetry, 'query'), signal });
  if (signal.aborted) return;
  const limits = readLimits(config);
  const server = await serveQueries({
    store: clickHouseTraceStore(clickHouse, limits),
    reader: (ended) => boundedReader(clickHouse, limits, ended),
    telemetry,
    host: config.host,
    port: config.port,
    limits: queryLimits(config),
    allowedHosts: config.hosts,
    access: accessRules(config),
    ...(options.dataDirectory === undefined ? {} : { dataDirectory: resolve(options.dataDirectory) }),
  });
  telemetry.health.serves('query');
  telemetry.emit(queryEvents.listening, { stage: 'query', host: config.host, port: server.port });
  options.listening?.(server.port);
  await new Promise<void>((stop) => {
    if (signal.aborted) stop();
    else signal.addEventListener('abort', () => stop(), { once: true });
  });
  await server.close();
}
