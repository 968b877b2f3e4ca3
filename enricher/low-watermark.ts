/** Something that needs messages from an offset on. */
export interface OffsetOwner {
  /** The oldest offset it needs; undefined when it needs none. */
  readonly lowWatermark: number | undefined;
}

interface Entry<Owner> {
  readonly owner: Owner;
  offset: number;
}

const leastCompacted = 64;

/**
 * Low watermark over many owners: the oldest offset that any of them needs. A binary heap with lazy updates: each owner is at an
 * offset that it needed before. It never needs an older one later, so only owners at the front are asked again. The cost
 * depends on what changed, not on the number of owners.
 */
export class LowWatermark<Owner extends OffsetOwner> {
  /** Owners asked, since the start; for tests. */
  steps = 0;
  readonly #heap: Entry<Owner>[] = [];
  #compactAt = leastCompacted;
  readonly #offsets = new Map<Owner, number>();

  /** An owner may need something from now on. */
  note(owner: Owner): void {
    const offset = owner.lowWatermark;
    if (offset === undefined) return;
    const known = this.#offsets.get(owner);
    if (known !== undefined && known <= offset) return;
    this.#offsets.set(owner, offset);
    const heap = this.#heap;
    if (heap.length >= this.#compactAt) this.#compact();
    let at = heap.length;
    const entry = { owner, offset };
    heap.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (heap[above]!.offset <= offset) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = entry;
  }

  /** The oldest offset; undefined when none needs any. */
  oldest(): number | undefined {
    for (let front = this.#heap[0]; front !== undefined; front = this.#heap[0]) {
      this.steps++;
      const offset = front.owner.lowWatermark;
      if (offset === front.offset) return offset;
      if (offset === undefined) {
        this.#offsets.delete(front.owner);
        const last = this.#heap.pop()!;
        if (this.#heap.length > 0) this.#settle(last);
      } else {
        front.offset = offset;
        this.#offsets.set(front.owner, offset);
        this.#settle(front);
      }
    }
    return undefined;
  }

  /** Removes owners that need nothing: behind a front entry that stays long, they would accumulate. */
  #compact(): void {
    const kept: Entry<Owner>[] = [];
    for (const entry of this.#heap) {
      const offset = entry.owner.lowWatermark;
      if (offset === undefined) this.#offsets.delete(entry.owner);
      else kept.push({ owner: entry.owner, offset });
    }
    // What is sorted is a heap.
    kept.sort((one, other) => one.offset - other.offset);
    this.#heap.length = 0;
    for (const entry of kept) {
      this.#heap.push(entry);
      this.#offsets.set(entry.owner, entry.offset);
    }
    this.#compactAt = Math.max(leastCompacted, 2 * kept.length);
  }

  /** Puts an entry in its place from the front down. */
  #settle(entry: Entry<Owner>): void {
    const heap = this.#heap;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && heap[below + 1]!.offset < heap[below]!.offset) below++;
      if (heap[below]!.offset >= entry.offset) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = entry;
  }
}
