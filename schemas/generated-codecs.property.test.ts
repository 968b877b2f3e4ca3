/** Holds the generated codecs to avsc, and to their promise on bytes that are no record. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AvroDecodeError, AvroReader } from './avro-reader.ts';
import { makeSkip } from './avro-skip.ts';
import { AvroWriter } from './avro-writer.ts';
import { readDeadLetter, writeDeadLetter } from './generated/dead-letter.ts';
import { readEventBatch, writeEventBatch } from './generated/event-batch.ts';
import { readFlowBatch, writeFlowBatch } from './generated/flow-batch.ts';
import { readLinkedBatch, writeLinkedBatch } from './generated/linked-batch.ts';
import { readResource, writeResource } from './generated/resource.ts';
import { readResourceIdClaim, writeResourceIdClaim } from './generated/resource-id-claim.ts';
import { type SchemaName, schemas } from './generated/schemas.ts';
import { readSpanBatch, writeSpanBatch } from './generated/span-batch.ts';
import { readSpan, writeSpan } from './generated/span.ts';
import { readStageReport, writeStageReport } from './generated/stage-report.ts';
import { readTrace, writeTrace } from './generated/trace.ts';
import { propertyRuns } from './testing/property-runs.ts';
import { anyValueOf, avscType } from './testing/schema-values.ts';

interface Codec {
  readonly read: (reader: AvroReader) => unknown;
  readonly write: (writer: AvroWriter, value: never) => void;
}
const codecs: Readonly<Record<SchemaName, Codec>> = {
  EventBatch: { read: readEventBatch, write: writeEventBatch },
  Span: { read: readSpan, write: writeSpan },
  SpanBatch: { read: readSpanBatch, write: writeSpanBatch },
  FlowBatch: { read: readFlowBatch, write: writeFlowBatch },
  LinkedBatch: { read: readLinkedBatch, write: writeLinkedBatch },
  Trace: { read: readTrace, write: writeTrace },
  Resource: { read: readResource, write: writeResource },
  ResourceIdClaim: { read: readResourceIdClaim, write: writeResourceIdClaim },
  StageReport: { read: readStageReport, write: writeStageReport },
  DeadLetter: { read: readDeadLetter, write: writeDeadLetter },
};
const names = Object.keys(codecs) as SchemaName[];
const seed = 1;

describe.each(names)('%s', (name) => {
  const schema: unknown = JSON.parse(schemas[name].text);
  const type = avscType(schema);
  const values = anyValueOf(schema);
  const { read, write } = codecs[name];
  const skip = makeSkip(schema);
  // Small at first, so that it has to grow in the middle of every kind of value.
  const encode = (value: unknown): Buffer => {
    const writer = new AvroWriter(1);
    write(writer, value as never);
    return writer.finish();
  };

  it('is written as avsc writes it, read as it was, and skipped as a whole', () => {
    fc.assert(
      fc.property(values, (pair) => {
        const bytes = encode(pair.generated);
        expect(bytes.equals(type.toBuffer(pair.avsc))).toBe(true);
        const reader = new AvroReader(bytes);
        expect(isDeepStrictEqual(read(reader), pair.generated)).toBe(true);
        expect(reader.position).toBe(bytes.length);
        const skipper = new AvroReader(bytes);
        skip(skipper);
        expect(skipper.position).toBe(bytes.length);
      }),
      { numRuns: propertyRuns(1_000) },
    );
  });

  it('never throws anything but AvroDecodeError on any bytes, nor reads beyond them', () => {
    // In a long run more than 100,000 cases for all records; every valid value is damaged in many ways.
    const valid = fc.sample(values, { numRuns: propertyRuns(200), seed }).map((pair) => encode(pair.generated));
    const places = fc.sample(fc.tuple(fc.nat(), fc.nat(255), fc.nat()), { numRuns: propertyRuns(10_000), seed });
    const garbage = fc.sample(fc.uint8Array({ maxLength: 200 }), { numRuns: propertyRuns(7_000), seed });
    const damaged = places.map(([place, byte, cut], index) => {
      const bytes = Buffer.from(valid[index % valid.length]!.subarray(0, 4_000));
      if (bytes.length > 0) bytes[place % bytes.length] = byte;
      return cut % 2 === 0 ? bytes : bytes.subarray(0, cut % (bytes.length + 1));
    });
    const isBeyondNumbers = (bytes: Buffer): boolean => {
      try {
        read(new AvroReader(bytes));
        return false;
      } catch (error) {
        return /beyond 2\^53|more than 64 bits/.test((error as Error).message);
      }
    };
    /** Where the value ends; -1 for bytes that are none. */
    const endOf = (use: (reader: AvroReader) => unknown, bytes: Buffer): number => {
      const reader = new AvroReader(bytes);
      try {
        use(reader);
        return reader.position;
      } catch (error) {
        if (!(error instanceof AvroDecodeError)) throw error;
        return -1;
      }
    };
    for (const bytes of [...damaged, ...garbage.map((array) => Buffer.from(array))]) {
      const end = endOf(read, bytes);
      if (end > bytes.length) expect(end).toBeLessThanOrEqual(bytes.length);
      // Skipping accepts what reading accepts; only a long that a number does not hold is passed over as well.
      const skipped = endOf(skip, bytes);
      if (skipped !== end && !isBeyondNumbers(bytes)) expect(skipped).toBe(end);
    }
  });
});

describe('bytes made to hurt', () => {
  it.each([
    ['an array that claims more items than bytes', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a block of negative count and any size', [0x03, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a long that never ends', Array.from({ length: 100 }, () => 0xff)],
    ['a string longer than memory', [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ])('%s does not hang', (_, bytes) => {
    for (const name of names)
      for (const prefix of [0, 1, 2, 8]) {
        const reader = new AvroReader(Buffer.from([...Array<number>(prefix).fill(0), ...bytes]));
        const outcome = ((): string => {
          try {
            codecs[name].read(reader);
            return 'read';
          } catch (error) {
            return (error as Error).name;
          }
        })();
        expect(['read', 'AvroDecodeError']).toContain(outcome);
      }
  });
});
