/** What stages need, opened before them and closed after them. */
import type { Bus } from '../core/bus/bus.ts';
import { kafkaBusOptions } from '../core/bus/kafka/config.ts';
import { openKafkaBus } from '../core/bus/kafka/kafka-bus.ts';
import { requireTopics } from '../core/bus/kafka/topic-administration.ts';
import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import { clickHouseDirectory, openClickHouse } from '../core/clickhouse/config.ts';
import type { Logger } from '../core/telemetry/logger.ts';
import { unprefixedTopicSettings } from './bus/bus.ts';
import type { Settings } from './settings.ts';

/** Opens a bus, where there is one, uses it, and closes it. */
export async function withBus<Opened extends Bus | undefined>(
  open: () => Promise<Opened>,
  use: (bus: Opened) => Promise<void>,
): Promise<void> {
  const bus = await open();
  try {
    await use(bus);
  } finally {
    await bus?.close();
  }
}

/** Opens the configured database, uses it, and closes it. */
export async function withClickHouse(
  { clickHouse: config }: Pick<Settings, 'clickHouse'>,
  dataDirectory: string,
  use: (clickHouse: ClickHouse) => Promise<void>,
): Promise<void> {
  const clickHouse = await openClickHouse(config, clickHouseDirectory(dataDirectory));
  try {
    await use(clickHouse);
  } finally {
    await clickHouse.close();
  }
}

/**
 * Opens the bus of topics that have no prefix, where there are any: on Kafka one of its own, else the given one.
 *
 * @throws PipelineError BUS_UNKNOWN_TOPIC when one is missing on Kafka
 */
export async function openUnprefixedBus(settings: Settings, bus: Bus, logger: Logger): Promise<Bus | undefined> {
  const topics = unprefixedTopicSettings(settings);
  if (topics.length === 0) return undefined;
  const kafka = kafkaBusOptions(settings.bus, logger);
  if (kafka === undefined) {
    await bus.ensureTopics(topics);
    return { ...bus, close: () => Promise.resolve() };
  }
  const unprefixed = { ...kafka, prefix: '' };
  await requireTopics(
    unprefixed,
    topics.map(({ name }) => name),
  );
  return openKafkaBus(unprefixed);
}
