/**
 * SQL for lists of traces.
 *
 * `trace_by_time` has versions of traces in the order of their starts, former ones too, so it says which traces may be in a list.
 * `trace_version FINAL` says which version is the present one, as `trace FINAL` would, and `spans FINAL` whether a span of it matches.
 */
import {
  bytesLiteral,
  integerLiteral,
  plainBytesLiteral,
  stringLiteral,
  timeLiteral,
} from '../../core/clickhouse/sql-literal.ts';
import { errorStatuses } from '../where/error-statuses.ts';
import { whereSql } from '../where/where-sql.ts';
import { spanConditionSql } from './span-condition-sql.ts';
import type { TimeRange } from './time-range.ts';
import type { ListPosition, SpanFilter, TraceFilter } from './trace-store.ts';

/** True for what counts as an error, of a column `status`. */
export const isErrorSql = `status IN (${errorStatuses.map(stringLiteral).join(', ')})`;

/** A version of a trace that may be in a list. */
export interface TraceVersionRow {
  readonly trace_id: string;
  readonly version: number;
  /** Hash of what a list shows of it. */
  readonly content: number;
  readonly sort_key: string;
  readonly carried_trace_id: string;
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
export function asksForSpans({ service, endpoint, protocol, status, where, condition }: SpanFilter): boolean {
  return [service, endpoint, protocol, status, where, condition].some((asked) => asked !== undefined);
}

/** What a span must satisfy, but for its time. */
export function spanConditions(filter: SpanFilter): readonly string[] {
  const conditions: string[] = [];
  const { service, endpoint, protocol, status, where } = filter;
  if (service !== undefined) {
    const named = `SELECT toInt32(kind), id FROM resource FINAL WHERE name = ${stringLiteral(service)}`;
    // A side without a resource has the name of its process.
    conditions.push(
      `((service_type, service_id) IN (${named}) OR (service_id = 0 AND process_name = ${stringLiteral(service)}))`,
    );
  }
  if (endpoint !== undefined) conditions.push(`positionCaseInsensitiveUTF8(endpoint, ${stringLiteral(endpoint)}) > 0`);
  if (protocol !== undefined) conditions.push(`protocol = ${stringLiteral(protocol)}`);
  if (status !== undefined) conditions.push(status === 'error' ? isErrorSql : `status = ${stringLiteral(status)}`);
  // No span of a trace begins before it.
  const since = filter.fromNs === undefined ? 'true' : `start_time >= ${timeLiteral(filter.fromNs)}`;
  if (where !== undefined) conditions.push(whereSql(where.expression, since));
  if (filter.condition !== undefined) conditions.push(spanConditionSql(filter.condition));
  return conditions;
}

/** `start_time` within a range. */
export const duringSql = ({ fromNs, toNs }: TimeRange): string =>
  `start_time >= ${timeLiteral(fromNs)} AND start_time <= ${timeLiteral(toNs)}`;

function traceConditions({ minDurationNs, maxDurationNs }: SpanFilter): readonly string[] {
  const conditions: string[] = [];
  if (minDurationNs !== undefined) conditions.push(`duration_ns >= ${integerLiteral(minDurationNs)}`);
  if (maxDurationNs !== undefined) conditions.push(`duration_ns <= ${integerLiteral(maxDurationNs)}`);
  return conditions;
}

/** Conditions on versions of traces in a range. @param spans where spans of them may be; undefined without conditions on spans */
function versionConditions(filter: SpanFilter, range: TimeRange, spans: TimeRange | undefined): string {
  const matching =
    spans === undefined
      ? []
      : [
          `trace_id IN (SELECT trace_id FROM spans FINAL WHERE ${[duringSql(spans), ...spanConditions(filter)].join(' AND ')})`,
        ];
  return [duringSql(range), ...traceConditions(filter), ...matching].join(' AND ');
}

/** Which traces may be in a part of a list. */
export interface CandidateQuery {
  readonly filter: TraceFilter;
  /** In which traces start. */
  readonly range: TimeRange;
  /** In which their spans start; undefined where the filter does not ask for spans. */
  readonly spans: TimeRange | undefined;
  readonly after: ListPosition | undefined;
}

/**
 * Versions of traces that may be in a list, best first; versions of one trace with the same key are neighbours. Time and id go in
 * one direction, that of the table from its end: only as much of it is read as the list needs.
 */
export function candidateSql({ filter, range, spans, after }: CandidateQuery, limit: number): string {
  const column = filter.sort === 'slowest' ? 'duration_ns' : 'start_time';
  const key = filter.sort === 'slowest' ? 'duration_ns' : 'toUnixTimestamp64Nano(start)';
  const conditions = [versionConditions(filter, range, spans)];
  if (after !== undefined) {
    const literal = filter.sort === 'slowest' ? integerLiteral(after.key) : timeLiteral(after.key);
    conditions.push(`${column} <= ${literal} AND (${column} < ${literal} OR trace_id < ${bytesLiteral(after.id)})`);
  }
  return `SELECT lower(hex(id)) AS trace_id, version, content, toString(${key}) AS sort_key, revision,
      if(carried = toFixedString('', 16), '', lower(hex(carried))) AS carried_trace_id,
      toString(toUnixTimestamp64Nano(start)) AS start_time_ns, duration_ns, span_count, error_count, root_count,
      coalesce(nullIf(resource_name(root_service_type, root_service_id, start), ''),
        toString(root_process_name)) AS root_service_name,
      root_protocol, root_request_type, root_endpoint, root_status, root_response_code
    FROM (
      SELECT *, trace_id AS id, start_time AS start, carried_trace_id AS carried FROM trace_by_time
      WHERE ${conditions.join(' AND ')}
      ORDER BY ${column} DESC, trace_id DESC LIMIT ${integerLiteral(limit)})
    ORDER BY ${filter.sort === 'slowest' ? 'duration_ns' : 'start'} DESC, id DESC`;
}

/** The present version of traces. */
export interface PresentVersionRow {
  readonly trace_id: string;
  readonly version: number;
  readonly content: number;
}

/** The present versions of these traces, but for those that became part of another. */
export function presentVersionsSql(traceIds: readonly string[]): string {
  return `SELECT lower(hex(id)) AS trace_id, version, content
    FROM (SELECT trace_id AS id, version, content FROM trace_version FINAL
      WHERE trace_id IN (${traceIds.map(plainBytesLiteral).join(', ')}) AND merged_into = toFixedString('', 16))`;
}

/** A row of {@link newestVersionsSql}. */
export interface NewestVersionsRow {
  readonly versions: number;
  /** When the earliest of them starts. */
  readonly first_ns: string;
  /** Until when their spans may begin, as any version of them says. */
  readonly last_span_ns: string;
}

/** End of a row with a start and a duration, in Unix nanoseconds; no later than such a time can be. */
export const endNsSql =
  'toUnixTimestamp64Nano(start_time) + least(duration_ns, 9223372036854775807 - greatest(toUnixTimestamp64Nano(start_time), 0))';

/** The newest versions of traces in a range, as many at most; no row where there are none. */
export function newestVersionsSql(range: TimeRange, limit: number): string {
  return `SELECT count() AS versions, toString(toUnixTimestamp64Nano(min(start_time))) AS first_ns,
      toString(max(${endNsSql})) AS last_span_ns
    FROM (
      SELECT start_time, duration_ns FROM trace_by_time
      WHERE ${duringSql(range)}
      ORDER BY start_time DESC LIMIT ${integerLiteral(limit)})
    HAVING versions > 0`;
}
