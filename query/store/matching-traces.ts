/** Traces that match a filter, for what looks at many of them: of more than a bound a sample, by the beginning of their ids. */
import { integerLiteral } from '../../core/clickhouse/sql-literal.ts';
import { withKnownKeys } from './known-keys.ts';
import type { Reader } from './read-limits.ts';
import type { TimeRange } from './time-range.ts';
import { asksForSpans, duringSql, endNsSql, spanConditions } from './trace-list-sql.ts';
import type { SpanFilter } from './trace-store.ts';

/** Versions of traces that are looked at, about. */
const maxVersions = 400_000;

/** Which traces are looked at. */
export interface MatchingTraces {
  /** A subquery with the columns of `trace_by_time`: the present versions of traces that match. */
  readonly sql: string;
  readonly range: TimeRange;
  readonly minDurationNs: number;
  readonly maxDurationNs: number;
  /** Each trace stands for so many. */
  readonly factor: number;
}

/** @returns undefined where no trace is in the range */
export async function matchingTraces(reader: Reader, asked: SpanFilter): Promise<MatchingTraces | undefined> {
  const filter = await withKnownKeys(reader, asked);
  const { fromNs = 0n, toNs = 2n ** 63n - 1n } = filter;
  const durations = [
    ...(filter.minDurationNs === undefined ? [] : [`duration_ns >= ${integerLiteral(filter.minDurationNs)}`]),
    ...(filter.maxDurationNs === undefined ? [] : [`duration_ns <= ${integerLiteral(filter.maxDurationNs)}`]),
  ];
  const conditions = [duringSql({ fromNs, toNs }), ...durations];
  const [bounds] = await reader.select<{
    versions: number;
    first: string;
    last: string;
    shortest: number;
    longest: number;
    last_span: string;
  }>(
    `SELECT count() AS versions, toString(toUnixTimestamp64Nano(min(start_time))) AS first,
       toString(toUnixTimestamp64Nano(max(start_time))) AS last, min(duration_ns) AS shortest, max(duration_ns) AS longest,
       toString(max(${endNsSql})) AS last_span
     FROM trace_by_time WHERE ${conditions.join(' AND ')}`,
  );
  if (bounds === undefined || bounds.versions === 0) return undefined;
  const bits = Math.max(0, Math.ceil(Math.log2(bounds.versions / maxVersions)));
  const range = { fromNs: BigInt(bounds.first), toNs: BigInt(bounds.last) };
  // The last bytes of an id are as good as random, also of an id that a former version took from a header.
  const sampled =
    bits === 0 ? [] : [`bitAnd(reinterpretAsUInt32(substring(trace_id, 13, 4)), ${integerLiteral(2 ** bits - 1)}) = 0`];
  const present = `(trace_id, version, content) IN (SELECT trace_id, version, content FROM trace_version FINAL
    WHERE ${[duringSql(range), `merged_into = toFixedString('', 16)`, ...sampled].join(' AND ')})`;
  const spans = { fromNs: range.fromNs, toNs: BigInt(bounds.last_span) };
  const ofSpans = asksForSpans(filter)
    ? [
        `trace_id IN (SELECT trace_id FROM spans FINAL WHERE ${[duringSql(spans), ...sampled, ...spanConditions(filter)].join(' AND ')})`,
      ]
    : [];
  return {
    sql: `(SELECT * FROM trace_by_time FINAL WHERE ${[duringSql(range), ...durations, ...sampled, present, ...ofSpans].join(' AND ')})`,
    range,
    minDurationNs: bounds.shortest,
    maxDurationNs: bounds.longest,
    factor: 2 ** bits,
  };
}
