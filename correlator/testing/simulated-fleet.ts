/**
 * Several correlators on one real Redis, step by step: which step of whom comes next, who dies between two steps, and
 * when the data of Redis vanish, all depends on one seed. Their bus is a list for each partition; time is a count.
 */
import type { Redis } from 'ioredis';
import type { OutgoingMessage, Producer, ReceivedMessage } from '../../core/bus/bus.ts';
import { partitionOf } from '../../core/bus/partitioner.ts';
import { PipelineError } from '../../core/errors.ts';
import { Random } from '../../core/testing/random.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import type { CorrelatorConfig } from '../config.ts';
import { AssembleStage } from '../distributed/assemble-stage.ts';
import { CauseStage } from '../distributed/cause-stage.ts';
import { LinkAndSend } from '../distributed/link-and-send.ts';
import { redisLinkOptions, RedisLinks } from '../distributed/redis-links.ts';
import { redisScripts } from '../distributed/redis-scripts.ts';
import { finalTraces, tracesOf } from './span-messages.ts';

/** What happens, and how often against each other. */
export interface FleetWeights {
  readonly kill: number;
  readonly flush: number;
  /** A partition goes from one to another in order. */
  readonly rebalance: number;
}

/** One correlator's first half. */
interface Instance {
  readonly causes: CauseStage;
  readonly linker: LinkAndSend;
  readonly next: Map<number, number>;
  readonly emittedBelow: Map<number, number>;
  isDead: boolean;
  isBusy: boolean;
}

/** A step that waits until it is its turn. */
interface Step {
  readonly instance: Instance;
  readonly take: () => Promise<void>;
}

interface StoredPosition {
  readonly offset: number;
  readonly emittedBelow: number;
}

const stepWeight = 60;
const othersWeight = 12;
const linkedPartitions = 2;
const maxInstances = 3;
const messagesATurn = 2;
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Correlators under faults. */
export class SimulatedFleet {
  readonly #redis: Redis;
  readonly #config: CorrelatorConfig;
  readonly #random: Random;
  readonly #weights: FleetWeights;
  readonly #input: OutgoingMessage[];
  readonly #spans: ReceivedMessage[][];
  readonly #stored: StoredPosition[];
  readonly #owners: (Instance | undefined)[];
  readonly #instances: Instance[] = [];
  readonly #linked: ReceivedMessage[][] = Array.from({ length: linkedPartitions }, () => []);
  readonly #assembled: number[] = this.#linked.map(() => 0);
  readonly #assembler: AssembleStage;
  readonly #outputs: OutgoingMessage[] = [];
  #steps: Step[] = [];
  #nowMs = 1_750_000_000_000;
  /** As in earnest, where all that is sent here is little; or so that most spans are known to be linked by nobody else. */
  readonly #repeatedBytes: number | undefined;
  #failure: Error | undefined;
  /** How often each thing happened. */
  readonly happened = { kill: 0, flush: 0, rebalance: 0, step: 0 };

  /** @param config with a prefix of its own in Redis */
  constructor(
    redis: Redis,
    config: CorrelatorConfig,
    run: { readonly seed: number; readonly weights: FleetWeights; readonly messages: readonly OutgoingMessage[] },
  ) {
    this.#redis = redis;
    this.#config = config;
    this.#random = new Random(run.seed);
    this.#weights = run.weights;
    this.#input = [...run.messages];
    const partitions = new Set(run.messages.map(({ key }) => Number(key))).size;
    this.#spans = Array.from({ length: partitions }, () => []);
    this.#stored = this.#spans.map(() => ({ offset: 0, emittedBelow: 0 }));
    this.#owners = this.#spans.map(() => undefined);
    this.#assembler = new AssembleStage(config);
    const largest = Math.max(...run.messages.map(({ value }) => value.length));
    this.#repeatedBytes = this.#random.next() < 0.4 ? undefined : messagesATurn * largest + 1;
  }

