/** The read API over the real engine, for tests of what other tools ask for. */
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import { defaultQueryLimits, defaultReadLimits } from '../../query/config.ts';
import { serveQueries } from '../../query/http/http-server.ts';
import { clickHouseTraceStore } from '../../query/store/clickhouse-trace-store.ts';
import { boundedReader } from '../../query/store/read-limits.ts';
import { temporaryClickHouse, type TemporaryClickHouse } from '../../sink/testing/temporary-clickhouse.ts';

/** A running API with what it reads. */
export interface StoredApi {
  readonly database: TemporaryClickHouse;
  readonly port: number;
  /** Asks for a path. */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** Asks for JSON, whatever the status. */
  json(path: string): Promise<unknown>;
  close(): Promise<void>;
}

/** Serves what is stored of these messages. */
export async function storedApi(messages: readonly ReceivedMessage[]): Promise<StoredApi> {
  const database = await temporaryClickHouse();
  const { clickHouse } = database;
  await database.store(...messages);
  // Dictionaries load in the background.
  await clickHouse.execute('SYSTEM RELOAD DICTIONARIES');
  const server = await serveQueries({
    store: clickHouseTraceStore(clickHouse),
    reader: (signal) => boundedReader(clickHouse, defaultReadLimits, signal),
    telemetry: createTelemetry({ logger: createLogger({ name: 'test', level: 'silent' }) }),
    host: '127.0.0.1',
    port: 0,
    limits: defaultQueryLimits,
  });
  const get: StoredApi['get'] = (path, headers = {}) => fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
  return {
    database,
    port: server.port,
    get,
    json: async (path) => (await get(path)).json(),
    async close() {
      await server.close();
      await database.remove();
    },
  };
}
