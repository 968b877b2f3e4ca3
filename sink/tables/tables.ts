import { flowTable } from './flow.ts';
import { reportedSpanTable } from './reported-span.ts';
import { resourceTable } from './resource.ts';
import { spansTable } from './spans.ts';
import type { Table } from './table.ts';
import { stageReportTable } from './stage-report.ts';
import { traceTable } from './trace.ts';

/**
 * The tables that the sink fills, in the order in which it stores their rows: resources before the flows and spans that
 * name them, flows before the spans over them, what applications reported before the spans it belongs to, spans before the trace that
 * lists them. So a reader never sees a reference to a row that is not there yet.
 */
export const tables: readonly Table[] = [
  resourceTable,
  flowTable,
  reportedSpanTable,
  spansTable,
  traceTable,
  stageReportTable,
];
