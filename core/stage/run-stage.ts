/**
 * The runtime of every stage: one coroutine that owns all of the stage's state.
 *
 *   poll → process each message → flush → deliver what came of it and wait for the acknowledgement → commit → poll …
 *
 * A position is committed only after everything made from the messages below `emittedBelow` was acknowledged, and its
 * `offset` is never above the oldest message that held state still needs. After a restart the messages between the
 * two rebuild the state; what `process` returns for them was acknowledged before, so it is suppressed. What `flush`
 * returns is always delivered: with deterministic ids its repetition has no effect.
 */
import type { Consumer, Poll } from '../bus/bus.ts';
import { hasCode } from '../errors.ts';
import { runtimeEvents } from '../telemetry/internal-events.ts';
import type { StageTelemetry } from '../telemetry/stage-telemetry.ts';
import { compactedTopics } from '../topics.ts';
import { PartitionProgress } from './partition-progress.ts';
import { type Attempted, retry, type Sleep, sleepByTimer } from './retry.ts';
import type { Stage } from './stage.ts';

/** Bounds of one turn of the loop, with their defaults. */
export interface StageLimits {
  /** Longest wait for input; also how often `flush` runs at least, and how long an abort may go unnoticed. 500 ms. */
  readonly maxWaitMs: number;
  /** Bytes of one poll; a single larger message still comes. 4 MiB. */
  readonly maxBytes: number;
  /** First pause before a failed call is repeated; it doubles. 100 ms. */
  readonly retryInitialMs: number;
  /** Longest such pause. 10 s. */
  readonly retryMaximumMs: number;
  /** How often lag is measured. 5 s. */
  readonly lagEveryMs: number;
}

const defaultLimits: StageLimits = {
  maxWaitMs: 500,
  maxBytes: 4 * 1024 * 1024,
  retryInitialMs: 100,
  retryMaximumMs: 10_000,
  lagEveryMs: 5_000,
};

/** Empty polls after which a partition counts as read although its end was not seen: retention removed the rest. */
const emptyPollsAtEnd = 20;

/** A stage and everything it is connected to. */
export interface RunStageOptions<Output> {
  readonly name: string;
  readonly stage: Stage<Output>;
  /** Stays open: whoever opened it closes it. */
  readonly consumer: Consumer;
  /** Resolves when all outputs are stored downstream. A retryable PipelineError is tried again with all of them. */
  readonly deliver: (outputs: readonly Output[]) => Promise<void>;
  readonly telemetry: StageTelemetry;
  /** Stops after the current turn, without draining: what is held is rebuilt from the log at the next start. */
  readonly signal: AbortSignal;
  readonly limits?: Partial<StageLimits>;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
  readonly sleep?: Sleep;
  /**
   * For replay: the input is complete (true), or will be when the promise resolves. Then the stage stops at the end
   * of its partitions, drains, delivers, commits.
   */
  readonly untilEnd?: true | Promise<unknown>;
}

/** Runs a stage until the signal fires or, with `untilEnd`, until its input is used up. Rejects on what no retry heals. */
export async function runStage<Output>(options: RunStageOptions<Output>): Promise<void> {
  const { stage, consumer, telemetry, signal } = options;
  const now = options.now ?? Date.now;
  const limits = { ...defaultLimits, ...options.limits };
  const progress = new PartitionProgress();
  const retrying = {
    telemetry,
    signal,
    sleep: options.sleep ?? sleepByTimer,
    initialMs: limits.retryInitialMs,
    maximumMs: limits.retryMaximumMs,
  };
  let inputEnded = options.untilEnd === true;
  let endFailure: { readonly error: unknown } | undefined;
  if (options.untilEnd instanceof Promise)
    options.untilEnd.then(
      () => (inputEnded = true),
      (error: unknown) => (endFailure = { error }),
    );

  function rebalance({ rebalance }: Poll): void {
    if (rebalance === undefined) return;
    const { assigned, revoked } = rebalance;
    if (revoked.length > 0) {
      for (const source of revoked) progress.revoke(source);
      stage.revoke(revoked);
      telemetry.emit(runtimeEvents.partitionsRevoked, { partitions: revoked });
    }
    for (const position of assigned) progress.assign(position, now());
    stage.assign?.(assigned);
    if (assigned.length > 0) telemetry.emit(runtimeEvents.partitionsAssigned, { partitions: assigned });
  }

  function processAll({ messages }: Poll): Output[] {
    const outputs: Output[] = [];
    for (const message of messages) {
      const { resultsDue, skipped } = progress.advance(message);
      if (skipped > 0 && !compactedTopics.includes(message.topic)) {
        const { topic, partition, offset } = message;
        telemetry.emit(runtimeEvents.offsetsSkipped, { topic, partition, offset, skipped });
      }
      const results = stage.process(message, now());
      if (resultsDue) for (const result of results) outputs.push(result);
    }
    return outputs;
  }

  /** False when the signal fired before it was possible. */
  async function settle(outputs: readonly Output[]): Promise<boolean> {
    if (outputs.length > 0) {
      const delivered = await retry('deliver', () => options.deliver(outputs), retrying);
      if (!delivered.done) return false;
    }
    const positions = progress.changedPositions((source) => stage.heldFrom(source));
    if (positions.length === 0) return true;
    try {
      const committed = await retry('commit', () => consumer.commit(positions), retrying);
      if (committed.done) progress.stored(positions);
      return committed.done;
    } catch (error) {
      // The next poll says which partitions are gone; the positions of the others are stored after it.
      if (!hasCode(error, 'BUS_NOT_ASSIGNED')) throw error;
      telemetry.emit(runtimeEvents.commitRefused, { error });
      return true;
    }
  }

  let nextLagAtMs = 0;
  let emptyPolls = 0;
  while (!signal.aborted) {
    if (endFailure !== undefined) throw endFailure.error;
    const endedBeforePoll = inputEnded;
    const pollLimits = { maxWaitMs: limits.maxWaitMs, maxBytes: limits.maxBytes };
    const polled: Attempted<Poll> = await retry('poll', () => consumer.poll(pollLimits), retrying);
    if (!polled.done) return;
    const poll = polled.value;
    const startedAtMs = now();
    rebalance(poll);
    telemetry.turn(progress.size);
    const outputs = processAll(poll);
    for (const output of stage.flush(now())) outputs.push(output);
    if (!(await settle(outputs))) return;
    const finishedAtMs = now();
    if (poll.messages.length > 0) {
      const bytes = poll.messages.reduce((sum, message) => sum + message.value.length, 0);
      telemetry.batch({ messages: poll.messages.length, bytes, durationMs: finishedAtMs - startedAtMs });
    }
    emptyPolls = poll.messages.length === 0 ? emptyPolls + 1 : 0;
    const mayBeAtEnd = endedBeforePoll && emptyPolls > 0 && progress.size > 0;
    if (!mayBeAtEnd && finishedAtMs < nextLagAtMs) continue;
    nextLagAtMs = finishedAtMs + limits.lagEveryMs;
    const ends = await retry('endOffsets', () => consumer.endOffsets(), retrying);
    if (!ends.done) return;
    const lags = progress.lag(ends.value, now());
    telemetry.lag(lags);
    const lag = lags.reduce((sum, { messages }) => sum + messages, 0);
    if (mayBeAtEnd && (lag === 0 || emptyPolls >= emptyPollsAtEnd)) {
      await settle(stage.drain());
      return;
    }
  }
}
