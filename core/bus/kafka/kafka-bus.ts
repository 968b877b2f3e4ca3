/** The bus on Kafka, by kafkajs. */
import type { Bus, Consumer, Producer, TopicSettings } from '../bus.ts';
import { PipelineError } from '../../errors.ts';
import { type KafkaBusOptions, KafkaConnection } from './kafka-connection.ts';
import { KafkaConsumer } from './kafka-consumer.ts';
import { KafkaProducer } from './kafka-producer.ts';
import { applyTopics, planTopicChanges } from './topic-administration.ts';

/** Opens a bus on Kafka; connections are made when they are needed. */
export function openKafkaBus(options: KafkaBusOptions): Bus {
  return new KafkaBus(new KafkaConnection(options));
}

class KafkaBus implements Bus {
  readonly #connection: KafkaConnection;
  readonly #open = new Set<Producer | Consumer>();
  #closed = false;

  constructor(connection: KafkaConnection) {
    this.#connection = connection;
  }

  get servers(): readonly string[] {
    return this.#connection.options.brokers;
  }

  async ensureTopics(settings: readonly TopicSettings[]): Promise<void> {
    this.#requireOpen();
    const { given } = this.#connection;
    await applyTopics(given, await planTopicChanges(given, settings));
  }

  producer(): Promise<Producer> {
    this.#requireOpen();
    const producer: Producer = new KafkaProducer(this.#connection, () => this.#open.delete(producer));
    this.#open.add(producer);
    return Promise.resolve(producer);
  }

  async consumer(options: { readonly group: string; readonly topics: readonly string[] }): Promise<Consumer> {
    this.#requireOpen();
    await this.#connection.requireTopics(options.topics);
    const { group, topics } = options;
    const consumer: KafkaConsumer = new KafkaConsumer(this.#connection, group, topics, () => {
      this.#open.delete(consumer);
    });
    this.#open.add(consumer);
    try {
      await consumer.start();
    } catch (error) {
      await consumer.close();
      throw error;
    }
    return consumer;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await Promise.all([...this.#open].map((part) => part.close()));
    await this.#connection.close();
  }

  #requireOpen(): void {
    if (this.#closed) throw new PipelineError('BUS_CLOSED', 'The bus is closed.');
  }
}
