import { encodeValue } from '../../core/codec.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { writeSpanBatch } from '../../schemas/generated/span-batch.ts';
import type { InputOffset } from '../input-offsets.ts';
import { readRecordBatch } from '../spans/span-batch-reader.ts';
import type { SpanRecord } from '../spans/span-record.ts';

const nowhere: InputOffset = { source: 'spans/0', offset: 0, acceptedMs: 0, spansInState: 0 };

/** A span as the correlator keeps it. */
export function recordOf(span: Span, origin: InputOffset = nowhere): SpanRecord {
  const bytes = encodeValue({ agentId: span.agentId, watermarkNs: 0n, spans: [span] }, writeSpanBatch);
  return readRecordBatch(new AvroReader(bytes), origin, 1).spans[0]!;
}
