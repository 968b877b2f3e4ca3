import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readPositionMetadata, writePositionMetadata } from './position-metadata.ts';

test('what is written is read again', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.maxSafeNat(), (one, other) => {
      const [offset, emittedBelow] = [Math.min(one, other), Math.max(one, other)];
      expect(readPositionMetadata(writePositionMetadata(emittedBelow), offset)).toBe(emittedBelow);
    }),
  );
});

test('missing metadata, or those of another program, say nothing: results count as acknowledged below the offset', () => {
  for (const foreign of [
    undefined,
    null,
    '',
    'hello',
    's1:',
    's1:-5',
    's1:1e3',
    's2:9',
    's1:99999999999999999',
    's1:7 ',
  ])
    expect(readPositionMetadata(foreign, 8)).toBe(8);
  expect(readPositionMetadata('s1:3', 8)).toBe(8);
});
