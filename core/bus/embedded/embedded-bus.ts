/** The bus on LMDB: for one machine, shared by all processes that open the same directory. */
import type { Bus, Consumer, OutgoingMessage, Producer, TopicSettings } from '../bus.ts';
import { PipelineError } from '../../errors.ts';
import { append, expire, storedBytesOf } from './append.ts';
import { EmbeddedConsumer, unknownTopicError } from './embedded-consumer.ts';
import { evictDead } from './group.ts';
import { type TopicRow, validName } from './layout.ts';
import { type LogStore, openLogStore, tolerant } from './log-store.ts';
import { ownProcessId, ownProcessRow } from './process-identity.ts';

/** How the embedded bus is opened. */
export interface EmbeddedBusOptions {
  /** Made when missing. */
  readonly directory: string;
  /** Heartbeat interval of a process with consumers. 3 s. */
  readonly heartbeatEveryMs?: number;
  /** Time without a heartbeat after which another process counts as dead and its partitions are reassigned. 15 s. */
  readonly sessionTimeoutMs?: number;
  /** Interval at which expired messages of topics without writes are removed. 60 s. */
  readonly expireEveryMs?: number;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
}

/** Bounds of one transaction: a larger `send` takes several, in order. */
const maximumTransaction = { messages: 2_000, bytes: 16 * 1024 * 1024 } as const;

/** Cuts messages into pieces that each fit one transaction. */
function* transactionsOf(messages: readonly OutgoingMessage[]): Generator<readonly OutgoingMessage[]> {
  let start = 0;
  let bytes = 0;
  for (let index = 0; index < messages.length; index++) {
    const size = messages[index]!.value.length;
    const isFull = index - start >= maximumTransaction.messages || bytes + size > maximumTransaction.bytes;
    if (index > start && isFull) {
      yield messages.slice(start, index);
      start = index;
      bytes = 0;
    }
    bytes += size;
  }
  if (start < messages.length) yield messages.slice(start);
}

/** Readers are behind by all that the topic may hold: the sender waits for them. */
function fullTopicError(topic: string): PipelineError {
  const text = `The topic ${topic} holds as much as it may that has not been worked off; sending goes on when it has.`;
  return new PipelineError('BUS_FULL', text, { retryable: true });
}

/**
 * Opens the log in a directory.
 *
 * @throws PipelineError BUS_UNAVAILABLE, BUS_INCOMPATIBLE
 */
export function openEmbeddedBus(options: EmbeddedBusOptions): Bus {
  return new EmbeddedBus(openLogStore(options.directory), options);
}

class EmbeddedBus implements Bus {
  readonly #store: LogStore;
  readonly #now: () => number;
  readonly #heartbeatEveryMs: number;
  readonly #sessionTimeoutMs: number;
  readonly #expiry: NodeJS.Timeout;
  readonly #consumers = new Set<Consumer>();
  #heartbeat: NodeJS.Timeout | undefined;
  /** Upkeep in progress, to be over before the log is closed. */
  #upkeep: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(store: LogStore, options: EmbeddedBusOptions) {
    this.#store = store;
    this.#now = options.now ?? Date.now;
    this.#heartbeatEveryMs = options.heartbeatEveryMs ?? 3_000;
    this.#sessionTimeoutMs = options.sessionTimeoutMs ?? 15_000;
    this.#expiry = setInterval(() => {
      this.#inBackground(() => expire(this.#store, this.#now()));
    }, options.expireEveryMs ?? 60_000).unref();
  }

  async ensureTopics(settings: readonly TopicSettings[]): Promise<void> {
    this.#requireOpen();
    for (const { name, partitions } of settings) {
      if (!validName.test(name)) throw new TypeError(`not a name of a topic: ${name}`);
      if (!(Number.isInteger(partitions) && partitions > 0))
        throw new TypeError(`partitions of ${name}: ${partitions}`);
    }
    await this.#store.transaction(() => {
      for (const wanted of settings) {
        const present = this.#store.topics.get(wanted.name);
        const id = present?.id ?? (this.#store.numbers.get('topics') ?? 0) + 1;
        if (present === undefined) this.#store.numbers.put(id, 'topics');
        const { retentionMs, retentionBytes, consumedBytes, refusesWhenFull } = wanted;
        const row: TopicRow = {
          id,
          partitions: Math.max(wanted.partitions, present?.partitions ?? 0),
          ...(retentionMs === undefined ? {} : { retentionMs }),
          ...(retentionBytes === undefined ? {} : { retentionBytes }),
          ...(consumedBytes === undefined ? {} : { consumedBytes }),
          ...(refusesWhenFull === undefined ? {} : { refusesWhenFull }),
          compacted: wanted.compacted ?? false,
        };
        this.#store.topics.put(row, wanted.name);
      }
    });
    this.#store.notify();
  }

  producer(): Promise<Producer> {
    this.#requireOpen();
    let open = true;
    return Promise.resolve({
      send: async (messages: readonly OutgoingMessage[]) => {
        if (!open) throw new PipelineError('BUS_CLOSED', 'The producer is closed.');
        this.#requireOpen();
        await this.#send(messages);
      },
      close: () => {
        open = false;
        return Promise.resolve();
      },
    });
  }

  async #send(messages: readonly OutgoingMessage[]): Promise<void> {
    if (messages.length === 0) return;
    const topics = new Set(messages.map(({ topic }) => topic));
    this.#store.refresh();
    for (const topic of topics) if (this.#store.topics.get(topic) === undefined) throw unknownTopicError(topic);
    this.#store.requireRoom(storedBytesOf(messages));
    // Queued together, so that messages of another send do not come between them.
    const pieces = [...transactionsOf(messages)].map((piece) =>
      this.#store.transaction(() => append(this.#store, piece, this.#now())),
    );
    const outcomes = await Promise.allSettled(pieces);
    this.#store.notify(topics);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') throw outcome.reason;
      if (outcome.value !== undefined)
        throw 'fullTopic' in outcome.value
          ? fullTopicError(outcome.value.fullTopic)
          : unknownTopicError(outcome.value.unknownTopic);
    }
  }

  async consumer(options: { readonly group: string; readonly topics: readonly string[] }): Promise<Consumer> {
    this.#requireOpen();
    if (!validName.test(options.group)) throw new TypeError(`not a name of a group: ${options.group}`);
    await this.#beat();
    this.#heartbeat ??= setInterval(() => this.#inBackground(() => this.#beat()), this.#heartbeatEveryMs).unref();
    const consumer = await EmbeddedConsumer.join(this.#store, {
      ...options,
      now: this.#now,
      onClose: () => this.#consumers.delete(consumer),
    });
    this.#consumers.add(consumer);
    return consumer;
  }

  /** Sends this process's heartbeat, and removes dead processes. */
  async #beat(): Promise<void> {
    const store = this.#store;
    const nowMs = this.#now();
    const evicted = await store.transaction(() => {
      store.processes.put(ownProcessRow(nowMs), ownProcessId);
      return evictDead(store, nowMs, this.#sessionTimeoutMs);
    });
    if (!evicted) return;
    store.forgetDeadReaders();
    store.notify();
  }

  #inBackground(action: () => Promise<void>): void {
    this.#upkeep = this.#upkeep.then(() => (this.#closed ? undefined : tolerant(action())));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    this.#closed = true;
    clearInterval(this.#heartbeat);
    clearInterval(this.#expiry);
    await this.#upkeep;
    await this.#store.release();
  }

  #requireOpen(): void {
    if (this.#closed) throw new PipelineError('BUS_CLOSED', 'The bus is closed.');
  }
}
