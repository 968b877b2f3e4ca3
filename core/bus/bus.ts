/**
 * The bus port: what stages need of Kafka. Two implementations hold to one contract suite: the embedded log (LMDB)
 * and Kafka. Delivery is at least once; order holds within a partition.
 */

/** A message to send. The partition follows from the key, so that equal keys keep their order. */
export interface OutgoingMessage {
  readonly topic: string;
  readonly key: string;
  readonly value: Uint8Array;
  /** `schema` names the fingerprint of the value's schema. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Why a message has nothing to read, or must not be read: it is for a dead letter. */
export interface Refused {
  readonly reason: 'undecodable' | 'too_large' | 'poison';
  /** What a person needs to understand it. */
  readonly detail: string;
  /** Where it begins, when it stands for several messages that lie together. */
  readonly firstOffset?: number;
}

/** A message as it was stored. */
export interface ReceivedMessage {
  readonly topic: string;
  readonly partition: number;
  /** Position in the partition, from 0, without gaps except where retention or compaction removed messages. */
  readonly offset: number;
  /** Milliseconds since the Unix epoch at which the bus accepted it. */
  readonly timestampMs: number;
  readonly key: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
  /** Not undefined: no message that can be used; key, value and headers may be missing. */
  readonly refused?: Refused;
}

/** One partition of one topic. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** How far a consumer group is with one partition. */
export interface Position extends TopicPartition {
  /** The next offset to read after a restart: nothing older is needed to rebuild the state. */
  readonly offset: number;
  /** Results of all messages below this offset have been acknowledged downstream; at least `offset`. */
  readonly emittedBelow: number;
  /** Work in progress when this was stored. An owner that is assigned it knows that the previous owner died at work. */
  readonly inHand?: InHand;
  /** Offsets of messages that became dead letters and must not be processed when they are read again. */
  readonly putAside?: readonly number[];
}

/** A turn of a stage, or one message of it. */
export interface InHand {
  /** How many starts died at work before, without progress. */
  readonly deaths: number;
  /** The message that is processed alone, and how many starts died on it before. */
  readonly message?: { readonly offset: number; readonly deaths: number };
}

/** How a topic is kept. */
export interface TopicSettings {
  readonly name: string;
  readonly partitions: number;
  /** Messages older than this may be removed; undefined keeps them. */
  readonly retentionMs?: number;
  /** Oldest messages are removed above this size of one partition; undefined sets no bound. */
  readonly retentionBytes?: number;
  /**
   * Only of the embedded log, which knows its readers: above this size of one partition the oldest messages that every
   * consumer group has done with are removed, however young they are. Undefined leaves them to the other two bounds.
   */
  readonly consumedBytes?: number;
  /**
   * Only of the embedded log: a partition at `retentionBytes` of which a group that is there has not read everything takes
   * no more (BUS_FULL, retryable). Without it such a partition grows, since what a group that is there needs is never removed.
   */
  readonly refusesWhenFull?: boolean;
  /** Keep at least the newest message of each key. */
  readonly compacted?: boolean;
}

/** Sends messages. */
export interface Producer {
  /**
   * Resolves when every message is stored and would survive a kill of this process. Messages of one partition keep
   * the order of the calls, also when a call is not awaited before the next.
   *
   * @throws PipelineError BUS_UNKNOWN_TOPIC, BUS_FULL, BUS_CLOSED, BUS_MESSAGE_TOO_LARGE, BUS_UNAVAILABLE (retryable
   *   or not); then the first messages may have been stored and the others not, but never half a message
   */
  send(messages: readonly OutgoingMessage[]): Promise<void>;
  /** The bus stays open. */
  close(): Promise<void>;
}

/** Why partitions came or went. */
export interface Rebalance {
  readonly assigned: readonly Position[];
  readonly revoked: readonly TopicPartition[];
}

/** What one poll brought. */
export interface Poll {
  /**
   * Not undefined when the assignment changed since the last poll: to be handled before `messages`. What is revoked
   * here may be another member's already, so everything read before must be committed or given up before polling.
   */
  readonly rebalance?: Rebalance;
  readonly messages: readonly ReceivedMessage[];
}

/**
 * Notes of the message that a stage processes alone. Writing them does not wait; they survive the process but not the machine.
 * So the next owner of a partition knows exactly what the previous one was doing when it died. Marks in positions are less
 * exact: they are stored before and after the work.
 */
export interface WorkNotes {
  /** Work on this message begins now. */
  begin(message: TopicPartition & { readonly offset: number }): void;
  /** The stage is done with the message of the last `begin`. */
  end(): void;
  /**
   * Offset of the message at which the last owner of the partition died, between `begin` and `end`; undefined when it was at
   * none, and when asked again. `unknown` where notes cannot be kept: then the mark has to do.
   */
  takeDeath(source: TopicPartition): number | 'unknown' | undefined;
}

/** A member of a consumer group. One caller at a time; `close` may come while `poll` waits and ends it. */
export interface Consumer {
  /** Resolves at once with what is there, else waits up to `maxWaitMs` and resolves with what came, perhaps nothing. */
  poll(limits: { readonly maxWaitMs: number; readonly maxBytes: number }): Promise<Poll>;
  /**
   * Stores positions durably, all of them or none. Positions of partitions not assigned any more are refused with
   * BUS_NOT_ASSIGNED.
   */
  commit(positions: readonly Position[]): Promise<void>;
  /** For each assigned partition: the offset that the next message will get. Lag is that minus the offset last read. */
  endOffsets(): Promise<readonly (TopicPartition & { readonly offset: number })[]>;
  /** How many starts of a stage a message may end before it becomes a dead letter; undefined or 0: any number. */
  readonly maxDeaths?: number;
  /** Where the bus has a place for them. */
  readonly workNotes?: WorkNotes;
  close(): Promise<void>;
}

/** A connection to the bus. Names are those of core/topics.ts; a prefix, where there is one, is the implementation's. */
export interface Bus {
  /** Some of its servers as `host:port`; absent where it has none. */
  readonly servers?: readonly string[] | undefined;
  /** Creates topics that are missing; settings of present ones are brought up to date, partitions only ever grow. */
  ensureTopics(settings: readonly TopicSettings[]): Promise<void>;
  producer(): Promise<Producer>;
  /** Joins a consumer group. A group without a stored position starts at the oldest message. */
  consumer(options: { readonly group: string; readonly topics: readonly string[] }): Promise<Consumer>;
  close(): Promise<void>;
}
