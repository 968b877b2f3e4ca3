/**
 * The state of the resource publisher, pure, with time as an argument.
 *
 * Input: reports of sources, and the published versions. Output: versions to publish. State: every current resource, its ended
 * versions, and pending steps. Bound: ended versions by SPANLOOM_RESOURCES_RETENTION.
 *
 * A report becomes a step of its resource. Steps wait for SPANLOOM_RESOURCES_SETTLE, so that several changes in a row make one
 * version: a step replaces the one before it, unless that would hide an address of the resource. A due step makes a version:
 * the former one ends (same key again, with the end), the new one begins.
 */
import { Counters } from '../../core/stage/accounting.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readResource, type Resource, type ResourceKind } from '../../schemas/generated/resource.ts';
import type { ResourceState, ResourceUid } from './resource-state.ts';
import { latestEnd, type StartsByAddress, startsByAddress } from './latest-end.ts';
import { contentOf, contentOfVersion, versionOf } from './resource-content.ts';

/** Longest uid: it is part of a key. */
const maxUidLength = 1024;

/** A resource that changes or has changed. */
interface Entry {
  readonly kind: ResourceKind;
  readonly uid: string;
  /** 0 until it has one. */
  id: number;
  source: string;
  current: CurrentVersion | undefined;
  readonly ended: Interval[];
  readonly steps: Step[];
}

interface CurrentVersion {
  /** {@link contentOf}; of a version that was read only when it is needed, since parents must have been read by then. */
  content: Buffer | undefined;
  read: Resource | undefined;
  readonly validFromNs: bigint;
}

interface Interval {
  readonly validFromNs: bigint;
  readonly validToNs: bigint;
}

interface Change {
  readonly kind: 'change';
  readonly content: Buffer;
  /** Its addresses, as text that is equal when they are. */
  readonly addresses: string;
  readonly sinceNs: bigint | undefined;
  readonly observedNs: bigint;
}

type Step = Change | { readonly kind: 'end'; readonly endedNs: bigint };

/** A version to send, of one source; undefined in place of it removes the key. */
export interface OutgoingVersion {
  readonly key: string;
  readonly source: string;
  readonly version: Resource | undefined;
}

/** How versions are made. */
export interface ResourceVersionsOptions {
  /** How long a change waits for further ones of the same resource. */
  readonly settleMs: number;
  /** How long versions stay that have ended. */
  readonly retentionMs: number;
  /** Those of an earlier instance, which go on. */
  readonly counters?: ResourceCounters;
}

/** Outcome of a source's report. */
export type ResourceCounters = Counters<'unchanged' | 'settled', 'bad_uid' | 'bad_address' | 'never_told'>;

/** Key of a version on the topic `resources`. */
export function versionKey(kind: ResourceKind, uid: string, validFromNs: bigint): string {
  return `${kind}:${uid}@${validFromNs}`;
}

/** See the top of the file. */
export class ResourceVersions {
  readonly #options: ResourceVersionsOptions;
  readonly #entries = new Map<string, Entry>();
  /** Uid of each id: of no two things the same. */
  readonly #owners = new Map<ResourceKind, Map<number, string>>();
  /** Entries with steps, the one due first at the front. */
  readonly #due = new Map<Entry, number>();
  readonly #repairs: OutgoingVersion[] = [];
  readonly counters: ResourceCounters;
  /** Texts that were cut, or left out, for their size. */
  cut = 0;

  constructor(options: ResourceVersionsOptions) {
    this.#options = options;
    this.counters =
      options.counters ?? new Counters(['unchanged', 'settled'], ['bad_uid', 'bad_address', 'never_told']);
  }

