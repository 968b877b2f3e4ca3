import type { RowColumn } from '../core/clickhouse/clickhouse.ts';

/** Columns of a trace row, in the order of `transcodeTrace`. */
export const traceColumns: readonly RowColumn[] = [
  { name: 'trace_id', type: 'FixedString(16)' },
  { name: 'version', type: 'Int64' },
  { name: 'revision', type: 'Int64' },
  { name: 'merged_into', type: 'FixedString(16)' },
  { name: 'carried_trace_id', type: 'FixedString(16)' },
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
