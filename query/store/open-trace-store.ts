import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type ClickHouseConfig, openClickHouse } from '../../core/clickhouse/config.ts';
import { migrate } from '../../core/clickhouse/migrate.ts';
import { PipelineError } from '../../core/errors.ts';
import { isDirectory } from '../../core/files/is-directory.ts';
import { clickHouseTraceStore } from './clickhouse-trace-store.ts';
import { getJson } from '../api/api-client.ts';
import { httpTraceStore } from '../api/http-trace-store.ts';
import type { TraceStore } from './trace-store.ts';

/** Without a listener the refusal is immediate; this timeout is for a busy process. */
const probeTimeoutMs = 5_000;

/** Where traces may be. */
export interface OpenTraceStoreOptions {
  /** The API of a running process, such as http://127.0.0.1:6480. */
  readonly url: string;
  /** SPANLOOM_QUERY_TOKEN, if the API has one. */
  readonly token?: string;
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
  const health = await getJson(url, '/healthz', probeTimeoutMs).catch(() => undefined);
  if (health?.status === 200 && health.body['name'] === 'spanloom') {
    const served = health.body['data_directory'];
    if (served === undefined || served === directory) return httpTraceStore(url, options.token);
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