  /** Adds a published version. @param source undefined if no publisher sent it, but an agent */
  learn(version: Resource, source: string | undefined): void {
    if (source === undefined || version.uid === '') return;
    const entry = this.#entryOf(version, source);
    entry.source = source;
    const owners = this.#ownersOf(version.kind);
    if (!owners.has(version.id)) owners.set(version.id, version.uid);
    // Two publishers at once may both assign an id: for every reader the lower one counts.
    if (entry.id === 0) entry.id = version.id;
    else if (version.id < entry.id) {
      entry.id = version.id;
      if (entry.current !== undefined) this.#queueRepair(this.#versionOf(entry, entry.current, 0n), entry.source);
    } else if (version.id > entry.id) this.#queueRepair({ ...version, id: entry.id }, source);
    const { validFromNs, validToNs } = version;
    if (validToNs !== 0n) {
      const known = entry.ended.findIndex((each) => each.validFromNs === validFromNs);
      if (known >= 0) entry.ended.splice(known, 1);
      entry.ended.push({ validFromNs, validToNs });
      if (entry.current?.validFromNs === validFromNs) entry.current = undefined;
      return;
    }
    if (entry.ended.some((each) => each.validFromNs === validFromNs)) return;
    const former = entry.current;
    if (former !== undefined && former.validFromNs > validFromNs) {
      this.#repair(entry, version, former.validFromNs);
      return;
    }
    if (former !== undefined && former.validFromNs < validFromNs)
      this.#repair(entry, this.#versionOf(entry, former, 0n), validFromNs);
    entry.current = { content: undefined, read: version, validFromNs };
  }

