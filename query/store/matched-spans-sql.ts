/** SQL for spans of listed traces. Ids of traces are public ones. */
import { integerLiteral, plainBytesLiteral, stringLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { SpanCondition } from '../opentelemetry/span-condition.ts';
import { spanConditionSql, visibleSql } from './span-condition-sql.ts';
import type { TraceSummary } from './trace-store.ts';

/** The spans of these traces. Some that carry the id of one of them may come along; their `stored_trace_id` differs. */
function ofTraces(traces: readonly TraceSummary[]): string {
  const ids = traces.map(({ traceId }) => plainBytesLiteral(traceId)).join(', ');
  const starts = traces.map(({ startTimeNs }) => startTimeNs);
  const ends = traces.map(({ startTimeNs, durationNs }) => startTimeNs + BigInt(durationNs));
  const least = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a < b ? a : b));
  const most = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b));
  return `start_time >= ${timeLiteral(least(starts))} AND start_time <= ${timeLiteral(most(ends))}
      AND (trace_id IN (${ids}) OR otel_trace_id IN (${ids})) AND ${visibleSql}`;
}

const serviceSql = `coalesce(nullIf(resource_name(service_type, service_id, start_time), ''), toString(process_name))`;
/** Which of the two ids the trace is listed by. */
function listedIdSql(traces: readonly TraceSummary[]): string {
  const ids = traces.map(({ traceId }) => stringLiteral(traceId)).join(', ');
  return `if(lower(hex(trace_id)) IN (${ids}), lower(hex(trace_id)), lower(hex(otel_trace_id)))`;
}

/** A row of {@link spanCountsSql}. */
export interface SpanCountRow {
  readonly listed_id: string;
  readonly service: string;
  readonly spans: number;
  readonly errors: number;
}

/** How many spans of each service these traces have. One trace at least. */
export function spanCountsSql(traces: readonly TraceSummary[], limit: number): string {
  return `SELECT ${listedIdSql(traces)} AS listed_id, ${serviceSql} AS service, toUInt32(count()) AS spans,
      toUInt32(countIf(${spanConditionSql({ kind: 'error' })})) AS errors
    FROM spans FINAL WHERE ${ofTraces(traces)}
    GROUP BY listed_id, service ORDER BY listed_id, spans DESC, service LIMIT ${integerLiteral(limit)}`;
}

/** A row of {@link matchedSpansSql}. */
export interface MatchedSpanRow {
  readonly listed_id: string;
  readonly span_id: string;
  readonly start_time_ns: string;
  readonly duration_ns: number;
  readonly service: string;
  readonly protocol: string;
  readonly request_type: string;
  readonly request_domain: string;
  readonly endpoint: string;
  readonly observation_point: string;
  readonly is_error: number;
  /** Of its trace. */
  readonly matched: number;
}

/** Spans of these traces that satisfy the condition, by start: so many of each trace. One trace at least. */
export function matchedSpansSql(traces: readonly TraceSummary[], condition: SpanCondition, perTrace: number): string {
  return `SELECT listed_id, lower(hex(span)) AS span_id, toString(toUnixTimestamp64Nano(start)) AS start_time_ns, duration_ns, service,
      protocol, request_type, request_domain, endpoint, observation_point, is_error, matched
    FROM (
      SELECT ${listedIdSql(traces)} AS listed_id, span_id AS span, start_time AS start, duration_ns, ${serviceSql} AS service,
        toString(protocol) AS protocol, toString(request_type) AS request_type, toString(request_domain) AS request_domain,
        toString(endpoint) AS endpoint, toString(observation_point) AS observation_point,
        toUInt8(${spanConditionSql({ kind: 'error' })}) AS is_error,
        toUInt32(count() OVER (PARTITION BY listed_id)) AS matched
      FROM spans FINAL WHERE ${ofTraces(traces)} AND ${spanConditionSql(condition)})
    ORDER BY listed_id, start, span LIMIT ${integerLiteral(perTrace)} BY listed_id`;
}
