/**
 * Which spans belong together when several correlators share the work: link keys and a union-find over spans, in Redis.
 * A component is named by the least span id in it, so it does not matter who links what first. Every step is atomic on
 * one key and may be repeated; parents are always lesser ids, so there are no cycles; nothing is ever shortened, so
 * that whoever repeats a step after a crash comes by the same nodes and tells again what moved.
 */
import { randomUUID } from 'node:crypto';
import type { Redis, Cluster } from 'ioredis';
import { PipelineError } from '../../core/errors.ts';
import type { CallGates } from '../link/same-call.ts';
import { areOneCall, callEndOf, formatCallEnd, type Link, linksOf, parseCallEnd } from './link-keys.ts';
import type { LinkRequest } from './link-request.ts';
import { type RedisScript, redisScripts } from './redis-scripts.ts';

/** How links are kept. Durations in milliseconds. */
export interface RedisLinkOptions {
  /** Namespace of all keys. */
  readonly prefix: string;
  /** How long a key is remembered after it was last used; as late as that, partitions may be behind each other. */
  readonly ttlMs: number;
  readonly requestIdWindowMs: number;
  readonly traceIdWindowMs: number;
  /** Spans that carry one X-Request-ID, above which it links nothing. */
  readonly maxRequestIdSpans: number;
  readonly gates: CallGates;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
}

/** A component whose spans belong to another one now. */
export interface Move {
  readonly from: string;
  readonly to: string;
}

/** What came of linking. */
export interface LinkedSpans {
  /** The component of each request. */
  readonly components: readonly string[];
  /** Components under which spans were sent, and where these belong. */
  readonly moves: readonly Move[];
}

/** The store has lost its data: everything that is held has to be linked again before anything else. */
export class LinksLostError extends Error {
  constructor() {
    super('The link store has lost its data.');
    this.name = 'LinksLostError';
  }
}

const bucketCount = 64;
/** Ends kept under one call key; more only meet by forged or constant sequences. */
const endsLimit = 64;
const announcedLimit = 100_000;

function bucketOfLink(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash >>> 8) % bucketCount;
}

const bucketOfSpan = (spanId: string): number => Number.parseInt(spanId.slice(-2), 16) % bucketCount;

type ScriptedRedis = (Redis | Cluster) &
  Record<RedisScript, (keyCount: number, ...args: (string | number)[]) => Promise<readonly unknown[]>>;

/** What is known of nodes during one call of {@link RedisLinks.link}. */
class Forest {
  readonly above = new Map<string, string>();
  /** Nodes under which spans had been sent before they got a parent. */
  readonly moved = new Set<string>();

  note(node: string, value: string): void {
    const isMoved = value.startsWith('!');
    if (isMoved) this.moved.add(node);
    this.above.set(node, isMoved ? value.slice(1) : value === '' ? node : value);
  }

  /** The root as far as known; `isKnown` is false when what is above it has not been asked for. */
  root(node: string): { readonly id: string; readonly isKnown: boolean } {
    let id = node;
    for (;;) {
      const above = this.above.get(id);
      if (above === undefined) return { id, isKnown: false };
      if (above === id) return { id, isKnown: true };
      id = above;
    }
  }
}

/** Groups of nodes that belong together by what one batch says. */
class Groups {
  readonly #leader = new Map<string, string>();

  leader(node: string): string {
    let current = this.#leader.get(node);
    if (current === undefined) {
      this.#leader.set(node, node);
      return node;
    }
    while (current !== this.#leader.get(current)) current = this.#leader.get(current)!;
    this.#leader.set(node, current);
    return current;
  }

  unite(left: string, right: string): void {
    this.#leader.set(this.leader(left), this.leader(right));
  }

  byLeader(): ReadonlyMap<string, readonly string[]> {
    const groups = new Map<string, string[]>();
    for (const node of this.#leader.keys()) {
      const leader = this.leader(node);
      const group = groups.get(leader);
      if (group === undefined) groups.set(leader, [node]);
      else group.push(node);
    }
    return groups;
  }
}

/** The shared link store. @throws PipelineError DESTINATION_UNAVAILABLE (retryable) from all methods */
export class RedisLinks {
  readonly refusals = { popular_key: 0, old_key: 0 };
  readonly #redis: ScriptedRedis;
  readonly #options: RedisLinkOptions;
  readonly #epochs = new Map<number, string>();
  readonly #announced = new Set<string>();
  readonly #now: () => number;
  readonly #oldestHeldMs: () => number;

