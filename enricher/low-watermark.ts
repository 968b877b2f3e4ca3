import { Heap } from '../core/collections/heap.ts';

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

const isBefore = (left: Entry<unknown>, right: Entry<unknown>): boolean => left.offset < right.offset;

/**
 * Low watermark over many owners: the oldest offset that any of them needs. A binary heap with lazy updates: each owner is at an
 * offset that it needed before. It never needs an older one later, so only owners at the front are asked again. The cost
 * depends on what changed, not on the number of owners.
 */
export class LowWatermark<Owner extends OffsetOwner> {
  /** Owners asked, since the start; for tests. */
  steps = 0;
  readonly #heap = new Heap<Entry<Owner>>(isBefore);
  #compactAt = leastCompacted;
  readonly #offsets = new Map<Owner, number>();

  /** An owner may need something from now on. */
  note(owner: Owner): void {
    const offset = owner.lowWatermark;
    if (offset === undefined) return;
    const known = this.#offsets.get(owner);
    if (known !== undefined && known <= offset) return;
    this.#offsets.set(owner, offset);
    if (this.#heap.size >= this.#compactAt) this.#compact();
    this.#heap.push({ owner, offset });
  }

  /** The oldest offset; undefined when none needs any. */
  oldest(): number | undefined {
    for (let { front } = this.#heap; front !== undefined; front = this.#heap.front) {
      this.steps++;
      const offset = front.owner.lowWatermark;
      if (offset === front.offset) return offset;
      if (offset === undefined) {
        this.#offsets.delete(front.owner);
        this.#heap.pop();
      } else {
        front.offset = offset;
        this.#offsets.set(front.owner, offset);
        this.#heap.replaceFront(front);
      }
    }
    return undefined;
  }

  /** Removes owners that need nothing: behind a front entry that stays long, they would accumulate. */
  #compact(): void {
    for (const { owner } of this.#heap.drain()) {
      const offset = owner.lowWatermark;
      if (offset === undefined) this.#offsets.delete(owner);
      else {
        this.#heap.push({ owner, offset });
        this.#offsets.set(owner, offset);
      }
    }
    this.#compactAt = Math.max(leastCompacted, 2 * this.#heap.size);
  }
}
