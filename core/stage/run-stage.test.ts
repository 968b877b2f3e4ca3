import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Consumer, Poll, Position, ReceivedMessage, TopicPartition } from '../bus/bus.ts';
import { PipelineError } from '../errors.ts';
import type { InternalEvent } from '../telemetry/internal-events.ts';
import type { StageTelemetry } from '../telemetry/stage-telemetry.ts';
import { Counters, imbalance } from './accounting.ts';
import { runStage, type RunStageOptions } from './run-stage.ts';
import type { Stage } from './stage.ts';

interface Effect {
  readonly id: string;
}

const idOf = (source: TopicPartition, offset: number): string => `${source.partition}:${offset}`;

/**
 * Holds every record until `holdFor` later messages of its partition have come, then emits it. Empty values are
 * rejected, those that start with 0 are dropped. `flushAfterMs` releases records by the wall clock instead.
 */
class HoldingStage implements Stage<Effect> {
  readonly counters = new Counters(['unwanted'], ['empty']);
  #buffered: { readonly source: TopicPartition; readonly offset: number; readonly atMs: number }[] = [];
  readonly #holdFor: number;
  readonly #flushAfterMs: number;

  constructor(holdFor: number, flushAfterMs = Infinity) {
    this.#holdFor = holdFor;
    this.#flushAfterMs = flushAfterMs;
  }

  process(message: ReceivedMessage, nowMs: number): readonly Effect[] {
    this.counters.receive();
    if (message.value.length === 0) this.counters.reject('empty');
    else if (message.value[0] === 0) this.counters.drop('unwanted');
    else {
      const source = { topic: message.topic, partition: message.partition };
      this.#buffered.push({ source, offset: message.offset, atMs: nowMs });
    }
    return this.#release(
      ({ source, offset }) => source.partition === message.partition && offset + this.#holdFor <= message.offset,
    );
  }

  flush(nowMs: number): readonly Effect[] {
    return this.#release(({ atMs }) => atMs + this.#flushAfterMs <= nowMs);
  }

  drain(): readonly Effect[] {
    return this.#release(() => true);
  }

  lowWatermark(source: TopicPartition): number | undefined {
    return this.#buffered.find((entry) => entry.source.partition === source.partition)?.offset;
  }

  revoke(sources: readonly TopicPartition[]): void {
    const before = this.#buffered.length;
    this.#buffered = this.#buffered.filter(
      ({ source }) => !sources.some(({ partition }) => partition === source.partition),
    );
    this.counters.drop('revoked', before - this.#buffered.length);
  }

  accounting(): Counters<'unwanted', 'empty'> {
    return this.counters;
  }

  #release(due: (entry: { source: TopicPartition; offset: number; atMs: number }) => boolean): Effect[] {
    const released = this.#buffered.filter(due);
    this.#buffered = this.#buffered.filter((entry) => !due(entry));
    this.counters.emit(released.length);
    return released.map(({ source, offset }) => ({ id: idOf(source, offset) }));
  }
}

/** A log that outlives its readers, and the positions that a group stored. */
class Log {
  readonly partitions: readonly ReceivedMessage[][];
  readonly stored = new Map<number, Position>();

  constructor(values: readonly (readonly Uint8Array[])[]) {
    this.partitions = values.map((messages, partition) =>
      messages.map((value, offset) => ({
        topic: 'events',
        partition,
        offset,
        timestampMs: offset,
        key: '',
        value: Buffer.from(value),
        headers: {},
      })),
    );
  }

  position(partition: number): Position {
    return this.stored.get(partition) ?? { topic: 'events', partition, offset: 0, emittedBelow: 0 };
  }
}

/** Reads a {@link Log}, `batch` messages a poll; the last partition is elsewhere during the polls where `away` is true. */
class ScriptedConsumer implements Consumer {
  /** Resolves when the last partition is here to stay. */
  readonly settled: Promise<void>;
  readonly #log: Log;
  readonly #batch: number;
  readonly #away: readonly boolean[];
  #settle = (): void => undefined;
  readonly #next = new Map<number, number>();
  #polls = 0;

