import { clickHouseDirectory } from '../core/clickhouse/config.ts';
import { openTraceStore } from '../query/store/open-trace-store.ts';
import type { TraceStore } from '../query/store/trace-store.ts';
import type { Settings } from './settings.ts';

/** The traces of the data directory: through the running process that has them open, else directly. */
export function openStoredTraces(settings: Settings): Promise<TraceStore> {
  const { shared, query, clickHouse } = settings;
  const host = query.host.includes(':') ? `[${query.host}]` : query.host;
  return openTraceStore({
    url: `http://${host}:${query.port}`,
    ...(query.token === undefined ? {} : { token: query.token }),
    directory: clickHouseDirectory(shared.dataDir),
    clickHouse,
  });
}
