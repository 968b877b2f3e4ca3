import type { AvroReader } from '../../schemas/avro-reader.ts';
import { scanSpan, SpanScan } from '../../schemas/generated/span-scan.ts';
import type { InputOffset } from '../input-offsets.ts';
import { makeSpanRecord } from './make-span-record.ts';
import { RecordBlock } from './record-block.ts';
import type { SpanRecord } from './span-record.ts';

/** A SpanBatch with every span's place in the message. */
export interface RecordBatch {
  readonly agentId: number;
  readonly watermarkNs: bigint;
  readonly spans: readonly SpanRecord[];
}

const scan = new SpanScan();

/** Reads a SpanBatch into records that refer to the reader's buffer, which must stay as it is. */
export function readRecordBatch(reader: AvroReader, origin: InputOffset, arrival: number): RecordBatch {
  const agentId = reader.readLong();
  const watermarkNs = reader.readBigLong();
  const spans: SpanRecord[] = [];
  for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount()) {
    const block = new RecordBlock(reader.buffer, reader.position, count, origin, arrival);
    for (let index = 0; index < count; index++) {
      scanSpan(reader, scan);
      spans.push(makeSpanRecord(reader, scan, block));
    }
  }
  return { agentId, watermarkNs, spans };
}

/** Copies a message's bytes, since records refer to them for longer than the bus keeps its buffer. */
export function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
