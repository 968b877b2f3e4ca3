import { z } from 'zod';
import { kafkaSettings } from '../core/bus/kafka/config.ts';
import { type ConfigOf, defineConfig } from '../core/config/section.ts';
import { bytesSetting, durationMsSetting, integerSetting } from '../core/config/setting.ts';

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
    maxDeaths: integerSetting({
      description:
        'How many starts in a row a message may end before it is put aside as poison; at least 2, since the first one does not tell which message it was. 0 puts nothing aside.',
      default: '4',
      minimum: 0,
      maximum: 1_000,
    }),
    ...kafkaSettings,
  }),
  { name: 'bus', title: 'Log' },
);

/** Values of {@link busConfig}. */
export type BusConfig = Readonly<ConfigOf<typeof busConfig>>;
