/**
 * Reads parts of topics on Kafka beside everyone who works on them: in a group of its own that never stores a position
 * and is removed at the end, so that no other group learns of it. kafkajs reads only as a member of a group.
 */
import { randomUUID } from 'node:crypto';
import type { Consumer as KafkajsConsumer } from 'kafkajs';
import type { ReceivedMessage, TopicPartition } from '../bus.ts';
import { PipelineError } from '../../errors.ts';
import { keyOf } from './group/assignment.ts';
import { type KafkaBusOptions, KafkaConnection } from './kafka-connection.ts';
import { kafkaError } from './kafka-error.ts';
import { type OffsetRange, RangeMerge } from './range-merge.ts';
import { receivedMessage } from './records/received-message.ts';
import { Wakeup } from './wakeup.ts';

/** A partition with more than `pauseBytes` waiting is not fetched until it has less than `resumeBytes`. */
const pauseBytes = 8 * 1024 * 1024;
const resumeBytes = 2 * 1024 * 1024;
const idleMs = 2_000;
/** Silence after which something must be wrong: all that is read is known to be there. */
const giveUpAfterMs = 60_000;

/** A span of the times at which the bus accepted messages, in milliseconds since the Unix epoch; the end not included. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Where a span of time lies in the partitions of a topic: from the first message that is as late as its begin, up to
 * the first that is as late as its end, or up to what is the last message now. Without a span of time, all there is.
 *
 * @throws PipelineError BUS_UNKNOWN_TOPIC, BUS_UNAVAILABLE
 */
export async function findRange(
  options: KafkaBusOptions,
  topic: string,
  time?: TimeRange,
): Promise<readonly OffsetRange[]> {
  const connection = new KafkaConnection(options);
  await connection.requireTopics([topic]);
  const name = connection.topicName(topic);
  try {
    return await connection.withAdmin(async (admin) => {
      const all = await admin.fetchTopicOffsets(name);
      const lookUp = async (timeMs: number): Promise<ReadonlyMap<number, number>> => {
        const found = await admin.fetchTopicOffsetsByTimestamp(name, timeMs);
        return new Map(found.map(({ partition, offset }) => [partition, Number(offset)]));
      };
      const begins = time === undefined ? undefined : await lookUp(time.fromMs);
      const ends = time === undefined ? undefined : await lookUp(time.toMs);
      return all
        .map(({ partition, low, high }) => ({
          topic,
          partition,
          from: Math.max(Number(low), begins?.get(partition) ?? 0),
          to: Math.min(Number(high), ends?.get(partition) ?? Infinity),
        }))
        .sort((left, right) => left.partition - right.partition);
    });
  } catch (error) {
    throw kafkaError('looking times up', error);
  }
}

/**
 * Reads these parts, the older of two messages first, then ends. Messages that retention or compaction has removed are
 * left out.
 *
 * @throws PipelineError BUS_UNAVAILABLE
 */
export async function* readRanges(
  options: KafkaBusOptions,
  ranges: readonly OffsetRange[],
  signal: AbortSignal,
): AsyncGenerator<ReceivedMessage, void, undefined> {
  const wanted = ranges.filter(({ from, to }) => from < to);
  if (wanted.length === 0) return;
  const reader = new RangeReader(new KafkaConnection(options), wanted);
  try {
    await reader.start();
    yield* reader.messages(signal);
  } finally {
    await reader.close();
  }
}

class RangeReader {
  readonly #connection: KafkaConnection;
  readonly #topics: readonly string[];
  readonly #merge: RangeMerge<ReceivedMessage>;
  readonly #group: string;
  readonly #inner: KafkajsConsumer;
  readonly #wakeup = new Wakeup();
  readonly #paused = new Map<string, TopicPartition>();
  #failure: PipelineError | undefined;
  #addedAtMs = performance.now();
  #closed = false;

  constructor(connection: KafkaConnection, ranges: readonly OffsetRange[]) {
    this.#connection = connection;
    this.#topics = [...new Set(ranges.map(({ topic }) => topic))];
    this.#merge = new RangeMerge(ranges);
    this.#group = connection.groupName(`read-range-${randomUUID()}`);
    const { options, retry } = connection;
    this.#inner = connection.newClient().consumer({
      groupId: this.#group,
      allowAutoTopicCreation: false,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.rebalanceTimeoutMs,
      heartbeatInterval: options.heartbeatEveryMs,
      maxBytesPerPartition: options.fetchBytes,
      maxBytes: options.fetchBytes,
      maxWaitTimeInMs: options.fetchWaitMs,
      retry: { ...retry, restartOnFailure: () => Promise.resolve(!this.#closed) },
    });
  }

