import { Misfits } from './misfits.ts';

/**
 * How many writes follow from each kind of message a turn later. Each turn says only how many followed from all its messages, so
 * the numbers are estimated by normalized least mean squares: each turn corrects those of its kinds as little as explains it.
 */

/** Messages of turns in a row that fit before a number is known; a few of one turn count, and no more of it: they are one case. */
const proof = 16;
const maxWeight = 4;
/** The kind that was seen first goes. */
const maxKinds = 256;
const maxWrites = 16;

class WriteCount {
  estimate = 0;
  private fits = 0;
  private readonly misfits = new Misfits();

  get value(): number {
    return Math.round(this.estimate);
  }

  get isKnown(): boolean {
    return this.fits >= proof && this.misfits.areRare;
  }

  correct(by: number): void {
    const before = this.value;
    this.estimate = Math.min(Math.max(this.estimate + by, 0), maxWrites);
    if (this.value !== before) this.fits = 0;
  }

  /** @param weight - of the turn, as one of those that count for {@link proof} */
  judge(fits: boolean, weight: number): void {
    if (fits) this.fits += weight;
    else if (this.fits < proof) this.fits = 0;
    if (this.fits >= proof) this.misfits.add(fits);
  }
}

/** How the writes of a turn are divided. */
export interface Split {
  /** Writes of each message, in order; undefined where that is open. */
  readonly writes: readonly (number | undefined)[];
  /** Every number was known, and their sum is that of the writes. */
  readonly isProven: boolean;
}

/** A message of which it is not known for which request it was. */
export const unknownKind = '';

/** The numbers of one process. */
export class WriteCounts {
  private readonly counts = new Map<string, WriteCount>();
  private readonly unknown = new WriteCount();

  /**
   * Learns from one turn.
   *
   * @param kinds - of the messages, in order
   * @param writes - that followed
   * @returns how many followed from each message; undefined where the numbers do not fit or are not known yet
   */
  split(kinds: readonly string[], writes: number): Split | undefined {
    const messages = new Map<WriteCount, number>();
    for (const kind of kinds) {
      const count = this.of(kind);
      messages.set(count, (messages.get(count) ?? 0) + 1);
    }
    const isProven = this.learn(messages, writes);
    if (isProven) return { writes: kinds.map((kind) => this.of(kind).value), isProven };
    return this.splitAround(kinds, messages, writes);
  }

  /** Returns whether all numbers were known and fit. */
  private learn(messages: ReadonlyMap<WriteCount, number>, writes: number): boolean {
    let expected = 0;
    let error = writes;
    for (const [count, number] of messages) {
      expected += count.value * number;
      error -= count.estimate * number;
    }
    const fits = expected === writes;
    const { unknown } = this;
    const isUnclear = !fits && messages.has(unknown);
    let squares = 0;
    for (const number of messages.values()) squares += number * number;
    const weight = Math.min(writes, maxWeight);
    let areKnown = fits;
    for (const [count, number] of messages) {
      // What is not known of a message may be why it does not fit.
      if (isUnclear && count.isKnown && count !== unknown) continue;
      count.judge(fits, weight);
      areKnown &&= count.isKnown;
      count.correct((error * number) / squares);
    }
    return areKnown;
  }

  /** What is certain of the others where it is not known for which request some messages were. */
  private splitAround(
    kinds: readonly string[],
    messages: ReadonlyMap<WriteCount, number>,
    writes: number,
  ): Split | undefined {
    const { unknown } = this;
    const unknowns = messages.get(unknown) ?? 0;
    let left = writes;
    for (const [count, number] of messages) {
      if (count === unknown) continue;
      if (!count.isKnown) return undefined;
      left -= count.value * number;
    }
    if (unknowns === 0 || left < 0 || left > unknowns) return undefined;
    const each = left === 0 || left === unknowns ? left / unknowns : undefined;
    const counts = kinds.map((kind) => (kind === unknownKind ? each : this.of(kind).value));
    return { writes: counts, isProven: false };
  }

  private of(kind: string): WriteCount {
    if (kind === unknownKind) return this.unknown;
    let count = this.counts.get(kind);
    if (count !== undefined) return count;
    if (this.counts.size === maxKinds) this.counts.delete(this.counts.keys().next().value!);
    this.counts.set(kind, (count = new WriteCount()));
    return count;
  }
}
