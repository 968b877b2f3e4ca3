import { randomUUID } from 'node:crypto';
import type { Bus, Consumer, Poll } from '../../core/bus/bus.ts';
import type { Topic } from '../../core/topics.ts';
import type { ResourceNames } from './resource-names.ts';

/** Longest wait for names in one go: without a new one in it, those that are known are all. */
const waitMs = 200;
const maxPollBytes = 4 * 1024 * 1024;

/**
 * Reads the whole topic `resources` into {@link ResourceNames}. The group is this instance's alone and stores no
 * position, so that every instance knows every name, from the beginning after each start.
 */
export class NameReader {
  readonly #consumer: Consumer;
  readonly #names: ResourceNames;
  /** Next offset of each partition. */
  readonly #next = new Map<number, number>();

  private constructor(consumer: Consumer, names: ResourceNames) {
    this.#consumer = consumer;
    this.#names = names;
  }

  static async open(bus: Bus, names: ResourceNames): Promise<NameReader> {
    const group = `sink-otlp-names-${randomUUID()}`;
    return new NameReader(await bus.consumer({ group, topics: ['resources' satisfies Topic] }), names);
  }

  /** Reads what is there. Costs one question for the end when there is nothing new. @throws PipelineError of the bus */
  async catchUp(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && !(await this.#isAtEnd())) {
      const { messages, rebalance } = await this.#consumer.poll({ maxWaitMs: waitMs, maxBytes: maxPollBytes });
      for (const { partition } of rebalance?.revoked ?? []) this.#next.delete(partition);
      for (const { partition, offset } of rebalance?.assigned ?? []) this.#next.set(partition, offset);
      for (const message of messages) {
        this.#names.learn(message);
        this.#next.set(message.partition, message.offset + 1);
      }
      // Compaction may have removed the last messages before the end.
      if (messages.length === 0 && rebalance === undefined && this.#next.size > 0) return;
    }
  }

  async #isAtEnd(): Promise<boolean> {
    if (this.#next.size === 0) return false;
    const ends = await this.#consumer.endOffsets();
    return ends.every(({ partition, offset }) => (this.#next.get(partition) ?? 0) >= offset);
  }

  async close(): Promise<void> {
    await this.#consumer.close();
  }
}

/** A consumer whose messages come after every name that was told before them. */
export function afterNames(consumer: Consumer, names: NameReader, signal: AbortSignal): Consumer {
  // Kept when reading names fails: the next call gives it.
  let polled: Poll | undefined;
  return {
    async poll(limits) {
      polled ??= await consumer.poll(limits);
      await names.catchUp(signal);
      const poll = polled;
      polled = undefined;
      return poll;
    },
    commit: (positions) => consumer.commit(positions),
    endOffsets: () => consumer.endOffsets(),
    close: () => consumer.close(),
  };
}
