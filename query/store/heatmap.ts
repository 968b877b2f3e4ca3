import { integerLiteral } from '../../core/clickhouse/sql-literal.ts';
import { matchingTraces } from './matching-traces.ts';
import type { Reader } from './read-limits.ts';
import type { SpanFilter } from './trace-store.ts';

/** How many traces took how long when. */
export interface Heatmap {
  readonly from_ns: string;
  readonly to_ns: string;
  readonly step_ns: number;
  readonly durations_ns: readonly number[];
  readonly cells: readonly {
    readonly column: number;
    readonly row: number;
    readonly traces: number;
    readonly errors: number;
  }[];
  readonly is_sampled: boolean;
}

/** Traces that match by start and duration, present versions only. A range that is asked for is that of the columns. */
export async function readHeatmap(
  reader: Reader,
  filter: SpanFilter,
  size: { readonly columns: number; readonly rows: number },
): Promise<Heatmap> {
  const matching = await matchingTraces(reader, filter);
  if (matching === undefined) {
    const from = String(filter.fromNs ?? 0n);
    return { from_ns: from, to_ns: from, step_ns: 1, durations_ns: [], cells: [], is_sampled: false };
  }
  const { sql, range, factor } = matching;
  const fromNs = filter.fromNs !== undefined && filter.toNs !== undefined ? filter.fromNs : range.fromNs;
  const toNs = filter.fromNs !== undefined && filter.toNs !== undefined ? filter.toNs : range.toNs;
  const stepNs = (toNs - fromNs) / BigInt(size.columns) + 1n;
  const shortest = Math.max(1, matching.minDurationNs);
  const longest = Math.max(shortest * 1.001, matching.maxDurationNs);
  const ratio = Math.log(longest / shortest) / size.rows;
  const cells = await reader.select<Heatmap['cells'][number]>(
    `SELECT toUInt32(intDiv(toUnixTimestamp64Nano(start_time) - ${fromNs}, ${stepNs})) AS column,
       toUInt32(least(${integerLiteral(size.rows - 1)}, greatest(0, floor(log(greatest(duration_ns, 1) / ${shortest}) / ${ratio})))) AS row,
       count() * ${factor} AS traces, countIf(error_count > 0) * ${factor} AS errors
     FROM ${sql} GROUP BY column, row ORDER BY column, row`,
  );
  const bounds = Array.from({ length: size.rows + 1 }, (_, at) => Math.round(shortest * Math.exp(ratio * at)));
  return {
    from_ns: String(fromNs),
    to_ns: String(toNs),
    step_ns: Number(stepNs),
    durations_ns: bounds,
    cells,
    is_sampled: factor > 1,
  };
}
