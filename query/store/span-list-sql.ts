/** SQL for lists of spans. */
import { integerLiteral, plainBytesLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import { spanConditions } from './trace-list-sql.ts';
import type { ListPosition, SpanFilter } from './trace-store.ts';

/** Which spans to list, newest first, then by id. */
export interface SpanListFilter extends SpanFilter {
  /** One span a call. */
  readonly onlyCalls: boolean;
  readonly limit: number;
  /** Those after this one. */
  readonly after?: ListPosition;
}

/** A row of {@link spanListSql}. */
export interface SpanListRow {
  readonly stored_trace_id: string;
  readonly span_id: string;
  readonly start_time_ns: string;
  readonly duration_ns: number;
  /** Of the service on whose side it was seen, of the client's and the server's; empty where none is known. */
  readonly names: readonly [string, string, string];
  readonly observation_point: string;
  readonly protocol: string;
  readonly request_type: string;
  readonly request_domain: string;
  readonly request_resource: string;
  readonly endpoint: string;
  readonly status: string;
  readonly response_code: number;
  readonly request_bytes: number;
  readonly response_bytes: number;
  readonly is_tls: boolean;
  readonly process_name: string;
  readonly client_address: string;
  readonly client_port: number;
  readonly server_address: string;
  readonly server_port: number;
}

const plainColumns = [
  'duration_ns',
  'observation_point',
  'protocol',
  'request_type',
  'request_domain',
  'request_resource',
  'endpoint',
  'status',
  'response_code',
  'request_bytes',
  'response_bytes',
  'is_tls',
  'process_name',
  'client_address',
  'client_port',
  'server_address',
  'server_port',
].join(', ');

const nameColumns = 'service_type, service_id, call_client_type, call_client_id, call_server_type, call_server_id';

function conditionsOf(filter: SpanListFilter): readonly string[] {
  const { fromNs, toNs, minDurationNs, maxDurationNs, onlyCalls, after } = filter;
  const conditions = [...spanConditions(filter)];
  if (fromNs !== undefined) conditions.push(`start_time >= ${timeLiteral(fromNs)}`);
  if (toNs !== undefined) conditions.push(`start_time <= ${timeLiteral(toNs)}`);
  if (minDurationNs !== undefined) conditions.push(`duration_ns >= ${integerLiteral(minDurationNs)}`);
  if (maxDurationNs !== undefined) conditions.push(`duration_ns <= ${integerLiteral(maxDurationNs)}`);
  if (onlyCalls) conditions.push('is_call');
  if (after !== undefined) {
    const time = timeLiteral(after.key);
    conditions.push(`start_time <= ${time}`);
    conditions.push(`(start_time < ${time} OR span_id > ${plainBytesLiteral(after.id)})`);
  }
  return conditions.length === 0 ? ['true'] : conditions;
}

/**
 * Names of the service of a span, of its client's and its server's, as of `start`. By one function: a call for each would be analyzed
 * each by itself.
 */
export const servicesSql = `arrayMap((kind, id) -> if(id = 0, '', coalesce(resource_name(kind, id, start), '')),
        [toInt32(service_type), toInt32(call_client_type), toInt32(call_server_type)],
        [service_id, call_client_id, call_server_id])`;

/** Columns of a row, out of a table in which `start`, `span` and `trace` stand for columns that rows have as text. */
const rowColumns = `lower(hex(trace)) AS stored_trace_id, lower(hex(span)) AS span_id,
      toString(toUnixTimestamp64Nano(start)) AS start_time_ns,
      ${servicesSql} AS names, ${plainColumns}`;
const foundColumns = `trace_id AS trace, span_id AS span, start_time AS start, ${nameColumns}, ${plainColumns}`;

/** Spans that match by their present versions, newest first, then by id. Names are looked up for these only. */
export function spanListSql(filter: SpanListFilter): string {
  return `SELECT ${rowColumns}
    FROM (
      SELECT ${foundColumns} FROM spans FINAL
      WHERE ${conditionsOf(filter).join(' AND ')}
      ORDER BY start_time DESC, span_id LIMIT ${integerLiteral(filter.limit)})
    ORDER BY start DESC, span`;
}

/** Ids of the newest spans of which any version matches, newest first. Without FINAL: quick, as it is asked again and again. */
export function recentSpanIdsSql(filter: SpanListFilter): string {
  return `SELECT lower(hex(span_id)) AS id, toString(toUnixTimestamp64Nano(start_time)) AS start_time_ns FROM spans
    WHERE ${conditionsOf(filter).join(' AND ')}
    ORDER BY start_time DESC, spans.span_id LIMIT 1 BY start_time, spans.span_id LIMIT ${integerLiteral(filter.limit)}`;
}

/** These spans, newest first, then by id: of each the latest version that is stored. */
export function spansWithIdsSql(spans: readonly ListPosition[]): string {
  const starts = spans.map(({ key }) => key);
  const first = starts.reduce((least, start) => (start < least ? start : least));
  const last = starts.reduce((greatest, start) => (start > greatest ? start : greatest));
  return `SELECT ${rowColumns}
    FROM (
      SELECT ${foundColumns} FROM spans
      WHERE start_time >= ${timeLiteral(first)} AND start_time <= ${timeLiteral(last)}
        AND span_id IN (${spans.map(({ id }) => plainBytesLiteral(id)).join(', ')})
      ORDER BY start_time DESC, span_id, revision DESC LIMIT 1 BY start_time, span_id)
    ORDER BY start DESC, span`;
}
