import { bytesLiteral, integerLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { maxReadSpans } from './trace-store.ts';

/** A row of {@link callViewsSql}: what tells which views of a call a reader sees. */
export interface CallViewRow {
  readonly span_id: string;
  /** Empty for a root. */
  readonly parent_span_id: string;
  readonly reason: string;
  readonly observation_point: string;
}

/** All spans of a trace by their start, without what is in them. */
export function callViewsSql(storedTraceId: string, { startTimeNs, durationNs }: Trace): string {
  return `SELECT lower(hex(id)) AS span_id, if(parent = toFixedString('', 8), '', lower(hex(parent))) AS parent_span_id,
      toString(reason) AS reason, toString(observation_point) AS observation_point
    FROM (
      SELECT span_id AS id, parent_span_id AS parent, reason, observation_point, start_time AS start,
        agent_id AS agent, request_event_id AS event, request_tcp_sequence AS place
      FROM spans FINAL
      WHERE start_time >= ${timeLiteral(startTimeNs)} AND start_time <= ${timeLiteral(startTimeNs + BigInt(durationNs))}
        AND trace_id = ${bytesLiteral(storedTraceId)}
      ORDER BY start_time, span_id LIMIT ${integerLiteral(maxReadSpans)})
    ORDER BY start, agent, event, place, id`;
}
