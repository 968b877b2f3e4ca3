import { readFileSync } from 'node:fs';
import type { z } from 'zod';
import { PipelineError } from '../../errors.ts';
import {
  booleanSetting,
  bytesSetting,
  choiceSetting,
  durationMsSetting,
  integerSetting,
  listSetting,
  textSetting,
} from '../../config/setting.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { topicPrefixRule } from '../../topics.ts';
import { compressions } from './records/compression.ts';
import type { KafkaBusOptions } from './kafka-connection.ts';

/** Settings of the bus on Kafka, for the section of the bus. */
export const kafkaSettings = {
  kafkaBrokers: listSetting({
    description: 'Some Kafka brokers as host:port. Without them the log is embedded in the data directory.',
  }).optional(),
  kafkaPrefix: textSetting({
    description: 'Prefix of topics and consumer groups on Kafka. Two pipelines on one Kafka need two prefixes.',
    default: 'spanloom.',
    ...topicPrefixRule,
  }),
  kafkaClientId: textSetting({
    description: 'Kafka client id: names this process in logs of brokers.',
    default: 'spanloom',
  }),
  kafkaReplicationFactor: integerSetting({
    description:
      'Replicas of each partition when `spanloom topics apply` creates a topic. Use 3 with 3 brokers or more.',
    default: '1',
    minimum: 1,
    maximum: 32_767,
  }),
  kafkaMaxMessageBytes: bytesSetting({
    description: 'Largest message that the topics accept (max.message.bytes).',
    default: '32MiB',
    minimum: 1024 * 1024,
    maximum: 1024 * 1024 * 1024,
  }),
  kafkaFetchBytes: bytesSetting({
    description:
      'Bytes of one fetch, over all partitions, as they are stored; decompressed they may be ten times as many. A single ' +
      'larger message is still read.',
    default: '1MiB',
    minimum: 64 * 1024,
    maximum: 1024 * 1024 * 1024,
  }),
  kafkaMaxDecompressedBytes: bytesSetting({
    description:
      'Memory that one record batch may take once it is decompressed and read. A larger batch becomes a dead letter before ' +
      'it is decompressed. A response of a broker is also read up to this bound, and the rest is fetched again. Batches ' +
      'that spanloom writes have 1 MiB, or one larger message.',
    default: '64MiB',
    minimum: 1024 * 1024,
    maximum: 1024 * 1024 * 1024,
  }),
  kafkaTls: booleanSetting({ description: 'Connect to Kafka over TLS.', default: 'false' }),
  kafkaTlsCa: textSetting({
    description: "PEM file of the authority that signed the brokers' certificates, if it is not a public one.",
  }).optional(),
  kafkaTlsCert: textSetting({ description: 'PEM file of the client certificate, for mutual TLS.' }).optional(),
  kafkaTlsKey: textSetting({ description: "PEM file of the client certificate's key." }).optional(),
  kafkaSasl: choiceSetting(['plain', 'scram-sha-256', 'scram-sha-512'], {
    description: 'SASL mechanism for the login to Kafka. Without it there is no login.',
  }).optional(),
  kafkaUser: textSetting({ description: 'User for the login to Kafka.' }).optional(),
  kafkaPassword: textSetting({ description: 'Password for the login to Kafka.', secret: true }).optional(),
  kafkaSessionTimeout: durationMsSetting({
    description:
      'An instance without a heartbeat for this long counts as dead, and others take over its partitions (session.timeout.ms).',
    default: '15s',
    minimum: 1_000,
    maximum: 1_800_000,
  }),
  kafkaRebalanceTimeout: durationMsSetting({
    description: 'How long a rebalance waits for an instance to deliver and commit its work in progress.',
    default: '60s',
    minimum: 1_000,
    maximum: 1_800_000,
  }),
  kafkaRequestTimeout: durationMsSetting({
    description: 'Timeout of one request to a broker.',
    default: '30s',
    minimum: 1_000,
  }),
  compression: choiceSetting(compressions, {
    description: 'Compression of record batches on Kafka. docs/kafka.md has figures.',
    default: 'zstd',
  }),
} as const;

/** Values of {@link kafkaSettings}. */
export type KafkaConfig = Readonly<z.infer<z.ZodObject<typeof kafkaSettings>>>;

/**
 * How the settings say that Kafka is reached; undefined when they name no brokers.
 *
 * @throws PipelineError CONFIG_INVALID
 */
export function kafkaBusOptions(config: KafkaConfig, logger?: Logger): KafkaBusOptions | undefined {
  const brokers = config.kafkaBrokers ?? [];
  if (brokers.length === 0) return undefined;
  for (const broker of brokers)
    if (!/^.+:\d{1,5}$/.test(broker))
      throw new PipelineError('CONFIG_INVALID', `SPANLOOM_BUS_KAFKA_BROKERS: "${broker}" must be host:port.`);
  const tls = tlsOf(config);
  const sasl = saslOf(config);
  return {
    brokers,
    clientId: config.kafkaClientId,
    prefix: config.kafkaPrefix,
    compression: config.compression,
    replicationFactor: config.kafkaReplicationFactor,
    maxMessageBytes: config.kafkaMaxMessageBytes,
    fetchBytes: config.kafkaFetchBytes,
    maxDecompressedBytes: config.kafkaMaxDecompressedBytes,
    sessionTimeoutMs: config.kafkaSessionTimeout,
    rebalanceTimeoutMs: config.kafkaRebalanceTimeout,
    requestTimeoutMs: config.kafkaRequestTimeout,
    heartbeatEveryMs: Math.min(1_000, config.kafkaSessionTimeout / 5),
    ...(tls === undefined ? {} : { tls }),
    ...(sasl === undefined ? {} : { sasl }),
    ...(logger === undefined ? {} : { logger }),
  };
}

function tlsOf(config: KafkaConfig): KafkaBusOptions['tls'] {
  const files = { ca: config.kafkaTlsCa, cert: config.kafkaTlsCert, key: config.kafkaTlsKey };
  if ((files.cert === undefined) !== (files.key === undefined))
    throw invalid('SPANLOOM_BUS_KAFKA_TLS_CERT and SPANLOOM_BUS_KAFKA_TLS_KEY belong together.');
  if (!config.kafkaTls) {
    if (files.ca === undefined && files.cert === undefined) return undefined;
    throw invalid('Certificates for Kafka are given, but SPANLOOM_BUS_KAFKA_TLS is not true.');
  }
  const given = Object.entries(files).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return Object.fromEntries(given.map(([name, path]) => [name, readSetting(path)]));
}

function readSetting(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PipelineError('CONFIG_INVALID', `The file ${path}, named by a setting of Kafka, cannot be read.`, {
      cause: error,
    });
  }
}

function saslOf(config: KafkaConfig): KafkaBusOptions['sasl'] {
  const { kafkaSasl: mechanism, kafkaUser: username, kafkaPassword: password } = config;
  if (mechanism === undefined) {
    if (username === undefined && password === undefined) return undefined;
    throw invalid('A user or password for Kafka is given, but SPANLOOM_BUS_KAFKA_SASL does not say how to log in.');
  }
  if (username === undefined || password === undefined)
    throw invalid(
      `SPANLOOM_BUS_KAFKA_SASL=${mechanism} needs SPANLOOM_BUS_KAFKA_USER and SPANLOOM_BUS_KAFKA_PASSWORD.`,
    );
  return { mechanism, username, password };
}

function invalid(sentence: string): PipelineError {
  return new PipelineError('CONFIG_INVALID', sentence);
}
