/** Base class of entries of a {@link LruMap}: their links. */
export abstract class LruEntry {
  lruKey: number | string = 0;
  lruOlder: LruEntry | undefined = undefined;
  lruNewer: LruEntry | undefined = undefined;
}

/** A map of bounded size that evicts the least recently used entry. */
export class LruMap<Key extends number | string, Entry extends LruEntry> {
  private readonly entries = new Map<Key, Entry>();
  private oldest: LruEntry | undefined;
  private newest: LruEntry | undefined;
  private readonly maxEntries: number;
  private readonly onEvicted: (entry: Entry) => void;

  /** @param onEvicted called with evicted entries, not with deleted ones */
  constructor(maxEntries: number, onEvicted: (entry: Entry) => void) {
    this.maxEntries = maxEntries;
    this.onEvicted = onEvicted;
  }

  get size(): number {
    return this.entries.size;
  }

  /** The least recently used entry. */
  get oldestEntry(): Entry | undefined {
    return this.oldest as Entry | undefined;
  }

  has(key: Key): boolean {
    return this.entries.has(key);
  }

  /** As `get`, but does not count as use. */
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
