/** Packets and connections over time, as the observation point saw them that saw most packets. */
import { stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { type AskedRange, minutesOf } from './minute-range.ts';
import { minuteSource } from './minute-source.ts';
import type { Reader } from './read-limits.ts';
import { namedSql } from './resource-facts.ts';
import { stepSeconds } from './series.ts';

/** Packets and connections in a step. */
export interface FlowPoint {
  readonly time_s: number;
  readonly packets: number;
  readonly bytes: number;
  readonly retransmissions: number;
  readonly resets: number;
  readonly zero_windows: number;
  readonly round_trip_mean_ns: number;
  readonly round_trip_max_ns: number;
  readonly handshake_mean_ns: number;
  readonly opened: number;
  readonly refused: number;
}

/** Names of services; undefined for any. */
export interface FlowEnds {
  readonly client: string | undefined;
  readonly server: string | undefined;
}

/** Reads the series; steps without packets are left out. */
export async function readFlowSeries(
  reader: Reader,
  { client, server, stepNs, ...asked }: AskedRange & FlowEnds & { readonly stepNs: number | undefined },
): Promise<{ readonly step_s: number; readonly points: readonly FlowPoint[] }> {
  const minutes = await minutesOf(reader, asked);
  const step = stepSeconds(minutes, stepNs);
  const ends = { client, server };
  const source = await minuteSource(reader, 'flow_minute', minutes);
  const conditions = ['true'];
  for (const side of ['client', 'server'] as const)
    if (ends[side] !== undefined && ends[side] !== '')
      conditions.push(`(${side}_auto_service_type, ${side}_auto_service_id) IN ${namedSql(ends[side])}`);
  const condition = conditions.join(' AND ');
  const [seen] = await reader.select<{ point: string }>(
    `SELECT observation_point AS point FROM ${source} WHERE ${condition}
     GROUP BY point ORDER BY sum(client_packets + server_packets) DESC, point LIMIT 1`,
  );
  if (seen === undefined) return { step_s: step, points: [] };
  const both = (what: string): string => `sum(client_${what} + server_${what}) AS ${what}`;
  const points = await reader.select<FlowPoint>(
    `SELECT intDiv(toUnixTimestamp(minute), ${step}) * ${step} AS time_s, ${both('packets')}, ${both('bytes')},
       ${both('retransmissions')}, ${both('resets')}, ${both('zero_windows')},
       if(sum(server_acknowledgment_count) = 0, -1,
         toInt64(round(sum(server_acknowledgment_sum_ns) / sum(server_acknowledgment_count)))) AS round_trip_mean_ns,
       max(server_acknowledgment_max_ns) AS round_trip_max_ns,
       if(sum(server_handshake_count) = 0, -1,
         toInt64(round(sum(server_handshake_sum_ns) / sum(server_handshake_count)))) AS handshake_mean_ns,
       sum(of.opened) AS opened, sum(of.closed['refused']) AS refused
     FROM ${source} AS of WHERE ${condition} AND observation_point = ${stringLiteral(seen.point)}
     GROUP BY time_s ORDER BY time_s`,
  );
  return { step_s: step, points };
}