  /**
   * The connection stays open: whoever opened it closes it.
   *
   * @param oldestHeldMs when the bus accepted the oldest span that should be linked already
   */
  constructor(redis: Redis | Cluster, options: RedisLinkOptions, oldestHeldMs: () => number) {
    this.#now = options.now ?? Date.now;
    this.#oldestHeldMs = oldestHeldMs;
    for (const [name, lua] of Object.entries(redisScripts)) redis.defineCommand(name, { lua });
    this.#redis = redis as ScriptedRedis;
    this.#options = options;
  }

  /**
   * Finds the component of each span, joining those that it links. May be repeated with the same spans.
   *
   * @throws LinksLostError when the store has lost what it knew; the next call goes on with what there is
   */
  async link(requests: readonly LinkRequest[]): Promise<LinkedSpans> {
    const groups = new Groups();
    /** Components under which spans of this batch were sent before. */
    const former = new Set<string>();
    for (const { span } of requests) {
      groups.leader(span.spanId);
      if (span.componentId === '') continue;
      former.add(span.componentId);
      groups.unite(span.spanId, span.componentId);
    }
    await this.#onNodes('exposeRoots', [...former], (node) => [node]);
    await this.#register(requests, groups);
    for (const { span, cause } of requests) if (cause !== undefined) groups.unite(span.spanId, cause.parent.spanId);
    const forest = new Forest();
    let open = [...groups.byLeader().values()];
    while (open.length > 0) {
      await this.#find(forest, open.flat());
      await this.#join(forest, open);
      open = await this.#expose(forest, open);
    }
    const components = requests.map(({ span }) => forest.root(span.spanId).id);
    const moves = [...new Set([...forest.moved, ...former])]
      .map((from) => ({ from, to: forest.root(from).id }))
      .filter(({ from, to }) => from !== to && !this.#announced.has(`${from}>${to}`));
    return { components, moves };
  }

  /** These moves have been told to whoever has the spans: they need not be told again. */
  announced(moves: readonly Move[]): void {
    if (this.#announced.size + moves.length > announcedLimit) this.#announced.clear();
    for (const { from, to } of moves) this.#announced.add(`${from}>${to}`);
  }

  /** Registers all keys, and unites spans in `groups` with those that they meet. */
  async #register(requests: readonly LinkRequest[], groups: Groups): Promise<void> {
    const { requestIdWindowMs, traceIdWindowMs, maxRequestIdSpans, gates } = this.#options;
    const entries = requests.flatMap(({ span }) => linksOf(span).map((link) => ({ span, link })));
    const settings = (link: Link): readonly number[] =>
      link.kind === 'trace_id' ? [traceIdWindowMs, 0] : [requestIdWindowMs, maxRequestIdSpans];
    const answers = await this.#run(
      'registerSpans',
      entries,
      ({ link }) => ({ bucket: bucketOfLink(link.key), key: link.key }),
      ({ span, link }) => [
        span.spanId,
        link.kind === 'call' ? formatCallEnd(callEndOf(span)) : '',
        span.startNs / 1e6,
        ...settings(link),
      ],
      [endsLimit],
    );
    for (const [index, { span, link }] of entries.entries()) {
      const answer = answers[index]!;
      if (link.kind !== 'call') {
        if (answer === 'popular') this.refusals.popular_key++;
        else if (answer === 'old') this.refusals.old_key++;
        else if (answer !== 'first') groups.unite(span.spanId, answer as string);
        continue;
      }
      const own = callEndOf(span);
      const fields = answer as readonly string[];
      for (let field = 0; field + 1 < fields.length; field += 2) {
        const other = parseCallEnd(fields[field]!, fields[field + 1]!);
        if (other === undefined || other.spanId === span.spanId) continue;
        if (areOneCall(own, other, gates)) groups.unite(span.spanId, other.spanId);
      }
    }
  }

  /** Asks for what is above nodes until all their roots are known. */
  async #find(forest: Forest, nodes: readonly string[]): Promise<void> {
    const unknown = (): readonly string[] => {
      const ends = new Set<string>();
      for (const node of nodes) {
        const { id, isKnown } = forest.root(node);
        if (!isKnown) ends.add(id);
      }
      return [...ends];
    };
    for (let asked = unknown(); asked.length > 0; asked = unknown()) {
      const values = await this.#onNodes('findParents', asked, () => []);
      for (const [index, node] of asked.entries()) forest.note(node, values[index]!);
    }
  }

