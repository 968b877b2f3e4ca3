import { join } from 'node:path';
import { z } from 'zod';
import type { Bus, TopicSettings } from '../core/bus/bus.ts';
import { openEmbeddedBus } from '../core/bus/embedded/embedded-bus.ts';
import { kafkaBusOptions, kafkaSettings } from '../core/bus/kafka/config.ts';
import { openKafkaBus } from '../core/bus/kafka/kafka-bus.ts';
import { requireTopics } from '../core/bus/kafka/topic-administration.ts';
import { type ConfigOf, defineConfig } from '../core/config/section.ts';
import { bytesSetting, durationMsSetting, integerSetting } from '../core/config/setting.ts';
import type { Logger } from '../core/telemetry/logger.ts';
import { chainTopics, compactedTopics, orderedTopics, topics } from '../core/topics.ts';

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
  'bus',
);

/** Values of {@link busConfig}. */
export type BusConfig = Readonly<ConfigOf<typeof busConfig>>;

/** What the topics of the pipeline have to be like. */
export function topicSettings(config: BusConfig): readonly TopicSettings[] {
  const { partitions, retention: retentionMs, retentionBytes } = config;
  return topics.map((name) => {
    if (orderedTopics.includes(name)) return { name, partitions: 1 };
    if (compactedTopics.includes(name)) return { name, partitions, compacted: true };
    return { name, partitions, retentionMs, retentionBytes };
  });
}

/** Bounds that only the embedded log has. */
export interface EmbeddedLogBounds {
  /** What was worked off is removed above this size of one partition, however young it is. */
  readonly consumedBytes?: number;
}

/** The same for the embedded log: where a reader is away for long, those before it wait, and nothing is lost. */
export function embeddedTopicSettings(config: BusConfig, bounds: EmbeddedLogBounds = {}): readonly TopicSettings[] {
  return topicSettings(config).map((topic) =>
    chainTopics.includes(topic.name) ? { ...topic, ...bounds, refusesWhenFull: true } : topic,
  );
}

/** Where the log of a data directory is. */
export function logDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'log');
}

/** Opens the embedded log of a data directory, with all topics. */
export async function openEmbeddedLog(
  config: BusConfig,
  dataDirectory: string,
  bounds: EmbeddedLogBounds = {},
): Promise<Bus> {
  const bus = openEmbeddedBus({ directory: logDirectory(dataDirectory) });
  await bus.ensureTopics(embeddedTopicSettings(config, bounds));
  return withMaxDeaths(bus, config.maxDeaths);
}

/**
 * Opens Kafka where its brokers are configured, else the embedded log. Topics on Kafka belong to whoever runs it: they
 * are never changed here, only by `spanloom topics apply`.
 *
 * @throws PipelineError BUS_UNKNOWN_TOPIC when topics are missing on Kafka
 */
export async function openBus(
  config: BusConfig,
  dataDirectory: string,
  logger?: Logger,
  bounds: EmbeddedLogBounds = {},
): Promise<Bus> {
  const kafka = kafkaBusOptions(config, logger);
  if (kafka === undefined) return openEmbeddedLog(config, dataDirectory, bounds);
  await requireTopics(kafka, topics);
  return withMaxDeaths(openKafkaBus(kafka), config.maxDeaths);
}

/** A bus whose consumers say how many starts a message may end. */
function withMaxDeaths(bus: Bus, maxDeaths: number): Bus {
  return {
    ensureTopics: (settings) => bus.ensureTopics(settings),
    producer: () => bus.producer(),
    consumer: async (options) => Object.assign(await bus.consumer(options), { maxDeaths }),
    close: () => bus.close(),
  };
}
