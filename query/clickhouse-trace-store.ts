import type { ClickHouse } from '../core/clickhouse/clickhouse.ts';
import type { Protocol, SpanStatus } from '../schemas/generated/span.ts';
import { type SideNames, type SpanNames, traceFromJson } from '../schemas/trace-json.ts';
import { type Carriers, carriersOf, formerCarriersSql, publicId } from './carried-ids.ts';
import { inTreeOrder } from './span-order.ts';
import { asksForSpans, type Candidate, candidateSql, type SummaryRow, summarySql } from './trace-list-sql.ts';
import { spanRowsSql, type TraceRow, traceRowsSql, traceRowsWithIdsSql } from './trace-sql.ts';
import {
  type FoundTrace,
  maxReadSpans,
  type NamedTrace,
  type TraceFilter,
  type TraceStore,
  type TraceSummary,
} from './trace-store.ts';

const settings = { max_execution_time: 20 };
/** Ids told when a beginning of an id is not enough. */
const ambiguousIds = 5;
/** Merges that are followed from an id; in a chain each one is older. */
const maxMerges = 32;
/** More candidates than this cost more than reading all present versions. */
const maxCandidates = 20_000;
const minuteNs = 60_000_000_000n;
/** How far back a search among spans goes, step by step, when nobody says how far. */
const lookBackNs = [15n * minuteNs, 360n * minuteNs];

/** Traces in ClickHouse. Every read sees one version of a row, the latest. */
export function clickHouseTraceStore(clickHouse: ClickHouse): TraceStore {
  return {
    listTraces: (filter) => listTraces(clickHouse, filter),
    findTrace: (id) => findTrace(clickHouse, id),
    close: () => clickHouse.close(),
  };
}

async function listTraces(clickHouse: ClickHouse, filter: TraceFilter): Promise<readonly TraceSummary[]> {
  // Searching spans is the costly part, and the newest traces are most likely in the newest spans.
  if (filter.sort === 'newest' && filter.fromNs === undefined && asksForSpans(filter)) {
    const [latest] = await clickHouse.select<{ time: string }>(
      'SELECT toString(toUnixTimestamp64Nano(max(start_time))) AS time FROM trace',
    );
    const latestNs = BigInt(latest!.time);
    const endNs = filter.toNs !== undefined && filter.toNs < latestNs ? filter.toNs : latestNs;
    for (const back of lookBackNs) {
      const found = await listWithin(clickHouse, { ...filter, fromNs: endNs - back });
      if (found.length >= filter.limit) return found;
    }
  }
  return listWithin(clickHouse, filter);
}

/**
 * Candidates first, then their present versions. A candidate may have been there for an older version only, and then
 * its present one has another place in the list or none. So only what is at least as good as the last candidate is
 * certain; when that is not enough, more candidates are taken.
 */
async function listWithin(clickHouse: ClickHouse, filter: TraceFilter): Promise<readonly TraceSummary[]> {
  for (let count = 2 * filter.limit + 10; count <= maxCandidates; count *= 8) {
    const candidates = await clickHouse.select<Candidate>(candidateSql(filter, count), settings);
    const last = candidates.at(-1);
    if (last === undefined) return [];
    const rows = await clickHouse.select<SummaryRow>(summarySql(filter, candidates), settings);
    const isAll = candidates.length < count;
    const certain = isAll ? rows : rows.filter((row) => BigInt(row.sort_key) >= BigInt(last.sort_key));
    if (isAll || certain.length >= filter.limit) return summariesOf(clickHouse, certain);
  }
  return summariesOf(clickHouse, await clickHouse.select<SummaryRow>(summarySql(filter), settings));
}

async function summariesOf(clickHouse: ClickHouse, rows: readonly SummaryRow[]): Promise<readonly TraceSummary[]> {
  const carried = rows.map((row) => row.carried_trace_id);
  const carriers = await carriersOf(clickHouse, carried, settings);
  return rows.map((row) => summaryOf(row, publicId(row, carriers)));
}

