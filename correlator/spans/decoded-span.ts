import { AvroReader } from '../../schemas/avro-reader.ts';
import { readSpan, type Span } from '../../schemas/generated/span.ts';
import { scanSpan, SpanScan } from '../../schemas/generated/span-scan.ts';
import type { SpanRecord } from './span-record.ts';

/** No parent, reason, confidence, likely parents and translated addresses: what stands before a span's body. */
const noEdge = Buffer.alloc(1 + 1 + 8 + 1 + 1);

/** All of a span but its edge, decoded at each call: for the few decisions that the record is not enough for. */
export function decodedSpan({ bytes, bodyStart, bodyEnd }: SpanRecord): Span {
  return readSpan(readerOf(bytes, bodyStart, bodyEnd));
}

const scan = new SpanScan();

/** Where in a span's bytes its client side begins, looked for at each call. */
export function clientStart({ bytes, bodyStart, bodyEnd }: SpanRecord): number {
  scanSpan(readerOf(bytes, bodyStart, bodyEnd), scan);
  return scan.clientAt - noEdge.length + bodyStart;
}

function readerOf(bytes: Buffer, bodyStart: number, bodyEnd: number): AvroReader {
  return new AvroReader(Buffer.concat([noEdge, bytes.subarray(bodyStart, bodyEnd)]));
}
