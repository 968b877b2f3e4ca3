import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Consumer, OutgoingMessage, Position, ReceivedMessage } from '../bus/bus.ts';
import { PipelineError } from '../errors.ts';
import { runStage } from './run-stage.ts';

const source = { topic: 'in', partition: 0 };

/** A log of one partition, and the position of one group, over many starts of a stage. */
class Log {
  readonly out: number[] = [];
  readonly letters: string[] = [];
  position: Position = { ...source, offset: 0, emittedBelow: 0 };
  maxDeaths = 2;
  /** Calls to the bus since the first start. */
  calls = 0;
  /** What a bus with work notes keeps: the message in work, as far as a start got. */
  readonly #notes: { inWork: number | undefined } | undefined;
  readonly #keepsNotes: boolean;
  /** Messages that come as soon as a start has asked for the end. */
  grows = 0;
  #length: number;

  /** @param options.keepsNotes with false the bus has a place for work notes that takes none */
  constructor(length: number, { hasNotes = false, keepsNotes = true } = {}) {
    this.#length = length;
    this.#keepsNotes = keepsNotes;
    this.#notes = hasNotes ? { inWork: undefined } : undefined;
  }

  #workNotes(isDead: () => boolean): Pick<Consumer, 'workNotes'> {
    const notes = this.#notes;
    if (notes === undefined) return {};
    if (!this.#keepsNotes)
      return { workNotes: { begin: () => undefined, end: () => undefined, takeDeath: () => 'unknown' } };
    return {
      workNotes: {
        begin: ({ offset }) => {
          notes.inWork = offset;
        },
        // The dead write nothing.
        end: () => {
          if (!isDead()) notes.inWork = undefined;
        },
        takeDeath: () => {
          const { inWork } = notes;
          notes.inWork = undefined;
          return inWork;
        },
      },
    };
  }

