/** What the outline of a trace has of each span; apart from its schema, so that the page has the names without the library of schemas. */

/** Columns of texts. */
export const outlineTextNames = [
  'agent_id',
  'observation_point',
  'service_name',
  'client_service_name',
  'client_address',
  'server_service_name',
  'server_address',
  'request_type',
  'endpoint',
  'protocol',
  'status',
  'process_name',
  'reason',
  'response_exception',
  'tunnels',
] as const;

/** Columns of numbers. */
export const outlineNumberNames = [
  'start_offset_ns',
  'duration_ns',
  'server_port',
  'response_code',
  'confidence',
  'likely_parents',
] as const;

/** The same for each column. */
export const columnsOf = <Name extends string, Column>(
  names: readonly Name[],
  column: Column,
): Readonly<Record<Name, Column>> =>
  Object.fromEntries(names.map((name) => [name, column])) as Readonly<Record<Name, Column>>;

/** No more spans of a trace are in its outline. */
export const maxOutlineSpans = 250_000;
