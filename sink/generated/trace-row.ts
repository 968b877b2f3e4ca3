// Generated from schemas/avro/ by `npm run generate`; see schemas/generate/rows.ts. Do not edit.
import type { RowColumn } from '../../core/clickhouse/clickhouse.ts';
import type { AvroReader } from '../../schemas/avro-reader.ts';
import { copyHex, copyInt, copyLongs, copySafeLong } from '../avro-copy.ts';
import type { RowBinaryWriter } from '../row-binary-writer.ts';

/** Columns that a Trace fills, in the order of its fields. */
export const traceFieldColumns: readonly RowColumn[] = [
  { name: 'trace_id', type: "FixedString(16)" },
  { name: 'revision', type: "Int64" },
  { name: 'merged_into', type: "FixedString(16)" },
  { name: 'carried_trace_id', type: "FixedString(16)" },
  { name: 'root_span_id', type: "FixedString(8)" },
  { name: 'root_count', type: "Int32" },
  { name: 'start_time', type: "DateTime64(9, 'UTC')" },
  { name: 'duration_ns', type: "Int64" },
  { name: 'error_count', type: "Int32" },
];

/** Values of the Trace that was copied last, and where parts of it are: `…At` in the Avro bytes, `…InRow` in the writer's. */
export class TraceMarks {
  traceIdInRow = 0;
  revision = 0;
  mergedIntoAt = 0;
  carriedTraceIdAt = 0;
  carriedTraceIdInRow = 0;
  rootSpanIdAt = 0;
  rootSpanIdInRow = 0;
  startTimeNsInRow = 0;
}

/** Reads one Trace up to `spans` and writes its columns. Throws AvroDecodeError on bytes that are none, or ids that are not hexadecimal. */
export function copyTrace(reader: AvroReader, writer: RowBinaryWriter, marks: TraceMarks): void {
  marks.traceIdInRow = writer.length;
  copyHex(reader, writer, 16, false);
  marks.revision = copySafeLong(reader, writer);
  marks.mergedIntoAt = reader.position;
  copyHex(reader, writer, 16, true);
  marks.carriedTraceIdAt = reader.position;
  marks.carriedTraceIdInRow = writer.length;
  copyHex(reader, writer, 16, true);
  marks.rootSpanIdAt = reader.position;
  marks.rootSpanIdInRow = writer.length;
  copyHex(reader, writer, 8, true);
  copyInt(reader, writer);
  marks.startTimeNsInRow = writer.length;
  copyLongs(reader, writer, 2);
  copyInt(reader, writer);
}
