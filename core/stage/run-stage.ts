/**
 * The runtime of every stage: one coroutine that owns all of the stage's state.
 *
 *   poll → process each message → flush → deliver the results and wait for the acknowledgement → commit → poll …
 *
 * A position is committed only after everything made from the messages below `emittedBelow` was acknowledged, and its
 * `offset` is never above the oldest message that buffered state still needs. After a restart the messages between the
 * two rebuild the state; what `process` returns for them was acknowledged before, so it is suppressed. What `flush`
 * returns is always delivered; deterministic ids make a repetition harmless.
 *
 * A message that ends the process again and again becomes a dead letter: see poison-guard.ts.
 */
import type { Consumer, OutgoingMessage, Poll, Position, ReceivedMessage, Refused } from '../bus/bus.ts';
import { deadLetter } from '../dead-letter.ts';
import { hasCode, PipelineError } from '../errors.ts';
import { runtimeEvents } from '../telemetry/internal-events.ts';
import type { StageTelemetry } from '../telemetry/stage-telemetry.ts';
import { compactedTopics } from '../topics.ts';
import { PartitionProgress } from './partition-progress.ts';
import { PoisonGuard } from './poison-guard.ts';
import { type Attempted, retry, type RetryOptions, type Sleep, sleepByTimer } from './retry.ts';
import type { Stage } from './stage.ts';

/** Bounds of one turn of the loop, with their defaults. */
export interface StageLimits {
  /**
   * Longest wait for input. The time between calls of `flush` is this and the time of delivery and commit, which retries make
   * longer without a bound. 500 ms.
   */
  readonly maxWaitMs: number;
  /** Bytes of one poll; a single larger message is still returned. 4 MiB. */
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

/** Empty polls after which a partition counts as read although its end was not reached: retention removed the rest. */
const emptyPollsAtEnd = 20;

/** A stage and everything it is connected to. */
export interface RunStageOptions<Output> {
  readonly name: string;
  readonly stage: Stage<Output>;
  /** The caller closes it. */
  readonly consumer: Consumer;
  /** Resolves when all outputs are stored downstream. A retryable PipelineError is tried again with all of them. */
  readonly deliver: (outputs: readonly Output[]) => Promise<void>;
  /** Output of dead letters of messages that the stage does not see. Without it they are only logged and counted. */
  readonly letters?: { readonly send: (messages: readonly OutgoingMessage[]) => Promise<void> };
  readonly telemetry: StageTelemetry;
  /** Stops after the current turn, without draining: what is buffered is rebuilt from the log at the next start. */
  readonly signal: AbortSignal;
  readonly limits?: Partial<StageLimits>;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
  readonly sleep?: Sleep;
  /** Jitter of pauses: {@link RetryOptions}. */
  readonly random?: () => number;
  /**
   * For replay: the input is complete (true), or will be when the promise resolves. Then the stage stops at the end
   * of its partitions, drains, delivers, commits.
   */
  readonly untilEnd?: true | Promise<unknown>;
}

/** Runs a stage until the signal fires or, with `untilEnd`, until its input ends. Rejects on errors that a retry cannot fix. */
export async function runStage<Output>(options: RunStageOptions<Output>): Promise<void> {
  const run = new StageRun(options);
  try {
    await run.loop();
  } catch (error) {
    // A broken environment is no message's fault; a bug may be one's, so its mark stays.
    if (error instanceof PipelineError) await run.rest();
    throw error;
  }
  await run.rest();
}

/** Messages of one poll that are processed together. */
interface Portion {
  readonly messages: readonly ReceivedMessage[];
  readonly isAlone: boolean;
}

/** Results of a portion. */
interface Results<Output> {
  readonly outputs: Output[];
  readonly letters: OutgoingMessage[];
}

class StageRun<Output> {
  readonly #options: RunStageOptions<Output>;
  readonly #now: () => number;
  readonly #limits: StageLimits;
  readonly #progress = new PartitionProgress();
  readonly #guard: PoisonGuard;
  readonly #retrying: RetryOptions;
  #inputEnded: boolean;
  #endFailure: { readonly error: unknown } | undefined;

