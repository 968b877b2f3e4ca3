import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../core/config/section.ts';
import { bytesSetting, durationMsSetting, integerSetting, listSetting, textSetting } from '../core/config/setting.ts';
import type { ListenAddress } from '../core/listen.ts';
import { defaultQueryLimits, type QueryLimits } from './limits.ts';
import type { ReadLimits } from './read-limits.ts';

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
    hosts: listSetting({
      description:
        'Names by which browsers and programs may address the API (the Host header), beside localhost and addresses, such as that of a proxy. Any other name is refused, since a page of another site can point a name of its own here.',
      default: '',
    }),
    maxRequests: integerSetting({
      description: 'Requests that are answered at the same time, waiting ones included; beyond them the answer is 503.',
      default: '64',
      minimum: 1,
      maximum: 10_000,
    }),
    maxClientRequests: integerSetting({
      description:
        'Of them, by one client address; beyond them the answer is 429. Behind a proxy all clients have its address.',
      default: '16',
      minimum: 1,
      maximum: 10_000,
    }),
    requestTimeout: durationMsSetting({
      description: 'Longest time for a request, until its client has the whole answer; then it is cut off.',
      default: '2m',
      minimum: 1_000,
    }),
    stallTimeout: durationMsSetting({
      description: 'A client that reads nothing of its answer for longer is disconnected.',
      default: '10s',
      minimum: 100,
    }),
    statementTimeout: durationMsSetting({
      description: 'Longest time for one statement in ClickHouse (max_execution_time).',
      default: '20s',
      minimum: 1_000,
    }),
    statementMemory: bytesSetting({
      description: 'Most memory for one statement in ClickHouse (max_memory_usage).',
      default: '512MiB',
      minimum: 16 * 1024 * 1024,
    }),
  }),
  { name: 'query', title: 'Query' },
);

export type QueryConfig = ConfigOf<typeof queryConfig>;

/** Where the API listens. */
export function queryAddress({ host, port }: Pick<QueryConfig, 'host' | 'port'>): ListenAddress {
  return { host, port, what: 'The query API', portSetting: 'SPANLOOM_QUERY_PORT' };
}

/** Bounds of requests. */
export function queryLimits(config: QueryConfig): QueryLimits {
  return {
    ...defaultQueryLimits,
    maxConcurrency: config.concurrency,
    maxRequests: config.maxRequests,
    maxRequestsPerClient: config.maxClientRequests,
    requestTimeoutMs: config.requestTimeout,
    stallTimeoutMs: config.stallTimeout,
  };
}

/** Bounds of statements. */
export function readLimits(config: QueryConfig): ReadLimits {
  return { timeoutSeconds: config.statementTimeout / 1_000, maxMemoryBytes: config.statementMemory };
}
