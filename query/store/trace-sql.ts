/** SQL for one trace. */
import { bytesLiteral, integerLiteral, plainBytesLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';

/** A row of {@link traceRowsSql}. */
export interface TraceRow {
  readonly trace_id: string;
  readonly revision: number;
  /** Empty unless the trace was merged into another. */
  readonly merged_into: string;
  /** Empty unless headers of its spans carry exactly one W3C trace id. */
  readonly carried_trace_id: string;
  readonly root_span_id: string;
  readonly root_count: number;
  readonly start_time_ns: string;
  readonly duration_ns: number;
  readonly error_count: number;
}

/** Traces that are stored by an id that begins with these hex digits. */
export function traceRowsSql(prefix: string, limit: number): string {
  const [low, high] = [prefix.padEnd(32, '0'), prefix.padEnd(32, 'f')];
  return rowsSql(`trace_id >= ${bytesLiteral(low)} AND trace_id <= ${bytesLiteral(high)}`, limit);
}

/** Traces that are stored by these ids. */
export function traceRowsWithIdsSql(ids: readonly string[]): string {
  return rowsSql(`trace_id IN (${ids.map(bytesLiteral).join(', ')})`, ids.length);
}

/** The trace that is stored by this id, if there is one, then those that carry it, by start. @param id 32 hex digits */
export function traceRowsOfIdSql(id: string, limit: number): string {
  const literal = bytesLiteral(id);
  const carriers = `SELECT trace_id FROM trace_by_carried_id WHERE carried_trace_id = ${literal}`;
  return rowsSql(
    `trace_id = ${literal}
        OR (trace_id IN (${carriers}) AND carried_trace_id = ${literal} AND merged_into = toFixedString('', 16))`,
    limit,
    `id = ${literal} DESC, start_time, id`,
  );
}

function rowsSql(condition: string, limit: number, order = 'id'): string {
  return `SELECT lower(hex(id)) AS trace_id, revision,
      if(merged = toFixedString('', 16), '', lower(hex(merged))) AS merged_into,
      if(carried = toFixedString('', 16), '', lower(hex(carried))) AS carried_trace_id,
      if(root = toFixedString('', 8), '', lower(hex(root))) AS root_span_id, root_count,
      toString(toUnixTimestamp64Nano(start_time)) AS start_time_ns, duration_ns, error_count
    FROM (
      SELECT trace_id AS id, merged_into AS merged, carried_trace_id AS carried, root_span_id AS root, * FROM trace_version FINAL
      WHERE ${condition})
    ORDER BY ${order} LIMIT ${integerLiteral(limit)}`;
}

/** Kinds and ids of the services of a span. */
export const serviceColumns = [
  'service_type',
  'service_id',
  'call_client_type',
  'call_client_id',
  'call_server_type',
  'call_server_id',
] as const;

/** Columns that are no field of the span record. */
const otherColumns = ['trace_id', 'otel_trace_id', 'revision', 'start_time', 'is_call', ...serviceColumns];

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
}

/**
 * The present version of each span of a trace, without what is in it. The range in time is what makes it quick: spans are
 * in the order of their start. The requests of one call come in the order in which they stood in it.
 */
export function spanIndexSql(trace: TraceRow, limit: number): string {
  const startNs = BigInt(trace.start_time_ns);
  const endNs = startNs + BigInt(trace.duration_ns);
  return `SELECT lower(hex(id)) AS span_id, if(parent = toFixedString('', 8), '', lower(hex(parent))) AS parent_span_id,
      toString(toUnixTimestamp64Nano(start)) AS start_time_ns, revision
    FROM (
      SELECT span_id AS id, parent_span_id AS parent, start_time AS start, revision,
        agent_id AS agent, request_event_id AS event, request_tcp_sequence AS place
      FROM spans FINAL
      WHERE start_time >= ${timeLiteral(startNs)} AND start_time <= ${timeLiteral(endNs)}
        AND trace_id = ${bytesLiteral(trace.trace_id)}
      ORDER BY start_time, span_id LIMIT ${integerLiteral(limit)})
    ORDER BY start, agent, event, place, id`;
}

/**
 * These versions of spans of a trace with the names of their schema; sides are still flat, `services` has the values of
 * {@link serviceColumns}. Without FINAL: a version stays readable until parts merge, also when there is a later one.
 */
export function spanRowsSql(trace: TraceRow, versions: readonly SpanVersion[]): string {
  const starts = versions.map(({ startTimeNs }) => startTimeNs);
  const [firstNs, lastNs] = starts.reduce(
    ([first, last], start) => [start < first ? start : first, start > last ? start : last],
    [starts[0]!, starts[0]!],
  );
  const keys = versions.map(({ spanId, revision }) => `(${plainBytesLiteral(spanId)}, ${integerLiteral(revision)})`);
  return `SELECT * EXCEPT (start, ${otherColumns.join(', ')}) REPLACE (
      if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))) AS parent_span_id,
      lower(hex(span_id)) AS span_id,
      CAST(arrayMap(likely -> (lower(hex(likely.1)), toString(likely.2), likely.3, likely.4), likely_parents)
        AS Array(Tuple(span_id String, start_time_ns String, reason String, confidence Float64))) AS likely_parents,
      CAST(arrayMap(cause -> (cause.1, lower(hex(cause.2)), cause.3, cause.4, cause.5), causes)
        AS Array(Tuple(kind String, span_id String, rule String, confidence Float64, learned Bool))) AS causes),
      toString(toUnixTimestamp64Nano(start)) AS start_time_ns,
      [${serviceColumns.map((column) => `toInt32(${column})`).join(', ')}] AS services
    FROM (
      SELECT start_time AS start, * FROM spans
      WHERE start_time >= ${timeLiteral(firstNs)} AND start_time <= ${timeLiteral(lastNs)}
        AND trace_id = ${bytesLiteral(trace.trace_id)} AND (span_id, revision) IN (${keys.join(', ')})
      LIMIT 1 BY span_id)`;
}
