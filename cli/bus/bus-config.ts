import { z } from 'zod';
import { kafkaSettings } from '../../core/bus/kafka/config.ts';
import { type ConfigOf, defineConfig } from '../../core/config/section.ts';
import { bytesSetting, durationMsSetting, integerSetting } from '../../core/config/setting.ts';

/** Settings of the log: SPANLOOM_BUS_…. */
export const busConfig = defineConfig(
  z.object({
    partitions: integerSetting({
      description:
        'Partitions of each topic, and so the largest number of instances of a stage that share its work. They only ever grow.',
      default: '1',
      minimum: 1,
      maximum: 1024,
    }),
    retention: durationMsSetting({
      description: 'How long messages are kept. A restarted stage and replay-range read them again.',
      default: '24h',
      minimum: 60_000,
    }),
    retentionBytes: bytesSetting({
      description: 'Size of one partition; above it the oldest messages are removed.',
      default: '1GiB',
      minimum: 1024 * 1024,
    }),
    maxDeaths: integerSetting({
      description:
        'Number of starts in a row that a message may end before it becomes a dead letter with reason poison. At least 2, since the first death does not show which message it was; 0 switches this off.',
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
