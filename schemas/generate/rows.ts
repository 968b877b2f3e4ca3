import { definedIn } from './model.ts';
import { rowModule, type RowSpec } from './row.ts';

/** Copiers by the file that each is generated to, in sink/generated/. */
const rows: Readonly<Record<string, RowSpec>> = {
  'span-row': {
    record: 'Span',
    hex: {
      parent_span_id: { bytes: 8, mayBeEmpty: true },
      span_id: { bytes: 8 },
      'causes.span_id': { bytes: 8 },
    },
    times: { start_time_ns: 'start_time' },
    positions: [
      'parent_span_id',
      'reason',
      'span_id',
      'observation_point',
      'status',
      'protocol',
      'request_type',
      'endpoint',
      'response_code',
      'process_name',
    ],
    rowPositions: ['start_time_ns', 'client.port', 'server.port'],
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
