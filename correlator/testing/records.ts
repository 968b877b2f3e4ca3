import { encodeValue } from '../../core/codec.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { writeSpanBatch } from '../../schemas/generated/span-batch.ts';
import { readRecordBatch } from '../span-batch-reader.ts';
import type { SpanRecord } from '../span-record.ts';

/** A span as the correlator keeps it. */
export function recordOf(span: Span): SpanRecord {
  const bytes = encodeValue({ agentId: span.agentId, watermarkNs: 0n, spans: [span] }, writeSpanBatch);
  return readRecordBatch(new AvroReader(bytes), { source: 'spans/0', offset: 0, acceptedMs: 0, held: 0 }, 1).spans[0]!;
}
