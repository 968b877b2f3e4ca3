/**
 * Which spans belong together when several correlators share the work: link keys and a union-find, in Redis. A
 * component is named by the least node in it, so it does not matter who links what first. Every step is atomic on one
 * key and may be repeated; parents are always lesser, so there are no cycles; nothing is ever shortened, so that
 * whoever repeats a step after a crash comes by the same nodes and tells again what moved.
 */
import { randomUUID } from 'node:crypto';
import type { Redis, Cluster } from 'ioredis';
import { PipelineError } from '../../core/errors.ts';
import type { CorrelatorConfig } from '../config.ts';
import { defaultCallGates } from '../link/same-call.ts';
import { type LinkBatch, linkBatch, type LinkBatchBounds } from './link-batch.ts';
import { areOneCall, formatCallEnd, parseCallEnd } from './link-keys.ts';
import { type LinkRequest, nodeOf } from './link-request.ts';
import { type RedisScript, redisScripts } from './redis-scripts.ts';

/** How links are kept. Durations in milliseconds. */
export interface RedisLinkOptions extends LinkBatchBounds {
  /** Namespace of all keys. */
  readonly prefix: string;
  /** How long a key is remembered after it was last used; as late as that, partitions may be behind each other. */
  readonly ttlMs: number;
  /** Spans that carry one X-Request-ID, above which it links nothing. */
  readonly maxRequestIdSpans: number;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
}

const nsPerMs = 1e6;

/** How the settings say that links are kept. */
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

/** Where a key is. */
interface Place {
  readonly bucket: number;
  readonly key: string;
}

/** At most as many nodes of a cluster share the work; each step is one call for each bucket. */
const bucketCount = 16;
/** Ends kept under one call key; more only meet by forged or constant sequences. */
const endsLimit = 64;
const announcedLimit = 100_000;
/** By how much clocks of those who send spans and of those who link them may differ. */
const clockSlackMs = 10_000;

function bucketOfLink(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash >>> 8) % bucketCount;
}

const placeOfLink = (key: string): Place => ({ bucket: bucketOfLink(key), key });
const bucketOfNode = (node: string): number => Number.parseInt(node.slice(-2), 16) % bucketCount;
const placeOfNode = (node: string): Place => ({ bucket: bucketOfNode(node), key: `p${node}` });

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
    const batch = linkBatch(requests, this.#options);
    const { sets, former, foreign } = batch;
    await this.#onNodes('exposeRoots', [...former], (node) => [node]);
    const met = await this.#meet(batch);
    const forest = new Forest();
    let open = [...sets.all().values()];
    // Nobody else speaks of spans that are sent for the first time: they are taken for roots, and whoever is wrong
    // about that is told by the next step.
    for (const node of open.flat())
      if (!former.has(node) && !foreign.has(node) && !met.has(node)) forest.note(node, '');
    while (open.length > 0) {
      await this.#find(forest, open.flat());
      await this.#join(forest, open);
      open = await this.#expose(forest, open);
    }
    const components = requests.map(({ span }) => forest.root(sets.leader(nodeOf(span))).id);
    const forgotten = requests.filter((request) => this.#isForgotten(request)).map(({ span }) => span.spanId);
    const moves = [...new Set([...forest.moved, ...former, ...forgotten])]
      .map((from) => ({ from, to: forest.root(from).id }))
      .filter(({ from, to }) => from !== to && !this.#announced.has(`${from}>${to}`));
    return { components, moves };
  }

  /** Asks whether the store has what it had. @throws LinksLostError when it has not */
  async check(): Promise<void> {
    const buckets = Array.from({ length: bucketCount }, (_, bucket) => bucket);
    await this.#run(
      'findParents',
      buckets,
      (bucket) => ({ bucket, key: 'p' }),
      () => [],
      [],
    );
  }

  /** These moves have been told to whoever has the spans: they need not be told again. */
  announced(moves: readonly Move[]): void {
    if (this.#announced.size + moves.length > announcedLimit) this.#announced.clear();
    for (const { from, to } of moves) this.#announced.add(`${from}>${to}`);
  }

  /** Leaves all keys of a batch and unites its sets with those that they meet. Returns the nodes that were met. */
  async #meet({ sets, calls, explicits }: LinkBatch): Promise<ReadonlySet<string>> {
    const { requestIdWindowMs, traceIdWindowMs, maxRequestIdSpans, gates } = this.#options;
    const met = new Set<string>();
    const unite = (own: string, other: string): void => {
      met.add(other);
      sets.unite(own, other);
    };
    const ends = calls.flatMap(({ key, ends }) => ends.map((end) => ({ key, end })));
    const [callAnswers, idAnswers] = await Promise.all([
      this.#run(
        'meetCalls',
        ends,
        ({ key }) => placeOfLink(key),
        ({ end }) => [formatCallEnd(end)],
        [endsLimit],
      ),
      this.#run(
        'meetIds',
        explicits,
        ({ key }) => placeOfLink(key),
        ({ node, startMs, spans, isTraceId }) =>
          isTraceId
            ? [node, startMs, spans, traceIdWindowMs, 0]
            : [node, startMs, spans, requestIdWindowMs, maxRequestIdSpans],
        [],
      ),
    ]);
    for (const [index, { end }] of ends.entries())
      for (const text of callAnswers[index] as readonly string[]) {
        const other = parseCallEnd(text);
        if (other !== undefined && other.node !== end.node && areOneCall(end, other, gates))
          unite(end.node, other.node);
      }
    for (const [index, { node }] of explicits.entries()) {
      const answer = idAnswers[index] as string;
      if (answer === 'popular') this.refusals.popular_key++;
      else if (answer === 'old') this.refusals.old_key++;
      else if (answer !== 'first') unite(node, answer);
    }
    return met;
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
    return (await this.#run(script, nodes, placeOfNode, argumentsOf, [])) as readonly string[];
  }

  /** Runs a script on all items, a call for each bucket, all at once. Answers come in the order of the items. */
  async #run<Item>(
    script: RedisScript,
    items: readonly Item[],
    placeOf: (item: Item) => Place,
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
    // Nodes outlive the keys that lead to them.
    const isKey = script === 'meetCalls' || script === 'meetIds';
    const ttlMs = isKey ? this.#options.ttlMs : 2 * this.#options.ttlMs;
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
    if (known !== undefined) return known !== epoch;
    return Number.parseInt(epoch, 10) + clockSlackMs > this.#oldestHeldMs();
  }

  /**
   * Whether spans may have been sent under this span's id by somebody who knows nothing of that any more: whoever had
   * this span before had linked it, and the store has lost since then what became of that.
   */
  #isForgotten({ span, mayBeKnown }: LinkRequest): boolean {
    if (!mayBeKnown || span.componentId !== '') return false;
    const epoch = this.#epochs.get(bucketOfNode(span.spanId));
    return epoch !== undefined && Number.parseInt(epoch, 10) + clockSlackMs > span.origin.acceptedMs;
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