  /** The traces in the end, when all that had died has been started again and Redis keeps what it has. */
  async run(): Promise<readonly Trace[]> {
    while (this.#input.length > 0 || this.#random.next() < 0.98) await this.#happen();
    const untilDone = async (): Promise<void> => {
      while (this.#instances.some(({ isBusy }) => isBusy)) await this.#takeStep();
    };
    await untilDone();
    // Longer than it takes anybody to look whether links were lost.
    for (let round = 0; round < 8; round++) {
      this.#nowMs += 1_500;
      for (const partition of this.#owners.keys()) this.#assign(partition);
      for (const instance of this.#instances) this.#startTurn(instance, Infinity);
      await untilDone();
    }
    for (let round = 0; round < 20; round++) this.#assemble(Infinity);
    this.#keep(this.#assembler.drain());
    for (let round = 0; round < 20; round++) this.#assemble(Infinity);
    this.#keep(this.#assembler.drain());
    return finalTraces(tracesOf(this.#outputs));
  }

  async #happen(): Promise<void> {
    this.#nowMs += 1 + this.#random.below(20);
    const { kill, flush, rebalance } = this.#weights;
    const choices = [
      [this.#steps.length > 0 ? stepWeight : 0, () => this.#takeStep()],
      [othersWeight, () => this.#append()],
      [othersWeight, () => this.#assign(this.#choose(this.#owners.length))],
      [othersWeight, () => this.#startTurn(this.#instances[this.#choose(this.#instances.length)], messagesATurn)],
      [othersWeight, () => this.#assemble(1 + this.#choose(4))],
      [kill, () => this.#kill()],
      [flush, () => this.#flush()],
      [rebalance, () => this.#revoke(this.#choose(this.#owners.length))],
    ] as const;
    let at = this.#random.next() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, act] of choices) {
      at -= weight;
      if (at >= 0) continue;
      await act();
      break;
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  #choose(count: number): number {
    return this.#random.below(count);
  }

  #append(): void {
    const message = this.#input.shift();
    if (message === undefined) return;
    const partition = Number(message.key) % this.#spans.length;
    const messages = this.#spans[partition]!;
    const place = { topic: 'spans', partition, offset: messages.length, timestampMs: this.#nowMs };
    messages.push({ ...message, ...place, value: Buffer.from(message.value), headers: message.headers ?? {} });
  }

  /** Gives a partition that nobody has to somebody, who may have just begun. */
  #assign(partition: number): void {
    if (this.#owners[partition] !== undefined) return;
    const at = this.#choose(maxInstances);
    const instance = this.#instances[at] ?? this.#start();
    if (instance.isBusy) return;
    this.#owners[partition] = instance;
    instance.next.set(partition, this.#stored[partition]!.offset);
    instance.emittedBelow.set(partition, this.#stored[partition]!.emittedBelow);
    instance.causes.assign([{ topic: 'spans', partition, ...this.#stored[partition]! }]);
  }

  #start(): Instance {
    const causes = new CauseStage(this.#config, this.#repeatedBytes);
    const commands = Object.keys(redisScripts).map((script) => {
      const name = `${script}Buffer`;
      const command = (...args: unknown[]): Promise<unknown> =>
        this.#whenItsTurn(instance, () =>
          (this.#redis as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[name]!(...args),
        );
      return [name, command] as const;
    });
    const redis = {
      ...Object.fromEntries(commands),
      defineCommand: (name: string, definition: { readonly lua: string }) => {
        this.#redis.defineCommand(name, definition);
      },
    };
    const links = new RedisLinks(
      redis as unknown as Redis,
      { ...redisLinkOptions(this.#config), now: () => this.#nowMs },
      () => causes.oldestPendingMs(),
    );
    const producer: Producer = {
      send: (messages) =>
        this.#whenItsTurn(instance, () => {
          this.#appendLinked(messages);
          return Promise.resolve();
        }),
      close: () => Promise.resolve(),
    };
    const instance: Instance = {
      causes,
      linker: new LinkAndSend(links, producer, causes),
      next: new Map(),
      emittedBelow: new Map(),
      isDead: false,
      isBusy: false,
    };
    this.#instances.push(instance);
    return instance;
  }

  /** What the runtime of a stage does between two polls. */
  #startTurn(instance: Instance | undefined, maxMessages: number): void {
    if (instance === undefined || instance.isBusy) return;
    instance.isBusy = true;
    void this.#turn(instance, maxMessages)
      .catch((error: unknown) => (this.#failure ??= error as Error))
      .finally(() => (instance.isBusy = false));
  }

  async #turn(instance: Instance, maxMessages: number): Promise<void> {
    const { causes, linker, next, emittedBelow } = instance;
    const outputs = [];
    for (const [partition, from] of next)
      for (const message of this.#spans[partition]!.slice(from, from + maxMessages)) {
        const results = causes.process(message, this.#nowMs);
        next.set(partition, message.offset + 1);
        if (message.offset >= emittedBelow.get(partition)!) outputs.push(...results);
      }
    outputs.push(...causes.flush(this.#nowMs));
    if (outputs.length > 0) {
      for (;;) {
        try {
          await linker.deliver(outputs);
          break;
        } catch (error) {
          if (!(error instanceof PipelineError) || !error.retryable) throw error;
        }
      }
    }
    await this.#whenItsTurn(instance, () => {
      for (const [partition, read] of next) {
        const offset = Math.min(causes.lowWatermark({ topic: 'spans', partition }) ?? read, read);
        const below = Math.max(emittedBelow.get(partition)!, read);
        this.#stored[partition] = { offset, emittedBelow: below };
        emittedBelow.set(partition, below);
      }
      return Promise.resolve();
    });
  }

  #whenItsTurn<Value>(instance: Instance, action: () => Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const take = (): Promise<void> =>
        action().then(
          (value) => {
            if (!instance.isDead) resolve(value);
          },
          (error: unknown) => {
            if (!instance.isDead) reject(error instanceof Error ? error : new Error(String(error)));
          },
        );
      this.#steps.push({ instance, take });
    });
  }

  async #takeStep(): Promise<void> {
    await settled();
    const [step] = this.#steps.splice(this.#choose(this.#steps.length), 1);
    if (step === undefined) return;
    this.happened.step++;
    await step.take();
    await settled();
  }

  /** Ends one at once; what it had asked for last may still happen. */
  async #kill(): Promise<void> {
    const [instance] = this.#instances.splice(this.#choose(this.#instances.length), 1);
    if (instance === undefined) return;
    this.happened.kill++;
    instance.isDead = true;
    const last = this.#steps.filter((step) => step.instance === instance);
    this.#steps = this.#steps.filter((step) => step.instance !== instance);
    for (const step of last) if (this.#random.next() < 0.3) await step.take();
    for (const [partition, owner] of this.#owners.entries())
      if (owner === instance) this.#owners[partition] = undefined;
  }

  async #flush(): Promise<void> {
    this.happened.flush++;
    await this.#redis.flushdb();
  }

  #revoke(partition: number): void {
    const owner = this.#owners[partition];
    if (owner === undefined || owner.isBusy) return;
    this.happened.rebalance++;
    owner.causes.revoke([{ topic: 'spans', partition }]);
    owner.next.delete(partition);
    owner.emittedBelow.delete(partition);
    this.#owners[partition] = undefined;
  }

  #appendLinked(messages: readonly OutgoingMessage[]): void {
    for (const { topic, key, value, headers } of messages) {
      const partition = partitionOf(key, linkedPartitions);
      const place = { topic, partition, offset: this.#linked[partition]!.length, timestampMs: this.#nowMs };
      this.#linked[partition]!.push({ ...place, key, value: Buffer.from(value), headers: headers ?? {} });
    }
  }

  #assemble(maxMessages: number): void {
    for (const [partition, messages] of this.#linked.entries()) {
      const from = this.#assembled[partition]!;
      const some = messages.slice(from, from + maxMessages);
      this.#assembled[partition] = from + some.length;
      for (const message of some) this.#keep(this.#assembler.process(message, this.#nowMs));
    }
  }

  #keep(outputs: readonly OutgoingMessage[]): void {
    this.#appendLinked(outputs.filter(({ topic }) => topic === 'linked'));
    this.#outputs.push(...outputs.filter(({ topic }) => topic !== 'linked'));
  }
}
