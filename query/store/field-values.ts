/** Which values fields of `where` have, for completion. */
import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { autoTags, tags } from '../../schemas/tags.ts';
import { type MapName, spanFieldNames, spanFields } from '../where/expression.ts';
import { minutesOf, minutesSql, timesOfMinutes } from './minute-range.ts';
import { mapColumns } from '../where/where-sql.ts';
import type { Reader } from './read-limits.ts';
import { duringSql } from './trace-list-sql.ts';

/** Resources, or spans, that are looked at for values. */
const maxRows = 200_000;

/**
 * Values of a field that begin so, in any case, by the alphabet; none of a field that is not known.
 *
 * @param field as in `where`: `status`, `client.pod`, `label(app)`
 */
export async function listFieldValues(
  reader: Reader,
  field: string,
  { prefix, limit }: { readonly prefix: string; readonly limit: number },
): Promise<readonly string[]> {
  const sql = await valuesSql(reader, field);
  if (sql === undefined) return [];
  if (typeof sql !== 'string') return sql.filter((value) => value.startsWith(prefix.toLowerCase())).slice(0, limit);
  const begins = prefix === '' ? 'true' : `startsWith(lowerUTF8(value), lowerUTF8(${stringLiteral(prefix)}))`;
  const rows = await reader.select<{ value: string }>(
    `SELECT DISTINCT value FROM (${sql}) WHERE value != '' AND ${begins} ORDER BY value LIMIT ${integerLiteral(limit)}`,
  );
  return rows.map(({ value }) => value);
}

/** The values of a closed list, or SQL with the column `value`; undefined of what is no field. */
async function valuesSql(reader: Reader, field: string): Promise<string | readonly string[] | undefined> {
  const spanField = spanFieldNames.find((name) => name === field);
  if (spanField !== undefined) {
    const kind = spanFields[spanField];
    if (typeof kind !== 'string') return kind;
    if (spanField === 'duration') return [];
    if (spanField === 'seen_service') return 'SELECT name AS value FROM resource FINAL';
    const minutes = await minutesOf(reader, {});
    if (spanField === 'endpoint' || spanField === 'request_type')
      return `SELECT toString(${spanField}) AS value FROM call_minute WHERE ${minutesSql(minutes)}`;
    return `SELECT toString(${spanField}) AS value FROM spans WHERE ${duringSql(timesOfMinutes(minutes))} LIMIT ${integerLiteral(maxRows)}`;
  }
  const [, , name] = /^(?:(client|server)\.)?(.*)$/s.exec(field)!;
  if (tags.some(({ kind }) => kind === name))
    return `SELECT name AS value FROM resource FINAL WHERE kind = ${stringLiteral(name!)}`;
  if (autoTags.some((auto) => auto === name)) return 'SELECT name AS value FROM resource FINAL';
  const text = /^(label|annotation|environment)\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^'"]*?))\s*\)$/s.exec(
    name!,
  );
  if (text === null) return undefined;
  const key = (text[2] ?? text[3] ?? text[4]!).replaceAll(/\\(.)/gs, '$1');
  const column = mapColumns[text[1] as MapName];
  return `SELECT ${column}[${stringLiteral(key)}] AS value FROM resource FINAL`;
}