  /** A version that is still current although a newer one is. */
  #repair(entry: Entry, version: Resource, validToNs: bigint): void {
    entry.ended.push({ validFromNs: version.validFromNs, validToNs });
    this.#queueRepair({ ...version, id: entry.id, validToNs }, entry.source);
  }

  #queueRepair(version: Resource, source: string): void {
    const key = versionKey(version.kind, version.uid, version.validFromNs);
    this.#repairs.push({ key, source, version });
  }

  /** New or changed resources of a source. */
  put(source: string, states: readonly ResourceState[], observedNs: bigint, nowMs: number): void {
    for (const state of states) this.#putOne(source, state, observedNs, nowMs);
  }

  /** All resources of a source: others that it reported before end. */
  replaceAll(source: string, states: readonly ResourceState[], observedNs: bigint, nowMs: number): void {
    this.put(source, states, observedNs, nowMs);
    const reported = new Set(states.map(({ kind, uid }) => entryKey(kind, uid)));
    const pods = states.filter(({ kind }) => kind === 'pod');
    const starts = startsByAddress(pods.map(({ addresses, sinceNs }) => ({ addresses, startNs: sinceNs })));
    for (const [key, entry] of this.#entries)
      if (entry.source === source && !reported.has(key) && isThere(entry))
        this.end(source, entry, this.#lastMoment(entry, starts, observedNs), nowMs);
  }

  /** Latest possible end of a resource whose end no publisher saw; resources other than pods may share addresses. */
  #lastMoment(entry: Entry, starts: StartsByAddress, observedNs: bigint): bigint {
    const content = entry.kind === 'pod' ? this.#contentOf(entry) : undefined;
    if (content === undefined) return observedNs;
    const { addresses } = readResource(new AvroReader(content));
    return latestEnd({ addresses, startNs: entry.current!.validFromNs }, starts, observedNs);
  }

  /** A resource of a source ended. */
  end(source: string, { kind, uid }: ResourceUid, endedNs: bigint, nowMs: number): void {
    this.counters.receive();
    const entry = this.#entries.get(entryKey(kind, uid));
    if (entry?.source !== source || !isThere(entry)) {
      this.counters.reject('never_told');
      return;
    }
    this.#step(entry, { kind: 'end', endedNs }, nowMs);
  }

  #putOne(source: string, state: ResourceState, observedNs: bigint, nowMs: number): void {
    this.counters.receive();
    if (state.uid === '' || state.uid.length > maxUidLength) {
      this.counters.reject('bad_uid');
      return;
    }
    if (!state.addresses.every(({ length }) => length === 4 || length === 16)) {
      this.counters.reject('bad_address');
      return;
    }
    const { bytes: content, cut } = contentOf(state);
    this.cut += cut;
    const entry = this.#entryOf(state, source);
    entry.source = source;
    const last = entry.steps.at(-1);
    const present = last === undefined ? this.#contentOf(entry) : last.kind === 'change' ? last.content : undefined;
    if (present?.equals(content) === true) {
      this.counters.drop('unchanged');
      return;
    }
    const addresses = state.addresses.map((address) => Buffer.from(address).toString('hex')).sort();
    const change: Change = {
      kind: 'change',
      content,
      addresses: addresses.join(),
      sinceNs: state.sinceNs,
      observedNs,
    };
    if (last?.kind === 'change' && (last.addresses === '' || last.addresses === change.addresses)) {
      entry.steps.pop();
      this.counters.drop('settled');
      this.#step(entry, { ...change, observedNs: last.observedNs }, nowMs);
    } else this.#step(entry, change, nowMs);
  }

  #step(entry: Entry, step: Step, nowMs: number): void {
    entry.steps.push(step);
    if (!this.#due.has(entry)) this.#due.set(entry, nowMs + this.#options.settleMs);
  }

  /** When the next steps are due; undefined when there are none. */
  dueAtMs(): number | undefined {
    if (this.#repairs.length > 0) return 0;
    for (const dueAtMs of this.#due.values()) return dueAtMs;
    return undefined;
  }

  /** Time of the oldest pending step. */
  reportedAtMs(): number | undefined {
    for (const dueAtMs of this.#due.values()) return dueAtMs - this.#options.settleMs;
    return undefined;
  }

  /** How many new ids of each kind the steps need that are due by now. */
  wantedIds(nowMs: number): ReadonlyMap<ResourceKind, number> {
    const wanted = new Map<ResourceKind, number>();
    for (const [entry, dueAtMs] of this.#due) {
      if (dueAtMs > nowMs) break;
      if (entry.id === 0) wanted.set(entry.kind, (wanted.get(entry.kind) ?? 0) + 1);
    }
    return wanted;
  }

  /**
   * Versions of the steps that are due by now, and what else has to be sent. At most about `limit`, so that it is called
   * until there are none.
   *
   * @param takeId gives a new id; undefined where there is none yet: the rest stays for the next call
   */
  take(nowMs: number, limit: number, takeId: (kind: ResourceKind) => number | undefined): readonly OutgoingVersion[] {
    const entries: Entry[] = [];
    for (const [entry, dueAtMs] of this.#due) {
      if (dueAtMs > nowMs || entries.length >= limit) break;
      if (entry.id === 0) {
        const id = this.#newId(entry, takeId);
        if (id === undefined) break;
        entry.id = id;
      }
      entries.push(entry);
    }
    const outgoing = this.#repairs.splice(0, limit);
    for (const entry of entries) {
      this.#due.delete(entry);
      outgoing.push(...this.#versionsOf(entry));
    }
    return outgoing;
  }

  #newId(entry: Entry, takeId: (kind: ResourceKind) => number | undefined): number | undefined {
    const owners = this.#ownersOf(entry.kind);
    for (;;) {
      const id = takeId(entry.kind);
      // In use although no claim took it: the topic of claims is not the one that the resources were made with.
      if (id !== undefined && owners.has(id)) continue;
      if (id !== undefined) owners.set(id, entry.uid);
      return id;
    }
  }

  /** Only what its versions are at last: each key once. */
  #versionsOf(entry: Entry): readonly OutgoingVersion[] {
    const versions = new Map<string, OutgoingVersion>();
    const emit = (current: CurrentVersion, validToNs: bigint): void => {
      const key = versionKey(entry.kind, entry.uid, current.validFromNs);
      versions.set(key, { key, source: entry.source, version: this.#versionOf(entry, current, validToNs) });
    };
    const endAt = (current: CurrentVersion, atNs: bigint): void => {
      const { validFromNs } = current;
      const validToNs = atNs > validFromNs ? atNs : validFromNs;
      entry.ended.push({ validFromNs, validToNs });
      emit(current, validToNs);
    };
    for (const step of entry.steps.splice(0)) {
      this.counters.emit();
      const former = entry.current;
      if (step.kind === 'end') {
        if (former !== undefined) endAt(former, step.endedNs);
        entry.current = undefined;
        continue;
      }
      const validFromNs = beginOf(step, former, entry.ended.at(-1));
      if (former !== undefined && former.validFromNs < validFromNs) endAt(former, validFromNs);
      entry.current = { content: step.content, read: undefined, validFromNs };
      emit(entry.current, 0n);
    }
    return [...versions.values()];
  }

  #versionOf(entry: Entry, current: CurrentVersion, validToNs: bigint): Resource {
    return versionOf(this.#contentOfCurrent(current), {
      id: entry.id,
      validFromNs: current.validFromNs,
      validToNs,
      idOf: (kind, uid) => {
        const parent = this.#entries.get(entryKey(kind, uid));
        return parent?.source === entry.source ? parent.id : 0;
      },
    });
  }

  /** Removals of versions that ended longer ago than they are kept. */
  expire(nowMs: number): readonly OutgoingVersion[] {
    const beforeNs = BigInt(Math.floor(nowMs - this.#options.retentionMs)) * 1_000_000n;
    const removals: OutgoingVersion[] = [];
    for (const [entryId, entry] of this.#entries) {
      const { kind, uid, source, ended } = entry;
      for (let index = ended.length - 1; index >= 0; index--) {
        if (ended[index]!.validToNs >= beforeNs) continue;
        const [expired] = ended.splice(index, 1);
        removals.push({ key: versionKey(kind, uid, expired!.validFromNs), source, version: undefined });
      }
      if (ended.length > 0 || entry.current !== undefined || entry.steps.length > 0) continue;
      this.#entries.delete(entryId);
      if (this.#owners.get(kind)?.get(entry.id) === uid) this.#owners.get(kind)!.delete(entry.id);
    }
    return removals;
  }

  /** Drops reports that are not published: another instance publishes them. */
  drop(): void {
    for (const { steps } of this.#due.keys()) this.counters.drop('revoked', steps.splice(0).length);
    this.#due.clear();
  }

  /** How many resources have a current version. */
  get currentCount(): number {
    let count = 0;
    for (const { current } of this.#entries.values()) if (current !== undefined) count++;
    return count;
  }

  #contentOf({ current }: Entry): Buffer | undefined {
    return current === undefined ? undefined : this.#contentOfCurrent(current);
  }

  #contentOfCurrent(current: CurrentVersion): Buffer {
    current.content ??= contentOfVersion(current.read!, ({ kind, id }) => this.#owners.get(kind)?.get(id));
    current.read = undefined;
    return current.content;
  }

  #ownersOf(kind: ResourceKind): Map<number, string> {
    let owners = this.#owners.get(kind);
    if (owners === undefined) this.#owners.set(kind, (owners = new Map<number, string>()));
    return owners;
  }

  #entryOf({ kind, uid }: ResourceUid, source: string): Entry {
    const key = entryKey(kind, uid);
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { kind, uid, id: 0, source, current: undefined, ended: [], steps: [] };
      this.#entries.set(key, entry);
    }
    return entry;
  }
}

const entryKey = (kind: ResourceKind, uid: string): string => `${kind}:${uid}`;

/** It is there once all steps are done. */
function isThere({ steps, current }: Entry): boolean {
  const last = steps.at(-1);
  return last === undefined ? current !== undefined : last.kind === 'change';
}

/**
 * From when a version holds: from when its source says, unless that is about an earlier version too; else from when it
 * was seen. Never before the former version, nor before the end of one that has ended.
 */
function beginOf(step: Change, former: CurrentVersion | undefined, ended: Interval | undefined): bigint {
  const { sinceNs, observedNs } = step;
  const knownNs = sinceNs === undefined || sinceNs > observedNs ? observedNs : sinceNs;
  if (former !== undefined) {
    if (knownNs > former.validFromNs) return knownNs;
    return observedNs > former.validFromNs ? observedNs : former.validFromNs;
  }
  return ended !== undefined && knownNs < ended.validToNs ? ended.validToNs : knownNs;
}
