/**
 * A trace as a picture needs it, some spans at a time: the engine gives columns, texts once each. Nothing is in memory but one page.
 * Each page goes on after the last key of the one before, and the key of the table is (start_time, span_id), so no page reads
 * what others have.
 */
import { bytesLiteral, integerLiteral, plainBytesLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import { maxOutlineSpans, type outlineNumberNames, type outlineTextNames } from '../api/trace-outline-columns.ts';
import type { OutlinePageJson } from '../api/trace-outline-json.ts';
import type { Reader } from './read-limits.ts';
import { servicesSql } from './span-list-sql.ts';
import { storedAddress } from './stored-address.ts';
import { type TraceRow, traceRowsWithIdsSql } from './trace-sql.ts';
import { TraceChangedError } from './trace-store.ts';

/** Spans of a page. */
const pageSpans = 25_000;
/** Characters of a text: no row has room for more. */
const maxTextLength = 200;

/** What an outline ends with. */
export interface OutlineEnd {
  /** Spans that the trace has beyond those that were read. */
  readonly leftOut: number;
}

interface Key {
  readonly startNs: bigint;
  readonly spanId: string;
}

type PageRow = OutlinePageJson & {
  readonly count: number;
  readonly last_start_ns: string;
  readonly last_span_id: string;
};

/**
 * Pages of the outline of a trace.
 *
 * @throws TraceChangedError when it has another revision after the last page than before the first
 */
export async function* readOutline(
  reader: Reader,
  trace: TraceRow,
  limits = { pageSpans, maxSpans: maxOutlineSpans },
): AsyncGenerator<OutlinePageJson, OutlineEnd> {
  let after: Key | undefined;
  let count = 0;
  for (;;) {
    const limit = Math.min(limits.pageSpans, limits.maxSpans - count);
    if (limit === 0) break;
    const [row] = await reader.select<PageRow>(pageSql(trace, after, limit));
    if (row === undefined || row.count === 0) break;
    const { count: read, last_start_ns: start, last_span_id: spanId, ...page } = row;
    yield withAddresses(page);
    after = { startNs: BigInt(start), spanId };
    count += read;
    if (read < limit) break;
  }
  if (count < limits.pageSpans) return { leftOut: 0 };
  const [now] = await reader.select<TraceRow>(traceRowsWithIdsSql([trace.trace_id]));
  if (now?.revision !== trace.revision) throw new TraceChangedError(trace.trace_id);
  const [left] = await reader.select<{ count: number }>(
    `SELECT count() AS count FROM spans FINAL WHERE ${spansSql(trace, after)}`,
  );
  return { leftOut: left?.count ?? 0 };
}

function withAddresses(page: OutlinePageJson): OutlinePageJson {
  const stored = ({ texts, numbers }: OutlinePageJson['client_address']): OutlinePageJson['client_address'] => ({
    texts: texts.map(storedAddress),
    numbers,
  });
  return { ...page, client_address: stored(page.client_address), server_address: stored(page.server_address) };
}

/** Which spans: those of the trace after this one. */
function spansSql(trace: TraceRow, after: Key | undefined): string {
  const startNs = BigInt(trace.start_time_ns);
  const [from, endNs] = [after?.startNs ?? startNs, startNs + BigInt(trace.duration_ns)];
  const next =
    after === undefined
      ? ''
      : `AND (start_time, span_id) > (${timeLiteral(after.startNs)}, toFixedString(${plainBytesLiteral(after.spanId)}, 8))`;
  return `start_time >= ${timeLiteral(from)} AND start_time <= ${timeLiteral(endNs)}
    AND trace_id = ${bytesLiteral(trace.trace_id)} ${next}`;
}

const textColumns: Readonly<Record<(typeof outlineTextNames)[number], string>> = {
  agent_id: 'toString(agent_id)',
  observation_point: 'observation_point',
  service_name: "if(names[1] = '', process_name, names[1])",
  client_service_name: 'names[2]',
  client_address: "if(names[2] = '', toString(client_address), '')",
  server_service_name: 'names[3]',
  server_address: "if(names[3] = '', toString(server_address), '')",
  request_type: 'request_type',
  endpoint: `substringUTF8(if(endpoint = '', request_resource, endpoint), 1, ${maxTextLength})`,
  protocol: 'toString(protocol)',
  status: 'toString(status)',
  process_name: 'process_name',
  reason: 'toString(reason)',
  response_exception: `substringUTF8(response_exception, 1, ${maxTextLength})`,
  tunnels:
    "arrayStringConcat(arrayMap(tunnel -> concat(toString(tunnel.1), ' ', toString(tunnel.2)), tunnels), ' in ')",
};

const numberColumns: Readonly<Record<Exclude<(typeof outlineNumberNames)[number], 'start_offset_ns'>, string>> = {
  duration_ns: 'duration_ns',
  server_port: "if(names[3] = '', server_port, 0)",
  response_code: 'response_code',
  confidence: 'confidence',
  likely_parents: 'least(255, length(likely_parents))',
};

function pageSql(trace: TraceRow, after: Key | undefined, limit: number): string {
  const texts = Object.keys(textColumns).map(
    (name) =>
      `CAST((arrayDistinct(groupArray(toString(text_${name})) AS all_${name}), arrayEnumerateDense(all_${name}))
        AS Tuple(texts Array(String), numbers Array(UInt32))) AS ${name}`,
  );
  const numbers = Object.keys(numberColumns).map((name) => `groupArray(number_${name}) AS ${name}`);
  const columns = [
    ...Object.entries(textColumns).map(([name, sql]) => `${sql} AS text_${name}`),
    ...Object.entries(numberColumns).map(([name, sql]) => `${sql} AS number_${name}`),
  ];
  return `SELECT count() AS count, toString(min(ns)) AS first_start_ns, toString(max(ns)) AS last_start_ns,
      lower(hex(argMax(id, (ns, id)))) AS last_span_id,
      lower(arrayStringConcat(groupArray(hex(id)))) AS span_ids, lower(arrayStringConcat(groupArray(hex(parent)))) AS parent_span_ids,
      arrayMap(at -> at - min(ns), groupArray(ns)) AS start_offset_ns,
      ${[...numbers, ...texts].join(',\n      ')}
    FROM (
      SELECT span_id AS id, parent_span_id AS parent, start_time AS start, toUnixTimestamp64Nano(start_time) AS ns,
        ${servicesSql} AS names, ${columns.join(', ')},
        agent_id AS agent, request_event_id AS event, request_tcp_sequence AS place
      FROM (
        SELECT * FROM spans FINAL WHERE ${spansSql(trace, after)}
        ORDER BY start_time, span_id LIMIT ${integerLiteral(limit)})
      ORDER BY start, agent, event, place, id)`;
}
