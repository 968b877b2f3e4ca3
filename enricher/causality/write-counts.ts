import { Misfits } from './misfits.ts';

/**
 * How many writes follow from each kind of message a turn later. Each turn says only how many followed from all its messages, so
 * the numbers are estimated by Kaczmarz's method: each of the latest turns, again and again, corrects those of its kinds that are
 * not known yet as little as explains it.
 */

/** Messages of turns in a row that fit before a number is known; a few of one turn count, and no more of it: they are one case. */
const proof = 16;
const maxWeight = 4;
/** Latest turns with kinds that are not known yet, and how often each corrects the estimates when a turn is added. */
const keptTurns = 24;
const maxAge = 64;
const sweeps = 6;
/** The kind that was seen first goes. */
const maxKinds = 256;
const maxWrites = 16;

class WriteCount {
  estimate = 0;
  /** Weight of the latest turns that fit. */
  fits = 0;
  /** Taken over from another kind, until as many messages of its own fit. */
  isTentative = false;
  private ownFits = 0;
  readonly isUnclear: boolean;
  private readonly misfits = new Misfits();

  /** @param model - of messages like those of this kind */
  constructor(isUnclear: boolean, model: WriteCount | undefined) {
    this.isUnclear = isUnclear;
    if (model?.isKnown !== true) return;
    this.estimate = model.value;
    this.fits = proof;
    this.isTentative = true;
  }

  doubt(): void {
    this.misfits.reset();
    this.isTentative = this.fits >= proof;
    this.ownFits = 0;
  }

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

  /** Compares it with a turn of some weight. */
  judge(fits: boolean, weight: number): void {
    if (this.isTentative) {
      this.ownFits += weight;
      this.isTentative = fits && this.ownFits < proof;
      if (!fits) this.fits = 0;
    } else if (this.fits >= proof) this.misfits.add(fits);
  }
}

/** How the writes of a turn are divided. */
export interface Split {
  /** Writes of each message, in order; undefined where that is open. */
  readonly writes: readonly (number | undefined)[];
  /** Every number was known, and their sum is that of the writes. */
  readonly isProven: boolean;
}

/** A turn: how many messages of which kinds, and how many writes followed. */
interface Turn {
  readonly number: number;
  readonly messages: ReadonlyMap<WriteCount, number>;
  readonly writes: number;
}

/** Messages of a kind lead to the same number of writes. */
export interface MessageKind {
  readonly name: string;
  /** Responses of which it is not known for which request they were. */
  readonly isUnclear: boolean;
  /** Name of the unclear kind with the same endpoints: begins with its number. */
  readonly like: string | undefined;
}

/** The numbers of one process. */
export class WriteCounts {
  private readonly counts = new Map<string, WriteCount>();
  /** Those that can still teach something, the oldest first. */
  private readonly turns: Turn[] = [];
  private seen = 0;

  /**
   * Learns from one turn.
   *
   * @param kinds - of the messages, in order
   * @param writes - that followed
   * @returns how many followed from each message; undefined where the numbers do not fit or are not known yet
   */
  split(kinds: readonly MessageKind[], writes: number): Split | undefined {
    const counts = kinds.map((kind) => this.of(kind));
    const messages = new Map<WriteCount, number>();
    for (const count of counts) messages.set(count, (messages.get(count) ?? 0) + 1);
    const turn = { number: this.seen++, messages, writes };
    const isProven = this.learn(turn);
    return isProven ? { writes: counts.map(({ value }) => value), isProven } : splitAround(counts, turn);
  }

  /** Other writes count from now on: what was known has to prove itself again. */
  doubt(): void {
    this.turns.length = 0;
    for (const count of this.counts.values()) count.doubt();
  }

  /** Nothing followed yet from messages of these kinds. That has to be rare where something is known to follow. */
  wait(kinds: readonly MessageKind[]): void {
    const counts = kinds.map((kind) => this.of(kind));
    if (!counts.every(({ isKnown }) => isKnown)) return;
    for (const count of new Set(mostDoubtful(counts.filter(({ value }) => value > 0)))) count.judge(false, 0);
  }

