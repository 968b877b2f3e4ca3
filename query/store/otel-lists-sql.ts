/**
 * SQL for lists of what spans have: services, operations, values of attributes. Without FINAL, so also of what older versions of
 * spans said, such as the name of a process until its service was known. What is asked of services only is in the table `operation`,
 * in whole hours, with names as of their ends: a day of spans may be a billion.
 */
import { integerLiteral, stringLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import type { AttributeSource } from '../opentelemetry/searchable-attributes.ts';
import type { SpanCondition } from '../opentelemetry/span-condition.ts';
import {
  numberSql,
  operationDomainSql,
  ownIdSql,
  spanConditionSql,
  textSql,
  visibleSql,
} from './span-condition-sql.ts';

/** Starts of spans in Unix nanoseconds, both allowed. */
export interface SpanRange {
  readonly fromNs?: bigint;
  readonly toNs?: bigint;
}

/** How far back is looked without a range, from the latest trace. */
const lookBack = 'toIntervalHour(24)';

function rangeSql({ fromNs, toNs }: SpanRange): string {
  const conditions = [];
  if (toNs !== undefined) conditions.push(`start_time <= ${timeLiteral(toNs)}`);
  if (fromNs !== undefined) conditions.push(`start_time >= ${timeLiteral(fromNs)}`);
  else {
    const latest = '(SELECT max(start_time) FROM trace)';
    const end = toNs === undefined ? latest : `least(${timeLiteral(toNs)}, ${latest})`;
    conditions.push(`start_time >= ${end} - ${lookBack}`);
  }
  return conditions.join(' AND ');
}

/** The same of the column `hour`. */
function hoursSql({ fromNs, toNs }: SpanRange): string {
  const conditions = [];
  if (toNs !== undefined) conditions.push(`hour <= ${timeLiteral(toNs)}`);
  if (fromNs !== undefined) conditions.push(`hour > ${timeLiteral(fromNs)} - toIntervalHour(1)`);
  else {
    const latest = '(SELECT max(hour) FROM operation)';
    const end = toNs === undefined ? latest : `least(${timeLiteral(toNs)}, ${latest})`;
    conditions.push(`hour >= ${end} - ${lookBack}`);
  }
  return conditions.join(' AND ');
}

/** True where the columns of `operation` are enough. */
function isOfServices(condition: SpanCondition): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.terms.every(isOfServices);
    case 'not':
      return isOfServices(condition.term);
    case 'always':
    case 'service':
      return true;
    default:
      return false;
  }
}

/** Visible spans that satisfy the condition, summed up by the columns of `operation`; `latest` is when the last began. */
function operationRowsSql(range: SpanRange, condition: SpanCondition): string {
  const wanted = spanConditionSql(condition);
  if (isOfServices(condition))
    return `SELECT * EXCEPT hour, hour + toIntervalHour(1) AS latest FROM operation WHERE ${hoursSql(range)} AND ${wanted}`;
  return `SELECT service_type, service_id, toString(process_name) AS process_name, protocol, request_type,
      ${operationDomainSql} AS request_domain, endpoint, substring(toString(observation_point), 1, 1) AS side, count() AS spans,
      max(start_time) AS latest
    FROM (SELECT * FROM spans WHERE ${rangeSql(range)} AND ${visibleSql} AND ${wanted})
    GROUP BY service_type, service_id, process_name, protocol, request_type, request_domain, endpoint, side`;
}

/** Names of services by what they did, the busiest first; each row has `value`. */
export function serviceNamesSql(range: SpanRange, condition: SpanCondition, limit: number): string {
  return `SELECT value FROM (
      SELECT coalesce(nullIf(resource_name(type, id, last), ''), process) AS value, spans FROM (
        SELECT service_type AS type, service_id AS id, if(service_id = 0, toString(process_name), '') AS process,
          max(latest) AS last, sum(of.spans) AS spans
        FROM (${operationRowsSql(range, condition)}) AS of
        GROUP BY type, id, process ORDER BY spans DESC LIMIT ${integerLiteral(limit)}))
    WHERE value != '' GROUP BY value ORDER BY sum(spans) DESC, value`;
}

/** A row of {@link operationsSql}. */
export interface OperationRow {
  readonly protocol: string;
  readonly request_type: string;
  readonly request_domain: string;
  readonly endpoint: string;
  /** First letter of the side on which it was seen. */
  readonly side: string;
}

/** What spans are named by, the most frequent first. */
export function operationsSql(range: SpanRange, condition: SpanCondition, limit: number): string {
  return `SELECT toString(protocol) AS protocol, toString(request_type) AS request_type, toString(request_domain) AS request_domain,
      toString(endpoint) AS endpoint, toString(side) AS side
    FROM (${operationRowsSql(range, condition)}) AS of
    GROUP BY protocol, request_type, request_domain, endpoint, side
    ORDER BY sum(of.spans) DESC, endpoint LIMIT ${integerLiteral(limit)}`;
}

/** Values of an attribute, the most frequent first; each row has `value`. */
export function attributeValuesSql(
  range: SpanRange,
  source: AttributeSource,
  condition: SpanCondition,
  limit: number,
): string {
  if (source.kind === 'service') return serviceNamesSql(range, condition, limit);
  const conditions = [rangeSql(range), spanConditionSql(condition)];
  if ('protocols' in source) conditions.push(spanConditionSql({ kind: 'protocols', protocols: source.protocols }));
  const where = conditions.join(' AND ');
  if (source.kind === 'tag') {
    const kind = integerLiteral(resourceKindIndex[source.tag]);
    const ofType =
      source.type === undefined
        ? ''
        : ` AND lower(dictGet('resource_now', 'type', resource_key(${kind}, own))) = ${stringLiteral(source.type)}`;
    return `SELECT resource_name(${kind}, own, latest) AS value FROM (
        SELECT ${ownIdSql(source.tag)} AS own, max(start_time) AS latest, count() AS spans FROM spans
        WHERE ${where} GROUP BY own HAVING own != 0 ORDER BY spans DESC LIMIT ${integerLiteral(limit)})
      WHERE value != ''${ofType} GROUP BY value ORDER BY sum(spans) DESC, value`;
  }
  const value = source.kind === 'text' ? textSql[source.field] : `toString(${numberSql[source.field]})`;
  return `SELECT value FROM (SELECT ${value} AS value, count() AS spans FROM spans WHERE ${where}
      GROUP BY value HAVING value NOT IN ('', '0') ORDER BY spans DESC, value LIMIT ${integerLiteral(limit)})`;
}
