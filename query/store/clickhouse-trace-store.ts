import type { ClickHouse } from '../../core/clickhouse/clickhouse.ts';
import type { SpanNames } from '../../schemas/trace-json.ts';
import { type Carriers, carriersAmong, carriersOf, formerCarriersSql, publicId, toldOthers } from './carried-ids.ts';
import { defaultReadLimits } from '../config.ts';
import { boundedReader, type Reader, type ReadLimits } from './read-limits.ts';
import { listTraces } from './list-traces.ts';
import { likelyEdgeFromJson, type LikelyEdgeJson } from '../api/likely-edge-json.ts';
import { likelyEdgesSql } from './likely-edges-sql.ts';
import { openSpans } from './open-spans.ts';
import { traceFlowFromJson, type TraceFlowJson } from '../api/trace-flow-json.ts';
import { traceFlowsSql } from './trace-flows-sql.ts';
import { type TraceRow, traceRowsOfIdSql, traceRowsSql, traceRowsWithIdsSql } from './trace-sql.ts';
import {
  type FoundTrace,
  type LikelyEdge,
  maxLikelyEdges,
  maxTraceFlows,
  type OpenedTrace,
  type PagedTraceStore,
  type TraceFlow,
} from './trace-store.ts';
import { untilUnchanged } from './until-unchanged.ts';

/** Ids listed if the first digits of an id are ambiguous. */
const ambiguousIds = 5;
/** Merges that are followed from an id; in a chain each one is older. */
const maxMerges = 32;
/** Merges that are followed for one request, regardless of the number of matching ids. */
const maxMergesOfAll = 64;

/**
 * Traces in ClickHouse. Every read sees one version of a row, the latest.
 *
 * @param limits of each statement
 */
export function clickHouseTraceStore(clickHouse: ClickHouse, limits: ReadLimits = defaultReadLimits): PagedTraceStore {
  const reader = (signal?: AbortSignal): Reader => boundedReader(clickHouse, limits, signal);
  return {
    listTraces: (filter, signal) => listTraces(reader(signal), filter),
    openTrace: (id, signal) => openTrace(reader(signal), id),
    findTrace: (id) => findTrace(reader(), id),
    likelyEdges: (id, signal) => likelyEdges(reader(signal), id),
    traceFlows: (id, signal) => traceFlows(reader(signal), id),
    ping: () => clickHouse.ping(),
    close: () => clickHouse.close(),
  };
}

function findTrace(reader: Reader, id: string): Promise<FoundTrace> {
  return untilUnchanged(async () => {
    const opened = await openTrace(reader, id);
    if (opened.kind !== 'found') return opened;
    const spans = [];
    const names = new Map<string, SpanNames>();
    for await (const page of opened.pages)
      for (const named of page) {
        spans.push(named.span);
        names.set(named.span.spanId, named.names);
      }
    const { head, storedTraceId, alsoCarriedBy } = opened;
    return { kind: 'found', named: { trace: { ...head, spans }, names, storedTraceId, alsoCarriedBy } };
  });
}

async function likelyEdges(reader: Reader, storedTraceId: string): Promise<readonly LikelyEdge[]> {
  const trace = await storedTrace(reader, storedTraceId);
  if (trace === undefined) return [];
  const rows = await reader.select<LikelyEdgeJson>(likelyEdgesSql(trace, maxLikelyEdges));
  return rows.map(likelyEdgeFromJson);
}

async function traceFlows(reader: Reader, storedTraceId: string): Promise<readonly TraceFlow[]> {
  const trace = await storedTrace(reader, storedTraceId);
  if (trace === undefined) return [];
  const rows = await reader.select<TraceFlowJson>(traceFlowsSql(trace, maxTraceFlows));
  return rows.map(traceFlowFromJson);
}

/** The trace that is stored by this very id, also one that was merged into another. */
export async function storedTrace(reader: Reader, storedTraceId: string): Promise<TraceRow | undefined> {
  if (!/^[0-9a-f]{32}$/.test(storedTraceId)) return undefined;
  const [trace] = await reader.select<TraceRow>(traceRowsWithIdsSql([storedTraceId]));
  return trace;
}

