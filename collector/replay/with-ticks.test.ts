import { expect, it } from 'vitest';
import { withTicks } from './with-ticks.ts';

it('passes items on, and ticks while it waits for them and between them', async () => {
  const waiting = new Map<'first' | 'end', () => void>();
  const until = (name: 'first' | 'end') => new Promise<void>((resolve) => waiting.set(name, resolve));
  async function* items(): AsyncGenerator<{ readonly number: number }, void, undefined> {
    await until('first');
    for (let number = 1; number <= 3; number++) yield { number };
    await until('end');
  }
  const all = withTicks(items(), 1);
  const untilTick = async (): Promise<readonly number[]> => {
    const numbers: number[] = [];
    for (;;) {
      const { value } = await all.next();
      if (value === undefined) return numbers;
      numbers.push(value.number);
    }
  };
  expect(await untilTick()).toEqual([]);
  waiting.get('first')!();
  const passed: number[] = [];
  while (passed.length < 3) passed.push(...(await untilTick()));
  expect(passed).toEqual([1, 2, 3]);
  expect(await untilTick()).toEqual([]);
  waiting.get('end')!();
  const rest: unknown[] = [];
  for await (const item of all) if (item !== undefined) rest.push(item);
  expect(rest).toEqual([]);
});

it('passes an error on', async () => {
  async function* items(): AsyncGenerator<{ readonly number: number }, void, undefined> {
    yield await Promise.resolve({ number: 1 });
    throw new Error('cut');
  }
  const all = withTicks(items(), 60_000);
  expect(await all.next()).toEqual({ done: false, value: { number: 1 } });
  await expect(all.next()).rejects.toThrow('cut');
});
