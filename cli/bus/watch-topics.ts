import type { Bus, ReceivedMessage } from '../../core/bus/bus.ts';
import { Counters } from '../../core/stage/accounting.ts';
import { runStage } from '../../core/stage/run-stage.ts';
import type { Stage } from '../../core/stage/stage.ts';
import type { StageTelemetry } from '../../core/telemetry/stage-telemetry.ts';
import type { Topic } from '../../core/topics.ts';

/** What to watch, and until when. */
export interface WatchOptions {
  readonly bus: Bus;
  readonly topics: readonly Topic[];
  readonly onMessage: (message: ReceivedMessage) => void;
  readonly signal: AbortSignal;
  /** The input is complete, or will be when the promise resolves; then the watch ends when it has seen everything. */
  readonly untilEnd?: true | Promise<unknown>;
}

const silent: StageTelemetry = {
  emit: () => undefined,
  turn: () => undefined,
  batch: () => undefined,
  lag: () => undefined,
};

/** Shows every message of some topics to a function, in a consumer group of its own. */
export async function watchTopics(options: WatchOptions): Promise<void> {
  const { bus, topics, onMessage, signal, untilEnd } = options;
  const consumer = await bus.consumer({ group: `watch-${process.pid}-${performance.now().toFixed(0)}`, topics });
  try {
    await runStage({
      name: 'watch',
      stage: watching(onMessage),
      consumer,
      deliver: () => Promise.resolve(),
      telemetry: silent,
      signal,
      limits: { maxWaitMs: 200 },
      ...(untilEnd === undefined ? {} : { untilEnd }),
    });
  } finally {
    await consumer.close();
  }
}

/** A stage that makes nothing. */
function watching(onMessage: (message: ReceivedMessage) => void): Stage<never> {
  const counters = new Counters();
  return {
    process(message) {
      counters.receive();
      onMessage(message);
      counters.emit();
      return [];
    },
    flush: () => [],
    drain: () => [],
    lowWatermark: () => undefined,
    revoke: () => undefined,
    accounting: () => counters,
  };
}
