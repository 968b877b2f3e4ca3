import { expect, it } from 'vitest';
import { Turns } from './concurrency-limit.ts';

interface Held {
  readonly done: Promise<string>;
  readonly finish: () => void;
}

function held(turns: Turns, name: string, started: string[], signal = new AbortController().signal): Held {
  let finish = (): void => undefined;
  const gate = new Promise<void>((resolve) => (finish = resolve));
  const done = turns.run(async () => {
    started.push(name);
    await gate;
    return name;
  }, signal);
  return { done, finish };
}

it('a task that is cancelled while it waits leaves the queue, and the others keep their order', async () => {
  const turns = new Turns(1);
  const started: string[] = [];
  const cancelled = new AbortController();
  const first = held(turns, 'first', started);
  const second = held(turns, 'second', started, cancelled.signal);
  const third = held(turns, 'third', started);
  expect(turns.waiting).toBe(2);
  cancelled.abort(new Error('gone'));
  await expect(second.done).rejects.toThrow('gone');
  expect(turns.waiting).toBe(1);
  first.finish();
  await first.done;
  third.finish();
  expect(await third.done).toBe('third');
  expect(started).toEqual(['first', 'third']);
});

it('a task that is cancelled just when its turn comes gives it on', async () => {
  const turns = new Turns(1);
  const started: string[] = [];
  const cancelled = new AbortController();
  const first = held(turns, 'first', started);
  const second = held(turns, 'second', started, cancelled.signal);
  const third = held(turns, 'third', started);
  first.finish();
  await first.done.then(() => cancelled.abort(new Error('gone')));
  second.finish();
  third.finish();
  await second.done.catch(() => undefined);
  expect(await third.done).toBe('third');
  await expect(turns.run(() => Promise.resolve('free'), new AbortController().signal)).resolves.toBe('free');
});

it('a task whose client has gone does not begin', async () => {
  const turns = new Turns(1);
  await expect(turns.run(() => Promise.resolve(1), AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  await expect(turns.run(() => Promise.resolve(1), new AbortController().signal)).resolves.toBe(1);
});
