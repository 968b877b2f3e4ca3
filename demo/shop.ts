import { mkdtempSync, rmSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts } from '../core/free-ports.ts';
import { startChild, type Child } from './child.ts';
import { podEnvironment } from './cluster.ts';
import { findProgram } from './find-program.ts';
import { projectFile } from '../core/project-files.ts';
import { startRedis } from './stores/redis.ts';
import { startSql } from './stores/sql.ts';

/** The running demo: a gateway, a Node service, a Python service, Redis and an SQL server, all on loopback. */
export interface Shop {
  readonly gatewayPort: number;
  /** One sentence for each part that had to be left out. */
  readonly missing: readonly string[];
  /** Sends requests in a process of its own; 0 requests: until it is stopped. */
  sendRequests(options: { readonly requests: number; readonly perSecond: number }): Promise<Child>;
  /** Ends every process and removes the files of the run. */
  stop(): Promise<void>;
}

/** Starts the demo. @throws Error when a part that cannot be left out does not start; everything is stopped then */
export async function startShop(): Promise<Shop> {
  const python = findProgram('python3');
  if (python === undefined) throw new Error('the demo needs Python 3: please install python3');
  const folder = mkdtempSync(join(tmpdir(), 'spanloom-demo-'));
  // The stores run as another user and must be able to walk through.
  chmodSync(folder, 0o755);
  const children: Child[] = [];
  const missing: string[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children.toReversed()) await child.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const service = async (
    name: string,
    command: string,
    file: string,
    args: readonly (string | number)[],
    port?: number,
  ) => {
    const child = await startChild({
      name,
      command,
      args: [projectFile('demo', 'services', file), ...args.map(String)],
      environment: { OTEL_SERVICE_NAME: name, PYTHONDONTWRITEBYTECODE: '1', ...podEnvironment(name) },
      logPath: join(folder, `${name}.log`),
      ...(port === undefined ? {} : { port }),
    });
    children.push(child);
    return child;
  };
  try {
    const [gatewayPort = 0, ordersPort = 0, pricingPort = 0, redisPort = 0, sqlPort = 0] = await freePorts(5);
    const [redis, sql] = await Promise.all([
      startRedis({ folder, port: redisPort }),
      startSql({ folder, port: sqlPort }),
    ]);
    if (redis === undefined) missing.push('No Redis: please install redis-server to see it in the traces.');
    else children.push(redis);
    if (sql === undefined) missing.push('No SQL server: please install mariadb-server to see it in the traces.');
    else children.push(sql.child);
    await service('pricing', python, 'pricing.py', [pricingPort, sql?.kind ?? 'none', sqlPort], pricingPort);
    const redisOrNone = redis === undefined ? 0 : redisPort;
    await service('orders', process.execPath, 'orders.mjs', [ordersPort, pricingPort, redisOrNone], ordersPort);
    await service('gateway', process.execPath, 'gateway.mjs', [gatewayPort, ordersPort], gatewayPort);
    return {
      gatewayPort,
      missing,
      sendRequests: ({ requests, perSecond }) =>
        service('load', process.execPath, 'load.mjs', [gatewayPort, requests, perSecond]),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
