import type { TopicPartition } from '../core/bus/bus.ts';

/** A message of which some spans are still in state. */
export interface HeldOffset {
  readonly source: string;
  readonly offset: number;
  /** Spans in state. */
  held: number;
}

const sourceKey = (source: TopicPartition): string => `${source.topic}/${source.partition}`;

/** Knows for every partition the oldest message that state still depends on. Messages come in ascending order. */
export class HeldOffsets {
  readonly #bySource = new Map<string, HeldOffset[]>();

  /** Opens an entry whose `held` the caller counts up and down. */
  open(source: TopicPartition, offset: number): HeldOffset {
    const key = sourceKey(source);
    const entry: HeldOffset = { source: key, offset, held: 0 };
    const entries = this.#bySource.get(key);
    if (entries === undefined) this.#bySource.set(key, [entry]);
    else {
      if (entries.at(-1)?.held === 0) entries.pop();
      entries.push(entry);
    }
    return entry;
  }

  oldest(source: TopicPartition): number | undefined {
    const entries = this.#bySource.get(sourceKey(source));
    if (entries === undefined) return undefined;
    let free = 0;
    while (free < entries.length && entries[free]!.held === 0) free++;
    if (free > 0) entries.splice(0, free);
    return entries[0]?.offset;
  }

  /** Whether an entry came from this partition. */
  isFrom(entry: HeldOffset, source: TopicPartition): boolean {
    return entry.source === sourceKey(source);
  }

  revoke(source: TopicPartition): void {
    this.#bySource.delete(sourceKey(source));
  }
}
