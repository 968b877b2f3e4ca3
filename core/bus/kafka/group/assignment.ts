/**
 * The partitions of one member: those that the group assigned, and those that its stage knows. They differ between a rebalance
 * and the poll that reports it; until then a changed partition may neither be read nor committed.
 */
import type { Position, Rebalance, TopicPartition } from '../../bus.ts';

interface Owned {
  readonly source: TopicPartition;
  /** Offset of the message expected next. */
  next: number;
  /** What the group has stored, as far as this member knows. */
  stored: Pick<Position, 'offset' | 'emittedBelow'>;
  /** `uncertain`: the connection to the group was lost, and others may have had the partition meanwhile. */
  state: 'kept' | 'uncertain' | 'lost';
}

/** A partition that the stage keeps and continues. */
export interface Kept extends TopicPartition {
  readonly next: number;
}

/** One text for one partition. */
export function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

/** See the head of this file. */
export class Assignment {
  /** The partitions that the stage knows. */
  readonly #owned = new Map<string, Owned>();
  /** What the group has given. */
  #given = new Map<string, TopicPartition>();

  /**
   * Takes note of a new generation.
   *
   * @param isSameMember false when the group does not know this member from before
   * @returns partitions that continue as if nothing had happened
   */
  joined(given: readonly TopicPartition[], isSameMember: boolean): readonly Kept[] {
    this.#given = new Map(given.map((source) => [keyOf(source), source]));
    for (const [key, owned] of this.#owned) {
      if (!this.#given.has(key)) owned.state = 'lost';
      else if (!isSameMember && owned.state === 'kept') owned.state = 'uncertain';
    }
    return [...this.#owned.values()]
      .filter(({ state }) => state === 'kept')
      .map(({ source, next }) => ({ ...source, next }));
  }

  /** The connection to the group was lost; the partitions may come back. */
  disconnected(): void {
    this.#given.clear();
    for (const owned of this.#owned.values()) if (owned.state === 'kept') owned.state = 'uncertain';
  }

  /**
   * Decides on uncertain partitions. If the stored position is the one that this member left, the partition continues, since
   * the state has everything after it. Otherwise it is lost: another member has advanced it.
   *
   * @param positions what is stored for all undecided partitions
   * @returns partitions that continue
   */
  settle(positions: readonly Position[]): readonly Kept[] {
    const kept: Kept[] = [];
    for (const position of positions) {
      const owned = this.#owned.get(keyOf(position));
      if (owned?.state !== 'uncertain') continue;
      const { offset, emittedBelow } = owned.stored;
      const isUntouched = position.offset === offset && position.emittedBelow === emittedBelow;
      owned.state = isUntouched ? 'kept' : 'lost';
      if (isUntouched) kept.push({ ...owned.source, next: owned.next });
    }
    return kept;
  }

  /** Whether there are changes that the stage does not know yet. */
  get isChanged(): boolean {
    return this.undecided().length > 0 || [...this.#owned.values()].some(({ state }) => state === 'lost');
  }

  /** Given partitions whose stored positions must be known before they are read. */
  undecided(): readonly TopicPartition[] {
    return [...this.#given.values()].filter((source) => !this.isReadable(source));
  }

  /** Reports the changes to the stage; `positions` are those of all undecided partitions. */
  report(positions: readonly Position[]): Rebalance {
    const lost = [...this.#owned].filter(([, { state }]) => state === 'lost');
    for (const [key] of lost) this.#owned.delete(key);
    const assigned = positions.filter((position) => {
      const key = keyOf(position);
      return this.#given.has(key) && !this.#owned.has(key);
    });
    for (const { topic, partition, offset, emittedBelow } of assigned) {
      const source = { topic, partition };
      const owned: Owned = { source, next: offset, stored: { offset, emittedBelow }, state: 'kept' };
      this.#owned.set(keyOf(source), owned);
    }
    return { assigned, revoked: lost.map(([, { source }]) => source) };
  }

  /** Given, and known to the stage: may be read and committed. */
  isReadable(source: TopicPartition): boolean {
    return this.#owned.get(keyOf(source))?.state === 'kept';
  }

  /** May be readable again soon. */
  isUncertain(source: TopicPartition): boolean {
    return this.#owned.get(keyOf(source))?.state === 'uncertain';
  }

  /** Offset of the message expected next of a partition that is readable. */
  next(source: TopicPartition): number {
    return this.#owned.get(keyOf(source))!.next;
  }

  /** Takes note of a message that was handed out. */
  advance(source: TopicPartition, offset: number): void {
    this.#owned.get(keyOf(source))!.next = offset + 1;
  }

  /** Takes note of positions that the group has stored. */
  stored(positions: readonly Position[]): void {
    for (const position of positions) {
      const owned = this.#owned.get(keyOf(position));
      if (owned !== undefined) owned.stored = { offset: position.offset, emittedBelow: position.emittedBelow };
    }
  }

  /** Partitions that the stage knows. */
  owned(): readonly TopicPartition[] {
    return [...this.#owned.values()].map(({ source }) => source);
  }
}
