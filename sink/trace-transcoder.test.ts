import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeValue } from '../core/codec.ts';
import { AvroDecodeError, AvroReader } from '../schemas/avro-reader.ts';
import { type Trace, writeTrace } from '../schemas/generated/trace.ts';
import { aReportedSpan } from '../opentelemetry/testing/a-reported-span.ts';
import { RowBinaryWriter } from './row-binary-writer.ts';
import { arbitraryTrace } from './testing/arbitrary-trace.ts';
import { callEnds } from './testing/call-reference.ts';
import { writeSpanRow } from './testing/span-row-reference.ts';
import { writeTraceRow } from './testing/trace-row-reference.ts';
import { makeLoadTrace } from './testing/traces.ts';
import { orderSpan } from './testing/traces.ts';
import { aTrace } from '../schemas/testing/a-trace.ts';
import { transcodeTrace } from './trace-transcoder.ts';

const newWriters = (chunkBytes?: number): Record<'spans' | 'reportedSpans' | 'trace', RowBinaryWriter> => ({
  spans: new RowBinaryWriter(chunkBytes),
  reportedSpans: new RowBinaryWriter(chunkBytes),
  trace: new RowBinaryWriter(chunkBytes),
});

function transcoded(bytes: Buffer, chunkBytes = 4096): { readonly spans: Buffer; readonly trace: Buffer } {
  const writers = newWriters(chunkBytes);
  const reader = new AvroReader(bytes);
  transcodeTrace(reader, writers);
  expect(reader.position).toBe(bytes.length);
  return { spans: writers.spans.take(), trace: writers.trace.take() };
}

function referenceRows(trace: Trace): { readonly spans: Buffer; readonly trace: Buffer } {
  const spans = new RowBinaryWriter();
  const ends = callEnds(trace.spans);
  for (const [index, span] of trace.spans.entries()) writeSpanRow(spans, trace, span, ends[index]!);
  const row = new RowBinaryWriter();
  writeTraceRow(row, trace);
  return { spans: spans.take(), trace: row.take() };
}

const encode = (trace: Trace): Buffer => encodeValue(trace, writeTrace);

describe('traces from Avro to rows', () => {
  it('gives the rows that reading the records would give', () => {
    fc.assert(
      fc.property(arbitraryTrace(), fc.constantFrom(64, 600, 100_000), (trace, chunkBytes) => {
        const rows = transcoded(encode(trace), chunkBytes);
        const expected = referenceRows(trace);
        expect(rows.spans.equals(expected.spans) && rows.trace.equals(expected.trace)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('copies longs of all 64 bits, but refuses a revision beyond 2^53', () => {
    // A record has doubles for them: these are exact.
    const long = fc.nat(2 ** 20 - 1).map((times) => times * 2 ** 43);
    fc.assert(
      fc.property(arbitraryTrace({ long }), (trace) => {
        expect(transcoded(encode(trace))).toEqual(referenceRows(trace));
      }),
      { numRuns: 200 },
    );
    expect(() => transcoded(encode(aTrace([], { revision: 2 ** 53 })))).toThrow(AvroDecodeError);
  });

  it('links the spans of calls as reading the records would', () => {
    for (let number = 0; number < 50; number++) {
      const trace = makeLoadTrace(number);
      expect(transcoded(encode(trace))).toEqual(referenceRows(trace));
    }
  });

  it('refuses ids that are not hexadecimal', () => {
    const span = orderSpan();
    for (const wrong of [
      aTrace([span], { traceId: 'xyz' }),
      aTrace([span], { traceId: 'g'.repeat(32) }),
      aTrace([span], { mergedInto: 'a'.repeat(31) }),
      aTrace([{ ...span, spanId: '' }]),
      aTrace([{ ...span, parentSpanId: 'a'.repeat(15) + 'é' }]),
    ])
      expect(() => transcoded(encode(wrong))).toThrow(AvroDecodeError);
  });

  it('never does anything but throw AvroDecodeError on bytes that are no trace', () => {
    const trace = makeLoadTrace(3);
    const good = encode({ ...trace, spans: [...trace.spans, aReportedSpan()] });
    const bad = fc.oneof(
      fc.uint8Array({ maxLength: 400 }),
      fc.nat(good.length - 1).map((length) => good.subarray(0, length)),
      fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([position, byte]) => {
        const bytes = Buffer.from(good);
        bytes[position] = byte;
        return bytes;
      }),
    );
    const writers = newWriters();
    fc.assert(
      fc.property(bad, (bytes) => {
        try {
          transcodeTrace(new AvroReader(Buffer.from(bytes)), writers);
        } catch (error) {
          expect(error).toBeInstanceOf(AvroDecodeError);
        } finally {
          for (const writer of Object.values(writers)) writer.discard();
        }
      }),
      { numRuns: 10_000 },
    );
  });
});
