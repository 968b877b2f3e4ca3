import { definedIn } from './model.ts';
import { rowModule, type RowSpec } from './row.ts';

/** Copiers by the file that each is generated to, in sink/generated/. */
const rows: Readonly<Record<string, RowSpec>> = {
  'span-row': {
    record: 'Span',
    hex: {
      parent_span_id: { bytes: 8, mayBeEmpty: true },
      span_id: { bytes: 8 },
      'likely_parents.span_id': { bytes: 8 },
      'causes.span_id': { bytes: 8 },
    },
    times: { start_time_ns: 'start_time' },
    values: ['reason', 'signal_source', 'status', 'protocol', 'response_code'],
    positions: ['parent_span_id', 'observation_point', 'request_type', 'endpoint', 'process_name'],
    rowPositions: ['parent_span_id', 'span_id', 'start_time_ns', 'client.port', 'server.port'],
    // It goes into a table of its own: a span that no application reported costs nothing by it.
    omitted: ['otlp'],
  },
  'trace-row': {
    record: 'Trace',
    hex: {
      trace_id: { bytes: 16 },
      merged_into: { bytes: 16, mayBeEmpty: true },
      carried_trace_id: { bytes: 16, mayBeEmpty: true },
      root_span_id: { bytes: 8, mayBeEmpty: true },
    },
    times: { start_time_ns: 'start_time' },
    values: ['revision'],
    positions: ['merged_into', 'carried_trace_id', 'root_span_id'],
    rowPositions: ['trace_id', 'carried_trace_id', 'root_span_id', 'start_time_ns'],
    until: 'spans',
  },
  'flow-row': {
    record: 'Flow',
    hex: {},
    times: { start_time_ns: 'start_time' },
    values: [],
    positions: [],
    rowPositions: ['start_time_ns'],
  },
};

/** Modules of all copiers, by their path relative to schemas/. */
export function rowModules(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(rows).map(([file, spec]) => [
      `../sink/generated/${file}.ts`,
      rowModule(spec, (name) => definedIn.get(name)!),
    ]),
  );
}
