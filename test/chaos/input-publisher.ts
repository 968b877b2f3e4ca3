/** Sends the input as agents do: in order, again after a failure, and sometimes in ways that must make no difference. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bus, OutgoingMessage, Producer } from '../../core/bus/bus.ts';
import { PipelineError } from '../../core/errors.ts';
import type { ChaosInput, TimedMessage } from './chaos-input.ts';

/** What may happen to a batch on its way. */
export type BatchMishap = 'duplicate' | 'reorder';

const chunkMs = 100;
const retryAfterMs = 300;

/** Sends the input of one run. */
export class InputPublisher {
  readonly #bus: Bus;
  readonly #input: ChaosInput;
  readonly #mishaps: BatchMishap[] = [];
  messages = 0;
  events = 0;
  repeatedSends = 0;

  constructor(bus: Bus, input: ChaosInput) {
    this.#bus = bus;
    this.#input = input;
  }

  /** The next chunk is sent twice, or with its agents in another order. */
  mishap(kind: BatchMishap): void {
    this.#mishaps.push(kind);
  }

  /** @param pace 'real': as fast as it was recorded; 'max' without waiting */
  async publish(pace: 'real' | 'max'): Promise<void> {
    const producer = await this.#bus.producer();
    const startedAtMs = performance.now();
    let chunk: TimedMessage[] = [];
    let fromMs = 0;
    for (const timed of this.#input.messages()) {
      if (timed.atMs - fromMs > chunkMs) {
        await this.#send(producer, chunk);
        chunk = [];
        fromMs = timed.atMs;
        const aheadMs = timed.atMs - (performance.now() - startedAtMs);
        if (pace === 'real' && aheadMs > 0) await sleep(aheadMs);
      }
      chunk.push(timed);
    }
    await this.#send(producer, chunk);
    await producer.close();
  }

  async #send(producer: Producer, chunk: readonly TimedMessage[]): Promise<void> {
    const mishap = chunk.length > 0 ? this.#mishaps.shift() : undefined;
    const messages = (mishap === 'reorder' ? byAgentBackwards(chunk) : chunk).map(({ message }) => message);
    await this.#sendForSure(producer, messages);
    if (mishap === 'duplicate') await this.#sendForSure(producer, messages);
    this.messages += chunk.length;
    for (const { eventCount } of chunk) this.events += eventCount;
  }

  async #sendForSure(producer: Producer, messages: readonly OutgoingMessage[]): Promise<void> {
    for (;;) {
      try {
        await producer.send(messages);
        return;
      } catch (error) {
        if (!(error instanceof PipelineError) || !error.retryable) throw error;
        this.repeatedSends++;
        await sleep(retryAfterMs);
      }
    }
  }
}

/** Only what one agent sends has an order. */
function byAgentBackwards(chunk: readonly TimedMessage[]): readonly TimedMessage[] {
  const agents = [...new Set(chunk.map(({ agentId }) => agentId))].reverse();
  return agents.flatMap((agentId) => chunk.filter((timed) => timed.agentId === agentId));
}
