import { expect, it } from 'vitest';
import { runTogether } from './run-together.ts';

const untilAborted = (signal: AbortSignal, stopped: () => void) =>
  new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => {
      stopped();
      resolve();
    });
  });

it('stops the others when one fails, and tells why only when they have stopped', async () => {
  const order: string[] = [];
  const together = runTogether(new AbortController().signal, [
    (signal) => untilAborted(signal, () => order.push('stopped')),
    () => Promise.reject(new Error('no room')),
  ]);
  await expect(together.finally(() => order.push('thrown'))).rejects.toThrow('no room');
  expect(order).toEqual(['stopped', 'thrown']);
});

it('passes the signal on', async () => {
  const controller = new AbortController();
  const together = runTogether(controller.signal, [(signal) => untilAborted(signal, () => undefined)]);
  controller.abort();
  await together;
});
