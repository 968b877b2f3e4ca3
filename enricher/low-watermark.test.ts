import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LowWatermark } from './low-watermark.ts';
import { OffsetCounts } from './offset-counts.ts';

test('the oldest offset is that of a look at all, whatever is needed no more', () => {
  const step = fc.record({ owner: fc.nat(20), ends: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const watermark = new LowWatermark<{ offsets: number[]; readonly lowWatermark: number | undefined }>();
      const owners = Array.from({ length: 21 }, () => ({
        offsets: [] as number[],
        get lowWatermark(): number | undefined {
          return this.offsets[0];
        },
      }));
      for (const [offset, { owner, ends }] of steps.entries()) {
        owners[owner]!.offsets.push(offset);
        for (let index = 0; index < ends; index++) owners[(owner + index) % 21]!.offsets.shift();
        watermark.note(owners[owner]!);
        const all = owners.flatMap(({ offsets }) => offsets);
        expect(watermark.oldest()).toBe(all.length === 0 ? undefined : Math.min(...all));
      }
    }),
  );
});

test('finding it costs what has changed, however many need something', () => {
  const steps = (count: number): number => {
    const watermark = new LowWatermark<{ lowWatermark: number | undefined }>();
    const owners = Array.from({ length: count }, (_, offset): { lowWatermark: number | undefined } => ({
      lowWatermark: offset,
    }));
    for (const owner of owners) watermark.note(owner);
    watermark.steps = 0;
    for (let turn = 0; turn < 100; turn++) {
      owners[turn]!.lowWatermark = undefined;
      watermark.oldest();
    }
    return watermark.steps;
  };
  expect(steps(40_000)).toBe(steps(1_000));
});

test('counts of offsets give the oldest one that has any', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(9)), { maxLength: 200 }), (steps) => {
      const counts = new OffsetCounts();
      const all: number[] = [];
      for (const [isAdded, offset] of steps) {
        const at = all.indexOf(offset);
        if (isAdded) {
          counts.add(offset);
          all.push(offset);
        } else if (at >= 0) {
          counts.remove(offset);
          all.splice(at, 1);
        }
        expect(counts.oldest).toBe(all.length === 0 ? undefined : Math.min(...all));
      }
    }),
  );
});