  /** Puts the roots of each group under the least of them, as far as they still are roots. */
  async #join(forest: Forest, groups: readonly (readonly string[])[]): Promise<void> {
    const parents = new Map<string, string>();
    for (const group of groups) {
      const roots = new Set(group.map((node) => forest.root(node).id));
      const least = [...roots].reduce((one, other) => (one < other ? one : other));
      for (const root of roots) if (root !== least) parents.set(root, least);
    }
    const roots = [...parents.keys()];
    const before = await this.#onNodes('joinRoots', roots, (root) => [root, parents.get(root)!]);
    for (const [index, root] of roots.entries()) {
      const above = before[index]!;
      if (above === '') forest.note(root, parents.get(root)!);
      else if (above === root) forest.note(root, `!${parents.get(root)!}`);
      // Somebody else was faster: what is above it now is not looked for here.
      else forest.note(root, above);
    }
  }

  /** Says under which roots spans will be sent. Returns the groups that have to be joined again. */
  async #expose(forest: Forest, groups: readonly (readonly string[])[]): Promise<(readonly string[])[]> {
    const again: (readonly string[])[] = [];
    const ready = new Map<string, (readonly string[])[]>();
    for (const group of groups) {
      const roots = group.map((node) => forest.root(node));
      const first = roots[0]!;
      if (roots.some(({ id, isKnown }) => id !== first.id || !isKnown)) again.push(group);
      else ready.set(first.id, [...(ready.get(first.id) ?? []), group]);
    }
    const roots = [...ready.keys()];
    const above = await this.#onNodes('exposeRoots', roots, (root) => [root]);
    for (const [index, root] of roots.entries()) {
      const value = above[index]!;
      if (value === '' || value === root) continue;
      forest.note(root, value);
      again.push(...ready.get(root)!);
    }
    return again;
  }

  async #onNodes(
    script: RedisScript,
    nodes: readonly string[],
    argumentsOf: (node: string) => readonly string[],
  ): Promise<readonly string[]> {
    const place = (node: string): { bucket: number; key: string } => ({ bucket: bucketOfSpan(node), key: `p${node}` });
    return (await this.#run(script, nodes, place, argumentsOf, [])) as readonly string[];
  }

  /** Runs a script on all items, a call for each bucket, all at once. Answers come in the order of the items. */
  async #run<Item>(
    script: RedisScript,
    items: readonly Item[],
    placeOf: (item: Item) => { readonly bucket: number; readonly key: string },
    argumentsOf: (item: Item) => readonly (string | number)[],
    settings: readonly number[],
  ): Promise<readonly unknown[]> {
    const byBucket = new Map<number, { keys: string[]; args: (string | number)[]; indexes: number[] }>();
    for (const [index, item] of items.entries()) {
      const { bucket, key } = placeOf(item);
      let call = byBucket.get(bucket);
      if (call === undefined) byBucket.set(bucket, (call = { keys: [], args: [], indexes: [] }));
      call.keys.push(`${this.#tag(bucket)}${key}`);
      call.args.push(...argumentsOf(item));
      call.indexes.push(index);
    }
    const ttlMs = script === 'registerSpans' ? this.#options.ttlMs : 2 * this.#options.ttlMs;
    const answers: unknown[] = new Array<unknown>(items.length);
    const lost: number[] = [];
    const settled = await Promise.allSettled(
      [...byBucket].map(async ([bucket, { keys, args, indexes }]) => {
        // A new one each time: after a loss even the one who made the former epoch must see that it is another.
        const fixed = [`${this.#now()} ${randomUUID()}`, ttlMs, ...settings];
        const epochKey = `${this.#tag(bucket)}epoch`;
        const [epoch, ...values] = await this.#redis[script](keys.length + 1, epochKey, ...keys, ...fixed, ...args);
        if (this.#isNewer(bucket, epoch as string)) lost.push(bucket);
        for (const [at, index] of indexes.entries()) answers[index] = values[at];
      }),
    );
    const failed = settled.find((outcome) => outcome.status === 'rejected');
    if (lost.length > 0) throw new LinksLostError();
    if (failed !== undefined) throw unavailable(failed.reason);
    return answers;
  }

  /** Whether a bucket's data are younger than what should be in it. */
  #isNewer(bucket: number, epoch: string): boolean {
    const known = this.#epochs.get(bucket);
    this.#epochs.set(bucket, epoch);
    return known === undefined ? Number.parseInt(epoch, 10) > this.#oldestHeldMs() : known !== epoch;
  }

  #tag(bucket: number): string {
    return `{${this.#options.prefix}${bucket}}`;
  }
}

function unavailable(error: unknown): PipelineError {
  const text = error instanceof Error ? error.message : String(error);
  return new PipelineError('DESTINATION_UNAVAILABLE', `Redis did not answer: ${text}`, {
    retryable: true,
    cause: error,
  });
}
