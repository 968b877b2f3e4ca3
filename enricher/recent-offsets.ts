/**
 * What an enricher knows of hosts was told by messages long worked off: process facts, what a connection began with, which
 * discipline a context follows. None of it is held as a record, yet whoever continues after a restart or a rebalance has
 * to know it, or the same events become other spans. So the messages of the last while count as held: they are read
 * again, and what came of them before is suppressed. Time is when the bus accepted them, so it bounds what is read again
 * whatever agents' clocks say.
 */
export class RecentOffsets {
  readonly #memoryMs: number;
  readonly #partitions = new Map<number, { readonly offset: number; readonly acceptedMs: number }[]>();

  constructor(memoryMs: number) {
    this.#memoryMs = memoryMs;
  }

  note(partition: number, offset: number, acceptedMs: number): void {
    if (this.#memoryMs === 0) return;
    let recent = this.#partitions.get(partition);
    if (recent === undefined) this.#partitions.set(partition, (recent = []));
    // One each second is precise enough.
    if (recent.length === 0 || acceptedMs - recent.at(-1)!.acceptedMs >= 1_000) recent.push({ offset, acceptedMs });
    while (recent.length > 1 && recent[1]!.acceptedMs + this.#memoryMs <= acceptedMs) recent.shift();
  }

  /** The oldest message that is remembered. */
  oldest(partition: number): number | undefined {
    return this.#partitions.get(partition)?.[0]?.offset;
  }

  /** The partition is somebody else's now. */
  forget(partition: number): void {
    this.#partitions.delete(partition);
  }

  clear(): void {
    this.#partitions.clear();
  }
}
