import type { Bus, TopicSettings } from '../core/bus/bus.ts';
import { kafkaBusOptions } from '../core/bus/kafka/config.ts';
import { openKafkaBus } from '../core/bus/kafka/kafka-bus.ts';
import { requireTopics } from '../core/bus/kafka/topic-administration.ts';
import type { Telemetry } from '../core/telemetry/telemetry.ts';
import { runOtlpSink } from '../sink/otlp/run.ts';
import { configuredSignatures, type Settings } from './settings.ts';

/** What the topic of traces in OTLP has to be like, under its full name; nothing when it is not wanted. */
export function otlpTopicSettings({ bus, otlpSink }: Pick<Settings, 'bus' | 'otlpSink'>): readonly TopicSettings[] {
  const { partitions, retention: retentionMs, retentionBytes } = bus;
  return otlpSink.enabled ? [{ name: otlpSink.topic, partitions, retentionMs, retentionBytes }] : [];
}

/** What {@link runOtlpDestination} needs. */
export interface OtlpDestinationOptions {
  readonly settings: Settings;
  /** The configured one. */
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly signal: AbortSignal;
  readonly untilEnd?: true | Promise<unknown>;
}

/**
 * Writes traces as OTLP to their topic until the signal fires. On Kafka it has no prefix, so it takes a bus of its own.
 *
 * @throws PipelineError BUS_UNKNOWN_TOPIC when it is missing on Kafka
 */
export async function runOtlpDestination({ settings, ...options }: OtlpDestinationOptions): Promise<void> {
  const config = settings.otlpSink;
  const signatures = configuredSignatures(settings);
  const kafka = kafkaBusOptions(settings.bus, options.telemetry.logger);
  if (kafka === undefined) {
    await options.bus.ensureTopics(otlpTopicSettings(settings));
    return runOtlpSink({ ...options, config, signatures, destination: options.bus });
  }
  const unprefixed = { ...kafka, prefix: '' };
  await requireTopics(unprefixed, [config.topic]);
  const destination = openKafkaBus(unprefixed);
  try {
    await runOtlpSink({ ...options, config, signatures, destination });
  } finally {
    await destination.close();
  }
}
