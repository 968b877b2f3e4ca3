import type { Bus, ReceivedMessage } from '../../core/bus/bus.ts';
import { PipelineError } from '../../core/errors.ts';

/** Polls without a message after which a partition counts as read although its end was not seen: retention removed the rest. */
const emptyPollsAtEnd = 20;
/** Longest wait for partitions: a broker lets members of a new group wait for each other. */
const joinWithinMs = 60_000;
const limits = { maxWaitMs: 500, maxBytes: 4 * 1024 * 1024 };

/**
 * Reads a topic from its oldest message to where it ended when reading began, then ends. The reader is alone in a group
 * that never commits a position, so it does not affect other readers.
 */
export async function* readTopic(
  bus: Bus,
  topic: string,
  signal: AbortSignal,
): AsyncGenerator<ReceivedMessage, void, undefined> {
  const group = `read-${process.pid}-${Date.now().toString(36)}`;
  const consumer = await bus.consumer({ group, topics: [topic] });
  try {
    const nextOffsets = new Map<number, number>();
    const ends = new Map<number, number>();
    const isAtEnd = (): boolean => ends.size > 0 && [...ends].every(([each, end]) => nextOffsets.get(each)! >= end);
    const startedAtMs = performance.now();
    for (let emptyPolls = 0; !isAtEnd() && emptyPolls < emptyPollsAtEnd;) {
      signal.throwIfAborted();
      const { rebalance, messages } = await consumer.poll(limits);
      if (rebalance !== undefined) {
        for (const { partition, offset } of rebalance.assigned) nextOffsets.set(partition, offset);
        for (const { partition, offset } of await consumer.endOffsets())
          if (!ends.has(partition)) ends.set(partition, offset);
      }
      for (const message of messages) {
        nextOffsets.set(message.partition, message.offset + 1);
        if (message.offset < ends.get(message.partition)!) yield message;
      }
      if (ends.size > 0) emptyPolls = messages.length === 0 ? emptyPolls + 1 : 0;
      else if (performance.now() - startedAtMs > joinWithinMs)
        throw new PipelineError('BUS_UNAVAILABLE', `No partition of ${topic} was assigned within ${joinWithinMs} ms.`);
    }
  } finally {
    await consumer.close();
  }
}
