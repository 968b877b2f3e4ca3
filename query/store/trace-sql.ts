/** SQL for one trace. */
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { bytesLiteral, integerLiteral, plainBytesLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import { autoTags, tagColumn, tags } from '../../schemas/tags.ts';
import type { SideNames, SpanNames } from '../../schemas/trace-json.ts';

/** A row of {@link traceRowsSql}. */
export interface TraceRow {
  readonly trace_id: string;
  readonly revision: number;
  /** Empty unless the trace was merged into another. */
  readonly merged_into: string;
  /** Empty unless headers of its spans carry exactly one W3C trace id. */
  readonly carried_trace_id: string;
  readonly root_span_id: string;
  readonly root_count: number;
  readonly start_time_ns: string;
  readonly duration_ns: number;
  readonly error_count: number;
}

/** Traces that are stored by an id that begins with these hex digits. */
export function traceRowsSql(prefix: string, limit: number): string {
  const [low, high] = [prefix.padEnd(32, '0'), prefix.padEnd(32, 'f')];
  return rowsSql(`trace_id >= ${bytesLiteral(low)} AND trace_id <= ${bytesLiteral(high)}`, limit);
}

/** Traces that are stored by these ids. */
export function traceRowsWithIdsSql(ids: readonly string[]): string {
  return rowsSql(`trace_id IN (${ids.map(bytesLiteral).join(', ')})`, ids.length);
}

function rowsSql(condition: string, limit: number): string {
  return `SELECT lower(hex(id)) AS trace_id, revision,
      if(merged = toFixedString('', 16), '', lower(hex(merged))) AS merged_into,
      if(carried = toFixedString('', 16), '', lower(hex(carried))) AS carried_trace_id,
      if(root = toFixedString('', 8), '', lower(hex(root))) AS root_span_id, root_count,
      toString(toUnixTimestamp64Nano(start_time)) AS start_time_ns, duration_ns, error_count
    FROM (
      SELECT trace_id AS id, merged_into AS merged, carried_trace_id AS carried, root_span_id AS root, * FROM trace FINAL
      WHERE ${condition})
    ORDER BY id LIMIT ${integerLiteral(limit)}`;
}

/** What names are asked for: of the services of a span, and of everything that its sides are tagged with. */
type NamedPart = 'service' | 'client_service' | 'server_service' | 'client' | 'server';

interface AskedName {
  readonly part: NamedPart;
  /** Key among the names of a side. */
  readonly key: string;
  /** SQL of the kind and the id of the resource. */
  readonly kind: string;
  readonly id: string;
}

function askedOfSide(side: 'client' | 'server'): readonly AskedName[] {
  const tagged = tags.map(({ kind }) => ({
    part: side,
    key: kind,
    kind: String(resourceKindIndex[kind]),
    id: `${side}_${tagColumn(kind)}`,
  }));
  const autos = autoTags.map((auto) => ({
    part: side,
    key: auto,
    kind: `${side}_${auto}_type`,
    id: `${side}_${auto}_id`,
  }));
  return [...tagged, ...autos];
}

const askedNames: readonly AskedName[] = [
  { part: 'service', key: '', kind: 'service_type', id: 'service_id' },
  { part: 'client_service', key: '', kind: 'call_client_type', id: 'call_client_id' },
  { part: 'server_service', key: '', kind: 'call_server_type', id: 'call_server_id' },
  ...askedOfSide('client'),
  ...askedOfSide('server'),
];

/**
 * The names that are asked for, in their order. One function over all of them: a call for each would be analyzed each by
 * itself, which takes ten times as long as reading the spans of a page.
 */
const namesSql = `arrayMap(
        (kind, id) -> if(id = 0, '', coalesce(resource_name(kind, id, start), '')),
        [${askedNames.map(({ kind }) => `toInt32(${kind})`).join(', ')}],
        [${askedNames.map(({ id }) => id).join(', ')}])`;

/** Names of a span out of the column `names` of {@link spanRowsSql}. A side without a resource has the name of its process. */
export function spanNamesOf(names: readonly string[], processName: string): SpanNames {
  const single = (part: NamedPart): string => names[askedNames.findIndex((asked) => asked.part === part)]!;
  const sided = (part: NamedPart): SideNames =>
    Object.fromEntries(
      askedNames.flatMap((asked, at) => (asked.part === part && names[at] !== '' ? [[asked.key, names[at]!]] : [])),
    );
  return {
    serviceName: single('service') || processName,
    clientServiceName: single('client_service'),
    serverServiceName: single('server_service'),
    clientNames: sided('client'),
    serverNames: sided('server'),
  };
}

/** Columns that are no field of the span record. */
const otherColumns = [
  'trace_id',
  'otel_trace_id',
  'revision',
  'start_time',
  'service_type',
  'service_id',
  'is_call',
  'call_client_type',
  'call_client_id',
  'call_server_type',
  'call_server_id',
];

/** A version of a span. */
export interface SpanVersion {
  readonly spanId: string;
  readonly startTimeNs: bigint;
  readonly revision: number;
}

/** A row of {@link spanIndexSql}. */
export interface SpanIndexRow {
  readonly span_id: string;
  readonly parent_span_id: string;
  readonly start_time_ns: string;
  readonly revision: number;
  /** Of its texts that may be long. */
  readonly text_bytes: number;
}

/**
 * The present version of each span of a trace, without what is in it. The range in time is what makes it quick: spans are
 * in the order of their start. The requests of one call come in the order in which they stood in it.
 */
export function spanIndexSql(trace: TraceRow, limit: number): string {
  const startNs = BigInt(trace.start_time_ns);
  const endNs = startNs + BigInt(trace.duration_ns);
  return `SELECT lower(hex(id)) AS span_id, if(parent = toFixedString('', 8), '', lower(hex(parent))) AS parent_span_id,
      toString(toUnixTimestamp64Nano(start)) AS start_time_ns, revision, text_bytes
    FROM (
      SELECT span_id AS id, parent_span_id AS parent, start_time AS start, revision, ${textBytes} AS text_bytes,
        agent_id AS agent, request_event_id AS event, request_tcp_sequence AS place
      FROM spans FINAL
      WHERE start_time >= ${timeLiteral(startNs)} AND start_time <= ${timeLiteral(endNs)}
        AND trace_id = ${bytesLiteral(trace.trace_id)}
      ORDER BY start_time, span_id LIMIT ${integerLiteral(limit)})
    ORDER BY start, agent, event, place, id`;
}

const longTexts = [
  'request_resource',
  'endpoint',
  'response_exception',
  'response_result',
  'forwarded_for',
  'user_agent',
];
const textBytes = longTexts.map((column) => `length(${column})`).join(' + ');

/**
 * These versions of spans of a trace with the names of their schema; sides are still flat. Without FINAL: a version stays
 * readable until parts merge, also when there is a later one.
 */
export function spanRowsSql(trace: TraceRow, versions: readonly SpanVersion[]): string {
  const starts = versions.map(({ startTimeNs }) => startTimeNs);
  const [firstNs, lastNs] = starts.reduce(
    ([first, last], start) => [start < first ? start : first, start > last ? start : last],
    [starts[0]!, starts[0]!],
  );
  const keys = versions.map(({ spanId, revision }) => `(${plainBytesLiteral(spanId)}, ${integerLiteral(revision)})`);
  return `SELECT * EXCEPT (start, ${otherColumns.join(', ')}) REPLACE (
      if(parent_span_id = toFixedString('', 8), '', lower(hex(parent_span_id))) AS parent_span_id,
      lower(hex(span_id)) AS span_id,
      CAST(arrayMap(likely -> (lower(hex(likely.1)), toString(likely.2), likely.3, likely.4), likely_parents)
        AS Array(Tuple(span_id String, start_time_ns String, reason String, confidence Float64))) AS likely_parents,
      CAST(arrayMap(cause -> (cause.1, lower(hex(cause.2)), cause.3, cause.4, cause.5), causes)
        AS Array(Tuple(kind String, span_id String, rule String, confidence Float64, learned Bool))) AS causes),
      toString(toUnixTimestamp64Nano(start)) AS start_time_ns,
      ${namesSql} AS names
    FROM (
      SELECT start_time AS start, * FROM spans
      WHERE start_time >= ${timeLiteral(firstNs)} AND start_time <= ${timeLiteral(lastNs)}
        AND trace_id = ${bytesLiteral(trace.trace_id)} AND (span_id, revision) IN (${keys.join(', ')})
      LIMIT 1 BY span_id)`;
}
