/** Table `spans`: columns of the trace, of the fields of a span, and of the call that the span belongs to. */
import type { RowColumn } from '../../core/clickhouse/clickhouse.ts';
import { spanFieldColumns } from '../generated/span-row.ts';
import { callMinute, serviceMinute } from '../minutes/minute-summary.ts';
import type { Table } from './table.ts';

/** Columns of a span row, in the order of `transcodeTrace`. Enums travel as numbers. */
const columns: readonly RowColumn[] = [
  { name: 'trace_id', type: 'FixedString(16)' },
  { name: 'otel_trace_id', type: 'FixedString(16)' },
  { name: 'revision', type: 'Int64' },
  ...spanFieldColumns,
  { name: 'service_type', type: 'Int32' },
  { name: 'service_id', type: 'Int32' },
  { name: 'is_call', type: 'Bool' },
  { name: 'call_client_type', type: 'Int32' },
  { name: 'call_client_id', type: 'Int32' },
  { name: 'call_server_type', type: 'Int32' },
  { name: 'call_server_id', type: 'Int32' },
];

/** One row a span. */
export const spansTable: Table = { name: 'spans', columns, summaries: [callMinute, serviceMinute], expiry: {} };
