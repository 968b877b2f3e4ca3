import { z } from 'zod';
import { clickHouseConfig } from '../core/clickhouse/config.ts';
import { type ConfigValues, loadConfig } from '../core/config/load-config.ts';
import { defineConfig } from '../core/config/section.ts';
import { choiceSetting, textSetting } from '../core/config/setting.ts';
import { logLevels } from '../core/telemetry/logger.ts';
import { collectorConfig } from '../collector/config.ts';
import { correlatorConfig } from '../correlator/config.ts';
import { enricherConfig } from '../enricher/config.ts';
import { queryConfig } from '../query/config.ts';
import { sinkConfig } from '../sink/config.ts';
import { otlpSinkConfig } from '../sink/otlp/config.ts';
import { busConfig } from './bus.ts';

/** Settings that all stages share: SPANLOOM_…. */
const sharedConfig = defineConfig(
  z.object({
    dataDir: textSetting({
      description: 'Folder of the embedded log, the embedded ClickHouse and the identity of this agent.',
      default: '.spanloom',
    }),
    logLevel: choiceSetting(logLevels, {
      description: 'What is logged to standard error: warn when nothing is lost, error when something is.',
      default: 'info',
    }),
  }),
);

/** All settings there are, by section. */
export const sections = {
  shared: sharedConfig,
  bus: busConfig,
  collector: collectorConfig,
  enricher: enricherConfig,
  correlator: correlatorConfig,
  sink: sinkConfig,
  otlpSink: otlpSinkConfig,
  clickHouse: clickHouseConfig,
  query: queryConfig,
} as const;

export type Settings = ConfigValues<typeof sections>;

/** Reads all settings, so that a wrong one is found whichever command is called. @throws PipelineError CONFIG_INVALID */
export function loadSettings(environment: Readonly<Record<string, string | undefined>> = process.env): Settings {
  return loadConfig(environment, sections);
}
