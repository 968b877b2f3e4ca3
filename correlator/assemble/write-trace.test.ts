import { expect, test } from 'vitest';
import { encodeValue } from '../../core/codec.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readTrace, writeTrace } from '../../schemas/generated/trace.ts';
import { recordOf } from '../testing/records.ts';
import { afterRequest, hexId } from '../testing/span-messages.ts';
import { epochNs, aSpan } from '../../schemas/testing/a-span.ts';
import { writeAssembledTrace } from './write-trace.ts';

test('a trace written from copied bytes is what the generated writer makes of it', () => {
  const root = aSpan({ spanId: hexId(1), durationNs: 5_000_000, status: 'server_error' });
  const child = aSpan({
    spanId: hexId(2),
    startTimeNs: epochNs - 1_000n,
    durationNs: 7_000_000,
    requestResource: '/größer/than/sixteen/bytes',
    causes: [afterRequest(root)],
  });
  const [rootRecord, childRecord] = [recordOf(root), recordOf(child)];
  childRecord.edge = { parent: rootRecord, reason: 'agreement', confidence: 0.75 };
  const head = { traceId: 'ab'.repeat(16), revision: 2, carriedTraceId: 'cd'.repeat(16) };
  const expected = encodeValue(
    {
      ...head,
      mergedInto: '',
      rootSpanId: root.spanId,
      rootCount: 1,
      startTimeNs: epochNs - 1_000n,
      durationNs: 7_000_000,
      errorCount: 1,
      spans: [
        { ...root, reason: 'root' },
        { ...child, parentSpanId: root.spanId, reason: 'agreement', confidence: 0.75 },
      ],
    },
    writeTrace,
  );
  expect(writeAssembledTrace(head, { spans: [rootRecord, childRecord], rootCount: 1 })).toEqual(expected);
});

test('spans that an id joined over many years are a trace that can be read', () => {
  const first = aSpan({ spanId: hexId(1), startTimeNs: 0n });
  const last = aSpan({ spanId: hexId(2) });
  const head = { traceId: 'ab'.repeat(16), revision: 2, carriedTraceId: '' };
  const bytes = writeAssembledTrace(head, { spans: [recordOf(first), recordOf(last)], rootCount: 2 });
  expect(readTrace(new AvroReader(bytes)).durationNs).toBe(Number.MAX_SAFE_INTEGER);
});
