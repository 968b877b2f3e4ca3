/** Which values traces in a box of time and duration have more or less often than the others that match. */
import { integerLiteral, plainBytesLiteral, stringLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { tagColumn, type TagKind } from '../../schemas/tags.ts';
import { matchingTraces } from './matching-traces.ts';
import type { Reader } from './read-limits.ts';
import { duringSql, endNsSql } from './trace-list-sql.ts';
import type { SpanFilter } from './trace-store.ts';

/** A box of the heatmap; what is not there does not bound it. */
export interface Box {
  readonly fromNs: bigint | undefined;
  readonly toNs: bigint | undefined;
  readonly minDurationNs: number | undefined;
  readonly maxDurationNs: number | undefined;
}

/** A value of a field, with the shares of traces that have a span with it. */
export interface DifferentValue {
  readonly value: string;
  readonly inside: number;
  readonly outside: number;
  readonly where: string;
}

/** Differences, the greatest first. */
export interface Differences {
  readonly inside: number;
  readonly outside: number;
  readonly attributes: readonly { readonly field: string; readonly values: readonly DifferentValue[] }[];
  readonly is_sampled: boolean;
}

/** Traces of each kind whose spans are read, the newest. */
const maxTraces = 1_000;
const maxFields = 20;
const maxValues = 8;

/** Fields of the span: text of SQL. */
const spanFields = {
  endpoint: 'toString(endpoint)',
  protocol: 'toString(protocol)',
  status: 'toString(status)',
  request_type: 'toString(request_type)',
  response_code: 'toString(response_code)',
  process_name: 'toString(process_name)',
} as const;
const tagKinds = ['zone', 'node', 'namespace', 'workload', 'pod', 'service'] as const satisfies readonly TagKind[];

/** Name, kind and id of each tag of both sides. */
const tagFields = (['client', 'server'] as const).flatMap((side) =>
  tagKinds.map((kind) => ({
    field: `${side}.${kind}`,
    kind: resourceKindIndex[kind],
    column: `${side}_${tagColumn(kind)}`,
  })),
);

interface TraceRow {
  readonly id: string;
  readonly is_inside: number;
  readonly start_ns: string;
  readonly end_ns: string;
}

function boxSql({ fromNs, toNs, minDurationNs, maxDurationNs }: Box): string {
  const conditions = [
    ...(fromNs === undefined ? [] : [`start_time >= ${timeLiteral(fromNs)}`]),
    ...(toNs === undefined ? [] : [`start_time <= ${timeLiteral(toNs)}`]),
    ...(minDurationNs === undefined ? [] : [`duration_ns >= ${integerLiteral(minDurationNs)}`]),
    ...(maxDurationNs === undefined ? [] : [`duration_ns <= ${integerLiteral(maxDurationNs)}`]),
  ];
  return conditions.length === 0 ? 'true' : `(${conditions.join(' AND ')})`;
}

/** Reads the differences between traces in the box and the others that match. */
export async function readDifferences(reader: Reader, filter: SpanFilter, box: Box): Promise<Differences> {
  const matching = await matchingTraces(reader, filter);
  const none = { inside: 0, outside: 0, attributes: [], is_sampled: false };
  if (matching === undefined) return none;
  const rows = await reader.select<TraceRow & { of_kind: number }>(
    `SELECT lower(hex(trace_id)) AS id, is_inside, start_ns, end_ns, of_kind FROM (
       SELECT trace_id, toUInt8(${boxSql(box)}) AS is_inside, toString(toUnixTimestamp64Nano(start_time)) AS start_ns,
         toString(${endNsSql}) AS end_ns, count() OVER (PARTITION BY is_inside) AS of_kind, start_time
       FROM ${matching.sql})
     ORDER BY is_inside, start_time DESC, trace_id LIMIT ${integerLiteral(maxTraces)} BY is_inside`,
  );
  const inside = rows.filter((row) => row.is_inside === 1);
  const outside = rows.filter((row) => row.is_inside === 0);
  const all = (of: typeof rows): number => (of[0]?.of_kind ?? 0) * matching.factor;
  const counts = { inside: all(inside), outside: all(outside) };
  const isSampled = matching.factor > 1 || counts.inside > inside.length || counts.outside > outside.length;
  if (inside.length === 0 || outside.length === 0) return { ...none, ...counts, is_sampled: isSampled };
  const values = [...(await valuesOf(reader, inside, inside)), ...(await valuesOf(reader, outside, []))];
  return { ...counts, attributes: attributesOf(values, inside.length, outside.length), is_sampled: isSampled };
}

interface ValueRow {
  readonly field: string;
  readonly value: string;
  readonly traces: number;
  readonly isInside: boolean;
}

/** How many of these traces have which values. */
async function valuesOf(
  reader: Reader,
  traces: readonly TraceRow[],
  inside: readonly TraceRow[],
): Promise<readonly ValueRow[]> {
  const starts = traces.map((row) => BigInt(row.start_ns));
  const ends = traces.map((row) => BigInt(row.end_ns));
  const range = {
    fromNs: starts.reduce((min, value) => (value < min ? value : min)),
    toNs: ends.reduce((max, value) => (value > max ? value : max)),
  };
  const ids = traces.map(({ id }) => plainBytesLiteral(id)).join(', ');
  const texts = Object.entries(spanFields).map(([name, sql]) => `(${stringLiteral(name)}, 0, 0, ${sql})`);
  const tags = tagFields.map(({ field, kind, column }) => `(${stringLiteral(field)}, ${kind}, toInt32(${column}), '')`);
  const service = `('seen_service', toInt32(service_type), toInt32(service_id), '')`;
  const array = `[${[...texts, ...tags, service].join(', ')}]::Array(Tuple(String, Int32, Int32, String))`;
  const rows = await reader.select<{ field: string; value: string; traces: number }>(
    `SELECT field, value, sum(traces) AS traces FROM (
       SELECT field, if(kind = 0, text, dictGet('resource_now', 'name', resource_key(kind, id))) AS value, of.traces AS traces FROM (
         SELECT item.1 AS field, item.2 AS kind, item.3 AS id, item.4 AS text, uniqExact(trace_id) AS traces
         FROM (SELECT trace_id, arrayJoin(${array}) AS item FROM spans FINAL
           WHERE ${duringSql(range)} AND trace_id IN (${ids}))
         WHERE (kind = 0 AND text != '') OR id != 0
         GROUP BY field, kind, id, text) AS of)
     WHERE value != '' GROUP BY field, value ORDER BY traces DESC, field, value LIMIT 5000`,
  );
  return rows.map((row) => ({ ...row, isInside: inside === traces }));
}

function attributesOf(rows: readonly ValueRow[], inside: number, outside: number): Differences['attributes'] {
  const fields = new Map<string, Map<string, { inside: number; outside: number }>>();
  for (const { field, value, traces, isInside } of rows) {
    const values = fields.get(field) ?? new Map<string, { inside: number; outside: number }>();
    const shares = values.get(value) ?? { inside: 0, outside: 0 };
    // Two resources of one name may be in one trace.
    if (isInside) shares.inside = Math.min(1, traces / inside);
    else shares.outside = Math.min(1, traces / outside);
    values.set(value, shares);
    fields.set(field, values);
  }
  const difference = (value: DifferentValue): number => Math.abs(value.inside - value.outside);
  return [...fields]
    .map(([field, values]) => ({
      field,
      values: [...values]
        .map(([value, shares]) => ({ value, ...shares, where: `${field} = ${quoted(value)}` }))
        .sort((one, other) => difference(other) - difference(one) || (one.value < other.value ? -1 : 1))
        .slice(0, maxValues),
    }))
    .sort(
      (one, other) => difference(other.values[0]!) - difference(one.values[0]!) || (one.field < other.field ? -1 : 1),
    )
    .slice(0, maxFields);
}

/** A value of the language of conditions. */
const quoted = (value: string): string => `'${value.replaceAll(/['\\]/g, (character) => `\\${character}`)}'`;
