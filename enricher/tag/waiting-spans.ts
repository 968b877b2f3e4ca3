/**
 * Spans that wait for a resource: for the pod of their process, or for the owner of an address in a network of pods. They wait
 * for a bounded time by their agent's own clock, so that a replay decides as the live run did. A new resource wakes only the
 * spans that wait for it. Bound: spans per agent. After a timeout, the same address is not waited for again for ten times
 * the wait, since some addresses there have no owner (the gateway of a node's pods).
 */
import type { Span } from '../../schemas/generated/span.ts';
import { toleranceNs } from '../agent-clock.ts';
import { LruEntry, LruMap } from '../lru.ts';
import { OffsetCounts } from '../offset-counts.ts';
import type { AddressKey } from './address.ts';
import type { LearnListener } from './resource-table.ts';
import type { TagCounts } from './tag-counts.ts';
import type { Awaited, TaggedSides, TagQuestion } from './tagger.ts';

/** A finished span with what its sides follow from. */
export interface TaggedSpan {
  readonly span: Span;
  readonly question: TagQuestion;
  readonly sides: TaggedSides;
  /** Events that end with this span. */
  readonly events: number;
  /** Offset of the oldest batch that one of them came in. */
  readonly offset: number;
}

/** Receives spans whose resource was learned. */
export interface WaitingOwner {
  wake(waiting: WaitingSpan): void;
}

/** A waiting span. */
export interface WaitingSpan extends Omit<TaggedSpan, 'sides'> {
  readonly owner: WaitingOwner;
  /** The sides as last resolved. */
  sides: TaggedSides;
  /** CLOCK_MONOTONIC of the agent at which it is emitted as it is. */
  readonly deadlineNs: number;
}

/** Waiting spans by the resource that they wait for, over all agents. */
export class WaitingIndex implements LearnListener {
  readonly #waiting: Readonly<Record<Awaited['kind'], Map<AddressKey, Set<WaitingSpan>>>> = {
    pod: new Map(),
    address: new Map(),
  };
  #woken = new Set<WaitingSpan>();

  add(waiting: WaitingSpan): void {
    for (const { kind, key } of waiting.sides.awaited) {
      const known = this.#waiting[kind].get(key);
      if (known === undefined) this.#waiting[kind].set(key, new Set([waiting]));
      else known.add(waiting);
    }
  }

  remove(waiting: WaitingSpan): void {
    this.#woken.delete(waiting);
    for (const { kind, key } of waiting.sides.awaited) {
      const known = this.#waiting[kind].get(key);
      known?.delete(waiting);
      if (known?.size === 0) this.#waiting[kind].delete(key);
    }
  }

  podLearned(uid: string): void {
    this.#wake(this.#waiting.pod.get(uid));
  }

  addressLearned(address: AddressKey): void {
    this.#wake(this.#waiting.address.get(address));
  }

  /** Spans whose resource was learned since the last call. */
  takeWoken(): ReadonlySet<WaitingSpan> {
    const woken = this.#woken;
    if (woken.size > 0) this.#woken = new Set();
    return woken;
  }

  #wake(waiting: ReadonlySet<WaitingSpan> | undefined): void {
    if (waiting !== undefined) for (const each of waiting) this.#woken.add(each);
  }
}

/** Bounds of waiting of one agent. */
export interface WaitingLimits {
  /** In milliseconds; 0 does not wait. */
  readonly tagWait: number;
  /** How long every span waits, in milliseconds; 0 does not wait. */
  readonly tagSettle: number;
  readonly maxTagWaiting: number;
}

/** After a timeout, the same key is waited for again after this many times the wait. */
const restWaits = 10;
const maxAsked = 10_000;

/** When a key was first waited for, by the agent's clock. */
class Asked extends LruEntry {
  readonly atNs: number;

  constructor(atNs: number) {
    super();
    this.atNs = atNs;
  }
}

/** The waiting spans of one agent. */
export class WaitingSpans {
  readonly #limits: WaitingLimits;
  readonly #index: WaitingIndex;
  readonly #counts: TagCounts;
  readonly #owner: WaitingOwner;
  /** Spans that wait for a resource, in the order of their deadlines. */
  readonly #spans = new Set<WaitingSpan>();
  /** Spans that only settle, in the order of their deadlines. */
  readonly #settling = new Set<WaitingSpan>();
  readonly #offsets = new OffsetCounts();
  /** What was waited for, and when first. */
  readonly #asked = new LruMap<AddressKey, Asked>(maxAsked, () => undefined);

