import { join } from 'node:path';
import type { Bus, TopicSettings } from '../../core/bus/bus.ts';
import { openEmbeddedBus } from '../../core/bus/embedded/embedded-bus.ts';
import { kafkaBusOptions } from '../../core/bus/kafka/config.ts';
import { openKafkaBus } from '../../core/bus/kafka/kafka-bus.ts';
import { requireTopics } from '../../core/bus/kafka/topic-administration.ts';
import type { Logger } from '../../core/telemetry/logger.ts';
import { type Topic, topicDefinitions, topics } from '../../core/topics.ts';
import type { BusConfig } from './bus-config.ts';
import type { Settings } from '../settings.ts';
import { stages } from '../stages.ts';

/** What the topics of the pipeline have to be like. */
export function topicSettings(config: BusConfig): readonly TopicSettings[] {
  return topics.map((name) => settingsOf(name, config));
}

function settingsOf(name: Topic, config: BusConfig): TopicSettings {
  const { partitions, retention: retentionMs, retentionBytes } = config;
  switch (topicDefinitions[name].cleanup) {
    case 'never':
      return { name, partitions: 1 };
    case 'compact':
      return { name, partitions, compacted: true };
    case 'delete':
      return { name, partitions, retentionMs, retentionBytes };
  }
}

/** What the topics have to be like that stages write under full names, without the prefix of the others. */
export function unprefixedTopicSettings(settings: Settings): readonly TopicSettings[] {
  const { partitions, retention: retentionMs, retentionBytes } = settings.bus;
  const names = stages.flatMap((stage) => stage.unprefixedTopics?.(settings) ?? []);
  return names.map((name) => ({ name, partitions, retentionMs, retentionBytes }));
}

/** Bounds that only the embedded log has. */
export interface EmbeddedLogBounds {
  /** What was worked off is removed above this size of one partition, however young it is. */
  readonly consumedBytes?: number;
}

/** The same for the embedded log: if a reader is stopped for long, the stages before it wait, and nothing is lost. */
export function embeddedTopicSettings(config: BusConfig, bounds: EmbeddedLogBounds = {}): readonly TopicSettings[] {
  return topics.map((name) => {
    const topic = settingsOf(name, config);
    return topicDefinitions[name].isPipeline ? { ...topic, ...bounds, refusesWhenFull: true } : topic;
  });
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
 * Opens Kafka if its brokers are configured, else the embedded log. Topics on Kafka belong to its operator: they
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
    servers: bus.servers,
    ensureTopics: (settings) => bus.ensureTopics(settings),
    producer: () => bus.producer(),
    consumer: async (options) => Object.assign(await bus.consumer(options), { maxDeaths }),
    close: () => bus.close(),
  };
}
