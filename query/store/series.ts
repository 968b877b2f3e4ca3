/** Rate, errors and durations of calls over time. From sums where they say all that is asked, else from the calls themselves. */
import { integerLiteral, stringLiteral } from '../../core/clickhouse/sql-literal.ts';
import { stepOfRowSql } from './duration-steps.ts';
import { type MinuteRange, minutesOf, timesOfMinutes } from './minute-range.ts';
import { minuteSource } from './minute-source.ts';
import { withKnownKeys } from './known-keys.ts';
import type { Reader } from './read-limits.ts';
import { namedSql, resourceFacts, resourceText } from './resource-facts.ts';
import { duringSql, isErrorSql, spanConditions } from './trace-list-sql.ts';
import type { SpanFilter } from './trace-store.ts';

/** One series for each of these. */
export type SeriesBy = 'none' | 'service' | 'endpoint' | 'status' | 'protocol';

/** Calls in a step. */
export interface SeriesPoint {
  readonly time_s: number;
  readonly calls: number;
  readonly errors: number;
  readonly p50_ns: number;
  readonly p90_ns: number;
  readonly p99_ns: number;
}

/** Series of calls. */
export interface Series {
  readonly step_s: number;
  readonly series: readonly { readonly key: string; readonly points: readonly SeriesPoint[] }[];
  /** Some series, or the beginning of the range, were left out. */
  readonly is_truncated: boolean;
}

const maxSeries = 20;
const maxPoints = 1_500;
const wantedPoints = 120;
const minuteS = 60;
/** Longest range of which calls are read one by one, in seconds. */
const maxRowsS = 24 * 3_600;

/** Width of a step in whole minutes: about that wide, and so that there are no more points than the bound. */
export function stepSeconds({ fromS, toS }: MinuteRange, stepNs: number | undefined): number {
  const rangeS = toS - fromS + minuteS;
  const asked = stepNs === undefined ? rangeS / wantedPoints : stepNs / 1e9;
  return minuteS * Math.max(1, Math.ceil(Math.max(asked, rangeS / maxPoints) / minuteS));
}

interface PointRow {
  readonly key_type: number;
  readonly key_id: number;
  readonly key_text: string;
  readonly time_s: number;
  readonly calls: number;
  readonly errors: number;
  readonly quantiles: readonly number[];
}

/** What a series is of: a service by its ids, or a text. */
const keySql: Readonly<Record<SeriesBy, readonly [string, string, string]>> = {
  none: ['0', '0', `''`],
  service: ['server_type', 'server_id', `''`],
  endpoint: ['0', '0', 'toString(endpoint)'],
  status: ['0', '0', 'toString(status)'],
  protocol: ['0', '0', 'toString(protocol)'],
};

/** Conditions that both the sums and the calls can be asked for. A service is the one that was called. */
function sharedConditions({ service, endpoint, protocol, status }: SpanFilter): readonly string[] {
  const others = spanConditions({
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(status === undefined ? {} : { status }),
  });
  return service === undefined ? others : [`(server_type, server_id) IN ${namedSql(service)}`, ...others];
}

/** Calls of each minute: of the narrowest table that says what is asked. */
async function sourceSql(reader: Reader, filter: SpanFilter, by: SeriesBy, minutes: MinuteRange): Promise<string> {
  const { where, minDurationNs, maxDurationNs, endpoint, protocol, status } = filter;
  const conditions = sharedConditions(filter);
  const matching = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
  if (where !== undefined || minDurationNs !== undefined || maxDurationNs !== undefined) {
    const ofRows = spanConditions(where === undefined ? {} : { where });
    const more = [
      ...ofRows,
      ...(minDurationNs === undefined ? [] : [`duration_ns >= ${integerLiteral(minDurationNs)}`]),
      ...(maxDurationNs === undefined ? [] : [`duration_ns <= ${integerLiteral(maxDurationNs)}`]),
    ];
    const [type, id, text] = keySql[by];
    return `SELECT minute, key_type, key_id, key_text, calls, errors,
        arrayMap(place -> counted.2[indexOf(counted.1, place)], range(1, arrayMax(counted.1) + 1)) AS durations
      FROM (
        SELECT minute, ${type} AS key_type, ${id} AS key_id, ${text} AS key_text, count() AS calls,
          countIf(${isErrorSql}) AS errors, sumMap([${stepOfRowSql}], [toUInt64(1)]) AS counted
        FROM (SELECT *, toStartOfMinute(start_time) AS minute, call_server_type AS server_type, call_server_id AS server_id
          FROM spans FINAL WHERE ${['is_call', duringSql(timesOfMinutes(minutes)), ...more].join(' AND ')})
        ${matching}
        GROUP BY minute, key_type, key_id, key_text)`;
  }
  const [type, id, text] = keySql[by];
  const needsCalls = [endpoint, protocol, status].some((asked) => asked !== undefined);
  return (by === 'none' || by === 'service') && !needsCalls
    ? `SELECT minute, ${type} AS key_type, ${id} AS key_id, ${text} AS key_text, calls, errors, durations
       FROM ${await minuteSource(reader, 'service_minute', minutes)} ${matching}`
    : `SELECT minute, ${type} AS key_type, ${id} AS key_id, ${text} AS key_text, calls, if(${isErrorSql}, calls, 0) AS errors, durations
       FROM ${await minuteSource(reader, 'call_minute', minutes)} ${matching}`;
}

