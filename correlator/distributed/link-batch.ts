/**
 * What a batch of spans says by itself: which of them belong together, and what has to be asked of the store for each
 * such set instead of for each span.
 */
import { eachExplicitKey } from '../link/explicit-keys.ts';
import type { CallGates } from '../link/same-call.ts';
import { DisjointSets } from './disjoint-sets.ts';
import { areOneCall, type CallEnd, callEndOf, exchangeKey, explicitKey, requestKey } from './link-keys.ts';
import { type LinkRequest, nodeOf } from './link-request.ts';

/** Ends of calls that meet under one key. */
export interface CallEntry {
  readonly key: string;
  readonly ends: readonly CallEnd[];
}

/** An id that spans of one set carry. Times in milliseconds. */
export interface ExplicitEntry {
  readonly key: string;
  readonly node: string;
  readonly startMs: number;
  /** Spans that carry it. */
  readonly spans: number;
  readonly isTraceId: boolean;
}

/** Bounds of linking. */
export interface LinkBatchBounds {
  readonly requestIdWindowMs: number;
  readonly traceIdWindowMs: number;
  readonly gates: CallGates;
}

/** A batch, looked through. */
export interface LinkBatch {
  readonly sets: DisjointSets;
  readonly calls: readonly CallEntry[];
  readonly explicits: readonly ExplicitEntry[];
  /** Components under which spans of this batch were sent before. */
  readonly former: ReadonlySet<string>;
  /** Components and spans that are not of this batch. */
  readonly foreign: ReadonlySet<string>;
}

function meet<Item>(places: Map<string, Item[]>, key: string | undefined, item: Item): void {
  if (key === undefined) return;
  const items = places.get(key);
  if (items === undefined) places.set(key, [item]);
  else items.push(item);
}

/** A call of which both ends are here needs no key for an end without a response, and one end to be found by. */
function isWhole(ends: readonly CallEnd[], gates: CallGates): boolean {
  return (
    ends.length === 2 &&
    ends.some(({ role }) => role === 'client') &&
    ends.some(({ role }) => role === 'server') &&
    areOneCall(ends[0]!, ends[1]!, gates)
  );
}

function uniteCalls(places: ReadonlyMap<string, readonly CallEnd[]>, sets: DisjointSets, gates: CallGates): void {
  for (const ends of places.values())
    for (let one = 1; one < ends.length; one++)
      for (let other = 0; other < one; other++)
        if (areOneCall(ends[one]!, ends[other]!, gates)) sets.unite(ends[one]!.node, ends[other]!.node);
}

/** Looks through a batch. */
export function linkBatch(requests: readonly LinkRequest[], bounds: LinkBatchBounds): LinkBatch {
  const { gates, requestIdWindowMs, traceIdWindowMs } = bounds;
  const sets = new DisjointSets();
  const former = new Set<string>();
  const foreign = new Set<string>();
  const exchanges = new Map<string, CallEnd[]>();
  const explicit = new Map<
    string,
    { isTraceId: boolean; members: { node: string; startMs: number; spans: number }[] }
  >();
  const ofBatch = new Set(requests.map(({ span }) => span));
  for (const { span, cause } of requests) {
    const node = nodeOf(span);
    sets.leader(node);
    if (span.componentId !== '') former.add(node);
    if (cause !== undefined) {
      const parent = nodeOf(cause.parent);
      if (!ofBatch.has(cause.parent)) foreign.add(parent);
      sets.unite(node, parent);
    }
    meet(exchanges, exchangeKey(span), callEndOf(span, node));
    eachExplicitKey(span, (id, kind) => {
      const key = explicitKey(kind, id);
      const startMs = span.startNs / 1e6;
      const known = explicit.get(key);
      const isTraceId = kind === 'trace_id';
      if (known === undefined) explicit.set(key, { isTraceId, members: [{ node, startMs, spans: 1 }] });
      else {
        const first = known.members[0]!;
        const isNear = Math.abs(startMs - first.startMs) <= (isTraceId ? traceIdWindowMs : requestIdWindowMs);
        if (isNear) {
          sets.unite(first.node, node);
          first.spans++;
        } else known.members.push({ node, startMs, spans: 1 });
      }
    });
  }
  uniteCalls(exchanges, sets, gates);
  const calls: CallEntry[] = [];
  const whole = new Set<string>();
  for (const [key, ends] of exchanges) {
    if (isWhole(ends, gates)) {
      whole.add(key);
      calls.push({ key, ends: ends.slice(0, 1) });
    } else calls.push({ key, ends });
  }
  const singles = new Map<string, CallEnd[]>();
  for (const { span } of requests) {
    const exchange = exchangeKey(span);
    if (exchange === undefined || !whole.has(exchange)) meet(singles, requestKey(span), callEndOf(span, nodeOf(span)));
  }
  uniteCalls(singles, sets, gates);
  for (const [key, ends] of singles) calls.push({ key, ends });
  const explicits = [...explicit].flatMap(([key, { isTraceId, members }]) =>
    members.map((member) => ({ key, isTraceId, ...member })),
  );
  return { sets, calls, explicits, former, foreign };
}
