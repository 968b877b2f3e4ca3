/** SQL for lists of traces. */
import { integerLiteral, plainBytesLiteral, stringLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { SpanFilter, TraceFilter } from './trace-store.ts';
import { errorStatuses } from '../where/error-statuses.ts';
import { whereSql } from '../where/where-sql.ts';

/** A trace that may belong to a list: some version of it does. */
export interface Candidate {
  readonly trace_id: string;
  readonly sort_key: string;
}

/** A row of {@link summarySql}. */
export interface SummaryRow {
  readonly trace_id: string;
  readonly carried_trace_id: string;
  readonly sort_key: string;
  readonly revision: number;
  readonly start_time_ns: string;
  readonly duration_ns: number;
  readonly span_count: number;
  readonly error_count: number;
  readonly root_count: number;
  readonly root_service_name: string;
  readonly root_protocol: string;
  readonly root_request_type: string;
  readonly root_endpoint: string;
  readonly root_status: string;
  readonly root_response_code: number;
}

/** True when the filter asks for spans, which are in another table. */
export function asksForSpans({ service, endpoint, protocol, status, where }: TraceFilter): boolean {
  return [service, endpoint, protocol, status, where].some((asked) => asked !== undefined);
}

/** What is asked of spans, and that none begins before `from`. */
export function spanConditions(filter: SpanFilter): readonly string[] {
  const conditions: string[] = [];
  const { service, endpoint, protocol, status, where, fromNs } = filter;
  // No span begins before its trace.
  if (fromNs !== undefined) conditions.push(`start_time >= ${timeLiteral(fromNs)}`);
  if (service !== undefined) {
    const named = `SELECT toInt32(kind), id FROM resource FINAL WHERE name = ${stringLiteral(service)}`;
    // A side without a resource has the name of its process.
    conditions.push(
      `((service_type, service_id) IN (${named}) OR (service_id = 0 AND process_name = ${stringLiteral(service)}))`,
    );
  }
  if (endpoint !== undefined) conditions.push(`positionCaseInsensitiveUTF8(endpoint, ${stringLiteral(endpoint)}) > 0`);
  if (protocol !== undefined) conditions.push(`protocol = ${stringLiteral(protocol)}`);
  if (status !== undefined) {
    const statuses = status === 'error' ? errorStatuses : [status];
    conditions.push(`status IN (${statuses.map(stringLiteral).join(', ')})`);
  }
  if (where !== undefined) conditions.push(whereSql(where.expression));
  return conditions;
}

function traceConditions(filter: TraceFilter): readonly string[] {
  const conditions = [`merged_into = toFixedString('', 16)`];
  const { minDurationNs, maxDurationNs, fromNs, toNs, after } = filter;
  if (fromNs !== undefined) conditions.push(`start_time >= ${timeLiteral(fromNs)}`);
  if (toNs !== undefined) conditions.push(`start_time <= ${timeLiteral(toNs)}`);
  if (minDurationNs !== undefined) conditions.push(`duration_ns >= ${integerLiteral(minDurationNs)}`);
  if (maxDurationNs !== undefined) conditions.push(`duration_ns <= ${integerLiteral(maxDurationNs)}`);
  // No trace whose present version comes after has all its versions before.
  if (after !== undefined) conditions.push(`${sortKey(filter)} <= ${integerLiteral(after.key)}`);
  if (asksForSpans(filter))
    conditions.push(`trace_id IN (SELECT trace_id FROM spans FINAL WHERE ${spanConditions(filter).join(' AND ')})`);
  return conditions;
}

function sortKey(filter: TraceFilter): string {
  return filter.sort === 'slowest' ? 'duration_ns' : 'toUnixTimestamp64Nano(start_time)';
}

/** Of those with the key of the last one of the list before, the ones that come after it. */
function afterCondition({ after }: TraceFilter): string {
  return after === undefined
    ? ''
    : ` AND (key < ${integerLiteral(after.key)} OR trace_id > ${plainBytesLiteral(after.id)})`;
}

/**
 * Traces of which any version satisfies the filter, best first. Without FINAL, which would have to merge the whole
 * table: traces are in the order of their ids, so no condition on time narrows what it reads.
 */
export function candidateSql(filter: TraceFilter, limit: number): string {
  return `SELECT lower(hex(trace_id)) AS trace_id, toString(key) AS sort_key FROM (
    SELECT trace_id, max(${sortKey(filter)}) AS key FROM trace
    WHERE ${traceConditions(filter).join(' AND ')}
    GROUP BY trace_id ORDER BY key DESC, trace_id LIMIT ${integerLiteral(limit)})
  ORDER BY key DESC, trace_id`;
}

/** The present version of those candidates that satisfies the filter, best first. Without candidates, of all traces. */
export function summarySql(filter: TraceFilter, candidates?: readonly Candidate[]): string {
  const ids = candidates?.map((candidate) => plainBytesLiteral(candidate.trace_id)).join(', ');
  const amongCandidates = ids === undefined ? '' : `trace_id IN (${ids}) AND `;
  return `SELECT lower(hex(trace_id)) AS trace_id, toString(key) AS sort_key, revision,
      if(carried = toFixedString('', 16), '', lower(hex(carried))) AS carried_trace_id,
      toString(toUnixTimestamp64Nano(start_time)) AS start_time_ns, duration_ns, span_count, error_count, root_count,
      coalesce(nullIf(resource_name(root_service_type, root_service_id, start_time), ''),
        toString(root_process_name)) AS root_service_name,
      root_protocol, root_request_type, root_endpoint, root_status, root_response_code
    FROM (
      SELECT *, carried_trace_id AS carried, ${sortKey(filter)} AS key FROM trace FINAL
      WHERE ${amongCandidates}${traceConditions(filter).join(' AND ')}${afterCondition(filter)}
      ORDER BY key DESC, trace_id LIMIT ${integerLiteral(filter.limit)})
    ORDER BY key DESC, trace_id`;
}
