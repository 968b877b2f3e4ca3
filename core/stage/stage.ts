import type { Position, ReceivedMessage, TopicPartition } from '../bus/bus.ts';

/** Counts of records since start, by outcome. received = emitted + dropped + rejected + buffered at every moment. */
export interface Accounting {
  readonly received: number;
  readonly emitted: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, number>>;
  /** Buffered: records in state, without one of the other outcomes yet. */
  readonly buffered: number;
  /** Encoded size of the buffered records, where the stage keeps them encoded. */
  readonly bufferedBytes?: number;
}

/**
 * A stage of the pipeline: a pure state machine that run-stage.ts connects to the bus.
 *
 * Input: messages of its topics, in the order of each partition. Output: messages for the bus, or rows for a database.
 * State: what it keeps of earlier messages, bounded by its settings. No method reads a clock, draws a random number or does
 * I/O; the same calls give the same outputs.
 */
export interface Stage<Output> {
  /** Consumes one message and returns its results. Never throws on bad input: that becomes a dead letter. */
  process(message: ReceivedMessage, nowMs: number): readonly Output[];
  /** Returns what has become due by the wall clock. Called between polls, also when nothing arrives. */
  flush(nowMs: number): readonly Output[];
  /** Returns everything buffered: the input has ended for good, as in a replay. */
  drain(): readonly Output[];
  /** Low watermark: the oldest offset whose message state still needs; undefined if state needs none. */
  lowWatermark(source: TopicPartition): number | undefined;
  /** This instance owns these partitions from now on; each position says where reading begins. */
  assign?(positions: readonly Position[]): void;
  /** Forgets all state that came from these partitions: another instance owns them now. */
  revoke(sources: readonly TopicPartition[]): void;
  accounting(): Accounting;
}
