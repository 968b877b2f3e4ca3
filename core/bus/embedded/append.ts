import { createHash } from 'node:crypto';
import type { OutgoingMessage } from '../bus.ts';
import { partitionOf } from '../partitioner.ts';
import { type IndexEntry, type PartitionRow, storedBytes, type TopicRow } from './layout.ts';
import type { LogStore } from './log-store.ts';

/** Messages that one pass removes for their age, so that no transaction becomes long. */
const maximumExpiredPerPass = 1_000;

const keyHash = (key: string): string => createHash('sha256').update(key).digest('base64');

/** Room that messages will take, at most. */
export function storedBytesOf(messages: readonly OutgoingMessage[]): number {
  return messages.reduce((sum, { key, value }) => sum + storedBytes(value.length, Buffer.byteLength(key)), 0);
}

/** A partition while a transaction changes it. */
class OpenPartition {
  readonly #store: LogStore;
  readonly #topic: TopicRow;
  readonly #partition: number;
  #first: number;
  #next: number;
  #bytes: number;

  constructor(store: LogStore, topic: TopicRow, partition: number) {
    this.#store = store;
    this.#topic = topic;
    this.#partition = partition;
    ({ first: this.#first, next: this.#next, bytes: this.#bytes } = store.partition(topic.id, partition));
  }

  append(message: OutgoingMessage, nowMs: number): void {
    const { key, value, headers } = message;
    const offset = this.#next++;
    const at = [this.#topic.id, this.#partition, offset];
    const entry: IndexEntry =
      headers === undefined || Object.keys(headers).length === 0
        ? [nowMs, value.length, key]
        : [nowMs, value.length, key, headers];
    this.#store.index.putSync(at, entry);
    if (value.length > 0) this.#store.values.putSync(at, value as Buffer);
    this.#bytes += storedBytes(value.length, Buffer.byteLength(key));
    if (!this.#topic.compacted) return;
    const newestAt = [this.#topic.id, this.#partition, keyHash(key)];
    const previous = this.#store.newest.get(newestAt);
    if (previous !== undefined) this.#remove(previous);
    this.#store.newest.putSync(newestAt, offset);
  }

  /** Removes the oldest messages as far as the settings of the topic ask for it; the newest one always stays. */
  retain(nowMs: number): void {
    const { retentionMs, retentionBytes } = this.#topic;
    let expired = 0;
    const tooLarge = (): boolean => retentionBytes !== undefined && this.#bytes > retentionBytes;
    const mayExpire = (): boolean => retentionMs !== undefined && expired < maximumExpiredPerPass;
    while (tooLarge() || mayExpire()) {
      const oldest = this.#oldest();
      if (oldest === undefined || oldest.offset === this.#next - 1) return;
      if (!tooLarge() && oldest.timestampMs >= nowMs - (retentionMs ?? Infinity)) return;
      this.#remove(oldest.offset);
      this.#first = oldest.offset + 1;
      expired++;
    }
  }

  #oldest(): { readonly offset: number; readonly timestampMs: number } | undefined {
    const { id } = this.#topic;
    const range = { start: [id, this.#partition, this.#first], end: [id, this.#partition, this.#next], limit: 1 };
    for (const { key, value } of this.#store.index.getRange(range))
      return { offset: (key as number[])[2]!, timestampMs: value[0] };
    return undefined;
  }

  #remove(offset: number): void {
    const at = [this.#topic.id, this.#partition, offset];
    const entry = this.#store.index.get(at);
    if (entry === undefined) return;
    const [, valueBytes, key] = entry;
    this.#store.index.removeSync(at);
    if (valueBytes > 0) this.#store.values.removeSync(at);
    this.#bytes -= storedBytes(valueBytes, Buffer.byteLength(key));
    if (this.#topic.compacted) {
      const newestAt = [this.#topic.id, this.#partition, keyHash(key)];
      if (this.#store.newest.get(newestAt) === offset) this.#store.newest.removeSync(newestAt);
    }
  }

  close(): void {
    const row: PartitionRow = { first: this.#first, next: this.#next, bytes: this.#bytes };
    this.#store.putPartition(row, this.#topic.id, this.#partition);
  }
}

/** Inside a transaction: appends messages in their order. Returns a topic that does not exist, having written nothing. */
export function append(
  store: LogStore,
  messages: readonly OutgoingMessage[],
  nowMs: number,
): { readonly unknownTopic: string } | undefined {
  const topics = new Map<string, TopicRow>();
  for (const { topic } of messages) {
    if (topics.has(topic)) continue;
    const row = store.topics.get(topic);
    if (row === undefined) return { unknownTopic: topic };
    topics.set(topic, row);
  }
  const partitions = new Map<string, OpenPartition>();
  for (const message of messages) {
    const topic = topics.get(message.topic)!;
    const number = partitionOf(message.key, topic.partitions);
    const name = `${topic.id}/${number}`;
    let partition = partitions.get(name);
    if (partition === undefined) partitions.set(name, (partition = new OpenPartition(store, topic, number)));
    partition.append(message, nowMs);
  }
  for (const partition of partitions.values()) {
    partition.retain(nowMs);
    partition.close();
  }
  return undefined;
}

/** Removes what has become too old in topics that nobody writes to. */
export async function expire(store: LogStore, nowMs: number): Promise<void> {
  const due: { readonly topic: TopicRow; readonly partition: number }[] = [];
  store.refresh();
  for (const { row: topic } of store.topics.named()) {
    if (topic.retentionMs === undefined) continue;
    for (let partition = 0; partition < topic.partitions; partition++) {
      const { first, next } = store.partition(topic.id, partition);
      const range = { start: [topic.id, partition, first], end: [topic.id, partition, next], limit: 1 };
      for (const { value } of store.index.getRange(range))
        if (value[0] < nowMs - topic.retentionMs) due.push({ topic, partition });
    }
  }
  if (due.length === 0) return;
  await store.transaction(() => {
    for (const { topic, partition } of due) {
      const open = new OpenPartition(store, topic, partition);
      open.retain(nowMs);
      open.close();
    }
  });
}
