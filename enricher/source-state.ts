import type { EventBatch } from '../schemas/generated/event-batch.ts';
import type { BatchClock } from './pair/event-ref.ts';

/** State of one source of an agent that follows from what its batches say. Times are CLOCK_MONOTONIC of the agent. */
export interface SourceState {
  process(batch: EventBatch, clock: BatchClock): void;
  /** Something was lost, perhaps until then. */
  lost(untilNs: number): void;
  /** The agent's clock stepped back: its host was rebooted. */
  clockWentBack(nowNs: number): void;
  /** Ends what waited long enough. */
  giveUp(nowNs: number): void;
  /** Ends all open requests. */
  endOpen(nowNs: number): void;
  /** Forgets what is buffered: another instance reads it again. */
  revoke(): void;
  /** The oldest offset that something buffered came from. */
  readonly oldestOffset: number | undefined;
  /** Number of its entries. */
  readonly size: number;
  /** Forgets the oldest entries, until at most this fraction of them is left. */
  shrink(part: number): void;
}
