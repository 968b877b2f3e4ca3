import { describe, expect, test } from 'vitest';
import type { CaptureSource } from '../schemas/generated/event-batch.ts';
import { AgentWatermark } from './agent-watermark.ts';

const startNs = 1_700_000_000_000_000_000n;

/** The event time after each of these batches, in milliseconds since the start; 'ended' leaves a source out. */
function timesOf(batches: readonly (readonly [CaptureSource, number | 'ended'])[]): readonly number[] {
  const watermark = new AgentWatermark();
  return batches.map(([source, ms]) => {
    if (ms === 'ended') watermark.leaveOut(source);
    else watermark.observe(source, startNs + BigInt(ms) * 1_000_000n);
    return Number((watermark.timeNs - startNs) / 1_000_000n);
  });
}

test('of one source is its time', () => {
  const batches = [100, 200, 300].map((ms) => ['sockets', ms] as const);
  expect(timesOf(batches)).toEqual([100, 200, 300]);
});

test('of two that are heard alternately is that of the one that is behind, and never steps back', () => {
  const batches = [
    ['sockets', 1000],
    ['packets', 700],
    ['sockets', 1100],
    ['packets', 1050],
    ['sockets', 1200],
    ['packets', 1300],
  ] as const;
  expect(timesOf(batches)).toEqual([1000, 1000, 1000, 1050, 1050, 1200]);
});

test('of two that do not wait for each other steps back at no order of their batches', () => {
  const batches: (readonly [CaptureSource, number])[] = [];
  for (let step = 0; step < 200; step++) {
    const source = (step * 7919) % 3 === 0 ? 'packets' : 'sockets';
    batches.push([source, step * 100 - ((step * 104_729) % 900)]);
  }
  const times = timesOf(batches);
  expect(times).toEqual([...times].sort((one, other) => one - other));
});

describe('a source that has ended', () => {
  test('holds it no longer', () => {
    const times = timesOf([
      ['packets', 0],
      ['sockets', 4000],
      ['packets', 'ended'],
      ['sockets', 6000],
    ]);
    expect(times).toEqual([0, 0, 0, 6000]);
  });

  test('and begins again far behind does not take it back', () => {
    const times = timesOf([
      ['packets', 0],
      ['packets', 'ended'],
      ['sockets', 10_000],
      ['packets', 2000],
      ['sockets', 10_100],
      ['packets', 10_200],
      ['sockets', 10_300],
    ]);
    expect(times.slice(2)).toEqual([10_000, 10_000, 10_000, 10_100, 10_200]);
  });
});

describe('a clock of the host that was set', () => {
  const minutes = 60_000;

  test('back takes it back once, whichever source says so first', () => {
    const before = [
      ['sockets', 10 * minutes],
      ['packets', 10 * minutes + 50],
    ] as const;
    const after = [
      ['packets', 5 * minutes],
      ['sockets', 5 * minutes + 20],
      ['packets', 5 * minutes + 100],
      ['sockets', 5 * minutes + 120],
    ] as const;
    const offsets = timesOf([...before, ...after]).map((ms) => ms - 5 * minutes);
    expect(offsets).toEqual([5 * minutes, 5 * minutes, 0, 0, 20, 100]);
  });

  test('back takes it back although a batch of the other source is still of the clock before', () => {
    const times = timesOf([
      ['sockets', 10 * minutes],
      ['packets', 10 * minutes],
      ['sockets', 5 * minutes],
      ['packets', 10 * minutes + 100],
      ['sockets', 5 * minutes + 200],
      ['packets', 5 * minutes + 300],
    ]);
    expect(times.slice(2).map((ms) => ms - 5 * minutes)).toEqual([0, 0, 200, 200]);
  });

  test('forward takes it forward, once both say so', () => {
    const times = timesOf([
      ['sockets', 0],
      ['packets', 50],
      ['sockets', 60 * minutes],
      ['packets', 60 * minutes + 50],
      ['sockets', 60 * minutes + 100],
    ]);
    expect(times.slice(0, 3)).toEqual([0, 0, 50]);
    expect(times.slice(3).map((ms) => ms - 60 * minutes)).toEqual([0, 50]);
  });
});
