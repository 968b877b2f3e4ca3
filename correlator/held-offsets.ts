import type { ReceivedMessage, TopicPartition } from '../core/bus/bus.ts';

/** A message of which some spans are still in state. */
export interface HeldOffset {
  readonly source: string;
  readonly offset: number;
  /** When the bus accepted it. */
  readonly acceptedMs: number;
  /** Spans in state. */
  held: number;
}

const sourceKey = (source: TopicPartition): string => `${source.topic}/${source.partition}`;

/** A message with a span that an earlier one had brought: read again without that one, the span would look new. */
interface Repetition {
  readonly offset: number;
  readonly firstOffset: number;
}

/**
 * Knows for every partition the oldest message that state still depends on. Messages come in ascending order.
 *
 * That is the oldest with a span in state, or one still older that is needed to know the repetitions after it for what
 * they are.
 */
export class HeldOffsets {
  readonly #bySource = new Map<string, HeldOffset[]>();
  readonly #repetitions = new Map<string, Repetition[]>();

  /** Opens an entry for a message, whose `held` the caller counts up and down. */
  open(message: TopicPartition & Pick<ReceivedMessage, 'offset' | 'timestampMs'>): HeldOffset {
    const key = sourceKey(message);
    const entry: HeldOffset = { source: key, offset: message.offset, acceptedMs: message.timestampMs, held: 0 };
    const entries = this.#bySource.get(key);
    if (entries === undefined) this.#bySource.set(key, [entry]);
    else {
      if (entries.at(-1)?.held === 0) entries.pop();
      entries.push(entry);
    }
    return entry;
  }

  /** The message `again` has a span that came with `first` and is still in state. */
  repeat(first: HeldOffset, again: HeldOffset): void {
    if (first.source !== again.source || first.offset === again.offset) return;
    const repetition = { offset: again.offset, firstOffset: first.offset };
    const repetitions = this.#repetitions.get(again.source);
    if (repetitions === undefined) this.#repetitions.set(again.source, [repetition]);
    else if (repetitions.at(-1)!.offset !== again.offset) repetitions.push(repetition);
    else if (repetitions.at(-1)!.firstOffset > first.offset) repetitions[repetitions.length - 1] = repetition;
  }

  oldest(source: TopicPartition): number | undefined {
    const key = sourceKey(source);
    const entries = this.#bySource.get(key);
    if (entries === undefined) return undefined;
    let free = 0;
    while (free < entries.length && entries[free]!.held === 0) free++;
    if (free > 0) entries.splice(0, free);
    const held = entries[0]?.offset;
    return held === undefined ? undefined : this.#withRepetitions(key, held);
  }

  /** The oldest message from which on every repetition comes after its first; forgets those that are older. */
  #withRepetitions(key: string, held: number): number {
    const repetitions = this.#repetitions.get(key);
    if (repetitions === undefined) return held;
    let oldest = held;
    let index = repetitions.length - 1;
    for (; index >= 0 && repetitions[index]!.offset >= oldest; index--) {
      oldest = Math.min(oldest, repetitions[index]!.firstOffset);
    }
    if (index >= 0) repetitions.splice(0, index + 1);
    if (repetitions.length === 0) this.#repetitions.delete(key);
    return oldest;
  }

  /** Whether an entry came from this partition. */
  isFrom(entry: HeldOffset, source: TopicPartition): boolean {
    return entry.source === sourceKey(source);
  }

  revoke(source: TopicPartition): void {
    this.#bySource.delete(sourceKey(source));
    this.#repetitions.delete(sourceKey(source));
  }
}
