/**
 * The partitions of one member, from two sides: what the group has given it, and what its stage has been told. They
 * differ between a rebalance and the poll that reports it; until then nothing of what changed may be read or committed.
 */
import type { Position, Rebalance, TopicPartition } from '../bus.ts';

interface Owned {
  readonly source: TopicPartition;
  /** Offset of the message expected next. */
  next: number;
}

/** A partition that goes on where the stage is. */
export interface Kept extends TopicPartition {
  readonly next: number;
}

/** One text for one partition. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** See the head of this file. */
export class Assignment {
  /** What the stage has been told. */
  readonly #owned = new Map<string, Owned>();
  /** What the group has given. */
  #given = new Map<string, TopicPartition>();
  /** Owned partitions that were another member's, perhaps only for a while. */
  readonly #lost = new Set<string>();

  /**
   * Takes note of a new generation.
   *
   * @param isSameMember false when the group had struck this member out: then others may have had all of its partitions
   * @returns partitions that go on as if nothing had happened
   */
  joined(given: readonly TopicPartition[], isSameMember: boolean): readonly Kept[] {
    this.#given = new Map(given.map((source) => [keyOf(source), source]));
    for (const key of this.#owned.keys()) if (!isSameMember || !this.#given.has(key)) this.#lost.add(key);
    return [...this.#owned]
      .filter(([key]) => !this.#lost.has(key))
      .map(([, { source, next }]) => ({ ...source, next }));
  }

  /** The connection to the group is gone, and all partitions with it. */
  loseAll(): void {
    this.joined([], false);
  }

  /** Has anything changed that the stage has not been told? */
  get isChanged(): boolean {
    return this.#lost.size > 0 || this.unreported().length > 0;
  }

  /** Given partitions whose positions the stage has not been told. */
  unreported(): readonly TopicPartition[] {
    return [...this.#given.values()].filter((source) => !this.isReadable(source));
  }

  /** Tells the stage what has changed; `positions` are those of all unreported partitions. */
  report(positions: readonly Position[]): Rebalance {
    const revoked = [...this.#lost].map((key) => this.#owned.get(key)!.source);
    for (const key of this.#lost) this.#owned.delete(key);
    this.#lost.clear();
    const assigned = positions.filter((position) => this.#given.has(keyOf(position)));
    for (const { topic, partition, offset } of assigned)
      this.#owned.set(keyOf({ topic, partition }), { source: { topic, partition }, next: offset });
    return { assigned, revoked };
  }

  /** Given, and known to the stage: may be read and committed. */
  isReadable(source: TopicPartition): boolean {
    const key = keyOf(source);
    return this.#owned.has(key) && this.#given.has(key) && !this.#lost.has(key);
  }

  /** Offset of the message expected next of a partition that is readable. */
  next(source: TopicPartition): number {
    return this.#owned.get(keyOf(source))!.next;
  }

  /** Takes note of a message that was handed out. */
  advance(source: TopicPartition, offset: number): void {
    this.#owned.get(keyOf(source))!.next = offset + 1;
  }

  /** Partitions that the stage has been told of. */
  owned(): readonly TopicPartition[] {
    return [...this.#owned.values()].map(({ source }) => source);
  }
}
