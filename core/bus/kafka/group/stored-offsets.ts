import type { Position, TopicPartition } from '../../bus.ts';
import { keyOf } from './assignment.ts';
import type { KafkaConnection } from '../kafka-connection.ts';
import { kafkaError } from '../kafka-error.ts';
import { readPositionMetadata } from './position-metadata.ts';

/** How long end offsets are believed. */
const endsAgeMs = 1_000;

/** What the broker knows of offsets: the positions of a group, and both ends of the log. */
export class StoredOffsets {
  readonly #connection: KafkaConnection;
  readonly #group: string;
  readonly #topics: readonly string[];
  #ends: { readonly atMs: number; readonly byKey: Promise<ReadonlyMap<string, number>> } | undefined;

  constructor(connection: KafkaConnection, group: string, topics: readonly string[]) {
    this.#connection = connection;
    this.#group = group;
    this.#topics = topics;
  }

  /** Where the group is with these partitions; without a stored position the oldest message that is there. */
  positions(sources: readonly TopicPartition[]): Promise<readonly Position[]> {
    const connection = this.#connection;
    const topics = [...new Set(sources.map(({ topic }) => topic))];
    // A fresh connection: an older one may not know all partitions yet.
    return connection.withAdmin(async (admin) => {
      const stored = new Map<string, Omit<Position, keyof TopicPartition>>();
      const names = topics.map((topic) => connection.topicName(topic));
      for (const { topic, partitions } of await admin.fetchOffsets({
        groupId: connection.groupName(this.#group),
        topics: names,
      }))
        for (const { partition, offset: text, metadata } of partitions) {
          const offset = Number(text);
          if (offset < 0) continue;
          const notes = readPositionMetadata(metadata, offset);
          stored.set(keyOf({ topic: connection.topicOf(topic), partition }), { offset, ...notes });
        }
      const lows = new Map<string, number>();
      for (const topic of topics) {
        if (sources.every((source) => source.topic !== topic || stored.has(keyOf(source)))) continue;
        for (const { partition, low } of await admin.fetchTopicOffsets(connection.topicName(topic)))
          lows.set(keyOf({ topic, partition }), Number(low));
      }
      return sources.map(({ topic, partition }) => {
        const key = keyOf({ topic, partition });
        const low = lows.get(key) ?? 0;
        return { topic, partition, ...(stored.get(key) ?? { offset: low, emittedBelow: low }) };
      });
    });
  }

  /** The offset that the next message of each partition will get, at most a second old. */
  ends(): Promise<ReadonlyMap<string, number>> {
    const nowMs = performance.now();
    if (this.#ends === undefined || nowMs - this.#ends.atMs > endsAgeMs) {
      const byKey = this.#fetchEnds();
      this.#ends = { atMs: nowMs, byKey };
      byKey.catch(() => (this.#ends = undefined));
    }
    return this.#ends.byKey;
  }

  async #fetchEnds(): Promise<ReadonlyMap<string, number>> {
    try {
      const admin = await this.#connection.sharedAdmin();
      const ends = new Map<string, number>();
      for (const topic of this.#topics)
        for (const { partition, high } of await admin.fetchTopicOffsets(this.#connection.topicName(topic)))
          ends.set(keyOf({ topic, partition }), Number(high));
      return ends;
    } catch (error) {
      this.#connection.forgetAdmin();
      throw kafkaError('reading the ends of partitions', error);
    }
  }
}
