import { Cluster, type ClusterNode, Redis } from 'ioredis';
import { PipelineError } from '../../core/errors.ts';
import type { CorrelatorConfig } from '../config.ts';

/** Settings of a connection. */
export type RedisConfig = Pick<CorrelatorConfig, 'redisUrl' | 'redisUser' | 'redisPassword' | 'redisCluster'>;

const connectTimeoutMs = 5_000;
const commandTimeoutMs = 10_000;
const longestPauseMs = 2_000;

const pauseMs = (attempt: number): number => Math.min(longestPauseMs, attempt * 100);

function parseAddress(url: string): {
  readonly node: { readonly host: string; readonly port: number };
  readonly tls: boolean;
} {
  const { hostname, port, protocol } = new URL(url);
  return { node: { host: hostname, port: port === '' ? 6379 : Number(port) }, tls: protocol === 'rediss:' };
}

/**
 * Opens the configured Redis. A command that cannot be sent fails at once instead of queueing; the caller retries.
 *
 * @param report called with every error of the connection
 * @throws PipelineError CONFIG_INVALID
 */
export function openRedis(config: RedisConfig, report: (error: Error) => void): Redis | Cluster {
  if (config.redisUrl === undefined) throw new PipelineError('CONFIG_INVALID', 'There is no address of a Redis.');
  const addresses = config.redisUrl.split(',').map((url) => parseAddress(url.trim()));
  const first = addresses[0]!;
  if (!config.redisCluster && addresses.length > 1)
    throw new PipelineError(
      'CONFIG_INVALID',
      'Several addresses of Redis are for a cluster: set SPANLOOM_CORRELATOR_REDIS_CLUSTER.',
    );
  const options = {
    // The user named default may have no password; then there is no login.
    ...(config.redisPassword === undefined ? {} : { username: config.redisUser, password: config.redisPassword }),
    ...(first.tls ? { tls: {} } : {}),
    connectTimeout: connectTimeoutMs,
    commandTimeout: commandTimeoutMs,
    maxRetriesPerRequest: 0,
  };
  const nodes: ClusterNode[] = addresses.map(({ node }) => node);
  const redis = config.redisCluster
    ? new Cluster(nodes, {
        redisOptions: options,
        enableOfflineQueue: false,
        clusterRetryStrategy: pauseMs,
        // Addresses that a cluster returns may be names in a certificate.
        dnsLookup: (address, callback) => {
          callback(null, address);
        },
      })
    : new Redis({ ...first.node, ...options, enableOfflineQueue: false, retryStrategy: pauseMs });
  redis.on('error', report);
  return redis;
}
