/**
 * Calls that carry one context (trace id and span id) in their headers. A proxy passes a context on, a client that tries again
 * sends it twice. So the calls of a context are a tree of hops: the first ones were made by the program that the context names,
 * the last ones reached the program that continues it.
 */
import { addToList } from '../../core/collections/add-to-list.ts';
import { contextKey, type SpanRecord } from '../spans/span-record.ts';
import type { CallChain } from './call-chains.ts';

/** A call that carries a context, with its views. */
export interface Hop {
  readonly first: SpanRecord;
  readonly last: SpanRecord;
  readonly context: string;
  /** Another hop passed the context on to this one. */
  isPassedOn: boolean;
  /** This hop passed the context on to another. */
  passesOn: boolean;
}

/** The way up from a hop is not followed farther: no request passes more calls that carry something else. */
const farthest = 64;

/** The context that the request of a call carried; one view may have captured less of it than another. */
function contextOf(chain: CallChain): string | undefined {
  for (const { headerTraceId, headerSpanId } of chain)
    if (headerTraceId !== '' && headerSpanId !== '') return contextKey(headerTraceId, headerSpanId);
  return undefined;
}

/** Finds the hops of each context by the edges that calls have so far. */
export function hopsByContext(chains: readonly CallChain[]): ReadonlyMap<string, readonly Hop[]> {
  const byContext = new Map<string, Hop[]>();
  const hopOf = new Map<SpanRecord, Hop>();
  for (const chain of chains) {
    const context = contextOf(chain);
    if (context === undefined) continue;
    const hop = { first: chain[0]!, last: chain.at(-1)!, context, isPassedOn: false, passesOn: false };
    for (const view of chain) hopOf.set(view, hop);
    addToList(byContext, context, hop);
  }
  for (const hops of byContext.values()) {
    if (hops.length === 1) continue;
    for (const hop of hops) {
      const before = hopBefore(hop, hopOf);
      if (before === undefined) continue;
      hop.isPassedOn = true;
      before.passesOn = true;
    }
  }
  return byContext;
}

/** The nearest hop above that carries the same context. */
function hopBefore(hop: Hop, hopOf: ReadonlyMap<SpanRecord, Hop>): Hop | undefined {
  let view = hop.first.edge?.parent;
  for (let steps = 0; view !== undefined && steps < farthest; steps++) {
    const above = hopOf.get(view);
    if (above === hop) return undefined;
    if (above?.context === hop.context) return above;
    view = view.edge?.parent;
  }
  return undefined;
}
