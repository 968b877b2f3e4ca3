/** SQL for the flows of a trace's packets. */
import { bytesLiteral, integerLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { TraceRow } from './trace-sql.ts';

/** How far from a trace the first and the last interval of its flows are looked for. */
const beyondNs = 3_600_000_000_000n;

const sideSql = (side: 'client' | 'server'): string => {
  const counted = [
    'packets',
    'retransmissions',
    'zero_windows',
    'resets',
    'acknowledgment_count',
    'acknowledgment_sum_ns',
  ]
    .map((name) => `sumIf(metrics_${side}_${name}, is_during) AS ${side}_${name}`)
    .join(', ');
  return `max(metrics_${side}_handshake_ns) AS ${side}_handshake_ns,
      sum(metrics_${side}_syn_retransmissions) AS ${side}_syn_retransmissions, ${counted},
      maxIf(metrics_${side}_acknowledgment_max_ns, is_during) AS ${side}_acknowledgment_max_ns`;
};

/**
 * Flows that spans of a trace lead to, by their start. What counts is in the intervals during the trace; how a connection was
 * opened and closed may be before and after it. Conditions on the minute and on the flow reach the primary key, those on the
 * start the partitions.
 */
export function traceFlowsSql(trace: TraceRow, limit: number): string {
  const startNs = BigInt(trace.start_time_ns);
  const endNs = startNs + BigInt(trace.duration_ns);
  const [start, end] = [timeLiteral(startNs), timeLiteral(endNs)];
  const [first, last] = [timeLiteral(startNs - beyondNs), timeLiteral(endNs + beyondNs)];
  const flows = `SELECT agent_id, flow_id FROM spans FINAL
      WHERE start_time >= ${start} AND start_time <= ${end} AND trace_id = ${bytesLiteral(trace.trace_id)} AND flow_id != 0`;
  return `SELECT agent_id, flow_id, any(transport) AS transport, ${sideSql('client')}, ${sideSql('server')},
      argMax(metrics_close_type, start_time) AS close_type
    FROM (
      SELECT *, start_time <= ${end} AND start_time + toIntervalNanosecond(duration_ns) >= ${start} AS is_during
      FROM flow FINAL
      WHERE start_time >= ${first} AND start_time <= ${last}
        AND toStartOfMinute(start_time) >= toStartOfMinute(${first}) AND toStartOfMinute(start_time) <= toStartOfMinute(${last})
        AND (agent_id, flow_id) IN (${flows}))
    GROUP BY agent_id, flow_id ORDER BY min(start_time), agent_id, flow_id LIMIT ${integerLiteral(limit)}`;
}
