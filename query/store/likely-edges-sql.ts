/** SQL for calls whose parent is only likely, and is in another trace than they are. */
import { bytesLiteral, integerLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { TraceRow } from './trace-sql.ts';

/**
 * Likely edges from and to the spans of a trace, the likeliest first. A call begins while its parent is open, so both ends are
 * found by time: spans are in the order of their start.
 */
export function likelyEdgesSql(trace: TraceRow, limit: number): string {
  const startNs = BigInt(trace.start_time_ns);
  const endNs = startNs + BigInt(trace.duration_ns);
  const id = bytesLiteral(trace.trace_id);
  const during = `start_time >= ${timeLiteral(startNs)} AND start_time <= ${timeLiteral(endNs)}`;
  const calls = (
    condition: string,
  ): string => `SELECT trace_id AS call_trace, span_id AS call_span, arrayJoin(likely_parents) AS likely
      FROM spans FINAL WHERE ${during} AND notEmpty(likely_parents) AND ${condition}`;
  const spans = `SELECT span_id FROM spans FINAL WHERE ${during} AND trace_id = ${id}`;
  return `SELECT lower(hex(parent_trace)) AS parent_trace_id, lower(hex(parent_span)) AS parent_span_id,
      lower(hex(call_trace)) AS trace_id, lower(hex(call_span)) AS span_id, reason, confidence
    FROM (
      SELECT ${id} AS parent_trace, likely.1 AS parent_span, call_trace, call_span, likely.3 AS reason, likely.4 AS confidence
      FROM (${calls(`trace_id != ${id}`)}) WHERE likely.1 IN (${spans})
      UNION ALL
      SELECT parents.trace_id AS parent_trace, likely.1 AS parent_span, call_trace, call_span, likely.3 AS reason, likely.4 AS confidence
      FROM (${calls(`trace_id = ${id}`)}) AS calls
      INNER JOIN (
        SELECT trace_id, span_id FROM spans FINAL
        WHERE (start_time, span_id) IN (
          SELECT fromUnixTimestamp64Nano(likely.2, 'UTC'), likely.1 FROM (${calls(`trace_id = ${id}`)}))
      ) AS parents ON parents.span_id = likely.1
      WHERE parents.trace_id != ${id})
    ORDER BY confidence DESC, trace_id, span_id, parent_span_id LIMIT ${integerLiteral(limit)}`;
}
