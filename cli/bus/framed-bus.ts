import type { Bus } from '../../core/bus/bus.ts';
import { openSchemaRegistry } from '../../core/registry/config.ts';
import { withFittingLetters } from '../../core/fitting-letters.ts';
import { framedBus } from '../../core/registry/framed-bus.ts';
import type { Logger } from '../../core/telemetry/logger.ts';
import { type EmbeddedLogBounds, openBus } from './bus.ts';
import type { Settings } from '../settings.ts';

/** Opens the configured log, with values as stages know them: plain, also where a Schema Registry frames them. */
export async function openFramedBus(
  { bus, schemaRegistry }: Pick<Settings, 'bus' | 'schemaRegistry'>,
  dataDirectory: string,
  logger?: Logger,
  bounds: EmbeddedLogBounds = {},
): Promise<Bus> {
  const registry = openSchemaRegistry(schemaRegistry);
  const inner = await openBus(bus, dataDirectory, logger, bounds);
  return withFittingLetters(framedBus(inner, { registry, topicPrefix: bus.kafkaPrefix }));
}
