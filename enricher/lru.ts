/** Links of an entry of a {@link LruMap}; extended by what is kept. */
export abstract class LruEntry {
  lruKey: number | string = 0;
  lruOlder: LruEntry | undefined = undefined;
  lruNewer: LruEntry | undefined = undefined;
}

/** A map of bounded size; the entry that was not asked for the longest is evicted. */
export class LruMap<Key extends number | string, Entry extends LruEntry> {
  private readonly entries = new Map<Key, Entry>();
  private oldest: LruEntry | undefined;
  private newest: LruEntry | undefined;
  private readonly maxEntries: number;
  private readonly onEvicted: (entry: Entry) => void;

  /** @param onEvicted is told of entries that had to leave, not of those that were deleted */
  constructor(maxEntries: number, onEvicted: (entry: Entry) => void) {
    this.maxEntries = maxEntries;
    this.onEvicted = onEvicted;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The one that was not asked for the longest. */
  get oldestEntry(): Entry | undefined {
    return this.oldest as Entry | undefined;
  }

  has(key: Key): boolean {
    return this.entries.has(key);
  }

  /** As `get`, but it does not count as asking. */
  peek(key: Key): Entry | undefined {
    return this.entries.get(key);
  }

  get(key: Key): Entry | undefined {
    const entry = this.entries.get(key);
    if (entry !== undefined && entry !== this.newest) {
      this.unlink(entry);
      this.append(entry);
    }
    return entry;
  }

  /** Adds an entry under a key that has none. */
  add(key: Key, entry: Entry): void {
    entry.lruKey = key;
    this.entries.set(key, entry);
    this.append(entry);
    if (this.entries.size > this.maxEntries) this.evictOldest();
  }

  /** Evicts until no more than `count` are left. */
  shrinkTo(count: number): void {
    while (this.entries.size > count) this.evictOldest();
  }

  delete(entry: Entry): void {
    if (this.entries.get(entry.lruKey as Key) !== entry) return;
    this.entries.delete(entry.lruKey as Key);
    this.unlink(entry);
  }

  values(): IterableIterator<Entry> {
    return this.entries.values();
  }

  private evictOldest(): void {
    const evicted = this.oldestEntry;
    if (evicted === undefined) return;
    this.delete(evicted);
    this.onEvicted(evicted);
  }

  private append(entry: LruEntry): void {
    entry.lruOlder = this.newest;
    entry.lruNewer = undefined;
    if (this.newest !== undefined) this.newest.lruNewer = entry;
    this.newest = entry;
    this.oldest ??= entry;
  }

  private unlink(entry: LruEntry): void {
    if (entry.lruOlder === undefined) this.oldest = entry.lruNewer;
    else entry.lruOlder.lruNewer = entry.lruNewer;
    if (entry.lruNewer === undefined) this.newest = entry.lruOlder;
    else entry.lruNewer.lruOlder = entry.lruOlder;
  }
}