  constructor(options: RunStageOptions<Output>) {
    const { consumer, telemetry, signal, untilEnd } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#guard = new PoisonGuard(consumer.maxDeaths ?? 0, consumer.workNotes);
    this.#retrying = {
      telemetry,
      signal,
      sleep: options.sleep ?? sleepByTimer,
      random: options.random,
      initialMs: this.#limits.retryInitialMs,
      maximumMs: this.#limits.retryMaximumMs,
    };
    this.#inputEnded = untilEnd === true;
    if (untilEnd instanceof Promise)
      untilEnd.then(
        () => (this.#inputEnded = true),
        (error: unknown) => (this.#endFailure = { error }),
      );
  }

  async loop(): Promise<void> {
    const { consumer, stage, telemetry, signal } = this.#options;
    const { maxWaitMs, maxBytes, lagEveryMs } = this.#limits;
    let nextLagAtMs = 0;
    let emptyPolls = 0;
    while (!signal.aborted) {
      if (this.#endFailure !== undefined) throw this.#endFailure.error;
      const endedBeforePoll = this.#inputEnded;
      const polled: Attempted<Poll> = await retry('poll', () => consumer.poll({ maxWaitMs, maxBytes }), this.#retrying);
      if (!polled.done) return;
      const { messages } = polled.value;
      const startedAtMs = this.#now();
      if (this.#rebalance(polled.value) && !(await this.#boundSuspicion())) return;
      telemetry.turn(this.#progress.size);
      for (const portion of this.#portionsOf(messages)) if (!(await this.#work(portion))) return;
      const finishedAtMs = this.#now();
      if (messages.length > 0) {
        const bytes = messages.reduce((sum, message) => sum + message.value.length, 0);
        telemetry.batch({ messages: messages.length, bytes, durationMs: finishedAtMs - startedAtMs });
      }
      emptyPolls = messages.length === 0 ? emptyPolls + 1 : 0;
      const mayBeAtEnd = endedBeforePoll && emptyPolls > 0 && this.#progress.size > 0;
      if (!mayBeAtEnd && finishedAtMs < nextLagAtMs) continue;
      nextLagAtMs = finishedAtMs + lagEveryMs;
      const lag = await this.#measureLag();
      if (lag === undefined) return;
      if (mayBeAtEnd && (lag === 0 || emptyPolls >= emptyPollsAtEnd)) {
        await this.#settle({ outputs: [...stage.drain()], letters: [] }, true);
        return;
      }
    }
  }

  /** Undefined when the signal fired before it was known. */
  async #measureLag(): Promise<number | undefined> {
    const { consumer, telemetry } = this.#options;
    const ends = await retry('endOffsets', () => consumer.endOffsets(), this.#retrying);
    if (!ends.done) return undefined;
    const lags = this.#progress.lag(ends.value, this.#now());
    telemetry.lag(lags);
    return lags.reduce((sum, { messages }) => sum + messages, 0);
  }

  /** True if a partition was assigned whose previous owner died at work. */
  #rebalance({ rebalance }: Poll): boolean {
    if (rebalance === undefined) return false;
    const { stage, telemetry } = this.#options;
    const { assigned, revoked } = rebalance;
    if (revoked.length > 0) {
      for (const source of revoked) {
        this.#progress.revoke(source);
        this.#guard.revoke(source);
      }
      stage.revoke(revoked);
      telemetry.emit(runtimeEvents.partitionsRevoked, { partitions: revoked });
    }
    let isSuspicious = false;
    for (const position of assigned) {
      this.#progress.assign(position, this.#now());
      const deaths = this.#guard.assign(position);
      const { topic, partition, offset } = position;
      if (deaths > 0) telemetry.emit(runtimeEvents.suspected, { topic, partition, offset, deaths });
      isSuspicious ||= deaths > 0;
    }
    stage.assign?.(assigned);
    if (assigned.length > 0) telemetry.emit(runtimeEvents.partitionsAssigned, { partitions: assigned });
    return isSuspicious;
  }

  /** False when the signal fired before it was possible. */
  async #boundSuspicion(): Promise<boolean> {
    const ends = await retry('endOffsets', () => this.#options.consumer.endOffsets(), this.#retrying);
    if (ends.done) this.#guard.bound(ends.value);
    return ends.done;
  }

  /** One portion, except for messages that are processed alone. */
  #portionsOf(messages: readonly ReceivedMessage[]): readonly Portion[] {
    const portions: { readonly messages: ReceivedMessage[]; readonly isAlone: boolean }[] = [];
    for (const message of messages) {
      const verdict = this.#guard.verdict(message);
      const isAlone = verdict.kind === 'work' && verdict.isAlone;
      const last = portions.at(-1);
      if (last === undefined || last.isAlone || isAlone) portions.push({ messages: [message], isAlone });
      else last.messages.push(message);
    }
    return portions.length === 0 ? [{ messages, isAlone: false }] : portions;
  }

  /** False when the signal fired before it was possible. */
  async #work({ messages, isAlone }: Portion): Promise<boolean> {
    this.#guard.take(messages, isAlone);
    if (this.#guard.isOn && messages.length > 0 && !(await this.#storeMarks())) return false;
    if (isAlone) this.#guard.begin(messages[0]!);
    const results = this.#results(messages);
    if (results.failure !== undefined) {
      await this.#storeMarksOnce();
      throw results.failure.error;
    }
    for (const output of this.#options.stage.flush(this.#now())) results.outputs.push(output);
    if (isAlone) {
      this.#guard.done(false);
      if (!(await this.#storeMarks())) return false;
    }
    return this.#settle(results, messages.length === 0);
  }

  #results(messages: readonly ReceivedMessage[]): Results<Output> & { failure?: { readonly error: unknown } } {
    const { stage, telemetry } = this.#options;
    const outputs: Output[] = [];
    const letters: OutgoingMessage[] = [];
    for (const message of messages) {
      const { resultsDue, skipped } = this.#progress.advance(message);
      if (skipped > 0 && !compactedTopics.includes(message.topic)) {
        const { topic, partition, offset } = message;
        telemetry.emit(runtimeEvents.offsetsSkipped, { topic, partition, offset, skipped });
      }
      const verdict = this.#guard.verdict(message);
      if (verdict.kind === 'known') continue;
      if (verdict.kind === 'condemned') {
        const detail = `the stage ended ${verdict.deaths} times in a row while it had this message in hand`;
        letters.push(this.#refuse(message, { reason: 'poison', detail }));
        this.#guard.putAside(message);
        continue;
      }
      if (message.refused !== undefined) {
        if (resultsDue) letters.push(this.#refuse(message, message.refused));
        continue;
      }
      try {
        const results = stage.process(message, this.#now());
        if (resultsDue) for (const result of results) outputs.push(result);
      } catch (error) {
        // The state may be inconsistent: only a restart from the committed positions is certain to be right.
        this.#guard.blame(message);
        return { outputs, letters, failure: { error } };
      }
    }
    return { outputs, letters };
  }

  #refuse(message: ReceivedMessage, { reason, detail }: Refused): OutgoingMessage {
    const { name, telemetry } = this.#options;
    const { topic, partition, offset } = message;
    const event = reason === 'poison' ? runtimeEvents.poisonPutAside : runtimeEvents.batchRefused;
    telemetry.emit(event, { topic, partition, offset, reason, detail });
    telemetry.refused?.(reason);
    return deadLetter(message, { stage: name, reason, detail }, this.#now());
  }

  /** False when the signal fired before it was possible. */
  async #settle({ outputs, letters }: Results<Output>, rests: boolean): Promise<boolean> {
    const { letters: letterBox } = this.#options;
    if (letters.length > 0 && letterBox !== undefined)
      if (!(await this.#deliver(() => letterBox.send(letters)))) return false;
    if (outputs.length > 0 && !(await this.#deliver(() => this.#options.deliver(outputs)))) return false;
    this.#guard.done(rests);
    const changed = this.#progress.changedPositions((source) => this.#options.stage.lowWatermark(source));
    return this.#store(changed);
  }

  async #deliver(action: () => Promise<void>): Promise<boolean> {
    let attempts = 0;
    const delivered = await retry(
      'deliver',
      async () => {
        // A process that is ended while it waits does not end because of a message.
        if (attempts++ === 1) await this.rest();
        await action();
      },
      this.#retrying,
    );
    return delivered.done;
  }

  /** Commits positions and changed marks. False if the signal fired before. */
  async #store(changed: readonly Position[]): Promise<boolean> {
    const { consumer, telemetry } = this.#options;
    const positions = [...changed, ...this.#marksBeside(changed)].map((position) => this.#guard.noted(position));
    if (positions.length === 0) return true;
    try {
      const committed = await retry('commit', () => consumer.commit(positions), this.#retrying);
      if (committed.done) this.#stored(positions);
      return committed.done;
    } catch (error) {
      // The next poll says which partitions were revoked; the positions of the others are committed after it.
      if (!hasCode(error, 'BUS_NOT_ASSIGNED')) throw error;
      telemetry.emit(runtimeEvents.commitRefused, { error });
      return true;
    }
  }

  #stored(positions: readonly Position[]): void {
    this.#progress.stored(positions);
    this.#guard.stored(positions);
  }

  /** Stored positions of partitions whose mark has changed. */
  #marksBeside(changed: readonly Position[]): readonly Position[] {
    return this.#guard.changed().flatMap((source) => {
      if (changed.some(({ topic, partition }) => topic === source.topic && partition === source.partition)) return [];
      const position = this.#progress.storedPosition(source);
      return position === undefined ? [] : [position];
    });
  }

  #storeMarks(): Promise<boolean> {
    return this.#store([]);
  }

  /** Tries once only: the error that led here is more important. */
  async #storeMarksOnce(): Promise<void> {
    const positions = this.#marksBeside([]).map((position) => this.#guard.noted(position));
    if (positions.length === 0) return;
    try {
      await this.#options.consumer.commit(positions);
      this.#stored(positions);
    } catch {
      // Then the next start assumes that this one died, which does no harm.
    }
  }

  /** Removes all marks. */
  async rest(): Promise<void> {
    this.#guard.done(true);
    await this.#storeMarksOnce();
  }
}