  /** Returns whether all numbers were known and fit. */
  private learn(turn: Turn): boolean {
    const fits = isExplained(turn);
    const counts = [...turn.messages.keys()];
    const areKnown = counts.every(({ isKnown }) => isKnown);
    for (const count of fits ? counts : mostDoubtful(counts)) count.judge(fits, weightOf(turn));
    if (!areKnown || !fits) this.estimate(turn);
    return areKnown && fits;
  }

  /** Corrects the numbers that are not known by the latest turns, and counts how many of these they explain. */
  private estimate(turn: Turn): void {
    const { turns } = this;
    turns.push(turn);
    while (turns.length > keptTurns || turns[0]!.number <= turn.number - maxAge) turns.shift();
    for (let sweep = 0; sweep < sweeps; sweep++) for (const each of turns) correctBy(each);
    for (const count of turn.messages.keys()) {
      if (count.fits >= proof) continue;
      count.fits = 0;
      for (let index = turns.length - 1; index >= 0 && count.fits < proof; index--) {
        const each = turns[index]!;
        if (!each.messages.has(count)) continue;
        if (!isExplained(each) && !isPinned(each, count)) break;
        count.fits += weightOf(each);
      }
    }
  }

  private of({ name, isUnclear, like }: MessageKind): WriteCount {
    let count = this.counts.get(name);
    if (count !== undefined) return count;
    if (this.counts.size === maxKinds) this.counts.delete(this.counts.keys().next().value!);
    count = new WriteCount(isUnclear, like === undefined ? undefined : this.counts.get(like));
    this.counts.set(name, count);
    return count;
  }
}

/** What is certain of the others where it is not known for which request some messages were: these lead to at most one write. */
function splitAround(counts: readonly WriteCount[], turn: Turn): Split | undefined {
  const { left, unclear } = rest(turn);
  if (unclear === 0 || left < 0 || left > unclear) return undefined;
  if (counts.some(({ isKnown, isUnclear }) => !isKnown && !isUnclear)) return undefined;
  const each = left === 0 || left === unclear ? left / unclear : undefined;
  return { writes: counts.map(({ isUnclear, value }) => (isUnclear ? each : value)), isProven: false };
}

/** What the numbers of clear kinds leave, and how many messages are of unclear kinds. */
function rest({ messages, writes }: Turn): { readonly left: number; readonly unclear: number } {
  let left = writes;
  let unclear = 0;
  for (const [count, number] of messages) {
    if (count.isUnclear) unclear += number;
    else left -= count.value * number;
  }
  return { left, unclear };
}

/** Whether a turn fits, whichever messages of unclear kinds lead to a write, and would not with one more or less of this number. */
function isPinned(turn: Turn, count: WriteCount): boolean {
  const { left, unclear } = rest(turn);
  const number = turn.messages.get(count) ?? 0;
  return !count.isUnclear && left >= 0 && left <= unclear && left < number && left + number > unclear;
}

/** The numbers because of which a turn may not fit: those of which least is known. */
function mostDoubtful(counts: readonly WriteCount[]): readonly WriteCount[] {
  const unknown = counts.filter(({ isKnown, isUnclear }) => !isKnown || isUnclear);
  if (unknown.length > 0) return unknown;
  const tentative = counts.filter(({ isTentative }) => isTentative);
  return tentative.length > 0 ? tentative : counts;
}

const weightOf = ({ writes }: Turn): number => Math.min(writes, maxWeight);

/** Whether the numbers give as many writes as followed. */
function isExplained({ messages, writes }: Turn): boolean {
  let expected = 0;
  for (const [count, number] of messages) expected += count.value * number;
  return expected === writes;
}

/** Corrects the numbers that are not known as little as explains the turn. */
function correctBy({ messages, writes }: Turn): void {
  let error = writes;
  let squares = 0;
  for (const [count, number] of messages) {
    error -= (count.isKnown ? count.value : count.estimate) * number;
    if (!count.isKnown) squares += number * number;
  }
  if (squares === 0) return;
  for (const [count, number] of messages) if (!count.isKnown) count.correct((error * number) / squares);
}
