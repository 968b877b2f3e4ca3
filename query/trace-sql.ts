/** SQL for one trace. */
import { type ResourceKind, resourceKindIndex } from '../schemas/generated/resource.ts';
import { bytesLiteral, integerLiteral, timeLiteral } from '../core/clickhouse/sql-literal.ts';

/** A row of {@link traceRowsSql}. */
export interface TraceRow {
  readonly trace_id: string;
  readonly revision: number;
  /** Empty unless the trace was merged into another. */
  readonly merged_into: string;
  readonly root_span_id: string;
  readonly root_count: number;
  readonly start_time_ns: string;
  readonly duration_ns: number;
  readonly error_count: number;
}

/** Traces whose id begins with these hex digits. */
export function traceRowsSql(prefix: string, limit: number): string {
  const [low, high] = [prefix.padEnd(32, '0'), prefix.padEnd(32, 'f')];
  return `SELECT lower(hex(id)) AS trace_id, revision,
      if(merged = toFixedString('', 16), '', lower(hex(merged))) AS merged_into,
      if(root = toFixedString('', 8), '', lower(hex(root))) AS root_span_id, root_count,
      toString(toUnixTimestamp64Nano(start_time)) AS start_time_ns, duration_ns, error_count
    FROM (
      SELECT trace_id AS id, merged_into AS merged, root_span_id AS root, * FROM trace FINAL
      WHERE trace_id >= ${bytesLiteral(low)} AND trace_id <= ${bytesLiteral(high)})
    ORDER BY id LIMIT ${integerLiteral(limit)}`;
}

const nameOf = (type: string, id: string): string => `nullIf(resource_name(${type}, ${id}, start), '')`;

/** Columns of a side that hold ids of one kind each, without the side. */
const taggedKinds = [
  ['region', 'region_id'],
  ['zone', 'zone_id'],
  ['vpc', 'vpc_id'],
  ['subnet', 'subnet_id'],
  ['host', 'host_id'],
  ['instance', 'instance_id'],
  ['cluster', 'cluster_id'],
  ['node', 'node_id'],
  ['namespace', 'namespace_id'],
  ['workload', 'workload_id'],
  ['pod', 'pod_id'],
  ['service', 'service_id'],
  ['process', 'process_resource_id'],
] as const satisfies readonly (readonly [ResourceKind, string])[];

/** Names of everything that one side is tagged with, by kind; beside them `auto_instance` and `auto_service`. */
function sideNames(side: 'client' | 'server'): string {
  const names = [
    ...taggedKinds.map(([kind, column]) => [kind, String(resourceKindIndex[kind]), `${side}_${column}`] as const),
    ...['auto_instance', 'auto_service'].map((auto) => [auto, `${side}_${auto}_type`, `${side}_${auto}_id`] as const),
  ];
  const pairs = names.map(([key, type, id]) => `'${key}', if(${id} = 0, '', coalesce(${nameOf(type, id)}, ''))`);
  return `mapFilter((key, name) -> name != '', map(${pairs.join(',\n        ')}))`;
}

/** Columns that are no field of the span record. */
const otherColumns = [
  'trace_id',
  'revision',
  'start_time',
  'service_type',
  'service_id',
  'is_call',
  'call_client_type',
  'call_client_id',
  'call_server_type',
  'call_server_id',
];

/** A version of a span. */
export interface SpanVersion {
  readonly spanId: string;
  readonly startTimeNs: bigint;
  readonly revision: number;
}

/** A row of {@link spanIndexSql}. */
export interface SpanIndexRow {
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly start_time_ns: string;
  readonly revision: number;
  /** Of its texts that may be long. */
  readonly text_bytes: number;
}

/**
 * The present version of each span of a trace, without what is in it. The range in time is what makes it quick: spans are
 * in the order of their start.
 */
export function spanIndexSql(trace: TraceRow, limit: number): string {
  const startNs = BigInt(trace.start_time_ns);
  const endNs = startNs + BigInt(trace.duration_ns);
  return `SELECT lower(hex(id)) AS span_id, if(parent = toFixedString('', 8), '', lower(hex(parent))) AS parent_span_id,
      toString(toUnixTimestamp64Nano(start)) AS start_time_ns, revision, text_bytes
    FROM (
      SELECT span_id AS id, parent_span_id AS parent, start_time AS start, revision, ${textBytes} AS text_bytes
      FROM spans FINAL
      WHERE start_time >= ${timeLiteral(startNs)} AND start_time <= ${timeLiteral(endNs)}
        AND trace_id = ${bytesLiteral(trace.trace_id)}
      ORDER BY start_time, span_id LIMIT ${integerLiteral(limit)})
    ORDER BY start, id`;
}

const longTexts = ['request_resource', 'endpoint', 'response_exception', 'response_result', 'forwarded_for', 'user_agent'];
const textBytes = longTexts.map((column) => `length(${column})`).join(' + ');

/**
 * These versions of spans of a trace with the names of their schema; sides are still flat. Without FINAL: a version stays
 * readable until parts merge, also when there is a later one.
 */
export function spanRowsSql(trace: TraceRow, versions: readonly SpanVersion[]): string {
  const starts = versions.map(({ startTimeNs }) => startTimeNs);
  const [firstNs, lastNs] = starts.reduce(
    ([first, last], start) => [start < first ? start : first, start > last ? start : last],
    [starts[0]!, starts[0]!],
  );
  const keys = versions.map(({ spanId, revision }) => `(${bytesLiteral(spanId)}, ${integerLiteral(revision)})`);
  return `SELECT * EXCEPT (start, ${otherColumns.join(', ')}) REPLACE (
      if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))) AS parent_span_id,
      lower(hex(span_id)) AS span_id,
      CAST(arrayMap(cause -> (cause.1, lower(hex(cause.2)), cause.3, cause.4, cause.5), causes)
        AS Array(Tuple(kind String, span_id String, rule String, confidence Float64, learned Bool))) AS causes),
      toString(toUnixTimestamp64Nano(start)) AS start_time_ns,
      coalesce(${nameOf('service_type', 'service_id')}, toString(process_name)) AS service_name,
      coalesce(${nameOf('call_client_type', 'call_client_id')}, '') AS client_service_name,
      coalesce(${nameOf('call_server_type', 'call_server_id')}, '') AS server_service_name,
      ${sideNames('client')} AS client_names,
      ${sideNames('server')} AS server_names
    FROM (
      SELECT start_time AS start, * FROM spans
      WHERE start_time >= ${timeLiteral(firstNs!)} AND start_time <= ${timeLiteral(lastNs!)}
        AND trace_id = ${bytesLiteral(trace.trace_id)} AND (span_id, revision) IN (${keys.join(', ')})
      LIMIT 1 BY span_id)`;
}
