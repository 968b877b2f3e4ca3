import type { ReceivedMessage } from '../core/bus/bus.ts';
import { SteadyTime } from '../core/bus/steady-time.ts';

/** Bound; reached only if times jump back and forth. */
const maxStretches = 4096;

/** Messages of about a second. */
interface Stretch {
  readonly offset: number;
  readonly acceptedMs: number;
  bytes: number;
}

interface Recent {
  /** If the bus's clock is set back, a stretch of messages must still age. */
  readonly busTime: SteadyTime;
  readonly stretches: Stretch[];
  bytes: number;
  /** Time of the message before, as the bus has it. */
  acceptedMs: number;
  /** The last that is believed. */
  believedMs: number;
}

function newRecent(acceptedMs: number): Recent {
  return { busTime: new SteadyTime(), stretches: [], bytes: 0, acceptedMs, believedMs: acceptedMs };
}

/**
 * The recent messages that a restart or a rebalance reads again. Much of the enricher's state comes from messages processed
 * long ago: process facts, how a connection began, which hypotheses hold. None of it is a buffered record, but without
 * it the same events would become other spans. So the messages of SPANLOOM_ENRICHER_MEMORY hold back the low watermark: they are
 * read again, and their results are suppressed.
 *
 * Age is measured by the bus's timestamps, so agents' clocks do not matter. SPANLOOM_ENRICHER_MEMORY_BYTES also bounds them, since
 * the log has to keep them. If producers set the timestamps, one message must neither end the memory nor stay for ever: a
 * time far from the previous one counts once two messages have it.
 */
export class RecentOffsets {
  readonly #memoryMs: number;
  readonly #memoryBytes: number;
  readonly #partitions = new Map<number, Recent>();

  /** @param memoryBytes of one partition; the last second stays regardless of its size */
  constructor(memoryMs: number, memoryBytes: number) {
    this.#memoryMs = memoryMs;
    this.#memoryBytes = memoryBytes;
  }

  note({ partition, offset, timestampMs: acceptedMs, value }: ReceivedMessage): void {
    if (this.#memoryMs === 0) return;
    let recent = this.#partitions.get(partition);
    if (recent === undefined) this.#partitions.set(partition, (recent = newRecent(acceptedMs)));
    const isNear = (timeMs: number): boolean => Math.abs(acceptedMs - timeMs) <= this.#memoryMs;
    if (isNear(recent.believedMs) || isNear(recent.acceptedMs)) recent.believedMs = acceptedMs;
    recent.acceptedMs = acceptedMs;
    const { stretches } = recent;
    const nowMs = recent.busTime.advance(recent.believedMs);
    // One each second is precise enough.
    if (stretches.length === 0 || nowMs - stretches.at(-1)!.acceptedMs >= 1_000)
      stretches.push({ offset, acceptedMs: nowMs, bytes: 0 });
    stretches.at(-1)!.bytes += value.length;
    recent.bytes += value.length;
    while (
      stretches.length > 1 &&
      (nowMs - stretches[1]!.acceptedMs >= this.#memoryMs ||
        recent.bytes > this.#memoryBytes ||
        stretches.length > maxStretches)
    )
      recent.bytes -= stretches.shift()!.bytes;
  }

  /** The oldest message that is remembered. */
  oldest(partition: number): number | undefined {
    return this.#partitions.get(partition)?.stretches[0]?.offset;
  }

  /** Forgets a partition that another instance owns now. */
  forget(partition: number): void {
    this.#partitions.delete(partition);
  }

  clear(): void {
    this.#partitions.clear();
  }
}
