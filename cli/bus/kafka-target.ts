import type { OutgoingMessage, Producer } from '../../core/bus/bus.ts';
import { kafkaBusOptions } from '../../core/bus/kafka/config.ts';
import type { KafkaBusOptions } from '../../core/bus/kafka/kafka-connection.ts';
import { requireTopics } from '../../core/bus/kafka/topic-administration.ts';
import type { BusConfig } from './bus-config.ts';
import { UsageError } from '../process/exit-codes.ts';

/** Kafka as it is configured. @throws UsageError without brokers */
export function requireKafka(config: BusConfig): KafkaBusOptions {
  const kafka = kafkaBusOptions(config);
  if (kafka === undefined) throw new UsageError('SPANLOOM_BUS_KAFKA_BROKERS is not set: there is no Kafka to send to.');
  return kafka;
}

/** @throws PipelineError BUS_UNKNOWN_TOPIC that says how topics of this prefix are made */
export async function requireTargetTopics(target: KafkaBusOptions, topics: readonly string[]): Promise<void> {
  await requireTopics(target, topics, `SPANLOOM_BUS_KAFKA_PREFIX=${target.prefix ?? ''} spanloom topics apply`);
}

/** Sends, and counts what is acknowledged. */
export class CountedOutput {
  readonly #producer: Producer;
  readonly #byTopic = new Map<string, number>();
  /** Messages of a send that failed: some may be stored. */
  doubtful = 0;

  constructor(producer: Producer) {
    this.#producer = producer;
  }

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    this.doubtful = messages.length;
    await this.#producer.send(messages);
    this.doubtful = 0;
    for (const { topic } of messages) this.#byTopic.set(topic, this.count(topic) + 1);
  }

  count(topic: string): number {
    return this.#byTopic.get(topic) ?? 0;
  }

  /** Such as '12 messages of events and 3 of resources'. */
  get text(): string {
    const [first, ...others] = [...this.#byTopic].sort(([left], [right]) => (left < right ? -1 : 1));
    if (first === undefined) return 'no messages';
    const [topic, count] = first;
    const parts = [`${count} ${count === 1 ? 'message' : 'messages'} of ${topic}`];
    for (const [name, more] of others) parts.push(`${more} of ${name}`);
    return parts.join(' and ');
  }
}
