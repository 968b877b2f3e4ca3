import type { Bus, ReceivedMessage } from '../core/bus/bus.ts';
import type { Topic } from '../core/topics.ts';

const pollLimits = { maxWaitMs: 200, maxBytes: 4 * 1024 * 1024 };

/** What to watch, and until when. */
export interface WatchOptions {
  readonly bus: Bus;
  readonly topics: readonly Topic[];
  readonly onMessage: (message: ReceivedMessage) => void;
  readonly signal: AbortSignal;
  /** Nothing more will be written once it resolves; then the watch ends when it has seen everything. */
  readonly untilEnd?: Promise<unknown>;
}

/** Shows every message of some topics to a function, in a consumer group of its own. */
export async function watchTopics(options: WatchOptions): Promise<void> {
  const { bus, topics, onMessage, signal } = options;
  const input = { ended: false };
  void options.untilEnd?.then(() => (input.ended = true));
  const consumer = await bus.consumer({ group: `watch-${process.pid}-${performance.now().toFixed(0)}`, topics });
  try {
    while (!signal.aborted) {
      const complete = input.ended;
      const { messages } = await consumer.poll(pollLimits);
      for (const message of messages) onMessage(message);
      if (complete && messages.length === 0) return;
    }
  } finally {
    await consumer.close();
  }
}
