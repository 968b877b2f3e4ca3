import type { ConfigValues } from '../core/config/load-config.ts';
import { collectorConfig } from './config.ts';
import { captureDefinition } from './events/definition.ts';
import { hostDefinition } from './host/definition.ts';
import type { SourceDefinition } from './source.ts';

/** Every source of a host, in the order in which they start. A new one is a definition and a line in each of these two lists. */
export const sourceDefinitions: readonly SourceDefinition[] = [hostDefinition, captureDefinition];

/** Settings of the collector and of all its sources. */
export const collectorSections = {
  collector: collectorConfig,
  ...hostDefinition.settings,
  ...captureDefinition.settings,
} as const;

/** Values of {@link collectorSections}. */
export type CollectorSettings = ConfigValues<typeof collectorSections>;
