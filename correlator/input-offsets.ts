import type { ReceivedMessage, TopicPartition } from '../core/bus/bus.ts';

/** A message of which some spans are still in state. */
export interface InputOffset {
  readonly source: string;
  readonly offset: number;
  /** When the bus accepted it. */
  readonly acceptedMs: number;
  /** Spans in state. */
  spansInState: number;
}

const sourceKey = (source: TopicPartition): string => `${source.topic}/${source.partition}`;

/** A message that repeats a span of an earlier one. If a restart read it without that one, the span would look new. */
interface Repetition {
  readonly offset: number;
  readonly firstOffset: number;
}

/**
 * Low watermark of every partition: the oldest message that state still needs. Messages come in ascending order.
 *
 * This is the oldest message with a span in state, or an older one that is needed to recognise repetitions after it.
 */
export class InputOffsets {
  readonly #bySource = new Map<string, InputOffset[]>();
  readonly #repetitions = new Map<string, Repetition[]>();

  /** Opens an entry for a message, whose `spansInState` the caller counts up and down. */
  open(message: TopicPartition & Pick<ReceivedMessage, 'offset' | 'timestampMs'>): InputOffset {
    const key = sourceKey(message);
    const entry: InputOffset = {
      source: key,
      offset: message.offset,
      acceptedMs: message.timestampMs,
      spansInState: 0,
    };
    const entries = this.#bySource.get(key);
    if (entries === undefined) this.#bySource.set(key, [entry]);
    else {
      if (entries.at(-1)?.spansInState === 0) entries.pop();
      entries.push(entry);
    }
    return entry;
  }

  /** The message `again` has a span that came with `first` and is still in state. */
  repeat(first: InputOffset, again: InputOffset): void {
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
    while (free < entries.length && entries[free]!.spansInState === 0) free++;
    if (free > 0) entries.splice(0, free);
    const oldest = entries[0]?.offset;
    return oldest === undefined ? undefined : this.#withRepetitions(key, oldest);
  }

  /** The oldest message from which on every repetition comes after its first; forgets those that are older. */
  #withRepetitions(key: string, oldestInState: number): number {
    const repetitions = this.#repetitions.get(key);
    if (repetitions === undefined) return oldestInState;
    let oldest = oldestInState;
    let index = repetitions.length - 1;
    for (; index >= 0 && repetitions[index]!.offset >= oldest; index--) {
      oldest = Math.min(oldest, repetitions[index]!.firstOffset);
    }
    if (index >= 0) repetitions.splice(0, index + 1);
    if (repetitions.length === 0) this.#repetitions.delete(key);
    return oldest;
  }

  /** Whether an entry came from this partition. */
  isFrom(entry: InputOffset, source: TopicPartition): boolean {
    return entry.source === sourceKey(source);
  }

  revoke(source: TopicPartition): void {
    this.#bySource.delete(sourceKey(source));
    this.#repetitions.delete(sourceKey(source));
  }
}
