import kafkajs, {
  type Admin,
  type Kafka,
  type KafkaConfig,
  type LogEntry,
  type RetryOptions,
  type SASLOptions,
} from 'kafkajs';
import type { ConnectionOptions } from 'node:tls';
import type { Logger } from '../../telemetry/logger.ts';
import { type Compression, defaultMaxBytes, useCodecs } from './records/compression.ts';
import { kafkaError, unknownTopicError } from './kafka-error.ts';
import { kafkaLogger } from './kafka-logger.ts';
import { responseSocket } from './response-frames.ts';
import { useRecordSets } from './records/record-set.ts';

const { logLevel } = kafkajs;

/** How Kafka is reached and used. */
export interface KafkaBusOptions {
  /** `host:port` of some brokers. */
  readonly brokers: readonly string[];
  readonly clientId?: string;
  /** Before the names of topics and groups. `spanloom.`. */
  readonly prefix?: string;
  readonly tls?: ConnectionOptions;
  readonly sasl?: SASLOptions;
  readonly compression?: Compression;
  /** Copies of each partition of topics that are created. 1. */
  readonly replicationFactor?: number;
  /** Largest message that topics take, compressed. 32 MiB. */
  readonly maxMessageBytes?: number;
  /** Time without a heartbeat after which a member counts as dead and its partitions are reassigned. 15 s. */
  readonly sessionTimeoutMs?: number;
  /** Longest time that a rebalance waits for the running turn of a member. 60 s. */
  readonly rebalanceTimeoutMs?: number;
  /** How often members say that they live, and hear of a rebalance. 1 s. */
  readonly heartbeatEveryMs?: number;
  /** How long the broker keeps a fetch waiting for messages. 250 ms. */
  readonly fetchWaitMs?: number;
  /**
   * Bytes of one fetch, of all partitions together, compressed; a single larger message still comes. All of it is
   * decompressed, often to ten times as much, before the first message is handed out. 1 MiB.
   */
  readonly fetchBytes?: number;
  /** What one record batch, and then one response, may take in memory when it has been read. 64 MiB. Counts for all connections of a process. */
  readonly maxDecompressedBytes?: number;
  /** After what time new partitions of a topic are noticed. 60 s. */
  readonly metadataMaxAgeMs?: number;
  /** Longest time for an answer of a broker. 30 s. */
  readonly requestTimeoutMs?: number;
  readonly logger?: Logger;
}

type Defaulted = Required<Omit<KafkaBusOptions, 'tls' | 'sasl' | 'logger'>>;

const defaults: Omit<Defaulted, 'brokers'> = {
  clientId: 'spanloom',
  prefix: 'spanloom.',
  compression: 'zstd',
  replicationFactor: 1,
  maxMessageBytes: 32 * 1024 * 1024,
  sessionTimeoutMs: 15_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatEveryMs: 1_000,
  fetchWaitMs: 250,
  fetchBytes: 1024 * 1024,
  maxDecompressedBytes: defaultMaxBytes,
  metadataMaxAgeMs: 60_000,
  requestTimeoutMs: 30_000,
};

/** What producers, consumers and the bus share: settings, names, and a connection for questions. */
export class KafkaConnection {
  readonly given: KafkaBusOptions;
  /** What was given, with defaults. */
  readonly options: Defaulted;
  readonly logger: Logger | undefined;
  /** Bounds of what kafkajs repeats by itself; after that the caller decides. */
  readonly retry = { initialRetryTime: 100, maxRetryTime: 1_000, factor: 0.2, multiplier: 2, retries: 5 } as const;
  readonly #config: KafkaConfig;
  readonly #knownTopics = new Set<string>();
  #admin: Promise<Admin> | undefined;

  constructor(given: KafkaBusOptions) {
    const { tls, sasl, logger, ...options } = given;
    this.given = given;
    this.options = { ...defaults, ...options };
    this.logger = logger;
    useCodecs(this.options.maxDecompressedBytes);
    useRecordSets(this.options.maxDecompressedBytes);
    this.#config = {
      brokers: [...this.options.brokers],
      clientId: this.options.clientId,
      connectionTimeout: 5_000,
      requestTimeout: this.options.requestTimeoutMs,
      retry: this.retry,
      socketFactory: responseSocket,
      ...(tls === undefined ? {} : { ssl: tls }),
      ...(sasl === undefined ? {} : { sasl }),
      ...(logger === undefined
        ? { logLevel: logLevel.NOTHING }
        : {
            logLevel: logger.isLevelEnabled('debug') ? logLevel.INFO : logLevel.ERROR,
            logCreator: kafkaLogger(logger),
          }),
    };
  }

  /** @param onLog is shown what the client logs, beside what is done with it otherwise */
  newClient(retry: Partial<RetryOptions> = {}, onLog?: (entry: LogEntry) => void): Kafka {
    const config = { ...this.#config, retry: { ...this.retry, ...retry } };
    if (onLog === undefined) return new kafkajs.Kafka(config);
    const { logLevel: level = logLevel.NOTHING, logCreator } = config;
    return new kafkajs.Kafka({
      ...config,
      logLevel: level === logLevel.NOTHING ? logLevel.ERROR : level,
      logCreator: (level) => {
        const log = logCreator?.(level);
        return (entry) => {
          log?.(entry);
          onLog(entry);
        };
      },
    });
  }

  topicName(topic: string): string {
    return this.options.prefix + topic;
  }

  topicOf(name: string): string {
    return name.slice(this.options.prefix.length);
  }

  groupName(group: string): string {
    return this.options.prefix + group;
  }

  /** Asks questions over a connection of their own. */
  async withAdmin<Value>(use: (admin: Admin) => Promise<Value>): Promise<Value> {
    const admin = this.newClient().admin();
    try {
      await admin.connect();
      return await use(admin);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }

  /** A connection that stays, for questions that come often. */
  sharedAdmin(): Promise<Admin> {
    if (this.#admin === undefined) {
      const admin = this.newClient().admin();
      this.#admin = admin.connect().then(() => admin);
      this.#admin.catch(() => (this.#admin = undefined));
    }
    return this.#admin;
  }

  /** After a failure the next request uses a new connection. */
  forgetAdmin(): void {
    const admin = this.#admin;
    this.#admin = undefined;
    void admin?.then((open) => open.disconnect()).catch(() => undefined);
  }

  /** @throws PipelineError BUS_UNKNOWN_TOPIC, BUS_UNAVAILABLE */
  async requireTopics(topics: Iterable<string>): Promise<void> {
    const unknown = [...topics].filter((topic) => !this.#knownTopics.has(topic));
    if (unknown.length === 0) return;
    let names: ReadonlySet<string>;
    try {
      names = new Set(await this.withAdmin((admin) => admin.listTopics()));
    } catch (error) {
      throw kafkaError('listing topics', error);
    }
    for (const topic of unknown) {
      if (!names.has(this.topicName(topic))) throw unknownTopicError(this.topicName(topic));
      this.#knownTopics.add(topic);
    }
  }

  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await admin?.then((open) => open.disconnect()).catch(() => undefined);
  }
}
