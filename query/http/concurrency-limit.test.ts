import { expect, it } from 'vitest';
import { ConcurrencyLimit } from './concurrency-limit.ts';

interface Held {
  readonly done: Promise<string>;
  readonly finish: () => void;
}

function held(limit: ConcurrencyLimit, name: string, started: string[], signal = new AbortController().signal): Held {
  let finish = (): void => undefined;
  const gate = new Promise<void>((resolve) => (finish = resolve));
  const done = limit.run(async () => {
    started.push(name);
    await gate;
    return name;
  }, signal);
  return { done, finish };
}

it('a task that is cancelled while it waits leaves the queue, and the others keep their order', async () => {
  const limit = new ConcurrencyLimit(1);
  const started: string[] = [];
  const cancelled = new AbortController();
  const first = held(limit, 'first', started);
  const second = held(limit, 'second', started, cancelled.signal);
  const third = held(limit, 'third', started);
  expect(limit.waiting).toBe(2);
  cancelled.abort(new Error('gone'));
  await expect(second.done).rejects.toThrow('gone');
  expect(limit.waiting).toBe(1);
  first.finish();
  await first.done;
  third.finish();
  expect(await third.done).toBe('third');
  expect(started).toEqual(['first', 'third']);
});

it('a task that is cancelled just when it may start lets the next one start', async () => {
  const limit = new ConcurrencyLimit(1);
  const started: string[] = [];
  const cancelled = new AbortController();
  const first = held(limit, 'first', started);
  const second = held(limit, 'second', started, cancelled.signal);
  const third = held(limit, 'third', started);
  first.finish();
  await first.done.then(() => cancelled.abort(new Error('gone')));
  second.finish();
  third.finish();
  await second.done.catch(() => undefined);
  expect(await third.done).toBe('third');
  await expect(limit.run(() => Promise.resolve('free'), new AbortController().signal)).resolves.toBe('free');
});

it('a task whose client has gone does not begin', async () => {
  const limit = new ConcurrencyLimit(1);
  await expect(limit.run(() => Promise.resolve(1), AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  await expect(limit.run(() => Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
});

it('clients take turns, however much one of them asks for', async () => {
  const limit = new ConcurrencyLimit(1);
  const { signal } = new AbortController();
  const order: string[] = [];
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  const running = limit.run(() => gate, signal, 'a');
  const task = (name: string): Promise<void> =>
    limit.run(
      () => {
        order.push(name);
        return Promise.resolve();
      },
      signal,
      name[0],
    );
  const others = ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'].map(task);
  expect(limit.waiting).toBe(6);
  open();
  await Promise.all([running, ...others]);
  expect(order).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  expect(limit.waiting).toBe(0);
});
