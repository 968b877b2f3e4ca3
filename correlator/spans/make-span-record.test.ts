import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeValue } from '../../core/codec.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readSpanBatch, writeSpanBatch } from '../../schemas/generated/span-batch.ts';
import { writeSpan } from '../../schemas/generated/span.ts';
import { readRecordBatch } from './span-batch-reader.ts';
import type { SpanRecord } from './span-record.ts';
import { side } from '../testing/span-messages.ts';
import { aSpan } from '../../schemas/testing/a-span.ts';
import { wildBatches, wildMessages } from '../testing/wild-spans.ts';

const origin = { source: 'spans/0', offset: 0, acceptedMs: 0, spansInState: 0 };
const same = [
  'spanId',
  'agentId',
  'observationPoint',
  'startTimeNs',
  'durationNs',
  'protocol',
  'transport',
  'requestEventId',
  'responseEventId',
  'requestId',
  'headerSpanId',
  'xRequestIdRequest',
  'xRequestIdResponse',
  'processId',
  'requestContextId',
  'responseContextId',
] as const;

function readBoth(
  value: Buffer,
): readonly (readonly [ReturnType<typeof readSpanBatch>['spans'][number], SpanRecord])[] {
  const { spans } = readSpanBatch(new AvroReader(value));
  const records = readRecordBatch(new AvroReader(value), origin, 7).spans;
  expect(records).toHaveLength(spans.length);
  return spans.map((span, index) => [span, records[index]!]);
}

describe('a record of a span', () => {
  test('knows what the generated reader reads, and where its bytes are', () => {
    fc.assert(
      fc.property(wildMessages, (wild) => {
        for (const { value } of wildBatches(wild))
          for (const [span, record] of readBoth(value)) {
            for (const field of same) expect(record[field]).toEqual(span[field]);
            const { headerTraceId } = span;
            const isShort = /^[0-9a-f]{16}$/.test(headerTraceId);
            expect(record.headerTraceId).toBe(isShort ? '0'.repeat(16) + headerTraceId : headerTraceId);
            expect(record.causes).toEqual(span.causes);
            const { responseEventId, timeToFirstByteNs, durationNs } = span;
            const isInParts = responseEventId !== 0 && timeToFirstByteNs > 0 && durationNs > timeToFirstByteNs;
            expect(record.answersInParts).toBe(isInParts);
            expect(record.wasBrokenOff).toBe(responseEventId === 0 || span.status === 'closed');
            expect(record.endTimeNs).toBe(span.startTimeNs + BigInt(durationNs));
            expect(record.startNs).toBe(Number(span.startTimeNs));
            expect(record.requestTcpSequence).toBe(span.requestTcpSequence | 0);
            expect(record.responseTcpSequence).toBe(span.responseTcpSequence | 0);
            expect(record.failed).toBe(['client_error', 'server_error', 'timeout', 'closed'].includes(span.status));
            expect(record.statedParentSpanId).toBe(record.role === 'application' ? span.parentSpanId : '');
            const question = span.transport === 'udp' ? `${span.requestType} ${span.requestResource}` : '';
            expect(record.question).toBe(question);
            const whole = encodeValue(span, writeSpan);
            const { bytes, bodyStart, bodyEnd } = record;
            expect(whole.subarray(-(bodyEnd - bodyStart))).toEqual(bytes.subarray(bodyStart, bodyEnd));
          }
      }),
    );
  });

  test('has one tuple for a call, whether its addresses are mapped or not', () => {
    const mapped = (host: number): Uint8Array => Uint8Array.of(...Array<number>(10).fill(0), 255, 255, 10, 0, 0, host);
    const spans = [
      aSpan({ spanId: '0'.repeat(16), client: side(1, 40_000), server: side(2, 80) }),
      aSpan({
        spanId: '1'.repeat(16),
        client: { ...side(1, 40_000), address: mapped(1) },
        server: { ...side(2, 80), address: mapped(2) },
      }),
      aSpan({ spanId: '2'.repeat(16), client: side(2, 40_000), server: side(1, 80) }),
    ];
    const value = encodeValue({ agentId: 1, watermarkNs: 0n, spans }, writeSpanBatch);
    const [plain, same, other] = readBoth(value).map(([, { tuple }]) => tuple);
    expect(same).toBe(plain);
    expect(other).not.toBe(plain);
  });

  test('a text that is no ASCII, or long, is read as it is, also the second time', () => {
    for (const text of ['é'.repeat(10), 'ö', '\u{1f600}', 'x'.repeat(200), 'Ã©'.repeat(5)]) {
      const span = aSpan({ spanId: '1', xRequestIdRequest: text, xRequestIdResponse: text });
      const value = encodeValue({ agentId: 1, watermarkNs: 0n, spans: [span, span] }, writeSpanBatch);
      for (const [, record] of readBoth(value))
        expect([record.xRequestIdRequest, record.xRequestIdResponse]).toEqual([text, text]);
    }
  });

  test('a message that says it has more spans than it can hold is refused without taking memory for them', () => {
    const value = encodeValue({ agentId: 1, watermarkNs: 0n, spans: [aSpan({ spanId: '1' })] }, writeSpanBatch);
    const reader = new AvroReader(value);
    reader.readLong();
    reader.readBigLong();
    const lying = Buffer.concat([
      value.subarray(0, reader.position),
      Buffer.from([0x80, 0x01]),
      value.subarray(-8_000),
    ]);
    expect(() => readRecordBatch(new AvroReader(lying), origin, 1)).toThrow();
  });
});
