/**
 * A page of a list of traces: the same whatever merges run, without duplicates or gaps over pages.
 *
 * Candidates are versions of traces in the order of the list. Of each, the present version decides: only a candidate that is
 * the present version is in the list, so a trace whose start has moved is where it starts now, and once. Where the filter asks for
 * spans, the newest traces are searched first, then eight times as many, and so on: the newest matches are most likely there.
 */
import type { Protocol, SpanStatus } from '../../schemas/generated/span.ts';
import { carriersOf, publicId } from './carried-ids.ts';
import { withKnownKeys } from './known-keys.ts';
import type { Reader } from './read-limits.ts';
import type { TimeRange } from './time-range.ts';
import {
  asksForSpans,
  candidateSql,
  newestVersionsSql,
  type NewestVersionsRow,
  type PresentVersionRow,
  presentVersionsSql,
  type TraceVersionRow,
} from './trace-list-sql.ts';
import type { ListPosition, TraceFilter, TraceList, TraceSummary } from './trace-store.ts';

/** How many times as many traces each further search among spans is of. */
const stepFactor = 8;
/** The last search is of all that is left. */
const mostTraces = 2 ** 31;
const maxCandidates = 16_000;

/**
 * Traces of the list after the position of the filter, as many as its limit.
 *
 * @param firstTraces of how many traces the first search among spans is; each further one is of as many times more
 */
export async function listTraces(reader: Reader, filter: TraceFilter, firstTraces = 32_000): Promise<TraceList> {
  const known = await withKnownKeys(reader, filter);
  const found: TraceVersionRow[] = [];
  // One more than is wanted says whether there is another page.
  const wanted = filter.limit + 1;
  for await (const rows of presentRows(reader, known, firstTraces)) {
    found.push(...rows);
    if (found.length >= wanted) break;
  }
  const page = found.slice(0, filter.limit);
  const last = page.at(-1);
  const traces = await summariesOf(reader, page);
  if (found.length < wanted || last === undefined) return { traces };
  return { traces, next: positionOf(last) };
}

const positionOf = (row: TraceVersionRow): ListPosition => ({ key: BigInt(row.sort_key), id: row.trace_id });

/** Traces of the list in its order, as many at a time as are found together. */
async function* presentRows(
  reader: Reader,
  filter: TraceFilter,
  firstTraces: number,
): AsyncGenerator<readonly TraceVersionRow[]> {
  for await (const part of partsOf(reader, filter, firstTraces)) {
    let position = filter.after;
    let limit = 2 * filter.limit + 10;
    for (;;) {
      const rows = await reader.select<TraceVersionRow>(candidateSql({ filter, ...part, after: position }, limit));
      const isAll = rows.length < limit;
      const whole = isAll ? rows : withoutLastKey(rows);
      if (whole.length > 0) {
        yield await presentOf(reader, whole);
        position = positionOf(whole.at(-1)!);
      }
      if (isAll) break;
      limit = Math.min(4 * limit, maxCandidates);
    }
  }
}

/** Without the versions that share the last key and id: others of them may follow. */
function withoutLastKey(rows: readonly TraceVersionRow[]): readonly TraceVersionRow[] {
  const { sort_key, trace_id } = rows.at(-1)!;
  return rows.filter((row) => row.sort_key !== sort_key || row.trace_id !== trace_id);
}

/** The time in which traces of the rest of the list start. */
function rangeOf({ fromNs = -(2n ** 63n), toNs = 2n ** 63n - 1n, sort, after }: TraceFilter): TimeRange {
  return { fromNs, toNs: sort === 'newest' && after !== undefined && after.key < toNs ? after.key : toNs };
}

/** Parts of that time, the latest first, each with the time in which spans of its traces begin. */
async function* partsOf(
  reader: Reader,
  filter: TraceFilter,
  firstTraces: number,
): AsyncGenerator<{ readonly range: TimeRange; readonly spans: TimeRange | undefined }> {
  const { fromNs, toNs } = rangeOf(filter);
  if (!asksForSpans(filter)) {
    yield { range: { fromNs, toNs }, spans: undefined };
    return;
  }
  let traces = filter.sort === 'newest' ? firstTraces : mostTraces;
  for (let endNs = toNs; endNs >= fromNs; traces = Math.min(stepFactor * traces, mostTraces)) {
    const sql = newestVersionsSql({ fromNs, toNs: endNs }, traces);
    const [newest] = await reader.select<NewestVersionsRow>(sql);
    if (newest === undefined) return;
    const firstNs = newest.versions < traces ? fromNs : BigInt(newest.first_ns);
    const spans = { fromNs: BigInt(newest.first_ns), toNs: BigInt(newest.last_span_ns) };
    yield { range: { fromNs: firstNs, toNs: endNs }, spans };
    endNs = firstNs - 1n;
  }
}

/** Of these versions, those that are the present ones of their traces. */
async function presentOf(reader: Reader, rows: readonly TraceVersionRow[]): Promise<readonly TraceVersionRow[]> {
  const ids = [...new Set(rows.map((row) => row.trace_id))];
  const presentRowsOfIds = await reader.select<PresentVersionRow>(presentVersionsSql(ids));
  const present = new Map(presentRowsOfIds.map((row) => [row.trace_id, row]));
  const taken = new Set<string>();
  return rows.filter((row) => {
    const is = present.get(row.trace_id);
    if (is?.version !== row.version || is.content !== row.content || taken.has(row.trace_id)) return false;
    taken.add(row.trace_id);
    return true;
  });
}

async function summariesOf(reader: Reader, rows: readonly TraceVersionRow[]): Promise<readonly TraceSummary[]> {
  const carried = rows.map((row) => row.carried_trace_id);
  const carriers = await carriersOf(reader, carried);
  return rows.map((row) => summaryOf(row, publicId(row, carriers)));
}

function summaryOf(row: TraceVersionRow, traceId: string): TraceSummary {
  return {
    traceId,
    revision: row.revision,
    startTimeNs: BigInt(row.start_time_ns),
    durationNs: row.duration_ns,
    spanCount: row.span_count,
    errorCount: row.error_count,
    rootCount: row.root_count,
    rootServiceName: row.root_service_name,
    rootProtocol: row.root_protocol as Protocol,
    rootRequestType: row.root_request_type,
    rootEndpoint: row.root_endpoint,
    rootStatus: row.root_status as SpanStatus,
    rootResponseCode: row.root_response_code,
  };
}