  async start(): Promise<void> {
    const inner = this.#inner;
    // Also when it rejoins after a failure: it commits nothing.
    inner.on(inner.events.GROUP_JOIN, ({ payload }) => this.#joined(payload.memberAssignment));
    inner.on(inner.events.CRASH, ({ payload: { error, restart } }) => {
      if (!restart) this.#fail(error);
    });
    try {
      await inner.connect();
      const topics = this.#topics.map((topic) => this.#connection.topicName(topic));
      await inner.subscribe({ topics, fromBeginning: true });
    } catch (error) {
      throw kafkaError('reading', error);
    }
    inner
      .run({
        autoCommit: false,
        eachBatch: (payload) => {
          const { batch } = payload;
          if (payload.isStale()) return Promise.resolve();
          const source = { topic: this.#connection.topicOf(batch.topic), partition: batch.partition };
          this.#add(
            source,
            batch.messages.map((message) => receivedMessage(source, message)),
          );
          return Promise.resolve();
        },
      })
      .catch((error: unknown) => this.#fail(error));
  }

  #joined(given: Readonly<Record<string, readonly number[]>>): void {
    const unread = new Map(this.#merge.unread().map((source) => [keyOf(source), source]));
    for (const [name, partitions] of Object.entries(given))
      for (const partition of partitions) {
        const source = { topic: this.#connection.topicOf(name), partition };
        const next = unread.get(keyOf(source))?.next;
        if (next === undefined) this.#inner.pause([{ topic: name, partitions: [partition] }]);
        else this.#inner.seek({ topic: name, partition, offset: String(next) });
      }
  }

  #add(source: TopicPartition, messages: readonly ReceivedMessage[]): void {
    const isUnread = this.#merge.unread().some((unread) => keyOf(unread) === keyOf(source));
    if (isUnread) {
      this.#merge.add(source, messages);
      this.#addedAtMs = performance.now();
    }
    const isRead = this.#merge.unread().every((unread) => keyOf(unread) !== keyOf(source));
    if (isRead) this.#inner.pause([this.#named(source)]);
    else if (this.#merge.bytesOf(source) > pauseBytes) {
      this.#paused.set(keyOf(source), source);
      this.#inner.pause([this.#named(source)]);
    }
    this.#wakeup.wake();
  }

  async *messages(signal: AbortSignal): AsyncGenerator<ReceivedMessage, void, undefined> {
    while (!this.#merge.isOver) {
      signal.throwIfAborted();
      if (this.#failure !== undefined) throw this.#failure;
      const message = this.#merge.take();
      if (message?.refused !== undefined) {
        const { topic, partition, offset, refused } = message;
        this.#connection.logger?.error(
          { topic, partition, offset, ...refused },
          'A batch cannot be read and is left out.',
        );
        continue;
      }
      if (message !== undefined) {
        yield message;
        continue;
      }
      this.#resume();
      await this.#wakeup.wait(idleMs);
      const silenceMs = performance.now() - this.#addedAtMs;
      if (silenceMs >= idleMs) await this.#passOverRemoved();
      if (silenceMs >= giveUpAfterMs)
        throw new PipelineError('BUS_UNAVAILABLE', `Kafka has sent nothing for ${giveUpAfterMs / 1_000} s.`);
    }
  }

  #resume(): void {
    for (const [key, source] of this.#paused) {
      if (this.#merge.bytesOf(source) > resumeBytes) continue;
      this.#paused.delete(key);
      this.#inner.resume([this.#named(source)]);
    }
  }

  /** What retention removed meanwhile never comes. */
  async #passOverRemoved(): Promise<void> {
    try {
      const admin = await this.#connection.sharedAdmin();
      for (const topic of this.#topics)
        for (const { partition, low } of await admin.fetchTopicOffsets(this.#connection.topicName(topic)))
          if (this.#merge.unread().some((unread) => unread.topic === topic && unread.partition === partition))
            this.#merge.skipTo({ topic, partition }, Number(low));
    } catch {
      // The same trouble as the reading has; that says so.
      this.#connection.forgetAdmin();
    }
  }

  #named({ topic, partition }: TopicPartition): { readonly topic: string; readonly partitions: number[] } {
    return { topic: this.#connection.topicName(topic), partitions: [partition] };
  }

  #fail(error: unknown): void {
    this.#failure = kafkaError('reading', error);
    this.#wakeup.wake();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#inner.disconnect().catch(() => undefined);
    // An empty group without positions would go by itself, after a while.
    await this.#connection.withAdmin((admin) => admin.deleteGroups([this.#group])).catch(() => undefined);
    await this.#connection.close();
  }
}
