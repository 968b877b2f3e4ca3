/** Several correlators at work on one bus and one Redis, in this process. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { openEmbeddedBus } from '../../core/bus/embedded/embedded-bus.ts';
import { createLogger } from '../../core/telemetry/logger.ts';
import { createTelemetry } from '../../core/telemetry/telemetry.ts';
import type { Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import type { CorrelatorConfig } from '../config.ts';
import { runDistributed } from '../distributed/run-distributed.ts';
import type { RedisUnderTest } from '../../core/testing/redis-server.ts';
import { batchMessage, finalTraces, testConfig, tracesOf } from './span-messages.ts';

/** Short waits; the last two hold for what tests wait for. */
export const quickConfig: CorrelatorConfig = { ...testConfig, quietMs: 400, causeWaitMs: 900, lateMs: 30_000 };

const partitions = 6;
let runs = 0;

/** Messages as an enricher would send them, `size` spans each, in the order given; ends with progress of all agents. */
export function spanMessages(spans: readonly Span[], size: number): readonly OutgoingMessage[] {
  const agents = [...new Set(spans.map(({ agentId }) => agentId))];
  const messages: ReceivedMessage[] = [];
  for (let from = 0; from < spans.length; from += size) {
    for (const agentId of agents) {
      const batch = spans.slice(from, from + size).filter((span) => span.agentId === agentId);
      messages.push(batchMessage(messages.length, from / 1000, batch, { agentId }));
    }
  }
  for (let step = 1; step <= 4; step++)
    for (const agentId of agents) messages.push(batchMessage(0, spans.length / 1000 + step * 5_000, [], { agentId }));
  return messages.map(({ topic, key, value, headers }) => ({ topic, key, value, headers }));
}

/** Correlators that share the work, and the bus that they work on. */
export class DistributedRun {
  readonly bus: Bus;
  readonly #directory = mkdtempSync(join(tmpdir(), 'spanloom-correlators-'));
  readonly #config: CorrelatorConfig;
  readonly #instances: { readonly stop: AbortController; readonly ended: Promise<void> }[] = [];

  constructor(redis: Pick<RedisUnderTest, 'url' | 'isCluster'>, config: Partial<CorrelatorConfig> = {}) {
    this.bus = openEmbeddedBus({ directory: this.#directory });
    const redisPrefix = `test${process.pid}-${++runs}:`;
    this.#config = { ...quickConfig, redisUrl: redis.url, redisCluster: redis.isCluster, redisPrefix, ...config };
  }

  async open(): Promise<void> {
    const topics = ['spans', 'linked', 'traces', 'dead-letter'];
    await this.bus.ensureTopics(topics.map((name) => ({ name, partitions })));
  }

  startInstance(): void {
    const stop = new AbortController();
    const telemetry = createTelemetry({ logger: createLogger({ name: 'test', level: 'fatal' }) });
    this.#instances.push({
      stop,
      ended: runDistributed({ config: this.#config, bus: this.bus, telemetry, signal: stop.signal }),
    });
  }

  /** Ends the instance that has run longest, in the middle of whatever it does. */
  async stopInstance(): Promise<void> {
    const instance = this.#instances.shift()!;
    instance.stop.abort();
    await instance.ended;
  }

  async send(messages: readonly OutgoingMessage[]): Promise<void> {
    const producer = await this.bus.producer();
    await producer.send(messages);
    await producer.close();
  }

  /** All traces, once some have come and no more for a while. */
  async settled(quietMs = 2_500): Promise<readonly Trace[]> {
    const consumer = await this.bus.consumer({ group: `test-${++runs}`, topics: ['traces', 'dead-letter'] });
    const messages: ReceivedMessage[] = [];
    try {
      const deadline = performance.now() + 60_000;
      let lastMs = performance.now();
      while ((messages.length === 0 || performance.now() - lastMs < quietMs) && performance.now() < deadline) {
        const poll = await consumer.poll({ maxWaitMs: 200, maxBytes: 64 * 2 ** 20 });
        if (poll.messages.length > 0) lastMs = performance.now();
        messages.push(...poll.messages);
        await sleep(0);
      }
    } finally {
      await consumer.close();
    }
    const refused = messages.find(({ topic }) => topic === 'dead-letter');
    if (refused !== undefined) throw new Error(`a dead letter: ${refused.value.toString('latin1')}`);
    return finalTraces(tracesOf(messages));
  }

  async close(): Promise<void> {
    while (this.#instances.length > 0) await this.stopInstance();
    await this.bus.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** What has to be the same whoever made the traces: ids, parents and why. */
export function essence(traces: readonly Trace[]): readonly string[] {
  return traces
    .flatMap(({ traceId, spans }) =>
      spans.map((span) => `${traceId} ${span.spanId} ${span.parentSpanId} ${span.reason} ${span.confidence}`),
    )
    .sort();
}
