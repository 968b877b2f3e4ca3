import { clickHouseDirectory } from '../core/clickhouse/config.ts';
import { requireFreePort } from '../core/listen.ts';
import { defineStage } from '../core/stage/stage-definition.ts';
import { queryAddress, queryConfig } from './config.ts';

/** The query API as a stage: reads ClickHouse, serves HTTP; uses no topic. */
export const queryStage = defineStage({
  name: 'query',
  description: 'serves the traces in ClickHouse over HTTP',
  settings: { query: queryConfig },
  stores: ['clickHouse'],
  reads: [],
  writes: [],
  port: { name: 'http', setting: 'SPANLOOM_QUERY_PORT' },
  async check({ query }) {
    await requireFreePort(queryAddress(query));
  },
  async run({ settings, dataDirectory, ...context }) {
    const { runQuery } = await import('./run.ts');
    await runQuery({ ...context, config: settings.query, dataDirectory: clickHouseDirectory(dataDirectory) });
  },
});