function summaryOf(row: SummaryRow, traceId: string): TraceSummary {
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

async function findTrace(clickHouse: ClickHouse, id: string): Promise<FoundTrace> {
  if (!/^[0-9a-fA-F]{1,32}$/.test(id)) return { kind: 'missing' };
  const stored = await clickHouse.select<TraceRow>(traceRowsSql(id, ambiguousIds * maxMerges), settings);
  // What is stored by this very id is meant, whatever carries it.
  const isExact = id.length === 32 && stored.length > 0;
  const rows = isExact ? stored : [...stored, ...(await findCarriers(clickHouse, id))];
  const present = new Map<string, TraceRow>();
  for (const row of rows) {
    const end = await endOfMerges(clickHouse, row);
    if (end !== undefined) present.set(end.trace_id, end);
  }
  const found = [...present.values()];
  const carriers = await carriersOf(clickHouse, found.map(carriedBy), settings);
  const [row, ...others] = found;
  if (row === undefined) return { kind: 'missing' };
  if (others.length > 0) {
    const traceIds = found.map((one) => publicId(one, carriers)).sort();
    return { kind: 'ambiguous', traceIds: traceIds.slice(0, ambiguousIds) };
  }
  const traceId = publicId(row, carriers);
  const alsoCarriedBy = otherCarriers(row, carriers.get(carriedBy(row)));
  return { kind: 'found', named: { ...(await readTrace(clickHouse, row, traceId)), alsoCarriedBy } };
}

/** Traces that carry an id that begins so: of each id the one that it means. */
async function findCarriers(clickHouse: ClickHouse, prefix: string): Promise<readonly TraceRow[]> {
  const former = await clickHouse.select<{ readonly carried_trace_id: string; readonly trace_id: string }>(
    formerCarriersSql(prefix, ambiguousIds * maxMerges),
    settings,
  );
  if (former.length === 0) return [];
  const ids = former.map((row) => row.carried_trace_id);
  const carriers = await carriersOf(clickHouse, ids, settings);
  // An id that no trace carries alone any more means the trace that did so first: it has the spans still, and others.
  const owners = former.map((row) => carriers.get(row.carried_trace_id)?.owner ?? row.trace_id);
  return clickHouse.select<TraceRow>(traceRowsWithIdsSql(owners), settings);
}

/** The id that others may carry, too: former versions stored traces by it. */
const carriedBy = (row: TraceRow): string => row.carried_trace_id || row.trace_id;

/** Public ids of the other traces that carry the id of this one: all but the owner go by their stored ids. */
function otherCarriers(row: TraceRow, carriers: Carriers | undefined): readonly string[] {
  if (carriers === undefined) return [];
  const isOwner = carriers.owner === row.trace_id;
  const owner = isOwner ? [] : [carriedBy(row)];
  return [...owner, ...carriers.others.filter((id) => id !== row.trace_id)];
}

async function endOfMerges(clickHouse: ClickHouse, row: TraceRow): Promise<TraceRow | undefined> {
  let current: TraceRow | undefined = row;
  for (let merges = 0; current !== undefined && current.merged_into !== ''; merges++) {
    if (merges === maxMerges) return undefined;
    [current] = await clickHouse.select<TraceRow>(traceRowsSql(current.merged_into, 1), settings);
  }
  return current;
}

type SpanRow = Readonly<Record<string, unknown>> & {
  readonly span_id: string;
  readonly service_name: string;
  readonly client_service_name: string;
  readonly server_service_name: string;
  readonly client_names: SideNames;
  readonly server_names: SideNames;
};

async function readTrace(
  clickHouse: ClickHouse,
  row: TraceRow,
  traceId: string,
): Promise<Omit<NamedTrace, 'alsoCarriedBy'>> {
  const spanRows = await clickHouse.select<SpanRow>(spanRowsSql(row, maxReadSpans), settings);
  const spans = spanRows.map((span) => ({ ...span, client: sideOf(span, 'client'), server: sideOf(span, 'server') }));
  const trace = traceFromJson({ ...row, trace_id: traceId, spans });
  const names = new Map<string, SpanNames>(
    spanRows.map((span) => [
      span.span_id,
      {
        serviceName: span.service_name,
        clientServiceName: span.client_service_name,
        serverServiceName: span.server_service_name,
        clientNames: span.client_names,
        serverNames: span.server_names,
      },
    ]),
  );
  return { trace: { ...trace, spans: inTreeOrder(trace.spans) }, names, storedTraceId: row.trace_id };
}

/** The columns of one side under the names of the record. */
function sideOf(row: SpanRow, side: 'client' | 'server'): Readonly<Record<string, unknown>> {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(row))
    if (name.startsWith(`${side}_`)) fields[name.slice(side.length + 1)] = value;
  const address = String(fields['address']);
  // IPv4 is stored as mapped into IPv6, and no address as the unspecified one.
  fields['address'] = address === '::' ? '' : address.replace(/^::ffff:(?=\d+\.)/, '');
  return fields;
}
