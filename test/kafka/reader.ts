import type { Consumer, OutgoingMessage, Poll, Position, ReceivedMessage } from '../../core/bus/bus.ts';
import { PipelineError } from '../../core/errors.ts';

/** `topic/partition` or `topic/partition@offset`. */
export function nameOf(source: {
  readonly topic: string;
  readonly partition: number;
  readonly offset?: number;
}): string {
  return `${source.topic}/${source.partition}`;
}

/** So many messages with keys that spread over partitions and numbered values. */
export function numbered(topic: string, count: number, from = 0): readonly OutgoingMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    topic,
    key: `key ${(from + index) % 32}`,
    value: Buffer.from(String(from + index)),
  }));
}

/** The number in a message of {@link numbered}. */
export function numberOf(message: ReceivedMessage): number {
  return Number(message.value.toString());
}

/** Awaits what may fail in a way that passes: with one of ours, as the stage runtime does. */
export async function untilDone<Value>(action: () => Promise<Value>): Promise<Value> {
  for (;;) {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof PipelineError) || !error.retryable) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** A consumer and everything that it has been told. */
export class Reader {
  readonly consumer: Consumer;
  readonly messages: ReceivedMessage[] = [];
  readonly assigned = new Map<string, Position>();
  revoked = 0;
  readonly #stored = new WeakSet<Position>();

  constructor(consumer: Consumer) {
    this.consumer = consumer;
  }

  async poll(maxWaitMs = 200): Promise<Poll> {
    const poll = await untilDone(() => this.consumer.poll({ maxWaitMs, maxBytes: 1024 * 1024 }));
    for (const source of poll.rebalance?.revoked ?? []) {
      this.assigned.delete(nameOf(source));
      this.revoked++;
    }
    for (const position of poll.rebalance?.assigned ?? []) {
      this.assigned.set(nameOf(position), position);
      this.#stored.add(position);
    }
    for (const { topic, partition, offset } of poll.messages)
      this.assigned.set(nameOf({ topic, partition }), {
        topic,
        partition,
        offset: offset + 1,
        emittedBelow: offset + 1,
      });
    this.messages.push(...poll.messages);
    return poll;
  }

  /** Commits what was read since the last commit, as the stage runtime does. */
  async commit(): Promise<void> {
    const changed = [...this.assigned.values()].filter((position) => !this.#stored.has(position));
    await this.consumer.commit(changed);
    for (const position of changed) this.#stored.add(position);
  }
}

/** Polls all readers in turn until the condition holds. */
export async function pollUntil(
  readers: readonly Reader[],
  condition: () => boolean,
  patienceMs = 20_000,
): Promise<void> {
  const deadlineMs = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error('the condition did not come true in time');
    for (const reader of readers) await reader.poll();
  }
}
