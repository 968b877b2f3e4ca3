/**
 * Publishes versions of resources, and claims their integer ids.
 *
 * Input: states of resources from the sources; `resources` and `resource-ids`, read whole at the start and then every 5 s,
 * to know what was published, also by others. Output: `resources`, `resource-ids`. State: current versions and blocks of
 * ids (resource-versions.ts, id-blocks.ts). Bounds: ended versions for SPANLOOM_RESOURCES_RETENTION; current resources are as many as the sources list.
 */
import type { Bus, OutgoingMessage, Producer, ReceivedMessage } from '../../core/bus/bus.ts';
import { decodeValue, encodeValue, outgoingMessage } from '../../core/codec.ts';
import { retry, sleepByTimer } from '../../core/stage/retry.ts';
import { TopicFollower } from '../../core/stage/topic-follower.ts';
import type { StageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import type { Topic } from '../../core/topics.ts';
import { readResource, writeResource } from '../../schemas/generated/resource.ts';
import { readResourceIdClaim, writeResourceIdClaim } from '../../schemas/generated/resource-id-claim.ts';
import { randomUUID } from 'node:crypto';
import { IdBlocks } from './id-blocks.ts';
import { resourceEvents } from './internal-events.ts';
import type { ResourceRegisters } from './resource-source.ts';
import type { ResourceRegister } from './resource-state.ts';
import type { OutgoingVersion, ResourceVersions } from './resource-versions.ts';

const resourcesTopic: Topic = 'resources';
const idsTopic: Topic = 'resource-ids';
/** Name of the header that says which source a version is of: see {@link ResourceRegisters}. */
export const sourceHeader = 'source';
/** Name of the header by which a publisher knows its own messages. */
const publisherHeader = 'publisher';
/** Resources of one call of the producer. */
const batchResources = 1_000;
/** How often the topic is read on: there is something new only when another publishes too. */
const readEveryMs = 5_000;
/** How often versions are looked for that need not be kept any more. */
const expireEveryMs = 10 * 60_000;
/** Longest sleep, so that the process is seen to live. */
const maxSleepMs = 1_000;

/** What a publisher runs with. */
export interface PublisherOptions {
  readonly bus: Bus;
  readonly versions: ResourceVersions;
  readonly telemetry: Pick<StageTelemetry, 'emit' | 'turn'>;
  readonly signal: AbortSignal;
  /** Called with the time that the oldest change of each batch took from its source to the topic. */
  readonly published?: (delayMs: number) => void;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
}

/**
 * Publishes reports of sources as versions of resources. It first reads the published versions, so that it continues where
 * another instance ended, with the same ids.
 */
export class ResourcePublisher implements ResourceRegisters {
  readonly #options: PublisherOptions;
  readonly #versions: ResourceVersions;
  readonly #now: () => number;
  readonly #producer: Producer;
  readonly #identity = randomUUID();
  readonly #ids = new IdBlocks();
  readonly #followers: TopicFollower[] = [];
  #wake: () => void = () => undefined;
  #readAtMs = 0;
  #expireAtMs = 0;

  private constructor(options: PublisherOptions, producer: Producer) {
    this.#options = options;
    this.#versions = options.versions;
    this.#now = options.now ?? Date.now;
    this.#producer = producer;
  }

  /** Reads both topics to their ends. @throws PipelineError of the bus; the reason of the signal when that fires first */
  static async open(options: PublisherOptions): Promise<ResourcePublisher> {
    const { bus, signal } = options;
    const publisher = new ResourcePublisher(options, await bus.producer());
    try {
      await publisher.#follow(idsTopic, (message) => publisher.#learnClaim(message));
      await publisher.#follow(resourcesTopic, (message) => publisher.#learnVersion(message));
      await publisher.#readOn();
      signal.throwIfAborted();
      return publisher;
    } catch (error) {
      await publisher.close();
      throw error;
    }
  }

  async #follow(topic: Topic, learn: (message: ReceivedMessage) => void): Promise<void> {
    this.#followers.push(await TopicFollower.open({ bus: this.#options.bus, topic, reader: 'resources', learn }));
  }

  of(name: string): ResourceRegister {
    const reported = (): void => this.#wake();
    return {
      replaceAll: (states, observedNs) => {
        this.#versions.replaceAll(name, states, observedNs, this.#now());
        reported();
      },
      put: (states, observedNs) => {
        this.#versions.put(name, states, observedNs, this.#now());
        reported();
      },
      end: (resource, endedNs) => {
        this.#versions.end(name, resource, endedNs, this.#now());
        reported();
      },
    };
  }

  /** Publishes until the signal fires; what is not sent then stays unsent: another instance may publish already. */
  async run(): Promise<void> {
    const { signal, telemetry } = this.#options;
    while (!signal.aborted) {
      const nowMs = this.#now();
      telemetry.turn(1);
      if (nowMs >= this.#readAtMs) await this.#readOn();
      await this.#publishDue(nowMs);
      if (nowMs >= this.#expireAtMs) {
        this.#expireAtMs = nowMs + expireEveryMs;
        await this.#send(this.#versions.expire(nowMs));
      }
      await this.#sleep();
    }
  }

  async #sleep(): Promise<void> {
    const { signal } = this.#options;
    const dueAtMs = this.#versions.dueAtMs();
    const pauseMs = dueAtMs === undefined ? maxSleepMs : Math.min(maxSleepMs, dueAtMs - this.#now());
    if (pauseMs <= 0) return;
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    signal.addEventListener('abort', wake, { once: true });
    // With something due already, what comes is due later.
    if (dueAtMs === undefined) this.#wake = wake;
    await sleepByTimer(pauseMs, woken.signal);
    signal.removeEventListener('abort', wake);
    this.#wake = () => undefined;
  }

  async #publishDue(nowMs: number): Promise<void> {
    await this.#claimIds(nowMs);
    const { signal } = this.#options;
    while (!signal.aborted) {
      const reportedAtMs = this.#versions.reportedAtMs();
      const outgoing = this.#versions.take(nowMs, batchResources, (kind) => this.#ids.take(kind));
      if (outgoing.length === 0) return;
      await this.#send(outgoing);
      if (reportedAtMs !== undefined) this.#options.published?.(this.#now() - reportedAtMs);
    }
  }

  async #claimIds(nowMs: number): Promise<void> {
    const claims = [...this.#versions.wantedIds(nowMs)].flatMap(
      ([kind, wanted]) => this.#ids.claim(kind, wanted) ?? [],
    );
    if (claims.length === 0) return;
    await this.#deliver(
      claims.map((claim) =>
        outgoingMessage(idsTopic, claim.kind, 'ResourceIdClaim', encodeValue(claim, writeResourceIdClaim)),
      ),
    );
    await this.#again('claims', () => this.#followers[0]!.catchUp(this.#options.signal));
  }

  async #readOn(): Promise<void> {
    for (const follower of this.#followers) await this.#again('read', () => follower.catchUp(this.#options.signal));
    this.#readAtMs = this.#now() + readEveryMs;
  }

  async #send(outgoing: readonly OutgoingVersion[]): Promise<void> {
    await this.#deliver(
      outgoing.map(({ key, source, version }) => {
        const value = version === undefined ? Buffer.alloc(0) : encodeValue(version, writeResource);
        const message = outgoingMessage(resourcesTopic, key, 'Resource', value);
        const headers = { ...message.headers, [sourceHeader]: source, [publisherHeader]: this.#identity };
        return { ...message, headers };
      }),
    );
  }

  async #deliver(messages: readonly OutgoingMessage[]): Promise<void> {
    if (messages.length > 0) await this.#again('send', () => this.#producer.send(messages));
  }

  /** Nothing is begun once the signal has fired. */
  async #again(call: string, action: () => Promise<void>): Promise<void> {
    const { signal, telemetry } = this.#options;
    if (signal.aborted) return;
    await retry(call, action, { telemetry, signal, sleep: sleepByTimer, initialMs: 100, maximumMs: 5_000 });
  }

  #learnClaim(message: ReceivedMessage): void {
    const decoded = decodeValue('ResourceIdClaim', message, readResourceIdClaim);
    if (decoded.kind === 'ok') this.#ids.learn(decoded.value);
    else this.#tellUnreadable(message, decoded.detail);
  }

  #learnVersion(message: ReceivedMessage): void {
    const { value, headers } = message;
    if (value.length === 0 || headers[sourceHeader] === undefined) return;
    if (headers[publisherHeader] === this.#identity) return;
    const decoded = decodeValue('Resource', message, readResource);
    if (decoded.kind === 'ok') this.#versions.learn(decoded.value, headers[sourceHeader]);
    else this.#tellUnreadable(message, decoded.detail);
  }

  #tellUnreadable({ topic, partition, offset }: ReceivedMessage, detail: string): void {
    this.#options.telemetry.emit(resourceEvents.undecodable, { topic, partition, offset, detail });
  }

  async close(): Promise<void> {
    for (const follower of this.#followers) await follower.close();
    await this.#producer.close();
  }
}
