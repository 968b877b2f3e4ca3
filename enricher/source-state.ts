import type { EventBatch } from '../schemas/generated/event-batch.ts';
import type { BatchClock } from './pair/event-ref.ts';
import type { Pairing } from './pair/pairing.ts';

/** State of one source of an agent that follows from what its batches say. Times are CLOCK_MONOTONIC of the agent. */
export interface SourceState {
  /** Open requests, and all that waits for time to pass; a source of finished spans has none. */
  readonly pairing?: Pairing;
  /** @param acceptedMs when the bus accepted the batch; 0 where that is not known */
  process(batch: EventBatch, clock: BatchClock, acceptedMs: number): void;
  /** Something was lost, perhaps until then. */
  lost(untilNs: number): void;
  /** Number of its entries. */
  readonly size: number;
  /** Forgets the oldest entries, until at most this fraction of them is left. */
  shrink(part: number): void;
}
