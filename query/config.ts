import { isIP } from 'node:net';
import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../core/config/section.ts';
import { bytesSetting, durationMsSetting, integerSetting, listSetting, textSetting } from '../core/config/setting.ts';
import type { ListenAddress } from '../core/listen.ts';
import type { AccessRules } from './http/access.ts';
import { type QueryLimits, yieldAfterMs } from './http/limits.ts';
import type { ReadLimits } from './store/read-limits.ts';

/** Settings of the query stage: SPANLOOM_QUERY_…. Where the database is, is in core/clickhouse/config.ts. */
export const queryConfig = defineConfig(
  z.object({
    host: textSetting({
      description:
        'Address the API listens on. Before changing the default, set SPANLOOM_QUERY_TOKEN, or let a proxy control access.',
      default: '127.0.0.1',
    }),
    port: integerSetting({
      description: 'Port the API listens on; 0 takes a free one.',
      default: '6480',
      minimum: 0,
      maximum: 65_535,
    }),
    concurrency: integerSetting({
      description: 'Requests that use the database at the same time; others wait, and clients take turns.',
      default: '2',
      minimum: 1,
      maximum: 64,
    }),
    hosts: listSetting({
      description:
        'Host names that clients may use for the API (the Host header) besides localhost and addresses, such as that of a proxy. Other names are refused, against DNS rebinding.',
      default: '',
    }),
    token: textSetting({
      description:
        'A secret that clients must send: as a bearer token, or as the password of basic authentication, for which browsers ask. Only /healthz needs none. Without it and SPANLOOM_QUERY_USER_HEADER everybody who reaches the API may ask.',
      pattern: /^[\x21-\x7e]{16,512}$/,
      patternText: 'text of 16 to 512 printable ASCII characters without spaces',
      secret: true,
    }).optional(),
    userHeader: textSetting({
      description:
        'Header in which a trusted proxy names the user, such as X-Forwarded-User. Requests of the proxy without it, and all others, need the token.',
      pattern: /^[A-Za-z0-9-]{1,100}$/,
      patternText: 'the name of a header',
    }).optional(),
    trustedProxies: listSetting({
      description: 'Addresses of proxies whose SPANLOOM_QUERY_USER_HEADER counts.',
      default: '',
    }).refine((addresses) => addresses.every((address) => isIP(address) !== 0), 'must be addresses of the internet'),
    maxRange: durationMsSetting({
      description: 'Longest range of time that one request may add up: services, topology, series, heatmap.',
      default: '31d',
      minimum: 60_000,
    }),
    maxRequests: integerSetting({
      description: 'Requests in progress, waiting ones included; beyond it the answer is 503.',
      default: '64',
      minimum: 1,
      maximum: 10_000,
    }),
    maxClientRequests: integerSetting({
      description:
        "Requests in progress per client; beyond it the answer is 429. A client is an address, or the user whom a trusted proxy names: behind another proxy all clients have the proxy's address.",
      default: '16',
      minimum: 1,
      maximum: 10_000,
    }),
    requestTimeout: durationMsSetting({
      description: 'Deadline of a request, until its client has the whole answer; then the connection is cut.',
      default: '2m',
      minimum: 1_000,
    }),
    stallTimeout: durationMsSetting({
      description: 'A client that reads nothing of its answer for this long is disconnected.',
      default: '10s',
      minimum: 100,
    }),
    statementTimeout: durationMsSetting({
      description: 'Timeout of one statement in ClickHouse (max_execution_time).',
      default: '20s',
      minimum: 1_000,
    }),
    statementMemory: bytesSetting({
      description: 'Memory bound of one statement in ClickHouse (max_memory_usage).',
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
    maxConcurrency: config.concurrency,
    maxRequests: config.maxRequests,
    maxRequestsPerClient: config.maxClientRequests,
    requestTimeoutMs: config.requestTimeout,
    stallTimeoutMs: config.stallTimeout,
    maxRangeNs: BigInt(Math.round(config.maxRange)) * 1_000_000n,
    yieldAfterMs,
  };
}

/** Who may ask. */
export function accessRules({ token, userHeader, trustedProxies }: QueryConfig): AccessRules {
  const header = userHeader?.toLowerCase();
  return {
    ...(token === undefined ? {} : { token }),
    ...(header === undefined ? {} : { proxy: { header, addresses: new Set(trustedProxies) } }),
  };
}

/** Bounds of statements. */
export function readLimits(config: QueryConfig): ReadLimits {
  return { timeoutSeconds: config.statementTimeout / 1_000, maxMemoryBytes: config.statementMemory };
}

const defaults = queryConfig.schema.parse({});

/** For callers without settings. */
export const defaultQueryLimits = queryLimits(defaults);
/** For callers without settings. */
export const defaultReadLimits = readLimits(defaults);
