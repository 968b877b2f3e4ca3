import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { type MinuteRange, minutesSql } from './minute-range.ts';
import type { Reader } from './read-limits.ts';

/** More minutes than this that have changed since they were summed up are not told one by one. */
const maxChanged = 2_000;

/**
 * SQL of the rows of a view per minute in a range, to be read from: what the view gives, without its names. Which minutes have
 * changed since they were summed up is asked first, so that rows are added up for those only; where none have, as in all of
 * the past, the sums are all that is read.
 */
export async function minuteSource(
  reader: Reader,
  view: 'call_minute' | 'service_minute' | 'flow_minute',
  minutes: MinuteRange,
): Promise<string> {
  const during = minutesSql(minutes);
  const changed = await reader.select<{ at: number }>(
    `SELECT toUnixTimestamp(minute) AS at FROM changed_minute
     WHERE summary = ${stringLiteral(view)} AND ${during} LIMIT ${integerLiteral(maxChanged + 1)}`,
  );
  if (changed.length > maxChanged) return `(SELECT * FROM ${view} WHERE ${during})`;
  const sums = `SELECT * EXCEPT (version, is_deleted) FROM ${view}_sum FINAL WHERE ${during}`;
  if (changed.length === 0) return `(${sums})`;
  const list = changed.map(({ at }) => `toDateTime(${integerLiteral(at)}, 'UTC')`).join(', ');
  return `(${sums} AND minute NOT IN (${list}) UNION ALL SELECT * FROM ${view}_now WHERE minute IN (${list}))`;
}