  /**
   * Runs the stage once, until it dies or has read everything.
   *
   * @param options.poison the offset at which the process dies without a word
   * @param options.diesAtCall another death, at a call of the bus
   * @param options.diesAtWait another death, when it reads or delivers for the so manieth time
   */
  async start(
    options: {
      poison?: number;
      diesAtCall?: number;
      diesAtWait?: number;
      stop?: AbortController;
      refusals?: number;
    } = {},
  ): Promise<void> {
    let isDead = false;
    const die = (): never => {
      isDead = true;
      throw new RangeError('dead');
    };
    const call = (): void => {
      if (isDead || this.calls++ === options.diesAtCall) die();
    };
    let waits = 0;
    const wait = (): void => {
      call();
      if (++waits === options.diesAtWait) die();
    };
    let next = this.position.offset;
    let isAssigned = false;
    let refusals = options.refusals ?? 0;
    const consumer: Consumer = {
      maxDeaths: this.maxDeaths,
      ...this.#workNotes(() => isDead),
      poll: () => {
        wait();
        const assigned = isAssigned ? [] : [this.position];
        isAssigned = true;
        const messages = Array.from({ length: Math.min(5, this.#length - next) }, () => this.#message(next++));
        return Promise.resolve({ messages, ...(assigned.length > 0 ? { rebalance: { assigned, revoked: [] } } : {}) });
      },
      commit: ([position]) => {
        call();
        this.position = position!;
        return Promise.resolve();
      },
      endOffsets: () => {
        const end = { ...source, offset: this.#length };
        this.#length += this.grows;
        this.grows = 0;
        return Promise.resolve([end]);
      },
      close: () => Promise.resolve(),
    };
    const send = (messages: readonly OutgoingMessage[]): void => {
      wait();
      if (refusals-- > 0) throw new PipelineError('DESTINATION_UNAVAILABLE', 'away', { retryable: true });
      for (const { topic, key } of messages)
        if (topic === 'dead-letter') this.letters.push(key);
        else this.out.push(Number(key));
    };
    const nothing = (): undefined => undefined;
    await runStage<OutgoingMessage>({
      name: 's',
      consumer,
      stage: {
        process: ({ offset }) =>
          offset === options.poison ? die() : [{ topic: 'out', key: String(offset), value: Buffer.alloc(0) }],
        flush: () => [],
        drain: () => [],
        lowWatermark: nothing,
        revoke: nothing,
        accounting: () => ({ received: 0, emitted: 0, buffered: 0, dropped: {}, rejected: {} }),
      },
      deliver: (messages) => Promise.resolve().then(() => send(messages)),
      letters: { send: (messages) => Promise.resolve().then(() => send(messages)) },
      telemetry: { emit: nothing, turn: nothing, batch: nothing, lag: nothing },
      signal: (options.stop ?? new AbortController()).signal,
      sleep: () => {
        if (options.stop !== undefined) options.stop.abort();
        return Promise.resolve();
      },
      untilEnd: true,
    }).catch((error: unknown) => {
      if (!(error instanceof RangeError)) throw error;
    });
  }

  #message(offset: number): ReceivedMessage {
    return { ...source, offset, timestampMs: 0, key: '', value: Buffer.from('x'), headers: {} };
  }

  /** Offsets that came out, each once. */
  get distinct(): readonly number[] {
    return [...new Set(this.out)].sort((left, right) => left - right);
  }
}

const upTo = (length: number, without?: number): number[] =>
  Array.from({ length }, (_, index) => index).filter((index) => index !== without);

describe.each([{ hasNotes: false }, { hasNotes: true }, { hasNotes: true, keepsNotes: false }])(
  'a message that ends the stage (%o)',
  (bus) => {
    test('is put aside by the third start, wherever it lies; nothing else is, and nothing is done twice', async () => {
      for (let poison = 0; poison < 12; poison++) {
        const log = new Log(12, bus);
        for (let start = 1; start <= 3; start++) await log.start({ poison });
        expect(log.letters).toEqual(['in']);
        expect(log.out).toEqual(upTo(12, poison));
        expect(log.position).toEqual({ ...source, offset: 12, emittedBelow: 12 });
      }
    });

    test('is passed over without another letter when state is rebuilt from before it', async () => {
      const log = new Log(12, bus);
      for (let start = 1; start <= 3; start++) await log.start({ poison: 7 });
      log.position = { ...log.position, offset: 3, putAside: [7] };
      await log.start({ poison: 7 });
      expect(log.letters).toEqual(['in']);
      expect(log.distinct).toEqual(upTo(12, 7));
    });

    test('is found also among messages that were worked off before, as after an upgrade', async () => {
      const log = new Log(12, bus);
      log.position = { ...source, offset: 2, emittedBelow: 10 };
      for (let start = 1; start <= 5; start++) await log.start({ poison: 5 });
      expect(log.letters).toEqual(['in']);
      expect(log.out).toEqual([10, 11]);
    });

    test('is put aside after as many deaths as are asked for', async () => {
      const log = new Log(12, bus);
      log.maxDeaths = 4;
      for (let start = 1; start <= 4; start++) {
        await log.start({ poison: 7 });
        expect(log.letters).toEqual([]);
      }
      await log.start({ poison: 7 });
      expect(log.letters).toEqual(['in']);
      expect(log.out).toEqual(upTo(12, 7));
    });

    test('two of them are found one after the other', async () => {
      const log = new Log(12, bus);
      for (let start = 1; start <= 3; start++) await log.start({ poison: 4 });
      expect(log.distinct).toEqual(upTo(12, 4));
    });
  },
);

describe('a stage that dies of something else', () => {
  test('once, at any call: nothing is put aside, and every result is there', async () => {
    const whole = new Log(12);
    await whole.start();
    for (let diesAtCall = 0; diesAtCall < whole.calls; diesAtCall++) {
      const log = new Log(12);
      await log.start({ diesAtCall });
      await log.start();
      expect(log.letters).toEqual([]);
      expect(log.distinct).toEqual(upTo(12));
    }
  });

  test('again and again, while it reads or delivers: nothing is put aside', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 15 }), async (lives) => {
        const log = new Log(60);
        for (const life of lives) await log.start({ diesAtWait: life });
        await log.start();
        expect(log.letters).toEqual([]);
        expect(log.distinct).toEqual(upTo(60));
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  test('again and again, at any moment but during the work on a message, where there are work notes: nothing is put aside', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 25 }), async (lives) => {
        const log = new Log(60, { hasNotes: true });
        for (const life of lives) await log.start({ diesAtCall: log.calls + life });
        await log.start();
        expect(log.letters).toEqual([]);
        expect(log.distinct).toEqual(upTo(60));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('with a message in hand alone that came only after the death before: it is not suspected', async () => {
    const log = new Log(12);
    await log.start({ poison: 9 });
    // Five more come when the next start has the partition already, and one of them ends it.
    log.grows = 5;
    await log.start({ poison: 14 });
    await log.start();
    expect(log.letters).toEqual([]);
    expect(log.distinct).toEqual(upTo(17));
  });

  test('while a destination is away: what waits is not suspected', async () => {
    const log = new Log(12);
    await log.start({ diesAtCall: 4 });
    for (let start = 0; start < 5; start++) {
      // Dies after the second refusal of a delivery, with the mark taken back.
      const before = log.calls;
      await log.start({ refusals: 1_000, diesAtCall: before + 8 });
      expect(log.position.inHand?.message).toBeUndefined();
    }
    await log.start();
    expect(log.letters).toEqual([]);
    expect(log.distinct).toEqual(upTo(12));
  });

  test('that is stopped in order leaves no mark, also in the middle', async () => {
    const log = new Log(12);
    await log.start({ refusals: 1_000, stop: new AbortController() });
    expect(log.position.inHand).toBeUndefined();
    expect(log.letters).toEqual([]);
  });
});
