/**
 * The buckets of the shared link store: runs a script in each bucket that a batch needs, and detects a bucket that has lost
 * its data.
 */
import { randomUUID } from 'node:crypto';
import type { Cluster, Redis } from 'ioredis';
import { PipelineError } from '../../core/errors.ts';
import { type RedisScript, redisScripts } from './redis-scripts.ts';

/** Upper bound of the cluster nodes that share the work; each step is one call per bucket. */
export const bucketCount = 16;
/** Allowed clock difference between hosts that write spans and hosts that link them. */
const clockSlackMs = 10_000;

/** The bucket of a link key. */
export function bucketOfLink(key: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash >>> 8) % bucketCount;
}

/** The bucket of a node. */
export const bucketOfNode = (node: string): number => Number.parseInt(node.slice(-2), 16) % bucketCount;

/** The store has lost its data: everything that is held has to be linked again before anything else. */
export class LinksLostError extends Error {
  constructor() {
    super('The link store has lost its data.');
    this.name = 'LinksLostError';
  }
}

/** How buckets are kept. */
export interface BucketOptions {
  /** Namespace of all keys. */
  readonly prefix: string;
  /** How long a key is remembered after its last use: an upper bound of how far partitions may be behind each other. */
  readonly ttlMs: number;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
}

/** Arguments of a script for one bucket. */
export type BucketArguments = readonly (Buffer | number)[];

type ScriptedRedis = Record<
  `${RedisScript}Buffer`,
  (keyCount: number, ...args: (string | number | Buffer)[]) => Promise<readonly Buffer[]>
>;

/** All buckets. */
export class RedisBuckets {
  readonly #redis: ScriptedRedis;
  readonly #options: BucketOptions;
  readonly #epochs = new Map<number, string>();
  readonly #now: () => number;
  readonly oldestPendingMs: () => number;

  /** @param oldestHeldMs when the bus accepted the oldest span that should be linked already */
  constructor(redis: Redis | Cluster, options: BucketOptions, oldestHeldMs: () => number) {
    this.#now = options.now ?? Date.now;
    this.oldestPendingMs = oldestHeldMs;
    for (const [name, lua] of Object.entries(redisScripts)) redis.defineCommand(name, { lua });
    this.#redis = redis as unknown as ScriptedRedis;
    this.#options = options;
  }

  /**
   * Runs a script in some buckets, all at once. Returns the answers of each.
   *
   * @throws PipelineError DESTINATION_UNAVAILABLE (retryable)
   * @throws LinksLostError when the store has lost its data; the next call continues with what it has
   */
  async run(
    script: RedisScript,
    asked: ReadonlyMap<number, BucketArguments>,
  ): Promise<ReadonlyMap<number, readonly Buffer[]>> {
    const { prefix, ttlMs } = this.#options;
    // Nodes outlive the keys that lead to them.
    const [table, rememberedMs] = script === 'meet' || script === 'peek' ? ['links', ttlMs] : ['nodes', 2 * ttlMs];
    const answers = new Map<number, readonly Buffer[]>();
    const lost: number[] = [];
    const settled = await Promise.allSettled(
      [...asked].map(async ([bucket, args]) => {
        const keys = ['began', `${table}0`, `${table}1`].map((name) => `{${prefix}${bucket}}${name}`);
        // A new epoch each time: after a loss even the instance that made the former epoch must see the difference.
        const candidate = `${this.#now()} ${randomUUID()}`;
        const [epoch, ...values] = await this.#redis[`${script}Buffer`](
          keys.length,
          ...keys,
          candidate,
          rememberedMs,
          ...args,
        );
        if (this.#isNewer(bucket, epoch!.toString())) lost.push(bucket);
        answers.set(bucket, values);
      }),
    );
    const failed = settled.find((outcome) => outcome.status === 'rejected');
    if (lost.length > 0) throw new LinksLostError();
    if (failed !== undefined) throw unavailable(failed.reason);
    return answers;
  }

  /** Whether a bucket may have lost what it knew of a node when the bus accepted a span. */
  mayHaveForgotten(node: string, acceptedMs: number): boolean {
    const epoch = this.#epochs.get(bucketOfNode(node));
    return epoch !== undefined && Number.parseInt(epoch, 10) + clockSlackMs > acceptedMs;
  }

  /** Whether a bucket's data are younger than what should be in it. */
  #isNewer(bucket: number, epoch: string): boolean {
    const known = this.#epochs.get(bucket);
    this.#epochs.set(bucket, epoch);
    if (known !== undefined) return known !== epoch;
    return Number.parseInt(epoch, 10) + clockSlackMs > this.oldestPendingMs();
  }
}

function unavailable(error: unknown): PipelineError {
  const text = error instanceof Error ? error.message : String(error);
  return new PipelineError('DESTINATION_UNAVAILABLE', `Redis did not answer: ${text}`, {
    retryable: true,
    cause: error,
  });
}
