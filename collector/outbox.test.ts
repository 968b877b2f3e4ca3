import { describe, expect, it } from 'vitest';
import type { OutgoingMessage } from '../core/bus/bus.ts';
import { PipelineError } from '../core/errors.ts';
import { Outbox } from './outbox.ts';

const message = (number: number): OutgoingMessage => ({ topic: 'events', key: 'a', value: Buffer.from([number]) });
const telemetry = { emit: () => undefined };

/** An output whose calls wait until they are let through. */
class SlowOutput {
  readonly calls: number[][] = [];
  #release: (() => void)[] = [];

  send(messages: readonly OutgoingMessage[]): Promise<void> {
    this.calls.push(messages.map(({ value }) => value[0]!));
    return new Promise((resolve) => this.#release.push(resolve));
  }

  async release(): Promise<void> {
    await Promise.resolve();
    this.#release.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the outbox', () => {
  it('sends in order, everything that waits in one call, and tells what is stored', async () => {
    const output = new SlowOutput();
    const outbox = new Outbox(output, telemetry);
    const stored: number[] = [];
    const put = (number: number): void => outbox.put([message(number)], () => stored.push(number));
    put(1);
    put(2);
    await new Promise((resolve) => setImmediate(resolve));
    put(3);
    put(4);
    expect(stored).toEqual([]);
    await output.release();
    expect(stored).toEqual([1, 2]);
    await output.release();
    expect(stored).toEqual([1, 2, 3, 4]);
    expect(output.calls).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect(await outbox.close(1_000)).toBe(0);
  });

  it('tries again what may succeed later', async () => {
    const sent: number[] = [];
    let failures = 2;
    const output = {
      send: (messages: readonly OutgoingMessage[]) => {
        if (failures-- > 0) return Promise.reject(new PipelineError('BUS_UNAVAILABLE', 'busy', { retryable: true }));
        sent.push(...messages.map(({ value }) => value[0]!));
        return Promise.resolve();
      },
    };
    const outbox = new Outbox(output, telemetry);
    outbox.put([message(1)]);
    expect(await outbox.close(5_000)).toBe(0);
    expect(sent).toEqual([1]);
  });

  it('fails for good when waiting does not heal it', async () => {
    const full = new PipelineError('BUS_FULL', 'no room');
    const outbox = new Outbox({ send: () => Promise.reject(full) }, telemetry);
    let isStored = false;
    outbox.put([message(1)], () => (isStored = true));
    await expect(outbox.failed).rejects.toBe(full);
    expect(isStored).toBe(false);
  });

  it('says what is left when time is up', async () => {
    const broken = new PipelineError('BUS_UNAVAILABLE', 'gone', { retryable: true });
    const outbox = new Outbox({ send: () => Promise.reject(broken) }, telemetry);
    outbox.put([message(1), message(2)]);
    expect(await outbox.close(50)).toBe(2);
  });
});
