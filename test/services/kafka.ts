/**
 * The Kafka broker of a test run: KAFKA_BROKERS where it is set; else a container where an engine has the image; else one
 * from Maven's archives.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../core/free-ports.ts';
import { type Broker, startBroker } from '../../scripts/kafka/broker.ts';
import { brokerMissing } from '../../scripts/kafka/jars.ts';
import { localImage } from './local-image.ts';

/** Where a broker comes from. */
export type KafkaSource =
  | { readonly kind: 'given'; readonly brokers: readonly string[] }
  | { readonly kind: 'container'; readonly image: string }
  | { readonly kind: 'archives' }
  | { readonly kind: 'missing'; readonly reason: string };

/** A broker that runs until it is stopped. */
export interface RunningKafka {
  readonly brokers: readonly string[];
  stop(): Promise<void>;
}

export async function kafkaSource(): Promise<KafkaSource> {
  const given = process.env['KAFKA_BROKERS'];
  if (given !== undefined) return { kind: 'given', brokers: given.split(',') };
  const image = await localImage('kafka');
  if (image !== undefined) return { kind: 'container', image };
  const reason = brokerMissing();
  return reason === undefined ? { kind: 'archives' } : { kind: 'missing', reason };
}

export async function startKafka(source: Exclude<KafkaSource, { kind: 'missing' }>): Promise<RunningKafka> {
  switch (source.kind) {
    case 'given':
      return { brokers: source.brokers, stop: () => Promise.resolve() };
    case 'container':
      return startContainer(source.image);
    case 'archives': {
      const broker = await startOwnBroker();
      return { brokers: broker.brokers, stop: () => broker.remove() };
    }
  }
}

/** A broker from Maven's archives that its caller may kill. */
export async function startOwnBroker(): Promise<Broker & { remove(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'kafka-'));
  const broker = await startBroker({ directory });
  const remove = async (): Promise<void> => {
    await broker.kill();
    rmSync(directory, { recursive: true, force: true });
  };
  return { ...broker, remove };
}

async function startContainer(image: string): Promise<RunningKafka> {
  const { GenericContainer, Wait } = await import('testcontainers');
  const port = await freePort();
  const container = await new GenericContainer(image)
    .withEnvironment({
      KAFKA_NODE_ID: '1',
      KAFKA_PROCESS_ROLES: 'broker,controller',
      KAFKA_CONTROLLER_QUORUM_VOTERS: '1@localhost:9093',
      KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
      KAFKA_LISTENERS: 'PLAINTEXT://:9092,BROKER://localhost:9094,CONTROLLER://:9093',
      // Clients connect to the advertised address. The broker also connects to itself, and does not reach that address from inside.
      KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://127.0.0.1:${port},BROKER://localhost:9094`,
      KAFKA_INTER_BROKER_LISTENER_NAME: 'BROKER',
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'PLAINTEXT:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT',
      KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS: '4',
      KAFKA_TRANSACTION_STATE_LOG_NUM_PARTITIONS: '1',
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
      KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
      KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
      KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
      KAFKA_MESSAGE_MAX_BYTES: String(32 * 1024 * 1024),
      KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
    })
    .withExposedPorts({ container: 9092, host: port })
    .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/))
    .withStartupTimeout(60_000)
    .start();
  return {
    brokers: [`127.0.0.1:${port}`],
    stop: async () => {
      await container.stop();
    },
  };
}
