import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../core/config/section.ts';
import { integerSetting, textSetting } from '../core/config/setting.ts';
import type { ListenAddress } from '../core/listen.ts';

/** Settings of the query stage: SPANLOOM_QUERY_…. Where the database is, is in core/clickhouse/config.ts. */
export const queryConfig = defineConfig(
  z.object({
    host: textSetting({
      description: 'Address the API listens on. It has no access control: leave it at this machine unless a proxy has.',
      default: '127.0.0.1',
    }),
    port: integerSetting({
      description: 'Port the API listens on; 0 takes a free one.',
      default: '6480',
      minimum: 0,
      maximum: 65_535,
    }),
    concurrency: integerSetting({
      description: 'Requests to the database at the same time; others wait.',
      default: '2',
      minimum: 1,
      maximum: 64,
    }),
  }),
  'query',
);

export type QueryConfig = ConfigOf<typeof queryConfig>;

/** Where the API listens. */
export function queryAddress({ host, port }: Pick<QueryConfig, 'host' | 'port'>): ListenAddress {
  return { host, port, what: 'The query API', portSetting: 'SPANLOOM_QUERY_PORT' };
}
