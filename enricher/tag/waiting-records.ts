/**
 * Spans and flows that wait for a resource: for the pod of their process, or for the owner of an address in a network of pods.
 * They wait for a bounded time by their agent's own clock, so that a replay decides as the live run did. A new resource wakes
 * only what waits for it. Bound: records per source of an agent. After a timeout, the same address is not waited for again for ten times
 * the wait, since some addresses there have no owner (the gateway of a node's pods).
 */
import type { Flow } from '../../schemas/generated/flow-batch.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { toleranceNs } from '../agent-clock.ts';
import { LruEntry, LruMap } from '../lru.ts';
import { OffsetCounts } from '../offset-counts.ts';
import type { AddressKey } from './address.ts';
import type { LearnListener } from './resource-table.ts';
import type { TagCounts } from './tag-counts.ts';
import type { Awaited, TaggedSides, TagQuestion } from './tagger.ts';

/** A finished record with what its sides follow from. */
interface Tagged<Kind extends string, Value> {
  readonly kind: Kind;
  readonly record: Value;
  readonly question: TagQuestion;
  readonly sides: TaggedSides;
  /** Events, segments or flow intervals that end with it. */
  readonly events: number;
  /** Offset of the oldest batch that one of them came in. */
  readonly offset: number;
}

export type TaggedSpan = Tagged<'span', Span>;
export type TaggedFlow = Tagged<'flow', Flow>;
/** A finished span, or an interval of a flow. */
export type TaggedRecord = TaggedSpan | TaggedFlow;

/** Receives records whose resource was learned. */
export interface WaitingOwner {
  wake(waiting: WaitingRecord): void;
}

/** A waiting record. */
export interface WaitingRecord {
  readonly tagged: TaggedRecord;
  readonly owner: WaitingOwner;
  /** The sides as last resolved. */
  sides: TaggedSides;
  /** CLOCK_MONOTONIC of the agent at which it is emitted as it is. */
  readonly deadlineNs: number;
}

/** Waiting records by the resource that they wait for, over all agents. */
export class WaitingIndex implements LearnListener {
  readonly #waiting: Readonly<Record<Awaited['kind'], Map<AddressKey, Set<WaitingRecord>>>> = {
    pod: new Map(),
    address: new Map(),
  };
  #woken = new Set<WaitingRecord>();

  add(waiting: WaitingRecord): void {
    for (const { kind, key } of waiting.sides.awaited) {
      const known = this.#waiting[kind].get(key);
      if (known === undefined) this.#waiting[kind].set(key, new Set([waiting]));
      else known.add(waiting);
    }
  }

  remove(waiting: WaitingRecord): void {
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

  /** Records whose resource was learned since the last call. */
  takeWoken(): ReadonlySet<WaitingRecord> {
    const woken = this.#woken;
    if (woken.size > 0) this.#woken = new Set();
    return woken;
  }

  #wake(waiting: ReadonlySet<WaitingRecord> | undefined): void {
    if (waiting !== undefined) for (const each of waiting) this.#woken.add(each);
  }
}

/** Bounds of waiting of one agent. */
export interface WaitingLimits {
  /** In milliseconds; 0 does not wait. */
  readonly tagWait: number;
  /** How long every record waits, in milliseconds; 0 does not wait. */
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

/** The waiting records of one source of an agent. */
export class WaitingRecords {
  readonly #limits: WaitingLimits;
  readonly #index: WaitingIndex;
  readonly #counts: TagCounts;
  readonly #owner: WaitingOwner;
  /** Records that wait for a resource, in the order of their deadlines. */
  readonly #awaiting = new Set<WaitingRecord>();
  /** Records that only settle, in the order of their deadlines. */
  readonly #settling = new Set<WaitingRecord>();
  readonly #offsets = new OffsetCounts();
  /** What was waited for, and when first. */
  readonly #asked = new LruMap<AddressKey, Asked>(maxAsked, () => undefined);

