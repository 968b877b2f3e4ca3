import { join } from 'node:path';
import { z } from 'zod';
import type { Bus } from '../core/bus/bus.ts';
import { openEmbeddedBus } from '../core/bus/embedded/embedded-bus.ts';
import { type ConfigOf, defineConfig } from '../core/config/section.ts';
import { bytesSetting, durationMsSetting, integerSetting } from '../core/config/setting.ts';
import { compactedTopics, topics } from '../core/topics.ts';

/** Settings of the log: SPANLOOM_BUS_…. */
export const busConfig = defineConfig(
  z.object({
    partitions: integerSetting({
      description: 'Partitions of each topic: as many instances of a stage can share the work. They only ever grow.',
      default: '1',
      minimum: 1,
      maximum: 1024,
    }),
    retention: durationMsSetting({
      description: 'How long messages are kept; recordings of the past and restarts live on them.',
      default: '24h',
      minimum: 60_000,
    }),
    retentionBytes: bytesSetting({
      description: 'Size of one partition of a topic above which its oldest messages are removed.',
      default: '1GiB',
      minimum: 1024 * 1024,
    }),
  }),
  'bus',
);

/** Values of {@link busConfig}. */
export type BusConfig = Readonly<ConfigOf<typeof busConfig>>;

/** Opens the embedded log of a data directory, with all topics. */
export async function openBus(config: BusConfig, dataDirectory: string): Promise<Bus> {
  const bus = openEmbeddedBus({ directory: join(dataDirectory, 'log') });
  const { partitions, retention: retentionMs, retentionBytes } = config;
  await bus.ensureTopics(
    topics.map((name) =>
      compactedTopics.includes(name)
        ? { name, partitions, compacted: true }
        : { name, partitions, retentionMs, retentionBytes },
    ),
  );
  return bus;
}
