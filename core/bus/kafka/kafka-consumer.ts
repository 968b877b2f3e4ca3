/**
 * kafkajs pushes batches, a stage pulls messages. A batch stays in the inbox, and kafkajs waits for it, until the stage
 * polls again after it took the batch's last message: then the turn that used it is over. So a slow stage slows the
 * fetching, and a rebalance waits for the running turn: when the broker asks to rejoin, the turn may still commit, and
 * only the next poll lets kafkajs continue and rejoin.
 *
 * Rejoining gives the same or other partitions (group/assignment.ts). Kept ones continue where the stage is; the positions of
 * new ones are read from the broker before their first message is returned.
 */
import type { Consumer as KafkajsConsumer, EachBatchPayload, KafkaMessage } from 'kafkajs';
import type { Consumer, Poll, Position, ReceivedMessage, TopicPartition } from '../bus.ts';
import { PipelineError } from '../../errors.ts';
import { Assignment, keyOf } from './group/assignment.ts';
import { type BatchOutcome, Inbox } from './inbox.ts';
import type { KafkaConnection } from './kafka-connection.ts';
import { brokerAnswer, isFenced, isGroupRefusal, kafkaError } from './kafka-error.ts';
import { partitionAssigner } from './group/partition-assigner.ts';
import { writePositionMetadata } from './group/position-metadata.ts';
import { receivedMessage } from './records/received-message.ts';
import { StoredOffsets } from './group/stored-offsets.ts';
import { timeout, Wakeup } from './wakeup.ts';

/** Batches of one fetch that are in the inbox together; more than a member has partitions. */
const batchesAtOnce = 64;
/** Partitions that share a fetch if all have enough data; kafkajs draws them at random each time. */
const partitionsOfFetch = 4;
const retryAfterMs = 500;
/** Retries of kafkajs while brokers are unavailable, one per second, before it leaves the group and rejoins. */
const patience = { retries: 600 };
const closeWithinMs = 5_000;
const commitWithinMs = 10_000;
/** One may have been under way when the join began. */
const heartbeatsOfFailedJoin = 3;

/** A member of a consumer group of Kafka. */
export class KafkaConsumer implements Consumer {
  readonly #connection: KafkaConnection;
  readonly #group: string;
  readonly #topics: readonly string[];
  readonly #offsets: StoredOffsets;
  readonly #assignment = new Assignment();
  readonly #inbox = new Inbox();
  readonly #wakeup = new Wakeup();
  readonly #onClose: () => void;
  #inner: KafkajsConsumer;
  #started: Promise<void> = Promise.resolve();
  #memberId: string | undefined;
  /** Between a request to join and the assignment nothing may be committed. */
  #joining = true;
  /** Heartbeats that the broker has answered since then. */
  #heartbeatsWhileJoining = 0;
  /** The broker's wish to rebalance, from when it is known until the next assignment. */
  #rebalancing: { readonly error: unknown } | undefined;
  /** The stage works on what the last poll brought. */
  #turnRunning = false;
  /** Positions of new partitions of the present generation, once they are known. */
  #positions: readonly Position[] | undefined;
  #generation = 0;
  /** Partitions whose seek kafkajs may not have carried out yet: it would do so even generations later. */
  readonly #seeks = new Set<string>();
  #commitOffsets: EachBatchPayload['commitOffsetsIfNecessary'] | undefined;
  /** Reported to the stage once: kafkajs recovers by itself. */
  #outage: PipelineError | undefined;
  #failure: PipelineError | undefined;
  /** The broker lets this user not join: kafkajs says so in its log alone, its error is that no coordinator was found. */
  #isRefused = false;
  #closed = false;

  constructor(connection: KafkaConnection, group: string, topics: readonly string[], onClose: () => void) {
    this.#connection = connection;
    this.#group = group;
    this.#topics = topics;
    this.#offsets = new StoredOffsets(connection, group, topics);
    this.#onClose = onClose;
    this.#inner = this.#newInner();
  }

