/** The Redis server of a test run: a container where an engine has the image, else the installed program. */
import { redisMissing, startRedis } from '../../core/testing/redis-server.ts';
import { localImage } from './local-image.ts';

/** Where a server comes from. */
export type RedisSource =
  | { readonly kind: 'container'; readonly image: string }
  | { readonly kind: 'program' }
  | { readonly kind: 'missing'; readonly reason: string };

/** A server that runs until it is stopped. */
export interface RunningRedis {
  readonly url: string;
  stop(): Promise<void>;
}

export async function redisSource(): Promise<RedisSource> {
  const image = await localImage('redis');
  if (image !== undefined) return { kind: 'container', image };
  const reason = redisMissing();
  return reason === undefined ? { kind: 'program' } : { kind: 'missing', reason };
}

export async function startSharedRedis(source: Exclude<RedisSource, { kind: 'missing' }>): Promise<RunningRedis> {
  if (source.kind === 'program') {
    const redis = await startRedis();
    return { url: redis.url, stop: () => redis.dispose() };
  }
  const { GenericContainer, Wait } = await import('testcontainers');
  const container = await new GenericContainer(source.image)
    .withExposedPorts(6379)
    .withWaitStrategy(Wait.forLogMessage('Ready to accept connections'))
    .withStartupTimeout(60_000)
    .start();
  return {
    url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
    stop: async () => {
      await container.stop();
    },
  };
}
