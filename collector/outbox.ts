import type { OutgoingMessage, Producer } from '../core/bus/bus.ts';
import { retry, sleepByTimer } from '../core/stage/retry.ts';
import type { StageTelemetry } from '../core/telemetry/stage-telemetry.ts';

/** Where a collector's messages go: the bus, or a recording. */
export type Output = Pick<Producer, 'send'>;

interface Parcel {
  readonly messages: readonly OutgoingMessage[];
  readonly sent: () => void;
}

/**
 * Sends messages in the order they were put in, everything that waits in one call: when the output is slow, calls become
 * larger, not more. Its callers bound its memory: of events, the capture puts in at most
 * SPANLOOM_COLLECTOR_MAX_UNACKNOWLEDGED_BLOCKS batches before `sent`. Resources (processes that begin, change or end, and the
 * host) do not wait for `sent`: the capture finds no further processes while it takes no events, and a host changes rarely.
 */
export class Outbox {
  readonly #output: Output;
  readonly #telemetry: Pick<StageTelemetry, 'emit'>;
  readonly #stopping: AbortController = new AbortController();
  #waiting: Parcel[] = [];
  #sending: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;
  #reportFailure: (error: unknown) => void = () => undefined;
  /** Rejects when the output failed with an error that a retry cannot fix; then nothing is sent any more. */
  readonly failed: Promise<never>;

  constructor(output: Output, telemetry: Pick<StageTelemetry, 'emit'>) {
    this.#output = output;
    this.#telemetry = telemetry;
    this.failed = new Promise((_, reject) => (this.#reportFailure = reject));
    // The collector awaits it; until then the rejection must not count as unhandled.
    this.failed.catch(() => undefined);
  }

  /** Nothing waits or is being sent. */
  get isIdle(): boolean {
    return this.#sending === undefined && this.#failure === undefined;
  }

  /** Sends messages some time; `sent` is called when they are stored. */
  put(messages: readonly OutgoingMessage[], sent: () => void = () => undefined): void {
    if (this.#failure !== undefined) return;
    this.#waiting.push({ messages, sent });
    this.#sending ??= this.#send();
  }

  async #send(): Promise<void> {
    // Lets everything that is put in within this turn of the event loop travel together.
    await Promise.resolve();
    try {
      while (this.#waiting.length > 0) {
        const parcels = this.#waiting;
        this.#waiting = [];
        const messages = parcels.flatMap((parcel) => parcel.messages);
        const attempt = await retry('send', () => this.#output.send(messages), {
          telemetry: this.#telemetry,
          signal: this.#stopping.signal,
          sleep: sleepByTimer,
          initialMs: 100,
          maximumMs: 5_000,
        });
        if (!attempt.done) {
          this.#waiting = [...parcels, ...this.#waiting];
          return;
        }
        for (const parcel of parcels) parcel.sent();
      }
    } catch (error) {
      this.#failure = { error };
      this.#reportFailure(error);
    } finally {
      this.#sending = undefined;
    }
  }

  /**
   * Sends what waits, for no longer than `timeoutMs` and without repeating what fails after it.
   *
   * @returns how many messages are left unsent
   */
  async close(timeoutMs: number): Promise<number> {
    const timer = setTimeout(() => this.#stopping.abort(), timeoutMs);
    await this.#sending;
    clearTimeout(timer);
    return this.#waiting.reduce((sum, parcel) => sum + parcel.messages.length, 0);
  }
}
