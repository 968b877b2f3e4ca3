import type { ConfigValues } from '../core/config/load-config.ts';
import { mergedSections } from '../core/config/merged-sections.ts';
import { collectorConfig } from './config.ts';
import { captureDefinition } from './capture/definition.ts';
import { hostDefinition } from './host/definition.ts';
import { otlpDefinition } from './otlp/definition.ts';
import { packetsDefinition } from './packets/definition.ts';
import type { SourceDefinition } from './source.ts';

/** In the order in which they start. A new source is a definition and an entry here. */
const definitions = [hostDefinition, captureDefinition, packetsDefinition, otlpDefinition] as const;

/** Every source of a host, in the order in which they start. */
export const sourceDefinitions: readonly SourceDefinition[] = definitions;

/** Settings of the collector and of all its sources. */
export const collectorSections = { collector: collectorConfig, ...mergedSections(definitions) };

/** Values of {@link collectorSections}. */
export type CollectorSettings = ConfigValues<typeof collectorSections>;
