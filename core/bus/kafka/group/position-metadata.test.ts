import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type PositionNotes, readPositionMetadata, writePositionMetadata } from './position-metadata.ts';

test('what is written is read again', () => {
  const place = fc.maxSafeNat();
  const deaths = fc.nat(999);
  fc.assert(
    fc.property(
      place,
      place,
      fc.option(fc.record({ deaths, message: fc.option(fc.record({ offset: place, deaths }), { nil: undefined }) }), {
        nil: undefined,
      }),
      fc.option(fc.array(place, { minLength: 1, maxLength: 64 }), { nil: undefined }),
      (one, other, inHand, putAside) => {
        const [offset, emittedBelow] = [Math.min(one, other), Math.max(one, other)];
        const notes: PositionNotes = {
          emittedBelow,
          ...(inHand === undefined
            ? {}
            : {
                inHand: { deaths: inHand.deaths, ...(inHand.message === undefined ? {} : { message: inHand.message }) },
              }),
          ...(putAside === undefined ? {} : { putAside }),
        };
        const written = writePositionMetadata(notes);
        expect(readPositionMetadata(written, offset)).toEqual(notes);
        // What brokers take, where nobody has set another bound.
        expect(written.length).toBeLessThan(4_096);
      },
    ),
  );
});

test('what former versions wrote is read', () => {
  expect(readPositionMetadata('s1:12', 8)).toEqual({ emittedBelow: 12 });
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
    's1:7 ',
    's1:9;w',
    's1:9;h1',
    's1:9;a',
  ])
    expect(readPositionMetadata(foreign, 8)).toEqual({ emittedBelow: 8 });
  expect(readPositionMetadata('s1:3', 8)).toEqual({ emittedBelow: 8 });
  expect(readPositionMetadata('s1:99999999999999999', 8)).toEqual({ emittedBelow: 8 });
});
