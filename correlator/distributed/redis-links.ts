/**
 * The link store of several correlators: link keys and a union-find, in Redis.
 *
 * A component is named after its least node, so the order of linking does not matter. Every step is atomic in one bucket and
 * may be repeated. A parent is always less than its child, so there are no cycles. Paths are never compressed: an instance
 * that repeats a step after a crash passes the same nodes and announces again what moved.
 *
 * Spans of a batch that belong together are one node: an existing component, else the least of the spans. So a batch first
 * reads what is under its keys and then writes its own; otherwise half of all components would be renamed and would move.
 * The other spans need no node: each has left an end of a call under a key, with the node's name, or meets the other end of
 * its call there. So an instance that reads such a span again finds its component. Spans without calls, and spans that
 * may have been linked before, have nodes of their own.
 */
import type { Cluster, Redis } from 'ioredis';
import { AvroWriter } from '../../schemas/avro-writer.ts';
import type { CorrelatorConfig } from '../config.ts';
import { defaultCallGates } from '../link/same-call.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { Forest } from './forest.ts';
import {
  nodeName,
  type NodeEntry,
  readExplicit,
  readKnownCalls,
  readNodeEntry,
  writeCall,
  writeCallEnd,
  writeCallKey,
  writeExplicit,
  writeNode,
} from './link-bytes.ts';
import {
  type BatchEnd,
  type CallEntry,
  type ExplicitEntry,
  type LinkBatch,
  linkBatch,
  type LinkBatchBounds,
} from './link-batch.ts';
import { areOneCall, type StoredCallEnd } from './link-keys.ts';
import { type LinkRequest, nodeOf } from './link-request.ts';
import type { NodeSets } from './node-sets.ts';
import { bucketCount, bucketOfLink, bucketOfNode, type BucketOptions, RedisBuckets } from './redis-buckets.ts';
import type { RedisScript } from './redis-scripts.ts';

/** How links are kept. Durations in milliseconds. */
export interface RedisLinkOptions extends LinkBatchBounds, BucketOptions {
  /** Spans that carry one X-Request-ID, above which it links nothing. */
  readonly maxRequestIdSpans: number;
}

const nsPerMs = 1e6;

/** The options that the settings give. */
export function redisLinkOptions(config: CorrelatorConfig): RedisLinkOptions {
  const { redisPrefix, linkTtl, requestIdWindowMs, traceIdWindowMs, maxRequestIdSpans, maxClockSkewMs } = config;
  return {
    prefix: redisPrefix,
    ttlMs: linkTtl,
    requestIdWindowMs,
    traceIdWindowMs,
    maxRequestIdSpans,
    gates: { ...defaultCallGates, maxClockSkewNs: maxClockSkewMs * nsPerMs },
  };
}

/** A component whose spans belong to another one now. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/** Result of linking. */
export interface LinkedSpans {
  /** The component of each request. */
  readonly components: readonly string[];
  /** Components under which spans were sent, and where these belong. */
  readonly moves: readonly Move[];
}

/** Adds parents that are not known to be linked: no other request would link them. */
function withParents(requests: readonly LinkRequest[]): readonly LinkRequest[] {
  const here = new Set(requests.map(({ span }) => span));
  const parents = new Set<SpanRecord>();
  for (const { cause } of requests)
    if (cause?.parent.componentId === '' && !here.has(cause.parent)) parents.add(cause.parent);
  if (parents.size === 0) return requests;
  return [...requests, ...[...parents].map((span) => ({ span, cause: span.cause, mayBeKnown: true }))];
}

/** What other batches left under this batch's keys. */
interface Found {
  readonly calls: { readonly call: CallEntry; readonly ends: readonly StoredCallEnd[] }[];
  readonly explicits: ({ readonly explicit: ExplicitEntry } & ReturnType<typeof readExplicit>)[];
}

/** Unites a node of a batch with one that is not of it. */
function uniteOutside(sets: NodeSets, outside: Set<number>, own: number, other: string): void {
  const node = sets.add(other);
  outside.add(node);
  sets.unite(own, node);
}

/** What is on its way to one bucket. */
interface Parcel<Item> {
  readonly items: Item[];
  readonly writer: AvroWriter;
}

/** Ends kept under one call key. More share a key only if sequences are forged or constant. */
const endsLimit = 64;
const announcedLimit = 100_000;

/** Items by the bucket that they go to, packed. */
class Parcels<Item> {
  readonly #writers = Array.from({ length: bucketCount }, () => new AvroWriter(4 * 1024));
  readonly #byBucket = new Map<number, Parcel<Item>>();

