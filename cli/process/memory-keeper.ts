/** Keeps the resident memory of a process below a bound by giving back what can be had again: pages of files, garbage. */

/** One way of giving memory back. */
export interface MemoryRelease {
  /** Part of the bound from which on it is worth its cost. */
  readonly above: number;
  /** Shortest time between two of them, in milliseconds. */
  readonly everyMs: number;
  readonly run: () => void;
}

/** What a keeper looks at and what it can do. */
export interface MemoryKeeperOptions {
  readonly limitBytes: number;
  readonly residentBytes: () => number;
  /** In the order in which they are tried: the cheapest first. */
  readonly releases: readonly MemoryRelease[];
}

/** Checks the memory from time to time. Reads no clock: the caller passes the time. */
export class MemoryKeeper {
  readonly #options: MemoryKeeperOptions;
  readonly #lastMs = new Map<MemoryRelease, number>();

  constructor(options: MemoryKeeperOptions) {
    this.#options = options;
  }

  check(nowMs: number): void {
    const { limitBytes, residentBytes, releases } = this.#options;
    for (const release of releases) {
      if (residentBytes() <= release.above * limitBytes) return;
      if (nowMs - (this.#lastMs.get(release) ?? -Infinity) < release.everyMs) continue;
      this.#lastMs.set(release, nowMs);
      release.run();
    }
  }
}
