import { describe, expect, it } from 'vitest';
import { boundedSettings, memoryShares } from './memory-bound.ts';
import { loadSettings } from '../settings.ts';

const gibibyte = 1024 ** 3;

describe('SPANLOOM_UP_MEMORY', () => {
  it('is 1 GiB when it is not set, takes units, and refuses what cannot work', () => {
    expect(loadSettings({}).up.memory).toBe(gibibyte);
    expect(loadSettings({ SPANLOOM_UP_MEMORY: '2GiB' }).up.memory).toBe(2 * gibibyte);
    expect(() => loadSettings({ SPANLOOM_UP_MEMORY: '512MiB' })).toThrow('SPANLOOM_UP_MEMORY: must be at least');
    expect(() => loadSettings({ SPANLOOM_UP_MEMORY: 'much' })).toThrow('SPANLOOM_UP_MEMORY: must be a size');
  });

  it('lowers the bounds of the parts, and leaves those that are lower', () => {
    const settings = loadSettings({ SPANLOOM_CORRELATOR_MAX_SPANS: '1000', SPANLOOM_SINK_BATCH_BYTES: '1MiB' });
    const bounded = boundedSettings(settings);
    expect(bounded.correlator.maxSpans).toBe(1000);
    expect(bounded.sink.batchBytes).toBe(1024 ** 2);
    const { enricher, correlator, clickHouse } = memoryShares(gibibyte, 1);
    expect(bounded.enricher).toMatchObject(enricher);
    expect(bounded.correlator.maxBytes).toBe(correlator.maxBytes);
    expect(bounded.clickHouse.maxMemory).toBe(clickHouse.maxMemory);
    expect(bounded.collector).toBe(settings.collector);
  });

  it('lets every part have its default where there is much of it', () => {
    const settings = loadSettings({ SPANLOOM_UP_MEMORY: '64GiB' });
    expect(boundedSettings(settings)).toEqual(settings);
  });
});

describe('shares of the memory', () => {
  it('grow with it', () => {
    const [small, large] = [memoryShares(0.75 * gibibyte, 1), memoryShares(4 * gibibyte, 1)];
    expect(large.consumedBytes).toBeGreaterThan(small.consumedBytes);
    for (const part of ['enricher', 'correlator', 'sink', 'clickHouse'] as const)
      for (const [name, bound] of Object.entries(small[part])) {
        expect(bound).toBeGreaterThan(0);
        expect(large[part]).toHaveProperty(name);
        expect((large[part] as unknown as Record<string, number>)[name]).toBeGreaterThan(bound);
      }
  });

  it('of the log are those of all partitions together', () => {
    const [one, four] = [memoryShares(gibibyte, 1), memoryShares(gibibyte, 4)];
    expect(four.consumedBytes).toBe(Math.floor(one.consumedBytes / 4));
    expect(four.enricher.memoryBytes).toBe(Math.floor(one.enricher.memoryBytes / 4));
  });
});