  constructor(log: Log, batch: number, away: readonly boolean[] = []) {
    this.#log = log;
    this.#batch = batch;
    this.#away = away;
    this.settled = new Promise((resolve) => (this.#settle = resolve));
  }

  poll(): Promise<Poll> {
    const poll = this.#polls++;
    if (poll >= this.#away.length) this.#settle();
    const revoked: TopicPartition[] = [];
    const assigned: Position[] = [];
    this.#log.partitions.forEach((_, partition) => {
      const has = this.#next.has(partition);
      // Only the last partition wanders, so that there is always something to do.
      const away = partition === this.#log.partitions.length - 1 && this.#away[poll] === true;
      if (has && away) {
        this.#next.delete(partition);
        revoked.push({ topic: 'events', partition });
      } else if (!has && !away) {
        const position = this.#log.position(partition);
        this.#next.set(partition, position.offset);
        assigned.push(position);
      }
    });
    const messages: ReceivedMessage[] = [];
    for (const [partition, next] of this.#next) {
      const some = this.#log.partitions[partition]!.slice(next, next + this.#batch);
      this.#next.set(partition, next + some.length);
      messages.push(...some);
    }
    const changed = revoked.length + assigned.length > 0;
    return Promise.resolve({ messages, ...(changed ? { rebalance: { assigned, revoked } } : {}) });
  }

  commit(positions: readonly Position[]): Promise<void> {
    for (const position of positions) {
      expect(this.#next.has(position.partition)).toBe(true);
      expect(position.emittedBelow).toBeGreaterThanOrEqual(position.offset);
      this.#log.stored.set(position.partition, position);
    }
    return Promise.resolve();
  }

  endOffsets(): Promise<readonly Position[]> {
    return Promise.resolve(
      [...this.#next.keys()].map((partition) => {
        const offset = this.#log.partitions[partition]!.length;
        return { topic: 'events', partition, offset, emittedBelow: 0 };
      }),
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

class QuietTelemetry implements StageTelemetry {
  readonly events: string[] = [];
  emit(event: InternalEvent): void {
    this.events.push(event.name);
  }
  turn(): void {
    // Not looked at.
  }
  batch(): void {
    // Not looked at.
  }
  lag(): void {
    // Not looked at.
  }
}

function options(
  stage: Stage<Effect>,
  consumer: ScriptedConsumer,
  deliver: RunStageOptions<Effect>['deliver'],
): RunStageOptions<Effect> & { telemetry: QuietTelemetry } {
  let nowMs = 0;
  return {
    name: 'test',
    stage,
    consumer,
    deliver,
    telemetry: new QuietTelemetry(),
    signal: new AbortController().signal,
    now: () => nowMs++,
    sleep: () => Promise.resolve(),
    untilEnd: consumer.settled,
  };
}

const values = (count: number): Uint8Array[] => Array.from({ length: count }, () => Uint8Array.of(1));
const logs = fc
  .array(fc.array(fc.uint8Array({ maxLength: 2 }), { maxLength: 30 }), { minLength: 1, maxLength: 3 })
  .map((partitions) => partitions.map((partition) => [...partition, Uint8Array.of(1)]));

describe('conservation', () => {
  test('at every delivery received = emitted + dropped + rejected + buffered, and nothing is buffered after draining', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.nat(5), fc.integer({ min: 1, max: 7 }), async (partitions, holdFor, batch) => {
        const stage = new HoldingStage(holdFor, 40);
        let delivered = 0;
        await runStage(
          options(stage, new ScriptedConsumer(new Log(partitions), batch), (effects) => {
            delivered += effects.length;
            expect(imbalance(stage.accounting())).toBe(0);
            return Promise.resolve();
          }),
        );
        const accounting = stage.accounting();
        expect(imbalance(accounting)).toBe(0);
        expect(accounting.received).toBe(partitions.flat().length);
        expect(accounting.emitted).toBe(delivered);
        expect(accounting.buffered).toBe(0);
      }),
    );
  });
});

describe('at least once, effect exactly once', () => {
  const crashPoints = ['before deliver', 'after deliver', 'before commit', 'after commit'] as const;
  const crashes = fc.array(fc.record({ point: fc.constantFrom(...crashPoints), after: fc.nat(6) }), { maxLength: 6 });
  const rebalances = fc.array(fc.boolean(), { maxLength: 12 });

  async function effectsOf(
    partitions: readonly (readonly Uint8Array[])[],
    holdFor: number,
    flushAfterMs: number,
    batch: number,
    plan: readonly { point: (typeof crashPoints)[number]; after: number }[],
    away: readonly boolean[],
  ): Promise<{ readonly all: string[]; readonly unsettled: Set<string> }> {
    const log = new Log(partitions);
    const all: string[] = [];
    // Outputs of batches that were delivered, whose position was then not stored.
    const unsettled = new Set<string>();
    for (const crash of [...plan, undefined]) {
      const crashed = new Error('crash');
      let calls = 0;
      let last: readonly Effect[] = [];
      const crashAt = (point: (typeof crashPoints)[number]): void => {
        if (crash?.point === point && calls++ === crash.after) throw crashed;
      };
      const consumer = new ScriptedConsumer(log, batch, away);
      const commit = consumer.commit.bind(consumer);
      consumer.commit = async (positions) => {
        crashAt('before commit');
        await commit(positions);
        last = [];
        crashAt('after commit');
      };
      const run = runStage(
        // eslint-disable-next-line @typescript-eslint/require-await -- throws as a rejection
        options(new HoldingStage(holdFor, flushAfterMs), consumer, async (effects) => {
          crashAt('before deliver');
          all.push(...effects.map(({ id }) => id));
          last = effects;
          crashAt('after deliver');
        }),
      );
      try {
        await run;
        break;
      } catch (error) {
        expect(error).toBe(crashed);
        for (const { id } of last) unsettled.add(id);
      }
    }
    return { all, unsettled };
  }

  const wanted = (partitions: readonly (readonly Uint8Array[])[]): string[] =>
    partitions
      .flatMap((messages, partition) =>
        messages.flatMap((value, offset) =>
          value.length > 0 && value[0] !== 0 ? [idOf({ topic: '', partition }, offset)] : [],
        ),
      )
      .sort();

  test('whatever crashes and whenever partitions wander, every effect is there', async () => {
    await fc.assert(
      fc.asyncProperty(
        logs,
        fc.nat(5),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 7 }),
        crashes,
        rebalances,
        async (partitions, holdFor, flushAfterMs, batch, plan, away) => {
          const { all } = await effectsOf(partitions, holdFor, flushAfterMs, batch, plan, away);
          expect([...new Set(all)].sort()).toEqual(wanted(partitions));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('only effects of a batch whose position was not stored come twice', async () => {
    await fc.assert(
      fc.asyncProperty(logs, fc.nat(5), fc.integer({ min: 1, max: 7 }), crashes, async (...input) => {
        const [partitions, holdFor, batch, plan] = input;
        const { all, unsettled } = await effectsOf(partitions, holdFor, Infinity, batch, plan, []);
        const twice = all.filter((id, index) => all.indexOf(id) !== index);
        for (const id of twice) expect(unsettled).toContain(id);
        expect([...new Set(all)].sort()).toEqual(wanted(partitions));
      }),
      { numRuns: 300 },
    );
  });
});

describe('runStage', () => {
  test('the stored offset stays at the oldest message that is still buffered', async () => {
    const log = new Log([values(10)]);
    const run = options(new HoldingStage(4), new ScriptedConsumer(log, 3), () => Promise.resolve());
    const controller = new AbortController();
    const offsets: Position[] = [];
    const deliver = (): Promise<void> => {
      offsets.push(log.position(0));
      if (offsets.length === 2) controller.abort();
      return Promise.resolve();
    };
    await runStage({ ...run, deliver, signal: controller.signal });
    expect(log.position(0)).toEqual({ topic: 'events', partition: 0, offset: 5, emittedBelow: 9 });
  });

  test('a retryable error is tried again, the next poll waits, and nothing is skipped', async () => {
    const stage = new HoldingStage(0);
    const delivered: string[] = [];
    let failures = 3;
    const run = options(stage, new ScriptedConsumer(new Log([values(4)]), 2), (effects) => {
      if (failures-- > 0)
        return Promise.reject(new PipelineError('DESTINATION_UNAVAILABLE', 'busy', { retryable: true }));
      delivered.push(...effects.map(({ id }) => id));
      return Promise.resolve();
    });
    const pauses: number[] = [];
    await runStage({ ...run, sleep: (pause) => Promise.resolve(void pauses.push(pause)) });
    expect(delivered).toEqual(['0:0', '0:1', '0:2', '0:3']);
    expect(pauses).toEqual([100, 200, 400]);
    expect(run.telemetry.events.filter((name) => name === 'retried')).toHaveLength(3);
    expect(run.telemetry.events).toContain('recovered');
  });

  test('an error that no retry heals ends the stage, and nothing is stored past it', async () => {
    const log = new Log([values(4)]);
    const refused = new PipelineError('DESTINATION_REFUSED', 'no such column');
    const run = options(new HoldingStage(0), new ScriptedConsumer(log, 2), () => Promise.reject(refused));
    await expect(runStage(run)).rejects.toBe(refused);
    expect(log.stored.size).toBe(0);
  });

  test('an abort while a call keeps failing ends the stage without storing anything', async () => {
    const log = new Log([values(4)]);
    const controller = new AbortController();
    const busy = new PipelineError('DESTINATION_UNAVAILABLE', 'busy', { retryable: true });
    const run = options(new HoldingStage(0), new ScriptedConsumer(log, 2), () => Promise.reject(busy));
    const sleep = (): Promise<void> => {
      controller.abort();
      return Promise.resolve();
    };
    await runStage({ ...run, signal: controller.signal, sleep });
    expect(log.stored.size).toBe(0);
  });

  test('a refused commit is not fatal: the partition is gone, the next poll says so', async () => {
    const log = new Log([values(2), values(2)]);
    const consumer = new ScriptedConsumer(log, 2, [false, true]);
    const commit = consumer.commit.bind(consumer);
    let refusals = 1;
    consumer.commit = (positions) =>
      refusals-- > 0 ? Promise.reject(new PipelineError('BUS_NOT_ASSIGNED', 'gone')) : commit(positions);
    const run = options(new HoldingStage(0), consumer, () => Promise.resolve());
    await runStage(run);
    expect(run.telemetry.events).toContain('commit_refused');
    expect([log.position(0).offset, log.position(1).offset]).toEqual([2, 2]);
  });

  test('messages that retention took before they were read are reported', async () => {
    const log = new Log([values(3)]);
    log.partitions[0]!.splice(0, 1);
    const run = options(new HoldingStage(0), new ScriptedConsumer(log, 5), () => Promise.resolve());
    await runStage(run);
    expect(run.telemetry.events).toContain('offsets_skipped');
  });

  test('the end of the input counts only once the input is complete', async () => {
    const log = new Log([values(2)]);
    let complete = (): void => undefined;
    const untilEnd = new Promise<void>((resolve) => (complete = resolve));
    const delivered: string[] = [];
    const stage = new HoldingStage(1);
    const consumer = new ScriptedConsumer(log, 1);
    const poll = consumer.poll.bind(consumer);
    let polls = 0;
    consumer.poll = async () => {
      if (++polls === 10) log.partitions[0]!.push({ ...log.partitions[0]![0]!, offset: 2 });
      if (polls === 20) complete();
      await new Promise((resolve) => setImmediate(resolve));
      return poll();
    };
    const run = options(stage, consumer, (effects) =>
      Promise.resolve(void delivered.push(...effects.map((e) => e.id))),
    );
    await runStage({ ...run, untilEnd });
    expect(delivered).toEqual(['0:0', '0:1', '0:2']);
    expect(polls).toBeGreaterThanOrEqual(20);
  });

  test('a source of input that fails, fails the stage', async () => {
    const run = options(new HoldingStage(0), new ScriptedConsumer(new Log([[]]), 1), () => Promise.resolve());
    const poll = run.consumer.poll.bind(run.consumer);
    run.consumer.poll = async (limits) => {
      await new Promise((resolve) => setImmediate(resolve));
      return poll(limits);
    };
    await expect(runStage({ ...run, untilEnd: Promise.reject(new Error('corrupt recording')) })).rejects.toThrow(
      'corrupt recording',
    );
  });
});
