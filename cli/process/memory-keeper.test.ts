import { expect, it } from 'vitest';
import { MemoryKeeper } from './memory-keeper.ts';

/** A process of 100 bytes at most; pages are given back at 70, garbage at 90. */
function keeperOf(state: { residentBytes: number; pages: number; garbage: number }): {
  readonly keeper: MemoryKeeper;
  readonly done: string[];
} {
  const done: string[] = [];
  const release = (name: 'pages' | 'garbage', above: number, everyMs: number) => ({
    above,
    everyMs,
    run: () => {
      done.push(name);
      state.residentBytes -= state[name];
      state[name] = 0;
    },
  });
  const releases = [release('pages', 0.7, 1_000), release('garbage', 0.9, 10_000)];
  return { keeper: new MemoryKeeper({ limitBytes: 100, residentBytes: () => state.residentBytes, releases }), done };
}

it('does nothing while there is room', () => {
  const { keeper, done } = keeperOf({ residentBytes: 70, pages: 50, garbage: 10 });
  keeper.check(0);
  expect(done).toEqual([]);
});

it('gives back what is cheap first, and what is dear only where that was not enough', () => {
  const cheap = keeperOf({ residentBytes: 95, pages: 50, garbage: 10 });
  cheap.keeper.check(0);
  expect(cheap.done).toEqual(['pages']);
  const dear = keeperOf({ residentBytes: 98, pages: 5, garbage: 10 });
  dear.keeper.check(0);
  expect(dear.done).toEqual(['pages', 'garbage']);
});

it('does each no more often than is said', () => {
  const { keeper, done } = keeperOf({ residentBytes: 150, pages: 1, garbage: 1 });
  for (const nowMs of [0, 500, 1_000, 9_999, 10_000]) keeper.check(nowMs);
  expect(done).toEqual(['pages', 'garbage', 'pages', 'pages', 'garbage']);
});