async function openTrace(reader: Reader, id: string): Promise<OpenedTrace> {
  const row = await findTraceRow(reader, id);
  return row.kind === 'found' ? openSpans(reader, row.row, row) : row;
}

/** A trace without its spans, or why none was found. */
export type FoundTraceRow =
  | {
      readonly kind: 'found';
      readonly row: TraceRow;
      readonly traceId: string;
      readonly alsoCarriedBy: readonly string[];
    }
  | Exclude<FoundTrace, { readonly kind: 'found' }>;

/** @param id as of TraceStore.findTrace */
export async function findTraceRow(reader: Reader, id: string): Promise<FoundTraceRow> {
  if (!/^[0-9a-fA-F]{1,32}$/.test(id)) return { kind: 'missing' };
  if (id.length === 32) {
    const found = await findRowOfId(reader, id.toLowerCase());
    if (found !== undefined) return found;
  }
  const stored = await reader.select<TraceRow>(traceRowsSql(id, ambiguousIds * maxMerges));
  const rows = [...stored, ...(await findCarriers(reader, id))];
  const budget = { merges: maxMergesOfAll };
  const present = new Map<string, TraceRow>();
  for (const row of rows) {
    if (present.size === ambiguousIds) break;
    const end = await endOfMerges(reader, row, budget);
    if (end !== undefined) present.set(end.trace_id, end);
  }
  const found = [...present.values()];
  const carriers = await carriersOf(reader, found.map(carriedBy));
  const [row, ...others] = found;
  if (row === undefined) return { kind: 'missing' };
  if (others.length > 0) {
    const traceIds = found.map((one) => publicId(one, carriers)).sort();
    return { kind: 'ambiguous', traceIds: traceIds.slice(0, ambiguousIds) };
  }
  return foundRow(row, carriers);
}

/**
 * The trace of a whole id, in few statements: it is stored under this very id, which has precedence, or carries it. Undefined
 * where only former versions of traces did.
 */
async function findRowOfId(reader: Reader, id: string): Promise<FoundTraceRow | undefined> {
  const rows = await reader.select<TraceRow>(traceRowsOfIdSql(id, toldOthers + 2));
  if (rows.length === 0) return undefined;
  const carriers = carriersAmong(id, rows);
  const first = rows.find((row) => row.trace_id === carriers.owner)!;
  const row = await endOfMerges(reader, first, { merges: maxMergesOfAll });
  if (row === undefined) return undefined;
  const carried = carriedBy(row);
  return foundRow(row, carried === id ? new Map([[id, carriers]]) : await carriersOf(reader, [carried]));
}

function foundRow(row: TraceRow, carriers: ReadonlyMap<string, Carriers>): FoundTraceRow {
  const alsoCarriedBy = otherCarriers(row, carriers.get(carriedBy(row)));
  return { kind: 'found', row, traceId: publicId(row, carriers), alsoCarriedBy };
}

/** Traces that carry an id that begins so: of each id the one that it means. */
async function findCarriers(reader: Reader, prefix: string): Promise<readonly TraceRow[]> {
  const former = await reader.select<{ readonly carried_trace_id: string; readonly trace_id: string }>(
    formerCarriersSql(prefix, ambiguousIds * maxMerges),
  );
  if (former.length === 0) return [];
  const ids = former.map((row) => row.carried_trace_id);
  const carriers = await carriersOf(reader, ids);
  // An id that no trace carries alone any more means the trace that did so first: it has the spans still, and others.
  const owners = former.map((row) => carriers.get(row.carried_trace_id)?.owner ?? row.trace_id);
  return reader.select<TraceRow>(traceRowsWithIdsSql(owners));
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

async function endOfMerges(reader: Reader, row: TraceRow, budget: { merges: number }): Promise<TraceRow | undefined> {
  let current: TraceRow | undefined = row;
  for (let merges = 0; current !== undefined && current.merged_into !== ''; merges++) {
    if (merges === maxMerges || budget.merges === 0) return undefined;
    budget.merges--;
    [current] = await reader.select<TraceRow>(traceRowsSql(current.merged_into, 1));
  }
  return current;
}
