import { describe, expect, it } from 'vitest';
import type { CaptureProgress } from '../../native/capture.ts';
import { CaptureWatch } from './capture-watch.ts';

const nothing: CaptureProgress = {
  producedBytes: 0,
  consumedBytes: 0,
  ringFull: 0,
  unacknowledgedBlocks: 0,
  failedBlocks: 0,
  hangingInspections: 0,
};

/** What a watch over 64 credits says at the end of so many seconds. */
function after(seconds: number, at: (second: number) => Partial<CaptureProgress>, outstanding = 0): unknown {
  const watch = new CaptureWatch(64);
  let condition: unknown;
  for (let second = 0; second <= seconds; second++)
    condition = watch.observe({ ...nothing, ...at(second) }, outstanding, second * 1000);
  return condition;
}

const well = { stalled: undefined, blocked: undefined };

describe('a capture', () => {
  it('is well when there is nothing to read, and when what is there is read', () => {
    expect(after(60, () => ({ producedBytes: 500, consumedBytes: 500 }))).toEqual(well);
    expect(after(60, (second) => ({ producedBytes: 100 + 10 * second, consumedBytes: 10 * second }))).toEqual(well);
  });

  it('is stalled when the kernel has events and none is read for ten seconds', () => {
    const silent = (second: number): Partial<CaptureProgress> => ({ producedBytes: 100 + second, consumedBytes: 50 });
    expect(after(9, silent)).toEqual(well);
    expect(after(11, silent)).toEqual({
      stalled: 'the kernel has events, and none was read for 10 s',
      blocked: undefined,
    });
  });

  it('is stalled when a full ring buffer only loses', () => {
    const full = (second: number): Partial<CaptureProgress> => ({
      ringFull: second + 1,
      producedBytes: 9,
      consumedBytes: 9,
    });
    expect(after(20, full)).toMatchObject({ stalled: 'the kernel has events, and none was read for 19 s' });
  });

  it('is well again when something is read', () => {
    const read = (second: number): Partial<CaptureProgress> => ({
      producedBytes: 100 + second,
      consumedBytes: second < 20 ? 50 : 100,
    });
    expect(after(20, read)).toEqual(well);
  });

  it('is blocked, not stalled, while the output stores nothing', () => {
    const held = (second: number): Partial<CaptureProgress> => ({
      producedBytes: 100 + second,
      ringFull: second,
      unacknowledgedBlocks: 64,
    });
    expect(after(9, held, 64)).toEqual(well);
    expect(after(30, held, 64)).toEqual({
      stalled: undefined,
      blocked: 'the output has stored none of 64 batches for 30 s',
    });
  });

  it('is stalled when it waits for batches that are not on their way', () => {
    const held = (): Partial<CaptureProgress> => ({ producedBytes: 100, unacknowledgedBlocks: 64 });
    expect(after(15, held, 1)).toEqual({
      stalled: 'reading waits for 63 batches that are not on their way any more',
      blocked: undefined,
    });
  });
});
