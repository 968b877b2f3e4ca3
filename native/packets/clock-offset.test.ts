import { describe, expect, it } from 'vitest';
import { Random } from '../../core/testing/random.ts';
import { loadNative } from '../load.ts';

const ahead = 1_000_000;
const offsets = (...readings: (readonly [number, number, number])[]) => loadNative().clockOffsets(readings);

describe('the offset of the wall clock', () => {
  it('stays when the thread had to wait before or after it read the wall clock', () => {
    const quick = [1000, 1050 + ahead, 1100] as const;
    const waitedBefore = [2000, 7_002_050 + ahead, 7_002_100] as const;
    const waitedAfter = [8_000_000, 8_000_050 + ahead, 15_000_000] as const;
    expect(offsets(quick, waitedBefore, waitedAfter, quick)).toEqual([ahead, ahead, ahead, ahead]);
  });

  it('is taken from a better reading when the first was a bad one', () => {
    const [first, second] = offsets([0, 10 + ahead, 9_000_000], [9_000_100, 9_000_150 + ahead, 9_000_200]);
    expect(Math.abs(first! - ahead)).toBeGreaterThan(4_000_000);
    expect(Math.abs(second! - ahead)).toBeLessThanOrEqual(50);
  });

  it('follows when the wall clock is set', () => {
    const after = ahead + 5_000_000;
    for (const set of [after, -after])
      expect(Math.abs(offsets([1000, 1050 + ahead, 1100], [2000, 2050 + set, 2100]).at(-1)! - set)).toBeLessThanOrEqual(
        50,
      );
  });

  it('is never further off than the best reading, whatever the others are', () => {
    const random = new Random(5);
    const readings = Array.from({ length: 2000 }, (_, index) => {
      const before = index * 10_000_000;
      const waits = random.below(20) === 0 ? 5_000_000 : 100;
      const at = before + random.below(waits);
      return [before, at + ahead, at + random.below(waits)] as const;
    });
    let best = Infinity;
    offsets(...readings).forEach((offset, index) => {
      best = Math.min(best, readings[index]![2] - readings[index]![0]);
      expect(Math.abs(offset - ahead)).toBeLessThanOrEqual(best);
    });
  });
});
