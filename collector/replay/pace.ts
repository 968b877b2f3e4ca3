import { setTimeout as sleep } from 'node:timers/promises';
import type { EventBatchHead } from '../capture/event-batch-message.ts';

/** Waits as the recorded batches did, divided by the speed. */
export class Pace {
  readonly #speed: number | 'max';
  readonly #signal: AbortSignal;
  #firstNs: bigint | undefined;
  #startedAtMs = 0;

  constructor(speed: number | 'max', signal: AbortSignal) {
    this.#speed = speed;
    this.#signal = signal;
  }

  #dueInMs(head: EventBatchHead): number {
    if (this.#speed === 'max') return 0;
    const endNs = head.baseTimeNs + BigInt(Math.round(head.untilOffsetNs));
    if (this.#firstNs === undefined) {
      this.#firstNs = endNs;
      this.#startedAtMs = performance.now();
    }
    return Number(endNs - this.#firstNs) / 1e6 / this.#speed - (performance.now() - this.#startedAtMs);
  }

  isAhead(head: EventBatchHead): boolean {
    return this.#dueInMs(head) > 1;
  }

  async wait(head: EventBatchHead): Promise<void> {
    try {
      await sleep(this.#dueInMs(head), undefined, { signal: this.#signal });
    } catch (error) {
      if (!this.#signal.aborted) throw error;
    }
  }
}
