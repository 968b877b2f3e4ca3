import { join } from 'node:path';
import { z } from 'zod';
import { type ConfigOf, defineConfig } from '../config/section.ts';
import { bytesSetting, durationMsSetting, integerSetting, textSetting } from '../config/setting.ts';
import type { ClickHouse } from './clickhouse.ts';

/** Settings of the database, shared by the sink and the query stage: SPANLOOM_CLICKHOUSE_…. */
export const clickHouseConfig = defineConfig(
  z.object({
    url: textSetting({
      description:
        'Address of a ClickHouse server, such as http://127.0.0.1:8123. Without it the stages use the embedded ClickHouse.',
      pattern: /^https?:\/\/\S+$/,
      patternText: 'an address that begins with http:// or https://',
    }).optional(),
    database: textSetting({ description: 'Database on that server.', default: 'default' }),
    user: textSetting({ description: 'User on that server.', default: 'default' }),
    password: textSetting({ description: 'Password of that user.', secret: true }).optional(),
    requestTimeout: durationMsSetting({
      description: 'Timeout of one request to that server.',
      default: '60s',
      minimum: 100,
    }),
    maxMemory: bytesSetting({
      description: 'Memory of the embedded ClickHouse; above it queries are refused.',
      default: '1GiB',
      minimum: 256 * 1024 * 1024,
    }),
    mergeThreads: integerSetting({
      description: 'Threads with which the embedded ClickHouse merges parts. Without it: half of the cores, at most 4.',
      minimum: 1,
      maximum: 64,
    }).optional(),
  }),
  { name: 'clickhouse', title: 'Database' },
);

export type ClickHouseConfig = ConfigOf<typeof clickHouseConfig>;

/** Folder of the embedded ClickHouse within a data directory. */
export function clickHouseDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'clickhouse');
}

/**
 * Opens the configured database: a server when an address is given, else the embedded one in `directory`, whose engine is
 * loaded only then: it takes 150 MB.
 */
export async function openClickHouse(config: ClickHouseConfig, directory: string): Promise<ClickHouse> {
  if (config.url === undefined) {
    const { openEmbeddedClickHouse } = await import('./embedded.ts');
    return openEmbeddedClickHouse({
      directory,
      maxMemoryBytes: config.maxMemory,
      ...(config.mergeThreads === undefined ? {} : { mergeThreads: config.mergeThreads }),
    });
  }
  const { openHttpClickHouse } = await import('./http.ts');
  return openHttpClickHouse({
    url: config.url,
    database: config.database,
    user: config.user,
    password: config.password ?? '',
    requestTimeoutMs: config.requestTimeout,
  });
}
