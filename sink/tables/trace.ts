import { traceColumns } from '../trace-transcoder.ts';
import type { Table } from './table.ts';

/** One row a trace; a later revision replaces an earlier one. */
export const traceTable: Table = {
  name: 'trace',
  columns: traceColumns,
  // A trace that was merged into another has no time. Its row stays, or an older revision would become visible again.
  expiry: { onlyWhere: 'span_count > 0' },
};
