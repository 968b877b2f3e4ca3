import type { SpanSummaryJson } from '../api/span-summary-json.ts';
import { carriersOf, publicId } from './carried-ids.ts';
import { withKnownKeys } from './known-keys.ts';
import type { Reader } from './read-limits.ts';
import { type SpanListFilter, spanListSql, type SpanListRow, spansWithIdsSql } from './span-list-sql.ts';
import { storedAddress } from './stored-address.ts';
import type { TimeRange } from './time-range.ts';
import { type TraceRow, traceRowsWithIdsSql } from './trace-sql.ts';
import type { ListPosition } from './trace-store.ts';

/** Spans in the order of {@link SpanListFilter}. */
export interface SpanList {
  readonly spans: readonly SpanSummaryJson[];
  /** Where the list ends; undefined when no further span matches. */
  readonly next?: ListPosition;
}

/** A search goes back in steps that grow: the newest spans are most likely enough. */
const firstStepNs = 10_000_000_000n;
const stepFactor = 16n;
/** After a step that took longer, the next one is as long. */
const slowStepMs = 500;
/** After so long a search ends where it is. */
const budgetMs = 5_000;
/** Behind all spans that start at a time: where a search ended early. */
const lastId = 'f'.repeat(16);

/**
 * Lists spans. What comes after a place in the list is the same whatever is stored before it, and whatever merges run. Where few
 * spans match, a search may take long: then the list ends early, possibly without any span, and goes on from where that was.
 *
 * @param nowNs Unix time
 * @param clockMs a clock that only goes forward
 */
export async function listSpans(
  reader: Reader,
  filter: SpanListFilter,
  nowNs: bigint,
  clockMs: () => number = () => performance.now(),
): Promise<SpanList> {
  // One more than the list has, which says whether it goes on.
  const known = await withKnownKeys(reader, { ...filter, limit: filter.limit + 1 });
  const { rows, searchedToNs } = await rowsOf(reader, known, nowNs, clockMs);
  const listed = rows.slice(0, filter.limit);
  const last = listed.at(-1);
  const spans = await summariesOf(reader, listed);
  if (rows.length > listed.length && last !== undefined)
    return { spans, next: { key: BigInt(last.start_time_ns), id: last.span_id } };
  return searchedToNs === undefined ? { spans } : { spans, next: { key: searchedToNs, id: lastId } };
}

/** These spans by their start and their id; none for those that are not stored. */
export async function spansAt(reader: Reader, spans: readonly ListPosition[]): Promise<readonly SpanSummaryJson[]> {
  if (spans.length === 0) return [];
  return summariesOf(reader, await reader.select<SpanListRow>(spansWithIdsSql(spans)));
}

/** Start of the newest span in Unix nanoseconds; 0 when none is stored. */
export async function latestSpanNs(reader: Reader): Promise<bigint> {
  return (await storedRange(reader))?.toNs ?? 0n;
}

/** Starts of the oldest and the newest span; undefined when none is stored. */
async function storedRange(reader: Reader): Promise<TimeRange | undefined> {
  const [row] = await reader.select<{ first: string; last: string; rows: number }>(
    `SELECT toString(toUnixTimestamp64Nano(min(start_time))) AS first,
       toString(toUnixTimestamp64Nano(max(start_time))) AS last, count() AS rows FROM spans`,
  );
  return row === undefined || row.rows === 0 ? undefined : { fromNs: BigInt(row.first), toNs: BigInt(row.last) };
}

/** Rows as many as the limit, or as were found. @returns how far back was searched, if that is not everything */
async function rowsOf(
  reader: Reader,
  filter: SpanListFilter,
  nowNs: bigint,
  clockMs: () => number,
): Promise<{ readonly rows: readonly SpanListRow[]; readonly searchedToNs?: bigint }> {
  const startedAtMs = clockMs();
  const stored = await storedRange(reader);
  if (stored === undefined) return { rows: [] };
  const { fromNs, toNs, after } = filter;
  const beginNs = fromNs !== undefined && fromNs > stored.fromNs ? fromNs : stored.fromNs;
  let endNs = least(stored.toNs, toNs, after?.key);
  // A clock that is far ahead does not make the steps useless.
  const nearestNs = least(stored.toNs, nowNs);
  // What goes on where few spans matched reaches as far again at once, so that a search ends after few pages.
  let stepNs = after?.id === lastId && nearestNs - endNs > firstStepNs ? nearestNs - endNs : firstStepNs;
  let stepFromNs = least(endNs, nowNs) - stepNs;
  const rows: SpanListRow[] = [];
  while (endNs >= beginNs) {
    const stepStartedAtMs = clockMs();
    const step = {
      fromNs: stepFromNs > beginNs ? stepFromNs : beginNs,
      toNs: endNs,
      limit: filter.limit - rows.length,
    };
    rows.push(...(await reader.select<SpanListRow>(spanListSql({ ...filter, ...step }))));
    if (rows.length >= filter.limit || step.fromNs === beginNs) break;
    const atMs = clockMs();
    if (atMs - startedAtMs > budgetMs) return { rows, searchedToNs: step.fromNs };
    if (atMs - stepStartedAtMs < slowStepMs) stepNs *= stepFactor;
    endNs = step.fromNs - 1n;
    stepFromNs = endNs - stepNs;
  }
  return { rows };
}

const least = (first: bigint, ...others: readonly (bigint | undefined)[]): bigint =>
  others.reduce<bigint>((found, time) => (time !== undefined && time < found ? time : found), first);

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
