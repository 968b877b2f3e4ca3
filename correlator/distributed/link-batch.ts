/**
 * Links within one batch of spans: which of them belong together. The store is then asked per such set instead of per
 * span.
 */
import { eachExplicitKey } from '../link/explicit-keys.ts';
import type { CallGates } from '../link/same-call.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { areOneCall, type CallEnd, exchangeKey, explicitKey, hasCallKey, requestKey } from './link-keys.ts';
import { type LinkRequest, nodeOf } from './link-request.ts';
import { NodeSets } from './node-sets.ts';

/** An end of a call in a batch. */
export class BatchEnd implements CallEnd {
  readonly span: SpanRecord;
  /** The number of its node. */
  readonly node: number;
  readonly startUs: number;
  readonly endUs: number;
  /** Another end under the same key. */
  next: BatchEnd | undefined = undefined;

  constructor(span: SpanRecord, node: number) {
    this.span = span;
    this.node = node;
    this.startUs = Math.floor(span.startNs / 1e3);
    this.endUs = Math.ceil(span.endNs / 1e3);
  }

  get role(): CallEnd['role'] {
    return this.span.role;
  }

  get agentId(): number {
    return this.span.agentId;
  }

  get isUdp(): boolean {
    return this.span.transport === 'udp';
  }

  get responseTcpSequence(): number {
    return this.span.responseTcpSequence >>> 0;
  }
}

/** Ends of calls that meet under one key. */
export interface CallEntry {
  readonly key: string;
  readonly ends: readonly BatchEnd[];
}

/** An id that spans of one set carry. Times in milliseconds. */
export interface ExplicitEntry {
  readonly key: string;
  readonly node: number;
  readonly startMs: number;
  /** Spans that carry it. */
  readonly spans: number;
  readonly isTraceId: boolean;
}

/** The same before its key is made. */
interface Explicit {
  readonly node: number;
  readonly startMs: number;
  spans: number;
}

/** Bounds of linking. */
export interface LinkBatchBounds {
  readonly requestIdWindowMs: number;
  readonly traceIdWindowMs: number;
  readonly gates: CallGates;
}

/** A batch, looked through. Nodes are numbers in `sets`. */
export interface LinkBatch {
  readonly sets: NodeSets;
  /** The node of each request. */
  readonly nodes: readonly number[];
  readonly calls: readonly CallEntry[];
  readonly explicits: readonly ExplicitEntry[];
  /** Components under which spans of this batch were sent before. */
  readonly former: ReadonlySet<number>;
  /** Components and spans that are not of this batch. */
  readonly foreign: ReadonlySet<number>;
  /**
   * Spans that need a node of their own: a previous owner may have sent spans under their ids, or they leave no end of a
   * call in the store by which a restart would find their component again.
   */
  readonly named: ReadonlySet<number>;
}

/** Ends by their keys; those of one key are a chain, of two nearly always. */
class Ends {
  readonly #chains = new Map<string, BatchEnd>();

  add(key: string, end: BatchEnd): void {
    end.next = this.#chains.get(key);
    this.#chains.set(key, end);
  }

  /** Unites ends of one call, and yields the entry of each key for the store. */
  *calls(sets: NodeSets, gates: CallGates, isWhole: (end: BatchEnd) => boolean): Generator<CallEntry> {
    for (const [key, first] of this.#chains) {
      for (let one: BatchEnd | undefined = first; one !== undefined; one = one.next)
        for (let other = one.next; other !== undefined; other = other.next)
          if (areOneCall(one, other, gates)) sets.unite(one.node, other.node);
      if (isWhole(first)) {
        yield { key, ends: [first] };
        continue;
      }
      const ends: BatchEnd[] = [];
      for (let end: BatchEnd | undefined = first; end !== undefined; end = end.next) ends.push(end);
      yield { key, ends };
    }
  }
}

/** A call of which both ends are here needs no key for an end without a response, and one end to be found by. */
function isWhole(first: BatchEnd, gates: CallGates): boolean {
  const second = first.next;
  if (second === undefined || second.next !== undefined) return false;
  const isCall =
    (first.role === 'client' && second.role === 'server') || (first.role === 'server' && second.role === 'client');
  return isCall && areOneCall(first, second, gates);
}

/** Ids of a batch: for each time at which one was in use, the first that had it. */
class Explicits {
  readonly #byKind = { trace_id: new Map<string, Explicit[]>(), x_request_id: new Map<string, Explicit[]>() };
  readonly #sets: NodeSets;
  readonly #bounds: LinkBatchBounds;

  constructor(sets: NodeSets, bounds: LinkBatchBounds) {
    this.#sets = sets;
    this.#bounds = bounds;
  }

  add(span: SpanRecord, node: number): void {
    const startMs = span.startNs / 1e6;
    eachExplicitKey(span, (id, kind) => {
      const known = this.#byKind[kind].get(id);
      if (known === undefined) {
        this.#byKind[kind].set(id, [{ node, startMs, spans: 1 }]);
        return;
      }
      const first = known[0]!;
      const { traceIdWindowMs, requestIdWindowMs } = this.#bounds;
      if (Math.abs(startMs - first.startMs) > (kind === 'trace_id' ? traceIdWindowMs : requestIdWindowMs)) {
        known.push({ node, startMs, spans: 1 });
        return;
      }
      this.#sets.unite(first.node, node);
      first.spans++;
    });
  }

  all(): readonly ExplicitEntry[] {
    const entries: ExplicitEntry[] = [];
    for (const kind of ['trace_id', 'x_request_id'] as const)
      for (const [id, all] of this.#byKind[kind])
        for (const one of all) entries.push({ ...one, key: explicitKey(kind, id), isTraceId: kind === 'trace_id' });
    return entries;
  }
}

/** Looks through a batch. */
export function linkBatch(requests: readonly LinkRequest[], bounds: LinkBatchBounds): LinkBatch {
  const { gates } = bounds;
  const sets = new NodeSets();
  const [former, foreign, named] = [new Set<number>(), new Set<number>(), new Set<number>()];
  const explicits = new Explicits(sets, bounds);
  const [exchanges, singles] = [new Ends(), new Ends()];
  const ofBatch = new Set<SpanRecord>();
  for (const { span } of requests) ofBatch.add(span);
  const nodes: number[] = [];
  for (const { span, cause, mayBeKnown } of requests) {
    const node = sets.add(nodeOf(span));
    nodes.push(node);
    if (span.componentId !== '') former.add(node);
    else if (mayBeKnown || !hasCallKey(span)) named.add(node);
    if (cause !== undefined) {
      const parent = sets.add(nodeOf(cause.parent));
      if (!ofBatch.has(cause.parent)) foreign.add(parent);
      sets.unite(node, parent);
    }
    explicits.add(span, node);
    const exchange = exchangeKey(span);
    if (exchange !== undefined) exchanges.add(exchange, new BatchEnd(span, node));
    else {
      const key = requestKey(span);
      if (key !== undefined) singles.add(key, new BatchEnd(span, node));
    }
  }
  const calls: CallEntry[] = [];
  for (const call of exchanges.calls(sets, gates, (end) => isWhole(end, gates))) {
    calls.push(call);
    if (isWhole(call.ends[0]!, gates)) continue;
    for (const { span, node } of call.ends) singles.add(requestKey(span)!, new BatchEnd(span, node));
  }
  for (const call of singles.calls(sets, gates, () => false)) calls.push(call);
  return { sets, nodes, calls, explicits: explicits.all(), former, foreign, named };
}
