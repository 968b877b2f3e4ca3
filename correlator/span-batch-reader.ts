import type { AvroReader } from '../schemas/avro-reader.ts';
import { readSpan } from '../schemas/generated/span.ts';
import type { HeldOffset } from './held-offsets.ts';
import { SpanRecord } from './span-record.ts';

/** A SpanBatch with every span's place in the message. */
export interface RecordBatch {
  readonly agentId: number;
  readonly watermarkNs: bigint;
  readonly spans: readonly SpanRecord[];
}

/** Passes over parent_span_id, reason and confidence, the fields that the correlator writes anew. */
function skipEdge(reader: AvroReader): void {
  reader.readBytes();
  reader.readLong();
  reader.readDouble();
}

/** Reads a SpanBatch into records that refer to the reader's buffer, which must stay as it is. */
export function readRecordBatch(reader: AvroReader, origin: HeldOffset, arrival: number): RecordBatch {
  const agentId = reader.readLong();
  const watermarkNs = reader.readBigLong();
  const spans: SpanRecord[] = [];
  for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount()) {
    for (let index = 0; index < count; index++) {
      const start = reader.position;
      skipEdge(reader);
      const bodyStart = reader.position;
      reader.position = start;
      const span = readSpan(reader);
      spans.push(new SpanRecord(span, reader.buffer, bodyStart, reader.position, origin, arrival));
    }
  }
  return { agentId, watermarkNs, spans };
}

/** A message's bytes for as long as records refer to them; the message's own are the bus's. */
export function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
