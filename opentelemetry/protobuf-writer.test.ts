import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { type LengthBytes, ProtobufWriter } from './protobuf-writer.ts';

const written = (write: (writer: ProtobufWriter) => void): Buffer => {
  const writer = new ProtobufWriter(1);
  write(writer);
  return writer.take();
};
const reference = (write: (writer: protobuf.Writer) => void): Buffer => {
  const writer = protobuf.Writer.create();
  write(writer);
  return Buffer.from(writer.finish());
};
/** A whole number as protobufjs takes 64 bits without another package. */
const halves = (value: bigint): { low: number; high: number; unsigned: boolean } => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
  unsigned: false,
});

describe('what the writer writes, byte for byte as protobufjs', () => {
  it('whole numbers of either sign', () => {
    fc.assert(
      fc.property(fc.oneof(fc.maxSafeInteger(), fc.nat(), fc.integer(), fc.nat(300)), (value) => {
        const expected = reference((writer) => writer.int64(halves(BigInt(value))));
        expect(written((writer) => writer.writeVarint(value))).toEqual(expected);
      }),
    );
  });

  it('fixed numbers of 64 bits and doubles', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.double(), (value, double) => {
        const expected = reference((writer) => writer.fixed64(halves(value)).double(double));
        const actual = written((writer) => {
          writer.writeFixed64(value);
          writer.writeDouble(double);
        });
        expect(actual).toEqual(expected);
      }),
    );
  });

  it('texts of any length and script', () => {
    const text = fc.oneof(
      fc.string({ maxLength: 300 }),
      fc.string({ unit: 'grapheme', maxLength: 150 }),
      fc.string({ minLength: 120, maxLength: 140 }),
    );
    fc.assert(
      fc.property(text, (value) => {
        expect(written((writer) => writer.writeText(value))).toEqual(reference((writer) => writer.string(value)));
      }),
    );
  });

  it('ids of hexadecimal digits', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 16 }), (bytes) => {
        const digits = Buffer.from(bytes).toString('hex');
        const expected = reference((writer) => writer.bytes(bytes));
        expect(written((writer) => writer.writeHex(digits))).toEqual(expected);
        expect(written((writer) => writer.writeHex(digits.toUpperCase()))).toEqual(expected);
      }),
    );
  });

  it('nested messages, whatever length was expected of them', () => {
    const guess = fc.constantFrom<LengthBytes[]>(1, 2, 3);
    const length = fc.oneof(fc.nat(3), fc.constantFrom(127, 128, 16_383, 16_384, 2 ** 21));
    fc.assert(
      fc.property(guess, guess, length, (outer, inner, bytes) => {
        const content = Buffer.alloc(bytes, 'x');
        const expected = reference((writer) =>
          writer.uint32(10).fork().uint32(18).fork().bytes(content).ldelim().ldelim(),
        );
        const actual = written((writer) => {
          writer.writeByte(10);
          const first = writer.open(outer);
          writer.writeByte(18);
          const second = writer.open(inner);
          writer.writeVarint(bytes);
          writer.writeRaw(content);
          writer.close(second, inner);
          writer.close(first, outer);
        });
        expect(actual.equals(expected)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });
});
