import { z } from 'zod';
import type { SignaturePolicy } from '../core/agents/agent-signature.ts';
import { agentsConfig, signaturePolicy } from '../core/agents/config.ts';
import { clickHouseConfig } from '../core/clickhouse/config.ts';
import { type ConfigValues, formerNamesGiven, loadConfig, type Sections } from '../core/config/load-config.ts';
import { defineConfig } from '../core/config/section.ts';
import { choiceSetting, durationMsSetting, integerSetting, textSetting } from '../core/config/setting.ts';
import { schemaRegistryConfig } from '../core/registry/config.ts';
import type { StoreName } from '../core/stage/stage-definition.ts';
import { logLevels } from '../core/telemetry/logger.ts';
import { busConfig } from './bus/bus-config.ts';
import { stageSections } from './stages.ts';
import { upConfig } from './up-config.ts';

/** Settings that all stages share: SPANLOOM_…. */
const sharedConfig = defineConfig(
  z.object({
    dataDir: textSetting({
      description: 'Folder of the embedded log, the embedded ClickHouse and the identity of this agent.',
      default: '.spanloom',
      // Quoted, or in a file of settings, no shell makes a home of it.
      pattern: /^[^~]/,
      patternText: 'a path that does not begin with ~',
    }),
    logLevel: choiceSetting(logLevels, {
      description: 'Lowest level that is logged to standard error. warn: nothing was lost; error: something was lost.',
      default: 'info',
    }),
    metricsPort: integerSetting({
      description:
        'Port of /metrics, /healthz and /readyz; 0 takes a free one. Without it these paths are not served. The query API always serves /healthz and /metrics on its own port.',
      minimum: 0,
      maximum: 65_535,
    }).optional(),
    metricsHost: textSetting({
      description:
        'Address that SPANLOOM_METRICS_PORT listens on. 0.0.0.0 also serves other hosts, which probes of Kubernetes need.',
      default: '127.0.0.1',
    }),
    livenessTimeout: durationMsSetting({
      description:
        '/healthz fails when a stage has shown no progress for this long. Must exceed the longest delivery, which is three requests to the database.',
      default: '5m',
      minimum: 1000,
    }),
    watchdogTimeout: durationMsSetting({
      description:
        'The process kills itself when its main loop makes no turn for this long, so that its supervisor restarts it; 0 never does.',
      default: '60s',
      minimum: 0,
    }),
    shutdownTimeout: durationMsSetting({
      description: 'Deadline for a stage to end after a signal. At the deadline the process ends with exit code 1.',
      default: '20s',
      minimum: 100,
    }),
  }),
  { title: 'All stages' },
);

/** Settings of what stages need: `stores` of their definitions. */
export const storeSections = {
  bus: { bus: busConfig, agents: agentsConfig, schemaRegistry: schemaRegistryConfig },
  clickHouse: { clickHouse: clickHouseConfig },
} as const satisfies Readonly<Record<StoreName, Sections>>;

/** All settings there are, by section. */
export const sections = {
  shared: sharedConfig,
  up: upConfig,
  ...storeSections.bus,
  ...stageSections,
  ...storeSections.clickHouse,
} as const;

/** Whose signatures count on the configured log. */
export function configuredSignatures({ agents, bus }: Pick<Settings, 'agents' | 'bus'>): SignaturePolicy {
  return signaturePolicy(agents, (bus.kafkaBrokers ?? []).length > 0);
}

export type Settings = ConfigValues<typeof sections>;

/**
 * Reads all settings, so that a wrong one is found whichever command is called. Former names are reported on standard error.
 *
 * @throws PipelineError CONFIG_INVALID
 */
export function loadSettings(environment: Readonly<Record<string, string | undefined>> = process.env): Settings {
  // Says which pod a process belongs to, for collectors: no setting, and no mistake either.
  const settings = loadConfig(environment, sections, ['SPANLOOM_POD_UID']);
  for (const sentence of formerNamesGiven(environment, sections)) process.stderr.write(`spanloom: ${sentence}\n`);
  return settings;
}
