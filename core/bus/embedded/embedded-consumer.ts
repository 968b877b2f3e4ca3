import type { Consumer, Poll, Position, Rebalance, TopicPartition } from '../bus.ts';
import { PipelineError } from '../../errors.ts';
import { join, leave, type Membership, pendingChange, rebalance, storePositions } from './group.ts';
import { type LogStore, tolerant } from './log-store.ts';
import { ownProcessId } from './process-identity.ts';
import { type Cursor, readMessages } from './read-messages.ts';
import { FileWorkNotes } from './work-notes.ts';

let members = 0;

const sameSource = (left: TopicPartition, right: TopicPartition): boolean =>
  left.topic === right.topic && left.partition === right.partition;

/** The topic does not exist. */
export function unknownTopicError(topic: string): PipelineError {
  return new PipelineError('BUS_UNKNOWN_TOPIC', `The topic ${topic} does not exist.`);
}

/** Which group to join, and for which topics. */
interface JoinOptions {
  readonly group: string;
  readonly topics: readonly string[];
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly onClose: () => void;
}

/** A member of a consumer group of the embedded log. */
export class EmbeddedConsumer implements Consumer {
  readonly #store: LogStore;
  readonly #topics: ReadonlySet<string>;
  readonly #group: string;
  readonly workNotes: FileWorkNotes;
  #membership: Membership;
  #cursors: Cursor[] = [];
  #closed = false;
  readonly #now: () => number;
  readonly #onClose: () => void;

  private constructor(store: LogStore, { group, topics, now, onClose }: JoinOptions) {
    this.#store = store;
    this.#group = group;
    this.workNotes = new FileWorkNotes(store.path, group);
    this.#topics = new Set(topics);
    this.#membership = this.#newMembership();
    this.#now = now;
    this.#onClose = onClose;
  }

  /** Joins the group. The process must have its heartbeat row already. */
  static async join(store: LogStore, options: JoinOptions): Promise<EmbeddedConsumer> {
    const consumer = new EmbeddedConsumer(store, options);
    const unknownTopic = await store.transaction(() => {
      const unknown = options.topics.find((topic) => store.topics.get(topic) === undefined);
      if (unknown === undefined) consumer.#join();
      return unknown;
    });
    if (unknownTopic !== undefined) throw unknownTopicError(unknownTopic);
    store.notify();
    return consumer;
  }

  #newMembership(): Membership {
    // A member that was struck out comes back under another name, so that the fence holds against its past.
    return { group: this.#group, memberId: `${ownProcessId}/${++members}` };
  }

  /** Inside a transaction. */
  #join(): void {
    const { group, memberId } = this.#membership;
    join(this.#store, group, { id: memberId, processId: ownProcessId, topics: [...this.#topics] });
  }

  async poll(limits: { readonly maxWaitMs: number; readonly maxBytes: number }): Promise<Poll> {
    this.#requireOpen();
    const deadlineMs = performance.now() + limits.maxWaitMs;
    // Closed while it waited: that is no error of the caller.
    while (!this.#isClosed()) {
      this.#store.refresh();
      const change = await this.#rebalance();
      const messages = readMessages(this.#store, this.#cursors, limits.maxBytes);
      if (change !== undefined) return { rebalance: change, messages };
      const remainingMs = deadlineMs - performance.now();
      if (messages.length > 0 || remainingMs <= 0) return { messages };
      await this.#store.wait(this.#topics, remainingMs);
    }
    return { messages: [] };
  }

  async #rebalance(): Promise<Rebalance | undefined> {
    const store = this.#store;
    const { isMember, lost, free } = pendingChange(store, this.#membership, this.#cursors);
    if (isMember && lost.length === 0 && free.length === 0) return undefined;
    const change = await store.transaction(() => {
      // One that has left in the meantime must not come back.
      if (this.#isClosed()) return { assigned: [], revoked: [] };
      const owned = this.#cursors;
      if (pendingChange(store, this.#membership, owned).isMember) return rebalance(store, this.#membership, owned);
      this.#membership = this.#newMembership();
      this.#join();
      return rebalance(store, this.#membership, owned);
    });
    this.#store.refresh();
    if (change.assigned.length === 0 && change.revoked.length === 0) return undefined;
    // A partition that was lost and reassigned at once starts again at its stored position.
    const kept = this.#cursors.filter((cursor) => !change.revoked.some((source) => sameSource(source, cursor)));
    const taken = change.assigned.map(({ topic, partition, offset }) => ({ topic, partition, next: offset }));
    this.#cursors = [...kept, ...taken];
    if (change.revoked.length > 0) store.notify();
    return {
      assigned: change.assigned,
      revoked: change.revoked.map(({ topic, partition }) => ({ topic, partition })),
    };
  }

  async commit(positions: readonly Position[]): Promise<void> {
    this.#requireOpen();
    for (const { topic, partition, offset, emittedBelow } of positions)
      if (!(Number.isSafeInteger(offset) && offset >= 0 && emittedBelow >= offset))
        throw new TypeError(`not a position of ${topic}/${partition}: ${offset}, ${emittedBelow}`);
    const foreign = await this.#store.transaction(() =>
      storePositions(this.#store, this.#membership, positions, this.#now()),
    );
    if (foreign.length === 0) return;
    const names = foreign.map(({ topic, partition }) => `${topic}/${partition}`).join(', ');
    throw new PipelineError('BUS_NOT_ASSIGNED', `Another member of ${this.#group} has ${names} now.`);
  }

  endOffsets(): Promise<readonly (TopicPartition & { readonly offset: number })[]> {
    this.#requireOpen();
    this.#store.refresh();
    return Promise.resolve(
      this.#cursors.flatMap(({ topic, partition }) => {
        const row = this.#store.topics.get(topic);
        return row === undefined ? [] : [{ topic, partition, offset: this.#store.partition(row.id, partition).next }];
      }),
    );
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.workNotes.close();
    this.#store.notify();
    // Without room to say so the others find out by the heartbeat.
    await tolerant(this.#store.transaction(() => leave(this.#store, this.#membership)));
    this.#store.notify();
    this.#onClose();
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  #requireOpen(): void {
    if (this.#closed) throw new PipelineError('BUS_CLOSED', 'The consumer is closed.');
  }
}
