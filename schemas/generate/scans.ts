import { definedIn } from './model.ts';
import { scanModule, type ScanSpec } from './scan.ts';

/** Scans by the file that each is generated to. */
const scans: Readonly<Record<string, ScanSpec>> = {
  'span-scan': {
    name: 'SpanScan',
    doc: 'What the correlator decides by of a span.',
    record: 'Span',
    values: [
      'parent_span_id',
      'reason',
      'confidence',
      'span_id',
      'agent_id',
      'start_time_ns',
      'duration_ns',
      'status',
      'protocol',
      'transport',
      'request_event_id',
      'response_event_id',
      'request_tcp_sequence',
      'response_tcp_sequence',
      'request_id',
      'process_id',
      'request_context_id',
      'response_context_id',
      'time_to_first_byte_ns',
      'client.port',
      'server.port',
    ],
    positions: [
      'likely_parents',
      'span_id',
      'observation_point',
      'request_type',
      'endpoint',
      'header_trace_id',
      'header_span_id',
      'x_request_id_request',
      'x_request_id_response',
      'causes',
      'client',
      'server',
    ],
  },
};

/** Modules of all scans, by their path relative to schemas/. */
export function scanModules(): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(scans).map(([file, spec]) => [
      `generated/${file}.ts`,
      scanModule(spec, (name) => definedIn.get(name)!),
    ]),
  );
}
