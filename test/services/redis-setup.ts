/** Starts the Redis server that serves a whole run, and ends it. */
import type { TestProject } from 'vitest/node';
import { redisSource, startSharedRedis } from './redis.ts';
import type {} from './provided.ts';

export async function setup(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const source = await redisSource();
  if (source.kind === 'missing') {
    project.provide('redis', { missing: source.reason });
    return undefined;
  }
  const server = await startSharedRedis(source);
  project.provide('redis', { addresses: [server.url] });
  return () => server.stop();
}
