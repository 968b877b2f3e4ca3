/** Real Redis servers on loopback, for tests and benches. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from '../free-ports.ts';

/** A server, or a cluster of them. */
export interface RedisUnderTest {
  /** For SPANLOOM_CORRELATOR_REDIS_URL. */
  readonly url: string;
  readonly isCluster: boolean;
  /** Removes all data. */
  flush(): Promise<void>;
  /** Kills all processes; data are gone with them. */
  kill(): Promise<void>;
  /** Starts again what was killed, empty. */
  start(): Promise<void>;
  dispose(): Promise<void>;
}

/** Why there is no Redis here; undefined when there is. */
export function redisMissing(): string | undefined {
  const found = spawnSync('redis-server', ['--version'], { stdio: 'ignore' });
  return found.status === 0 ? undefined : 'redis-server is not installed';
}

async function nodePort(): Promise<number> {
  for (;;) {
    const port = await freePort();
    // A node of a cluster listens on a second port, 10000 above.
    if (port < 55_000) return port;
  }
}

/** Starts `nodes` servers: one that stands alone, or a cluster of three or more. */
export async function startRedis(nodes = 1): Promise<RedisUnderTest> {
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-redis-'));
  const isCluster = nodes > 1;
  const ports: number[] = [];
  while (ports.length < nodes) ports.push(await nodePort());
  const children: ChildProcess[] = [];

  async function onEach(action: (redis: Redis) => Promise<unknown>): Promise<void> {
    for (const port of ports) {
      const redis = new Redis(port, '127.0.0.1', { retryStrategy: () => 50, maxRetriesPerRequest: 100 });
      redis.on('error', () => undefined);
      try {
        await action(redis);
      } finally {
        redis.disconnect();
      }
    }
  }
  async function start(): Promise<void> {
    for (const [index, port] of ports.entries()) {
      const dir = mkdtempSync(join(folder, `${index}-`));
      const options = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', '--appendonly', 'no'];
      const asCluster = isCluster ? ['--cluster-enabled', 'yes', '--cluster-node-timeout', '2000'] : [];
      children.push(spawn('redis-server', [...options, ...asCluster], { stdio: 'ignore' }));
    }
    await onEach((redis) => redis.ping());
    if (!isCluster) return;
    const addresses = ports.map((port) => `127.0.0.1:${port}`);
    const created = spawnSync('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes'], {
      encoding: 'utf8',
    });
    if (created.status !== 0) throw new Error(`no cluster: ${created.stdout}${created.stderr}`);
    await onEach(async (redis) => {
      while (!(await redis.cluster('INFO')).includes('cluster_state:ok')) await sleep(100);
    });
  }
  async function kill(): Promise<void> {
    await Promise.all(
      children.splice(0).map(async (child) => {
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
      }),
    );
  }
  await start();
  return {
    url: ports.map((port) => `redis://127.0.0.1:${port}`).join(','),
    isCluster,
    flush: () => onEach((redis) => redis.flushall()),
    kill,
    start,
    dispose: async () => {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
