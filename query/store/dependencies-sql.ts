import { integerLiteral } from '../../core/clickhouse/sql-literal.ts';

/** A row of {@link dependenciesSql}. */
export interface DependencyRow {
  readonly parent: string;
  readonly child: string;
  readonly calls: number;
}

/** Which service calls which in the minutes of a range, in Unix milliseconds; the busiest first. */
export function dependenciesSql(fromMs: number, toMs: number, limit: number): string {
  const minuteOf = (ms: number): string => `toDateTime(${integerLiteral(Math.floor(ms / 60_000) * 60)}, 'UTC')`;
  return `SELECT client_name AS parent, server_name AS child, toFloat64(sum(calls)) AS calls FROM service_edge
    WHERE minute >= ${minuteOf(fromMs)} AND minute <= ${minuteOf(toMs)} AND client_name != '' AND server_name != ''
    GROUP BY parent, child ORDER BY calls DESC, parent, child LIMIT ${integerLiteral(limit)}`;
}
