/** Rows of table `trace`: what a list of traces shows. */
import type { RowColumn } from '../core/clickhouse/clickhouse.ts';
import { protocolIndex, spanStatusIndex } from '../schemas/generated/span.ts';
import type { Trace } from '../schemas/generated/trace.ts';
import { ownSide, serviceOf } from './calls.ts';
import type { RowBinaryWriter } from './row-binary-writer.ts';

/** Columns of a trace row, in the order of {@link writeTraceRow}. */
export const traceColumns: readonly RowColumn[] = [
  { name: 'trace_id', type: 'FixedString(16)' },
  { name: 'version', type: 'Int64' },
  { name: 'revision', type: 'Int64' },
  { name: 'merged_into', type: 'FixedString(16)' },
  { name: 'root_span_id', type: 'FixedString(8)' },
  { name: 'root_count', type: 'Int32' },
  { name: 'start_time', type: "DateTime64(9, 'UTC')" },
  { name: 'duration_ns', type: 'Int64' },
  { name: 'error_count', type: 'Int32' },
  { name: 'span_count', type: 'Int32' },
  { name: 'root_service_type', type: 'Int32' },
  { name: 'root_service_id', type: 'Int32' },
  { name: 'root_process_name', type: 'String' },
  { name: 'root_observation_point', type: 'String' },
  { name: 'root_protocol', type: 'Int8' },
  { name: 'root_request_type', type: 'String' },
  { name: 'root_endpoint', type: 'String' },
  { name: 'root_status', type: 'Int8' },
  { name: 'root_response_code', type: 'Int32' },
];

/** Writes the row of one revision of a trace. */
export function writeTraceRow(writer: RowBinaryWriter, trace: Trace): void {
  const root = trace.spans.find((span) => span.spanId === trace.rootSpanId);
  const service = root === undefined ? undefined : serviceOf(ownSide(root));
  writer.writeHex(trace.traceId, 16);
  writer.writeInt64(trace.revision * 2 + (trace.mergedInto === '' ? 0 : 1));
  writer.writeInt64(trace.revision);
  writer.writeHex(trace.mergedInto, 16);
  writer.writeHex(trace.rootSpanId, 8);
  writer.writeInt32(trace.rootCount);
  writer.writeBigInt64(trace.startTimeNs);
  writer.writeInt64(trace.durationNs);
  writer.writeInt32(trace.errorCount);
  writer.writeInt32(trace.spans.length);
  writer.writeInt32(service?.type ?? 0);
  writer.writeInt32(service?.id ?? 0);
  writer.writeString(root?.processName ?? '');
  writer.writeString(root?.observationPoint ?? '');
  writer.writeInt8(protocolIndex[root?.protocol ?? 'unknown']);
  writer.writeString(root?.requestType ?? '');
  writer.writeString(root?.endpoint ?? '');
  writer.writeInt8(spanStatusIndex[root?.status ?? 'unknown']);
  writer.writeInt32(root?.responseCode ?? 0);
}