  /** Joins the group in the background: others may have to finish their turn first. */
  async start(): Promise<void> {
    const inner = this.#inner;
    try {
      await inner.connect();
      await inner.subscribe({
        topics: this.#topics.map((topic) => this.#connection.topicName(topic)),
        fromBeginning: true,
      });
    } catch (error) {
      throw kafkaError('joining the group', error);
    }
    this.#started = inner
      .run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: batchesAtOnce,
        eachBatch: (payload) => this.#eachBatch(payload),
      })
      .catch((error: unknown) => this.#crashed(error, false));
  }

  #newInner(): KafkajsConsumer {
    const { options } = this.#connection;
    const retry = {
      ...this.#connection.retry,
      restartOnFailure: () => Promise.resolve(!this.#closed),
    };
    // A client of its own: kafkajs shares what it knows of committed offsets between all consumers of one.
    const client = this.#connection.newClient(patience, ({ log }) => {
      if (isGroupRefusal(log)) this.#isRefused = true;
    });
    const inner = client.consumer({
      groupId: this.#connection.groupName(this.#group),
      allowAutoTopicCreation: false,
      sessionTimeout: options.sessionTimeoutMs,
      rebalanceTimeout: options.rebalanceTimeoutMs,
      heartbeatInterval: options.heartbeatEveryMs,
      metadataMaxAge: options.metadataMaxAgeMs,
      maxBytesPerPartition: Math.ceil(options.fetchBytes / partitionsOfFetch),
      maxBytes: options.fetchBytes,
      maxWaitTimeInMs: options.fetchWaitMs,
      // spanloom writes no transactions. A producer that leaves one open would delay all messages behind it.
      readUncommitted: true,
      retry,
      partitionAssigners: [
        partitionAssigner(
          () => {
            this.#joining = true;
            this.#heartbeatsWhileJoining = 0;
          },
          () => [...new Set(this.#assignment.owned().map(({ partition }) => partition))],
        ),
      ],
    });
    inner.on(inner.events.GROUP_JOIN, ({ payload }) => {
      if (inner === this.#inner) this.#joined(payload.memberId, payload.memberAssignment);
    });
    inner.on(inner.events.HEARTBEAT, () => {
      if (inner === this.#inner && this.#joining) this.#heardWhileJoining();
    });
    inner.on(inner.events.CRASH, ({ payload }) => {
      if (inner === this.#inner) this.#crashed(payload.error, payload.restart);
    });
    return inner;
  }

  /**
   * A moved coordinator refuses the join. If it is back before kafkajs asks again, kafkajs continues in the old generation as
   * if it had never asked. Messages discarded for the join would not come again, so the consumer starts again.
   */
  #heardWhileJoining(): void {
    if (this.#memberId === undefined || ++this.#heartbeatsWhileJoining < heartbeatsOfFailedJoin) return;
    const message = `Kafka: ${this.#group} could not rejoin its group, and joins it anew.`;
    this.#crashed(new PipelineError('BUS_UNAVAILABLE', message, { retryable: true }), false);
  }

  #joined(memberId: string, given: Readonly<Record<string, readonly number[]>>): void {
    this.#inbox.endAll('discarded');
    const sources = Object.entries(given).flatMap(([name, partitions]) =>
      partitions.map((partition) => ({ topic: this.#connection.topicOf(name), partition })),
    );
    const kept = this.#assignment.joined(sources, memberId === this.#memberId);
    this.#memberId = memberId;
    this.#joining = false;
    this.#rebalancing = undefined;
    for (const { next, ...source } of kept) this.#seek(source, next);
    this.#positions = undefined;
    void this.#findPositions(++this.#generation);
  }

  #seek(source: TopicPartition, offset: number): void {
    const { topic, partition } = source;
    this.#seeks.add(keyOf(source));
    this.#inner.seek({ topic: this.#connection.topicName(topic), partition, offset: String(offset) });
  }

  /** Reads where the group is with the new partitions. */
  async #findPositions(generation: number): Promise<void> {
    const isCurrent = (): boolean => generation === this.#generation && !this.#closed;
    while (isCurrent()) {
      const sources = this.#assignment.undecided();
      try {
        const positions = sources.length === 0 ? [] : await this.#offsets.positions(sources);
        if (!isCurrent()) return;
        const kept = new Map(this.#assignment.settle(positions).map((source) => [keyOf(source), source.next]));
        for (const position of positions) {
          const next = kept.get(keyOf(position));
          if (next === undefined && !this.#seeks.has(keyOf(position))) continue;
          this.#inbox.discard(position);
          this.#seek(position, next ?? position.offset);
        }
        this.#positions = positions;
        this.#wakeup.wake();
        return;
      } catch (error) {
        const known = kafkaError('reading positions', error);
        if (!known.retryable) {
          this.#fail(known);
          return;
        }
        this.#connection.logger?.debug({ error: known }, 'Positions are not known yet.');
        await timeout(retryAfterMs).over;
      }
    }
  }

  /** kafkajs has given up a connection or more; with `restarts` it starts again by itself. */
  #crashed(error: unknown, restarts: boolean): void {
    this.#generation++;
    this.#positions = undefined;
    this.#memberId = undefined;
    this.#joining = true;
    this.#rebalancing = undefined;
    this.#commitOffsets = undefined;
    this.#seeks.clear();
    this.#inbox.endAll('discarded');
    this.#assignment.disconnected();
    const known = this.#isRefused
      ? new PipelineError('BUS_UNAVAILABLE', `Kafka: not authorized to join the group ${this.#group}.`, {
          cause: error,
        })
      : kafkaError('the group', error);
    if (known.retryable) this.#outage = known;
    else this.#fail(known);
    this.#wakeup.wake();
    if (!restarts && known.retryable) void this.#restart();
  }

  async #restart(): Promise<void> {
    await timeout(retryAfterMs).over;
    while (!this.#isClosed()) {
      await this.#inner.disconnect().catch(() => undefined);
      this.#inner = this.#newInner();
      try {
        await this.start();
        return;
      } catch (error) {
        this.#outage = kafkaError('the group', error);
        this.#wakeup.wake();
        await timeout(retryAfterMs).over;
      }
    }
  }

  #fail(error: PipelineError): void {
    this.#failure = error;
    this.#wakeup.wake();
  }

  async #eachBatch(payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    if (this.#isClosed() || payload.isStale()) return;
    this.#commitOffsets = (offsets) => payload.commitOffsetsIfNecessary(offsets);
    const source = { topic: this.#connection.topicOf(batch.topic), partition: batch.partition };
    this.#seeks.delete(keyOf(source));
    const { over } = this.#inbox.add(source, batch.messages);
    this.#wakeup.wake();
    let outcome: BatchOutcome | undefined;
    while (outcome === undefined) {
      const pause = timeout(this.#connection.options.heartbeatEveryMs);
      outcome = await Promise.race([over, pause.over]);
      pause.cancel();
      if (outcome !== undefined) break;
      if (!payload.isRunning()) this.#inbox.endAll('discarded');
      await payload.heartbeat().catch((error: unknown) => this.#heartbeatFailed(error));
    }
    if (outcome === 'read') payload.resolveOffset(batch.lastOffset());
    else if (outcome !== 'discarded') throw outcome.error;
  }

  #heartbeatFailed(error: unknown): void {
    const answer = brokerAnswer(error);
    if (answer === 'REBALANCE_IN_PROGRESS') {
      if (this.#rebalancing !== undefined) return;
      this.#rebalancing = { error };
      if (!this.#turnRunning) this.#inbox.endAll({ error });
      // The group does not wait for ever; who comes too late loses all partitions.
      else setTimeout(() => this.#endDrain(error), this.#connection.options.rebalanceTimeoutMs * 0.8).unref();
    } else if (isFenced(error) || answer === 'NOT_COORDINATOR_FOR_GROUP') this.#inbox.endAll({ error });
    // Without an answer the fetching finds out what is wrong; the running turn may go on.
  }

  #endDrain(error: unknown): void {
    if (this.#rebalancing?.error === error) this.#inbox.endAll({ error });
  }

  async poll(limits: { readonly maxWaitMs: number; readonly maxBytes: number }): Promise<Poll> {
    this.#requireOpen();
    this.#turnRunning = false;
    if (this.#rebalancing === undefined) this.#inbox.finishRead();
    else this.#inbox.endAll(this.#rebalancing);
    const deadlineMs = performance.now() + limits.maxWaitMs;
    // Closed while it waited: that is no error of the caller.
    while (!this.#isClosed()) {
      this.#throwTrouble();
      const rebalance =
        this.#assignment.isChanged && this.#positions !== undefined
          ? this.#assignment.report(this.#positions)
          : undefined;
      const messages = this.#take(limits.maxBytes);
      const remainingMs = deadlineMs - performance.now();
      if (rebalance !== undefined || messages.length > 0 || remainingMs <= 0) {
        this.#turnRunning = true;
        return rebalance === undefined ? { messages } : { rebalance, messages };
      }
      await this.#wakeup.wait(remainingMs);
    }
    return { messages: [] };
  }

  #throwTrouble(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const outage = this.#outage;
    this.#outage = undefined;
    if (outage !== undefined) throw outage;
  }

  #take(maxBytes: number): readonly ReceivedMessage[] {
    const messages: ReceivedMessage[] = [];
    if (this.#joining || this.#rebalancing !== undefined || this.#assignment.isChanged) return messages;
    const assignment = this.#assignment;
    this.#inbox.take(
      maxBytes,
      (source) => assignment.isReadable(source),
      (source, offset) => offset >= assignment.next(source),
      (source: TopicPartition, message: KafkaMessage) => {
        const received = receivedMessage(source, message);
        assignment.advance(source, received.offset);
        messages.push(received);
      },
    );
    // A batch that held nothing new must not wait for a message.
    if (messages.length === 0) this.#inbox.finishRead();
    return messages;
  }

  async commit(positions: readonly Position[]): Promise<void> {
    this.#requireOpen();
    for (const { topic, partition, offset, emittedBelow } of positions)
      if (!(Number.isSafeInteger(offset) && offset >= 0 && emittedBelow >= offset))
        throw new TypeError(`not a position of ${topic}/${partition}: ${offset}, ${emittedBelow}`);
    if (positions.length === 0) return;
    const assignment = this.#assignment;
    const foreign = positions.filter(
      (position) => !assignment.isReadable(position) && !assignment.isUncertain(position),
    );
    if (foreign.length > 0) throw this.#notAssigned(foreign);
    if (this.#joining || positions.some((position) => assignment.isUncertain(position)))
      throw new PipelineError('BUS_UNAVAILABLE', `${this.#group} is rejoining its group.`, { retryable: true });
    const generation = this.#generation;
    try {
      await this.#answered(this.#commit(positions));
      assignment.stored(positions);
    } catch (error) {
      if (!isFenced(error)) throw kafkaError('committing', error);
      // kafkajs notices at its next heartbeat; until it has rejoined there is nothing to read or commit.
      if (generation === this.#generation) {
        this.#joining = true;
        this.#inbox.endAll({ error });
      }
      throw this.#notAssigned(positions, error);
    }
  }

  /** kafkajs waits for an unavailable broker; the caller gets an error and retries. */
  async #answered(commit: Promise<void>): Promise<void> {
    const limit = timeout(commitWithinMs);
    try {
      const isStored = await Promise.race([commit.then(() => true), limit.over]);
      if (isStored !== true) throw new PipelineError('BUS_UNAVAILABLE', 'No answer to a commit.', { retryable: true });
    } finally {
      limit.cancel();
      commit.catch(() => undefined);
    }
  }

  /** One request, never repeated here: a later generation would accept it for partitions that are not ours any more. */
  async #commit(positions: readonly Position[]): Promise<void> {
    const topics = this.#topics.map((topic) => ({
      topic: this.#connection.topicName(topic),
      partitions: positions
        .filter((position) => position.topic === topic)
        .map(({ partition, offset, ...notes }) => ({
          partition,
          offset: String(offset),
          metadata: writePositionMetadata(notes),
        })),
    }));
    // Only a batch gives access to the request itself.
    if (this.#commitOffsets !== undefined) {
      await this.#commitOffsets({ topics: topics.filter(({ partitions }) => partitions.length > 0) });
      return;
    }
    // Before the first batch there is only the method that repeats requests, and that does nothing at all without
    // saying so when the consumer does not run.
    const inner = this.#inner;
    let stored: boolean | undefined;
    const removeListener = inner.on(inner.events.COMMIT_OFFSETS, () => (stored = true));
    try {
      await inner.commitOffsets(
        topics.flatMap(({ topic, partitions }) => partitions.map((position) => ({ topic, ...position }))),
      );
    } finally {
      removeListener();
    }
    if (stored !== true) throw new PipelineError('BUS_UNAVAILABLE', 'The consumer does not run.', { retryable: true });
  }

  #notAssigned(positions: readonly TopicPartition[], cause?: unknown): PipelineError {
    const names = positions.map(keyOf).join(', ');
    return new PipelineError('BUS_NOT_ASSIGNED', `Another member of ${this.#group} has ${names} now.`, { cause });
  }

  async endOffsets(): Promise<readonly (TopicPartition & { readonly offset: number })[]> {
    this.#requireOpen();
    const ends = await this.#offsets.ends();
    return this.#assignment.owned().flatMap((source) => {
      const offset = ends.get(keyOf(source));
      return offset === undefined ? [] : [{ ...source, offset }];
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#inbox.endAll('discarded');
    this.#wakeup.wake();
    // kafkajs does not stop what has not started yet.
    await this.#within(this.#started);
    await this.#within(this.#inner.disconnect());
    this.#onClose();
  }

  async #within(action: Promise<void>): Promise<void> {
    const limit = timeout(closeWithinMs);
    await Promise.race([action.catch(() => undefined), limit.over]);
    limit.cancel();
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  #requireOpen(): void {
    if (this.#closed) throw new PipelineError('BUS_CLOSED', 'The consumer is closed.');
  }
}
