/**
 * Detects a capture that no longer receives events. The kernel counts what it writes to the ring buffer, which distinguishes a
 * broken capture from an idle host.
 */
import type { CaptureProgress } from '../../native/capture.ts';

/** What is wrong, a sentence each; undefined when nothing is. */
export interface CaptureCondition {
  /** Events wait and none is read, for a reason that waiting does not fix. */
  readonly stalled: string | undefined;
  /** Reading has paused because the output does not take what was read. */
  readonly blocked: string | undefined;
}

/** What is looked at. */
export type WatchedProgress = Pick<
  CaptureProgress,
  'producedBytes' | 'consumedBytes' | 'ringFull' | 'unacknowledgedBlocks'
>;

/** A condition counts when it has lasted for so long. */
const boundMs = 10_000;

/** Since when something holds without a break. */
class Since {
  #atMs: number | undefined;

  /** For how long by now, in milliseconds; 0 when it does not hold. */
  note(holds: boolean, nowMs: number): number {
    if (!holds) this.#atMs = undefined;
    else this.#atMs ??= nowMs;
    return this.#atMs === undefined ? 0 : nowMs - this.#atMs;
  }
}

/** Looks at a capture about once a second. */
export class CaptureWatch {
  readonly #maxUnacknowledgedBlocks: number;
  readonly #silent = new Since();
  readonly #blocked = new Since();
  readonly #leaked = new Since();
  #consumedBytes = 0;
  #ringFull = 0;

  constructor(maxUnacknowledgedBlocks: number) {
    this.#maxUnacknowledgedBlocks = maxUnacknowledgedBlocks;
  }

  /** @param outstandingBlocks blocks that were taken and are not acknowledged yet, as counted by who takes them */
  observe(progress: WatchedProgress, outstandingBlocks: number, nowMs: number): CaptureCondition {
    const { producedBytes, consumedBytes, ringFull, unacknowledgedBlocks } = progress;
    const isStanding = consumedBytes === this.#consumedBytes;
    const isHeld = unacknowledgedBlocks >= this.#maxUnacknowledgedBlocks;
    const hasMore = producedBytes > consumedBytes || ringFull > this.#ringFull;
    this.#consumedBytes = consumedBytes;
    this.#ringFull = ringFull;

    const silentMs = this.#silent.note(isStanding && hasMore && !isHeld, nowMs);
    const leakedMs = this.#leaked.note(isHeld && outstandingBlocks < this.#maxUnacknowledgedBlocks, nowMs);
    const blockedMs = this.#blocked.note(isHeld && isStanding && leakedMs === 0, nowMs);
    return {
      stalled: stallReason(silentMs, leakedMs, unacknowledgedBlocks - outstandingBlocks),
      blocked:
        blockedMs < boundMs
          ? undefined
          : `the output has stored none of ${unacknowledgedBlocks} batches for ${seconds(blockedMs)} s`,
    };
  }
}

function stallReason(silentMs: number, leakedMs: number, lostBlocks: number): string | undefined {
  if (silentMs >= boundMs) return `the kernel has events, and none was read for ${seconds(silentMs)} s`;
  if (leakedMs >= boundMs) return `reading waits for ${lostBlocks} batches that are not on their way any more`;
  return undefined;
}

function seconds(ms: number): number {
  return Math.round(ms / 1000);
}
