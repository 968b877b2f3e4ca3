import type { ReceivedMessage } from '../core/bus/bus.ts';
import { SteadyTime } from '../core/bus/steady-time.ts';

/** More are there only where times jump to and fro. */
const maxStretches = 4096;

/** Messages of about a second. */
interface Stretch {
  readonly offset: number;
  readonly acceptedMs: number;
  bytes: number;
}

interface Recent {
  /** A clock of the bus that is set back must not keep a stretch from getting old. */
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
 * What an enricher knows of hosts was told by messages long worked off: process facts, what a connection began with, which
 * hypothesis holds for a context. None of it is buffered as a record, yet whoever continues after a restart or a rebalance has
 * to know it, or the same events become other spans. So the messages of the last while count as buffered: they are read
 * again, and what came of them before is suppressed. Time is when the bus accepted them, so it bounds what is read again
 * whatever agents' clocks say; so does their size, since the log has to keep them. Where a producer may set that time, one
 * message must not end what is remembered, nor stay for ever: a time far from the one before counts once two messages have it.
 */
export class RecentOffsets {
  readonly #memoryMs: number;
  readonly #memoryBytes: number;
  readonly #partitions = new Map<number, Recent>();

  /** @param memoryBytes of one partition; the last second stays whatever its size */
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

  /** The partition is somebody else's now. */
  forget(partition: number): void {
    this.#partitions.delete(partition);
  }

  clear(): void {
    this.#partitions.clear();
  }
}