  add(bucket: number, item: Item): AvroWriter {
    let parcel = this.#byBucket.get(bucket);
    if (parcel === undefined) {
      parcel = { items: [], writer: this.#writers[bucket]! };
      parcel.writer.reset();
      this.#byBucket.set(bucket, parcel);
    }
    parcel.items.push(item);
    return parcel.writer;
  }

  /** What was added, once: items, and their bytes to keep. */
  take(): ReadonlyMap<number, { readonly items: readonly Item[]; readonly bytes: Buffer }> {
    const taken = new Map(
      [...this.#byBucket].map(([bucket, { items, writer }]) => [bucket, { items, bytes: writer.finish() }]),
    );
    this.#byBucket.clear();
    return taken;
  }
}

const nothing = { items: [], bytes: Buffer.alloc(0) };

/** The shared link store. @throws PipelineError DESTINATION_UNAVAILABLE (retryable) from all methods */
export class RedisLinks {
  readonly refusals = { popular_key: 0, old_key: 0 };
  readonly #buckets: RedisBuckets;
  readonly #options: RedisLinkOptions;
  readonly #announced = new Set<string>();
  readonly #calls = new Parcels<CallEntry>();
  readonly #explicits = new Parcels<ExplicitEntry>();
  readonly #nodes = new Parcels<number>();

  /**
   * The caller closes the connection.
   *
   * @param oldestHeldMs when the bus accepted the oldest span that should be linked already
   */
  constructor(redis: Redis | Cluster, options: RedisLinkOptions, oldestHeldMs: () => number) {
    this.#buckets = new RedisBuckets(redis, options, oldestHeldMs);
    this.#options = options;
  }

  /**
   * Finds the component of each span, joining those that it links. May be repeated with the same spans.
   *
   * @throws LinksLostError when the store has lost its data; the next call continues with what it has
   */
  async link(requests: readonly LinkRequest[]): Promise<LinkedSpans> {
    const batch = linkBatch(withParents(requests), this.#options);
    const { sets, nodes, former, foreign } = batch;
    const nameOf = (node: number): string => sets.names[node]!;
    await this.#onNodes('markPublished', [...former].map(nameOf));
    const outside = new Set([...former, ...foreign]);
    const left = await this.#peek(batch, outside);
    // The names that sets have in the store come first: components that were there before need not move.
    const leaders = sets.leaders(outside);
    const named = new Set([...leaders.values(), ...outside, ...batch.named]);
    const nodeNames = nodes.map((node) => nameOf(leaders.get(sets.setOf(node))!));
    const leaderOf = (node: number): string => nameOf(leaders.get(sets.setOf(node))!);
    await this.#meet({ ...batch, calls: left }, leaderOf, named, outside);
    const forest = new Forest();
    const groups = new Map<number, string[]>();
    for (const node of named) {
      const set = sets.setOf(node);
      const group = groups.get(set);
      if (group === undefined) groups.set(set, [nameOf(node)]);
      else group.push(nameOf(node));
      // No other instance refers to spans that are sent for the first time: they count as roots, and the next step corrects
      // that if it is wrong.
      if (!outside.has(node)) forest.note(nameOf(node), { kind: 'none' });
    }
    let open: readonly (readonly string[])[] = [...groups.values()];
    while (open.length > 0) {
      await this.#find(forest, open);
      await this.#join(forest, open);
      open = await this.#publish(forest, open);
    }
    const components = requests.map((_, index) => forest.root(nodeNames[index]!).id);
    const forgotten = requests.filter((request) => this.#isForgotten(request)).map(({ span }) => nodeOf(span));
    const moves = [...new Set([...forest.moved, ...[...former].map(nameOf), ...forgotten])]
      .map((from) => ({ from, to: forest.root(from).id }))
      .filter(({ from, to }) => from !== to && !this.#announced.has(`${from}>${to}`));
    return { components, moves };
  }

  /** Checks that the store still has its data. @throws LinksLostError when it has not */
  async check(): Promise<void> {
    const all = Array.from({ length: bucketCount }, (_, bucket) => [bucket, [nothing.bytes]] as const);
    await this.#buckets.run('findParents', new Map(all));
  }

  /** These moves were announced. */
  announced(moves: readonly Move[]): void {
    if (this.#announced.size > announcedLimit) this.#announced.clear();
    for (const { from, to } of moves) this.#announced.add(`${from}>${to}`);
  }

  /**
   * Reads what other batches left under this batch's keys, so that it makes no second node. Adds nodes that it meets to
   * `outside`. Returns the calls of which an end has to be written.
   */
  async #peek(batch: LinkBatch, outside: Set<number>): Promise<readonly CallEntry[]> {
    const { sets, calls, explicits } = batch;
    for (const call of calls) writeCallKey(this.#calls.add(bucketOfLink(call.key), call), call.key);
    const found = await this.#ask('peek', [], explicits, (node) => sets.names[node]!);
    const whole = new Set<SpanRecord>();
    for (const { call, ends } of found.calls) {
      this.#uniteEnds(call, ends, sets, outside);
      const [end] = call.ends;
      if (call.ends.length === 1 && ends.some((other) => this.#isWhole(end!, other))) whole.add(end!.span);
    }
    for (const { explicit, kind, node } of found.explicits)
      if (kind === 'node') uniteOutside(sets, outside, explicit.node, node);
    return calls.filter(({ ends }) => ends.length > 1 || !whole.has(ends[0]!.span));
  }

  /** Writes the batch's keys, and unites them with what other batches wrote since. Adds nodes that it meets. */
  async #meet(
    { sets, calls, explicits }: LinkBatch,
    leaderOf: (node: number) => string,
    named: Set<number>,
    outside: Set<number>,
  ): Promise<void> {
    for (const call of calls) {
      const writer = this.#calls.add(bucketOfLink(call.key), call);
      writeCall(writer, call.key, call.ends.length);
      for (const end of call.ends) writeCallEnd(writer, end, nodeName(end.span.spanId), leaderOf(end.node));
    }
    const found = await this.#ask('meet', [endsLimit], explicits, leaderOf);
    const met = new Set<number>();
    for (const { call, ends } of found.calls) this.#uniteEnds(call, ends, sets, met);
    for (const { explicit, kind, node } of found.explicits) {
      if (kind === 'popular') this.refusals.popular_key++;
      else if (kind === 'old') this.refusals.old_key++;
      else if (kind === 'node') uniteOutside(sets, met, explicit.node, node);
    }
    for (const node of met) {
      named.add(node);
      outside.add(node);
    }
  }

  /** Asks the store about the packed calls and ids. Leaves out calls that the store does not know. */
  async #ask(
    script: 'peek' | 'meet',
    settings: readonly number[],
    explicits: readonly ExplicitEntry[],
    nodeOfSet: (node: number) => string,
  ): Promise<Found> {
    const { requestIdWindowMs, traceIdWindowMs, maxRequestIdSpans } = this.#options;
    for (const explicit of explicits) {
      const { key, node, startMs, spans, isTraceId } = explicit;
      const [windowMs, most] = isTraceId ? [traceIdWindowMs, 0] : [requestIdWindowMs, maxRequestIdSpans];
      const writer = this.#explicits.add(bucketOfLink(key), explicit);
      writeExplicit(writer, key, nodeOfSet(node), [startMs, spans, windowMs, most]);
    }
    const [packedCalls, packedExplicits] = [this.#calls.take(), this.#explicits.take()];
    const asked = new Map(
      [...new Set([...packedCalls.keys(), ...packedExplicits.keys()])].map((bucket) => {
        const [keys, ids] = [packedCalls.get(bucket) ?? nothing, packedExplicits.get(bucket) ?? nothing];
        return [bucket, [...settings, keys.bytes, ids.bytes]] as const;
      }),
    );
    const answers = await this.#buckets.run(script, asked);
    const found: Found = { calls: [], explicits: [] };
    for (const [bucket, [knownCalls, knownIds]] of answers) {
      for (const { place, ends } of readKnownCalls(knownCalls!))
        found.calls.push({ call: packedCalls.get(bucket)!.items[place]!, ends });
      for (const [place, explicit] of (packedExplicits.get(bucket)?.items ?? []).entries())
        found.explicits.push({ explicit, ...readExplicit(knownIds!, place) });
    }
    return found;
  }

  /** Whether a lookup of the call by any of its keys finds its other end in the store. */
  #isWhole(end: BatchEnd, other: StoredCallEnd): boolean {
    if (end.responseTcpSequence === 0 || other.responseTcpSequence === 0) return false;
    const isCall =
      (end.role === 'client' && other.role === 'server') || (end.role === 'server' && other.role === 'client');
    return isCall && areOneCall(end, other, this.#options.gates);
  }

  /** Unites ends of a call with those of the same call in the store. */
  #uniteEnds({ ends }: CallEntry, known: readonly StoredCallEnd[], sets: NodeSets, met: Set<number>): void {
    for (const end of ends) {
      const spanNode = nodeName(end.span.spanId);
      for (const other of known)
        // A span that is read again finds itself.
        if (spanNode === other.spanNode || areOneCall(end, other, this.#options.gates))
          uniteOutside(sets, met, end.node, other.node);
      // The key had no room for this end: it is found by its own id.
      if (known.length + ends.length > endsLimit) uniteOutside(sets, met, end.node, spanNode);
    }
  }

  /** Asks for what is above nodes until all their roots are known. */
  async #find(forest: Forest, groups: readonly (readonly string[])[]): Promise<void> {
    const unknown = (): readonly string[] => {
      const ends = new Set<string>();
      for (const group of groups)
        for (const node of group) {
          const { id, isKnown } = forest.root(node);
          if (!isKnown) ends.add(id);
        }
      return [...ends];
    };
    for (let asked = unknown(); asked.length > 0; asked = unknown()) {
      const entries = await this.#onNodes('findParents', asked);
      for (const [index, node] of asked.entries()) forest.note(node, entries[index]!);
    }
  }

  /** Puts the roots of each group under the least of them, as far as they still are roots. */
  async #join(forest: Forest, groups: readonly (readonly string[])[]): Promise<void> {
    const parents = new Map<string, string>();
    for (const group of groups) {
      if (group.length === 1) continue;
      const roots = new Set(group.map((node) => forest.root(node).id));
      const least = [...roots].reduce((one, other) => (one < other ? one : other));
      for (const root of roots) if (root !== least) parents.set(root, least);
    }
    const roots = [...parents.keys()];
    const before = await this.#onNodes('joinRoots', roots, (root) => parents.get(root)!);
    for (const [index, root] of roots.entries()) {
      const entry = before[index]!;
      const parent = parents.get(root)!;
      if (entry.kind === 'none') forest.note(root, { kind: 'parent', parent });
      else if (entry.kind === 'root') forest.note(root, { kind: 'moved', parent });
      // Another instance was faster: its parent is not read here.
      else forest.note(root, entry);
    }
  }

  /** Says under which roots spans will be sent. Returns the groups that have to be joined again. */
  async #publish(forest: Forest, groups: readonly (readonly string[])[]): Promise<readonly (readonly string[])[]> {
    const again: (readonly string[])[] = [];
    const ready = new Map<string, (readonly string[])[]>();
    for (const group of groups) {
      const roots = group.map((node) => forest.root(node));
      const first = roots[0]!;
      const known = ready.get(first.id);
      if (roots.some(({ id, isKnown }) => id !== first.id || !isKnown)) again.push(group);
      else if (known === undefined) ready.set(first.id, [group]);
      else known.push(group);
    }
    const roots = [...ready.keys()];
    const entries = await this.#onNodes('markPublished', roots);
    for (const [index, root] of roots.entries()) {
      const entry = entries[index]!;
      if (entry.kind === 'none' || entry.kind === 'root') continue;
      forest.note(root, entry);
      again.push(...ready.get(root)!);
    }
    return again;
  }

  /** Runs a script on nodes, which are all different, and where it takes them on their parents. Answers come in their order. */
  async #onNodes(
    script: Exclude<RedisScript, 'peek' | 'meet'>,
    nodes: readonly string[],
    parentOf?: (node: string) => string,
  ): Promise<readonly NodeEntry[]> {
    if (nodes.length === 0) return [];
    for (const [index, node] of nodes.entries()) {
      const writer = this.#nodes.add(bucketOfNode(node), index);
      writeNode(writer, node);
      if (parentOf !== undefined) writeNode(writer, parentOf(node));
    }
    const packed = this.#nodes.take();
    const asked = new Map([...packed].map(([bucket, { bytes }]) => [bucket, [bytes]] as const));
    const answers = await this.#buckets.run(script, asked);
    const entries: NodeEntry[] = new Array<NodeEntry>(nodes.length);
    for (const [bucket, { items }] of packed) {
      const [answer] = answers.get(bucket)!;
      for (const [place, index] of items.entries()) entries[index] = readNodeEntry(answer!, place);
    }
    return entries;
  }

  /**
   * Whether an instance that no longer knows it may have sent spans under this span's id: a previous owner had linked the
   * span, and the store has lost the result since.
   */
  #isForgotten({ span, mayBeKnown }: LinkRequest): boolean {
    if (!mayBeKnown || span.componentId !== '') return false;
    return this.#buckets.mayHaveForgotten(nodeOf(span), span.origin.acceptedMs);
  }
}
