import type { Position, ReceivedMessage, TopicPartition } from '../bus/bus.ts';

/** Counts of records since start, by outcome. received = emitted + dropped + rejected + buffered at every moment. */
export interface Accounting {
  readonly received: number;
  readonly emitted: number;
  readonly dropped: Readonly<Record<string, number>>;
  readonly rejected: Readonly<Record<string, number>>;
  /** Records in state, on their way to one of the other outcomes. */
  readonly buffered: number;
  /** Encoded size of those, of a stage that keeps them encoded. */
  readonly bufferedBytes?: number;
}

/**
 * A stage of the pipeline: a pure state machine. Neither method reads a clock, draws a random number or does I/O; given
 * the same calls it gives the same outputs. Outputs are messages for the bus, or rows for a destination.
 */
export interface Stage<Output> {
  /** Consumes one message and returns what follows from it. Never throws on bad input: that becomes a dead letter. */
  process(message: ReceivedMessage, nowMs: number): readonly Output[];
  /** Called between polls, also when nothing arrives: what has become due by the wall clock. */
  flush(nowMs: number): readonly Output[];
  /** The input has ended for good (replay): releases everything that is buffered. */
  drain(): readonly Output[];
  /** The oldest offset whose message still contributes to buffered state; undefined when there is none. */
  lowWatermark(source: TopicPartition): number | undefined;
  /** These partitions are this instance's from now on, and what is to be read first of each. */
  assign?(positions: readonly Position[]): void;
  /** Forgets all state that came from these partitions: another instance has them now. */
  revoke(sources: readonly TopicPartition[]): void;
  accounting(): Accounting;
}
