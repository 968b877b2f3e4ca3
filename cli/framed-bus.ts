import type { Bus } from '../core/bus/bus.ts';
import { openSchemaRegistry } from '../core/registry/config.ts';
import { framedBus } from '../core/registry/framed-bus.ts';
import { openBus } from './bus.ts';
import type { Settings } from './settings.ts';

/** What Kafka puts before the names of topics. */
const topicPrefix = 'spanloom.';

/** Opens the configured log, with values as stages know them: plain, also where a Schema Registry frames them. */
export async function openFramedBus(
  { bus, schemaRegistry }: Pick<Settings, 'bus' | 'schemaRegistry'>,
  dataDirectory: string,
): Promise<Bus> {
  return framedBus(await openBus(bus, dataDirectory), { registry: openSchemaRegistry(schemaRegistry), topicPrefix });
}