/** Reads the series; steps in which there was no call are left out. */
export async function readSeries(
  reader: Reader,
  asked: SpanFilter,
  { by, stepNs }: { readonly by: SeriesBy; readonly stepNs: number | undefined },
): Promise<Series> {
  const filter = await withKnownKeys(reader, asked);
  const whole = await minutesOf(reader, filter);
  const isOfRows = [filter.where, filter.minDurationNs, filter.maxDurationNs].some((asked) => asked !== undefined);
  const fromS = isOfRows ? Math.max(whole.fromS, whole.toS - maxRowsS + minuteS) : whole.fromS;
  const minutes = { fromS, toS: whole.toS };
  const step = stepSeconds(minutes, stepNs);
  const source = await sourceSql(reader, filter, by, minutes);
  const top =
    by === 'none'
      ? undefined
      : await reader.select<Pick<PointRow, 'key_type' | 'key_id' | 'key_text'>>(
          `SELECT key_type, key_id, key_text FROM (${source}) AS of GROUP BY key_type, key_id, key_text
           ORDER BY sum(of.calls) DESC, key_type, key_id, key_text LIMIT ${integerLiteral(maxSeries + 1)}`,
        );
  const listed = top?.slice(0, maxSeries);
  if (listed?.length === 0) return { step_s: step, series: [], is_truncated: fromS > whole.fromS };
  const keys = listed?.map(
    (row) => `(${integerLiteral(row.key_type)}, ${integerLiteral(row.key_id)}, ${stringLiteral(row.key_text)})`,
  );
  const chosen = keys === undefined ? '' : `WHERE (key_type, key_id, key_text) IN (${keys.join(', ')})`;
  const rows = await reader.select<PointRow>(
    `SELECT key_type, key_id, key_text, time_s, calls, errors, duration_quantiles([0.5, 0.9, 0.99], durations) AS quantiles
     FROM (
       SELECT key_type, key_id, key_text, intDiv(toUnixTimestamp(minute), ${step}) * ${step} AS time_s, sum(of.calls) AS calls,
         sum(of.errors) AS errors, sumForEach(of.durations) AS durations
       FROM (${source}) AS of ${chosen} GROUP BY key_type, key_id, key_text, time_s)
     ORDER BY time_s`,
  );
  const facts = await resourceFacts(reader, by === 'service' ? (listed ?? []).map(referenceOf) : []);
  const nameOf = (row: Pick<PointRow, 'key_type' | 'key_id' | 'key_text'>): string =>
    by === 'service' ? facts.get(resourceText(referenceOf(row)))!.name : row.key_text;
  const ofKey = new Map<string, SeriesPoint[]>();
  for (const row of rows) {
    const points = ofKey.get(keyText(row)) ?? [];
    points.push(pointOf(row));
    ofKey.set(keyText(row), points);
  }
  const ordered = listed ?? rows.slice(0, 1);
  return {
    step_s: step,
    series: ordered.map((row) => ({
      key: nameOf(row),
      points: ofKey.get(keyText(row)) ?? [],
    })),
    is_truncated: (top?.length ?? 0) > maxSeries || fromS > whole.fromS,
  };
}

const keyText = (row: Pick<PointRow, 'key_type' | 'key_id' | 'key_text'>): string =>
  `${row.key_type} ${row.key_id} ${row.key_text}`;

const referenceOf = (row: Pick<PointRow, 'key_type' | 'key_id'>): { type: number; id: number } => ({
  type: row.key_type,
  id: row.key_id,
});

function pointOf({ time_s, calls, errors, quantiles }: PointRow): SeriesPoint {
  const [p50, p90, p99] = quantiles.map(Math.round);
  return { time_s, calls, errors, p50_ns: p50!, p90_ns: p90!, p99_ns: p99! };
}
