import type { SpanSummaryJson } from '../api/span-summary-json.ts';
import { carriersOf, publicId } from './carried-ids.ts';
import { withKnownKeys } from './known-keys.ts';
import type { Reader } from './read-limits.ts';
import { type SpanListFilter, spanListSql, type SpanListRow, spansWithIdsSql } from './span-list-sql.ts';
import { storedAddress } from './stored-address.ts';
import { type TraceRow, traceRowsWithIdsSql } from './trace-sql.ts';
import type { ListPosition } from './trace-store.ts';

/** Spans in the order of {@link SpanListFilter}. */
export interface SpanList {
  readonly spans: readonly SpanSummaryJson[];
  /** Where the list ends; undefined when no further span matches. */
  readonly next?: ListPosition;
}

const secondNs = 1_000_000_000n;
/** How far back a search reaches, step by step: the newest spans are most likely enough. */
const lookBackNs = [10n * secondNs, 120n * secondNs, 1_800n * secondNs, 28_800n * secondNs];

/**
 * Lists spans. What comes after a place in the list is the same whatever is stored before it, and whatever merges run.
 *
 * @param nowNs Unix time
 */
export async function listSpans(reader: Reader, filter: SpanListFilter, nowNs: bigint): Promise<SpanList> {
  // One more than the list has, which says whether it goes on.
  const rows = await rowsOf(reader, await withKnownKeys(reader, { ...filter, limit: filter.limit + 1 }), nowNs);
  const listed = rows.slice(0, filter.limit);
  const last = listed.at(-1);
  const spans = await summariesOf(reader, listed);
  return rows.length === listed.length || last === undefined
    ? { spans }
    : { spans, next: { key: BigInt(last.start_time_ns), id: last.span_id } };
}

/** These spans by their start and their id; none for those that are not stored. */
export async function spansAt(reader: Reader, spans: readonly ListPosition[]): Promise<readonly SpanSummaryJson[]> {
  if (spans.length === 0) return [];
  return summariesOf(reader, await reader.select<SpanListRow>(spansWithIdsSql(spans)));
}

/** Start of the newest span in Unix nanoseconds; 0 when none is stored. */
export async function latestSpanNs(reader: Reader): Promise<bigint> {
  const [latest] = await reader.select<{ time: string }>(
    'SELECT toString(toUnixTimestamp64Nano(max(start_time))) AS time FROM spans',
  );
  return BigInt(latest?.time ?? 0);
}

async function rowsOf(reader: Reader, filter: SpanListFilter, nowNs: bigint): Promise<readonly SpanListRow[]> {
  const latestNs = await latestSpanNs(reader);
  // A clock that is far ahead does not make the steps useless.
  const endNs = [nowNs, filter.toNs, filter.after?.key].reduce<bigint>(
    (earliest, time) => (time !== undefined && time < earliest ? time : earliest),
    latestNs,
  );
  for (const back of lookBackNs) {
    const fromNs = endNs - back;
    if (filter.fromNs !== undefined && fromNs <= filter.fromNs) break;
    const rows = await reader.select<SpanListRow>(spanListSql({ ...filter, fromNs }));
    if (rows.length >= filter.limit) return rows;
  }
  return reader.select<SpanListRow>(spanListSql(filter));
}

/** With the public ids of their traces. */
async function summariesOf(reader: Reader, rows: readonly SpanListRow[]): Promise<readonly SpanSummaryJson[]> {
  const ids = [...new Set(rows.map((row) => row.stored_trace_id))];
  const traces = ids.length === 0 ? [] : await reader.select<TraceRow>(traceRowsWithIdsSql(ids));
  const carriers = await carriersOf(
    reader,
    traces.map((trace) => trace.carried_trace_id),
  );
  const publicIds = new Map(traces.map((trace) => [trace.trace_id, publicId(trace, carriers)]));
  return rows.map(({ stored_trace_id: id, names, ...row }) => {
    const [service, client, server] = names;
    return {
      ...(row as Omit<SpanSummaryJson, 'trace_id'>),
      trace_id: publicIds.get(id) ?? id,
      service_name: service || row.process_name,
      client_service_name: client,
      server_service_name: server,
      client_address: storedAddress(row.client_address),
      server_address: storedAddress(row.server_address),
    };
  });
}