  constructor(limits: WaitingLimits, index: WaitingIndex, counts: TagCounts, owner: WaitingOwner) {
    this.#limits = limits;
    this.#index = index;
    this.#counts = counts;
    this.#owner = owner;
  }

  /** Whether the span waits from now on; otherwise the caller emits it. */
  takeIn(tagged: TaggedSpan, nowNs: number): boolean {
    const { awaited } = tagged.sides;
    const { tagWait, tagSettle } = this.#limits;
    let mayCome = false;
    if (tagWait > tagSettle) for (const { key } of awaited) if (this.#mayCome(key, nowNs)) mayCome = true;
    if (!mayCome && tagSettle === 0) return false;
    const waitMs = mayCome ? tagWait : tagSettle;
    this.#add({ ...tagged, owner: this.#owner, deadlineNs: nowNs + waitMs * 1e6 }, mayCome);
    if (mayCome) this.#counts.waited++;
    return true;
  }

  /** Removes a span that was woken or is due; the caller emits it. */
  takeOut(waiting: WaitingSpan): void {
    if (this.#spans.delete(waiting)) this.#index.remove(waiting);
    else this.#settling.delete(waiting);
    this.#offsets.remove(waiting.offset);
  }

  /** Its resource was found: the same key may be waited for again. */
  found({ sides }: WaitingSpan): void {
    this.#counts.found++;
    for (const { key } of sides.awaited) {
      const asked = this.#asked.peek(key);
      if (asked !== undefined) this.#asked.delete(asked);
    }
  }

  /** It still waits for another resource. Its position and its deadline stay. */
  update(waiting: WaitingSpan, sides: TaggedSides): void {
    this.#index.remove(waiting);
    waiting.sides = sides;
    this.#index.add(waiting);
  }

  /** Removes and returns spans past their deadline or beyond the bound. */
  *due(nowNs: number): Generator<WaitingSpan> {
    // A deadline beyond every possible wait is of another clock: spans behind it must not wait for it.
    const latestNs = nowNs + Math.max(this.#limits.tagWait, this.#limits.tagSettle) * 1e6 + toleranceNs;
    for (const waiting of this.#settling) {
      const isExpired = waiting.deadlineNs <= nowNs || waiting.deadlineNs > latestNs;
      if (!isExpired && !this.#isTooMuch()) break;
      if (!isExpired) this.#counts.overflowed++;
      this.takeOut(waiting);
      yield waiting;
    }
    for (const waiting of this.#spans) {
      const isExpired = waiting.deadlineNs <= nowNs || waiting.deadlineNs > latestNs;
      if (!isExpired && !this.#isTooMuch()) return;
      if (isExpired) this.#counts.expired++;
      else this.#counts.overflowed++;
      this.takeOut(waiting);
      yield waiting;
    }
  }

  /** Removes and returns all spans. */
  *drain(): Generator<WaitingSpan> {
    for (const waiting of [...this.#settling, ...this.#spans]) {
      this.takeOut(waiting);
      yield waiting;
    }
  }

  /** Offset of the oldest batch that is needed for them. */
  get oldestOffset(): number | undefined {
    return this.#offsets.oldest;
  }

  /** How many wait. */
  get size(): number {
    return this.#spans.size + this.#settling.size;
  }

  /** Removes and returns the oldest, until at most this fraction of them is left. */
  *shrink(part: number): Generator<WaitingSpan> {
    for (const spans of [this.#settling, this.#spans]) {
      const most = Math.floor(spans.size * part);
      for (const waiting of spans) {
        if (spans.size <= most) break;
        this.#counts.overflowed++;
        this.takeOut(waiting);
        yield waiting;
      }
    }
  }

  #isTooMuch(): boolean {
    return this.#spans.size + this.#settling.size > this.#limits.maxTagWaiting;
  }

  #add(waiting: WaitingSpan, isAwaited: boolean): void {
    if (isAwaited) {
      this.#spans.add(waiting);
      this.#index.add(waiting);
    } else this.#settling.add(waiting);
    this.#offsets.add(waiting.offset);
  }

  #mayCome(key: AddressKey, nowNs: number): boolean {
    const waitNs = this.#limits.tagWait * 1e6;
    const asked = this.#asked.peek(key);
    const sinceNs = asked === undefined ? Infinity : nowNs - asked.atNs;
    if (sinceNs >= -toleranceNs && sinceNs <= waitNs) return true;
    if (sinceNs > waitNs && sinceNs <= restWaits * waitNs) return false;
    if (asked !== undefined) this.#asked.delete(asked);
    this.#asked.add(key, new Asked(nowNs));
    return true;
  }
}
