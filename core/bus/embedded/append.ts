import { createHash } from 'node:crypto';
import type { OutgoingMessage } from '../bus.ts';
import { partitionOf } from '../partitioner.ts';
import { type IndexEntry, type PartitionRow, storedBytes, type TopicRow } from './layout.ts';
import type { LogStore } from './log-store.ts';
import { type NeededOffsets, neededOffsets } from './needed-offsets.ts';

/** Messages that one pass removes for their age, and at all, so that no transaction becomes long. */
const maximumExpiredPerPass = 1_000;
const maximumRemovedPerPass = 5_000;

const keyHash = (key: string): string => createHash('sha256').update(key).digest('base64');

/** Room that messages will take, at most. */
export function storedBytesOf(messages: readonly OutgoingMessage[]): number {
  return messages.reduce((sum, { key, value }) => sum + storedBytes(value.length, Buffer.byteLength(key)), 0);
}

type NamedTopic = TopicRow & { readonly name: string };

/** A partition while a transaction changes it. */
class OpenPartition {
  readonly #store: LogStore;
  readonly #topic: NamedTopic;
  readonly #partition: number;
  #first: number;
  #next: number;
  #bytes: number;

  constructor(store: LogStore, topic: NamedTopic, partition: number) {
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

  /**
   * Removes the oldest messages as far as the settings of the topic ask for it and consumer groups allow it; the newest one
   * always stays.
   */
  retain(nowMs: number): void {
    const { retentionMs, retentionBytes, consumedBytes } = this.#topic;
    const smallest = Math.min(retentionBytes ?? Infinity, consumedBytes ?? Infinity);
    let needed: NeededOffsets | undefined;
    for (let removed = 0; removed < maximumRemovedPerPass; removed++) {
      const isAbove = this.#bytes > smallest;
      if (!isAbove && (retentionMs === undefined || removed >= maximumExpiredPerPass)) return;
      const oldest = this.#oldest();
      if (oldest === undefined || oldest.offset === this.#next - 1) return;
      const isExpired = oldest.timestampMs < nowMs - (retentionMs ?? Infinity);
      if (!isAbove && !isExpired) return;
      needed ??= this.#needed(nowMs);
      const isFull = this.#bytes > (retentionBytes ?? Infinity);
      if (oldest.offset >= (isFull || isExpired ? needed.fromPresent : needed.fromAny)) return;
      this.#remove(oldest.offset);
      this.#first = oldest.offset + 1;
    }
  }

  /** Whether it accepts no more messages until its readers have advanced. */
  isFull(nowMs: number): boolean {
    const { refusesWhenFull, retentionBytes } = this.#topic;
    if (refusesWhenFull !== true || this.#bytes <= (retentionBytes ?? Infinity)) return false;
    this.retain(nowMs);
    return this.#bytes > retentionBytes! && this.#needed(nowMs).unreadFrom < this.#next;
  }

  #needed(nowMs: number): NeededOffsets {
    return neededOffsets(this.#store, this.#topic, this.#partition, { first: this.#first }, nowMs);
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

/** Why nothing was appended. */
export type Refusal = { readonly unknownTopic: string } | { readonly fullTopic: string };

/** Inside a transaction: appends messages in their order. Returns why it could not, having appended nothing. */
export function append(store: LogStore, messages: readonly OutgoingMessage[], nowMs: number): Refusal | undefined {
  const topics = new Map<string, NamedTopic>();
  for (const { topic: name } of messages) {
    if (topics.has(name)) continue;
    const row = store.topics.get(name);
    if (row === undefined) return { unknownTopic: name };
    topics.set(name, { ...row, name });
  }
  const partitions = new Map<string, OpenPartition>();
  let fullTopic: string | undefined;
  const targets = messages.map((message) => {
    const topic = topics.get(message.topic)!;
    const number = partitionOf(message.key, topic.partitions);
    const key = `${topic.id}/${number}`;
    let partition = partitions.get(key);
    if (partition === undefined) {
      partitions.set(key, (partition = new OpenPartition(store, topic, number)));
      if (partition.isFull(nowMs)) fullTopic = topic.name;
    }
    return partition;
  });
  if (fullTopic === undefined) for (const [index, target] of targets.entries()) target.append(messages[index]!, nowMs);
  for (const partition of partitions.values()) {
    if (fullTopic === undefined) partition.retain(nowMs);
    partition.close();
  }
  return fullTopic === undefined ? undefined : { fullTopic };
}

/** Removes expired messages of topics without writes. */
export async function expire(store: LogStore, nowMs: number): Promise<void> {
  const due: { readonly topic: NamedTopic; readonly partition: number }[] = [];
  store.refresh();
  for (const { name, row } of store.topics.named()) {
    const topic = { ...row, name };
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