  constructor(limits: WaitingLimits, index: WaitingIndex, counts: TagCounts, owner: WaitingOwner) {
    this.#limits = limits;
    this.#index = index;
    this.#counts = counts;
    this.#owner = owner;
  }

  /** Whether the record waits from now on; otherwise the caller emits it. */
  takeIn(tagged: TaggedRecord, nowNs: number): boolean {
    const { awaited } = tagged.sides;
    const { tagWait, tagSettle } = this.#limits;
    let mayCome = false;
    if (tagWait > tagSettle) for (const { key } of awaited) if (this.#mayCome(key, nowNs)) mayCome = true;
    if (!mayCome && tagSettle === 0) return false;
    const waitMs = mayCome ? tagWait : tagSettle;
    this.#add({ tagged, owner: this.#owner, sides: tagged.sides, deadlineNs: nowNs + waitMs * 1e6 }, mayCome);
    if (mayCome) this.#counts.waited++;
    return true;
  }

  /** Removes a record that was woken or is due; the caller emits it. */
  takeOut(waiting: WaitingRecord): void {
    if (this.#awaiting.delete(waiting)) this.#index.remove(waiting);
    else this.#settling.delete(waiting);
    this.#offsets.remove(waiting.tagged.offset);
  }

  /** Its resource was found: the same key may be waited for again. */
  found({ sides }: WaitingRecord): void {
    this.#counts.found++;
    for (const { key } of sides.awaited) {
      const asked = this.#asked.peek(key);
      if (asked !== undefined) this.#asked.delete(asked);
    }
  }

  /** It still waits for another resource. Its position and its deadline stay. */
  update(waiting: WaitingRecord, sides: TaggedSides): void {
    this.#index.remove(waiting);
    waiting.sides = sides;
    this.#index.add(waiting);
  }

  /** Removes and returns records past their deadline or beyond the bound. */
  *due(nowNs: number): Generator<WaitingRecord> {
    // A deadline beyond every possible wait is of another clock: records behind it must not wait for it.
    const latestNs = nowNs + Math.max(this.#limits.tagWait, this.#limits.tagSettle) * 1e6 + toleranceNs;
    for (const waiting of this.#settling) {
      const isExpired = waiting.deadlineNs <= nowNs || waiting.deadlineNs > latestNs;
      if (!isExpired && !this.#isTooMuch()) break;
      if (!isExpired) this.#counts.overflowed++;
      this.takeOut(waiting);
      yield waiting;
    }
    for (const waiting of this.#awaiting) {
      const isExpired = waiting.deadlineNs <= nowNs || waiting.deadlineNs > latestNs;
      if (!isExpired && !this.#isTooMuch()) return;
      if (isExpired) this.#counts.expired++;
      else this.#counts.overflowed++;
      this.takeOut(waiting);
      yield waiting;
    }
  }

  /** Removes and returns all records. */
  *drain(): Generator<WaitingRecord> {
    for (const waiting of [...this.#settling, ...this.#awaiting]) {
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
    return this.#awaiting.size + this.#settling.size;
  }

  /** Removes and returns the oldest, until at most this fraction of them is left. */
  *shrink(part: number): Generator<WaitingRecord> {
    for (const records of [this.#settling, this.#awaiting]) {
      const most = Math.floor(records.size * part);
      for (const waiting of records) {
        if (records.size <= most) break;
        this.#counts.overflowed++;
        this.takeOut(waiting);
        yield waiting;
      }
    }
  }

  #isTooMuch(): boolean {
    return this.#awaiting.size + this.#settling.size > this.#limits.maxTagWaiting;
  }

  #add(waiting: WaitingRecord, isAwaited: boolean): void {
    if (isAwaited) {
      this.#awaiting.add(waiting);
      this.#index.add(waiting);
    } else this.#settling.add(waiting);
    this.#offsets.add(waiting.tagged.offset);
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
