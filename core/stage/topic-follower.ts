import { randomUUID } from 'node:crypto';
import type { Bus, Consumer, Poll, ReceivedMessage } from '../bus/bus.ts';
import { withPoll } from '../bus/with-poll.ts';
import { runtimeEvents } from '../telemetry/internal-events.ts';
import type { Telemetry } from '../telemetry/telemetry.ts';
import type { Topic } from '../topics.ts';

/** Longest wait for messages in one go. */
const waitMs = 200;
/** Waits in a row without a message after which those that are known are all; one alone may be a slow broker's. */
const emptyPollsAtEnd = 10;
const maxPollBytes = 4 * 1024 * 1024;

/** Which topic to follow, and what to do with what it says. */
export interface FollowOptions {
  readonly bus: Bus;
  readonly topic: Topic;
  /** Name of the group; it gets a random suffix. */
  readonly reader: string;
  /** Processes one message; each comes once, in the order of its partition. */
  readonly learn: (message: ReceivedMessage) => void;
  /**
   * Called with a message at which `learn` threw; it is left out. Every start reads the whole topic, so without this one message
   * of a compacted topic would end every start, and no position could be stored behind it. Not given: the error is thrown.
   */
  readonly failed?: (message: ReceivedMessage, error: unknown) => void;
}

/**
 * Reads a whole topic from its beginning, and continues. The group has this one member and commits nothing, so that every
 * instance knows everything, regardless of its partitions of other topics.
 */
export class TopicFollower {
  readonly #consumer: Consumer;
  readonly #options: Pick<FollowOptions, 'learn' | 'failed'>;
  /** Next offset of each partition. */
  readonly #next = new Map<number, number>();

  private constructor(consumer: Consumer, options: Pick<FollowOptions, 'learn' | 'failed'>) {
    this.#consumer = consumer;
    this.#options = options;
  }

  static async open(options: FollowOptions): Promise<TopicFollower> {
    const { bus, topic, reader } = options;
    const consumer = await bus.consumer({ group: `${reader}-${randomUUID()}`, topics: [topic] });
    return new TopicFollower(consumer, options);
  }

  /** Reads what is there. Costs one question for the end when there is nothing new. @throws PipelineError of the bus */
  async catchUp(signal: AbortSignal): Promise<void> {
    let emptyPolls = 0;
    while (!signal.aborted && !(await this.#isAtEnd())) {
      const { messages, rebalance } = await this.#consumer.poll({ maxWaitMs: waitMs, maxBytes: maxPollBytes });
      for (const { partition } of rebalance?.revoked ?? []) this.#next.delete(partition);
      for (const { partition, offset } of rebalance?.assigned ?? []) this.#next.set(partition, offset);
      for (const message of messages) {
        try {
          this.#options.learn(message);
        } catch (error) {
          if (this.#options.failed === undefined) throw error;
          this.#options.failed(message, error);
        }
        this.#next.set(message.partition, message.offset + 1);
      }
      // Compaction may have removed the last messages before the end.
      emptyPolls = messages.length === 0 && rebalance === undefined && this.#next.size > 0 ? emptyPolls + 1 : 0;
      if (emptyPolls >= emptyPollsAtEnd) return;
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

/** The two topics of resources. */
const resourceTopics = ['resources', 'agent-resources'] as const satisfies readonly Topic[];

/** A reader of both topics of resources. */
export interface ResourceFollower {
  /** A consumer that returns its messages only after everything that both topics had before them. */
  before(consumer: Consumer, signal: AbortSignal): Consumer;
  close(): Promise<void>;
}

/** Follows both topics of resources. Leaves out messages at which `learn` throws, and logs them for the stage. */
export async function followResources(
  options: Pick<FollowOptions, 'bus' | 'reader' | 'learn'> & {
    readonly stage: string;
    readonly telemetry: Pick<Telemetry, 'emit'>;
  },
): Promise<ResourceFollower> {
  const { bus, reader, learn, stage, telemetry } = options;
  const failed = ({ topic, partition, offset }: ReceivedMessage, error: unknown): void =>
    telemetry.emit(runtimeEvents.followedLeftOut, { stage, topic, partition, offset, error });
  const followers: TopicFollower[] = [];
  for (const topic of resourceTopics) followers.push(await TopicFollower.open({ bus, topic, reader, learn, failed }));
  return {
    before: (consumer, signal) =>
      followers.reduce((behind, follower) => afterCatchingUp(behind, follower, signal), consumer),
    async close(): Promise<void> {
      for (const follower of followers) await follower.close();
    },
  };
}

/** A consumer that returns its messages only after everything that the followed topic had before them. */
export function afterCatchingUp(consumer: Consumer, follower: TopicFollower, signal: AbortSignal): Consumer {
  // Kept when following fails: the next call gives it.
  let polled: Poll | undefined;
  return withPoll(consumer, async (limits) => {
    polled ??= await consumer.poll(limits);
    await follower.catchUp(signal);
    const poll = polled;
    polled = undefined;
    return poll;
  });
}
