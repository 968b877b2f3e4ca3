import { expect, it } from 'vitest';
import { ReloadPace } from './reload-pace.ts';

it('names are loaded again at once while that is quick, and for a tenth of the time when it is not', async () => {
  let nowMs = 0;
  let loads = 0;
  const pace = new ReloadPace(() => nowMs);
  const loading = (tookMs: number) => (): Promise<void> => {
    loads++;
    nowMs += tookMs;
    return Promise.resolve();
  };
  for (let batch = 0; batch < 100; batch++, nowMs += 100) await pace.whenDue(loading(5));
  expect(loads).toBe(100);
  loads = 0;
  const sinceMs = nowMs;
  for (let batch = 0; batch < 100; batch++, nowMs += 100) await pace.whenDue(loading(300));
  expect((loads * 300) / (nowMs - sinceMs)).toBeLessThanOrEqual(0.12);
  expect(loads).toBeGreaterThan(2);
});
