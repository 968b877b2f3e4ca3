/**
 * Finds the views of each call among the spans of a component and chains them along the request's way: from the client's
 * process over its network to the server's process. Depends on the set of spans alone.
 */
import { addToList } from '../../core/collections/add-to-list.ts';
import { callKey, type CallKey, isSameExchange, isTwoSided } from '../link/same-call.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { orderHops } from './order-hops.ts';
import { correctPoints } from './translated-points.ts';

/** Views of one call in the order the request passed them. */
export type CallChain = readonly SpanRecord[];

const oneSidedConfidence = 0.999;
const datagramConfidence = 0.99;

/** How far two views are apart in time; the clocks may differ, so this only serves to choose the nearest. */
const distanceNs = (left: SpanRecord, right: SpanRecord): number => Math.abs(left.startNs - right.startNs);

function isTaken(chain: SpanRecord[], span: SpanRecord): boolean {
  return span.role !== 'network' && chain.some(({ role }) => role === span.role);
}

/** Farther than any two views of a call are apart. */
const farthestNs = 1e18;

/** The chain, among those of one key, that a span is a view of. */
function nearestChain(chains: readonly SpanRecord[][], span: SpanRecord): SpanRecord[] | undefined {
  let nearest: SpanRecord[] | undefined;
  let nearestNs = Infinity;
  let translated = 0;
  for (const chain of chains) {
    const first = chain[0]!;
    if (isTaken(chain, span) || !chain.every((other) => isSameExchange(other, span))) continue;
    const isSame = chain.some(({ tuple }) => tuple === span.tuple);
    if (!isSame) translated++;
    // With both sequences there can be no other; else prefer the same addresses, then the nearest start.
    const ns = distanceNs(first, span) + (isSame ? 0 : farthestNs);
    if (ns < nearestNs) {
      nearest = chain;
      nearestNs = ns;
    }
  }
  // A resolver may ask several servers with one id: which of them stands for a translated address is not known.
  const isUnclear = span.transport === 'udp' && nearestNs >= farthestNs && translated > 1;
  return isUnclear ? undefined : nearest;
}

/** Groups the views of calls. `spans` are in the order of `byStart`. */
export function callChains(spans: readonly SpanRecord[]): readonly CallChain[] {
  const byKey = new Map<CallKey, SpanRecord[]>();
  const chains: CallChain[] = [];
  for (const span of spans) {
    const key = callKey(span);
    if (key === undefined) {
      if (span.role !== 'application') chains.push([span]);
      continue;
    }
    addToList(byKey, key, span);
  }
  for (const sharers of byKey.values()) {
    if (sharers.length === 1) {
      chains.push(sharers);
      continue;
    }
    const chainsOfKey: SpanRecord[][] = [];
    // Client views open the chains, so that a server view never takes the place of a nearer one; whole exchanges
    // come before halves, which fit in more places.
    const inTurn = sharers.toSorted((left, right) => rank(left) - rank(right));
    for (const span of inTurn) {
      const chain = nearestChain(chainsOfKey, span);
      if (chain === undefined) chainsOfKey.push([span]);
      else chain.push(span);
    }
    for (const chain of chainsOfKey) {
      correctPoints(chain);
      chains.push(orderHops(chain));
    }
  }
  return chains;
}

function rank(span: SpanRecord): number {
  const half = span.transport !== 'udp' && span.responseTcpSequence === 0 ? 3 : 0;
  return half + (span.role === 'client' ? 0 : span.role === 'server' ? 1 : 2);
}

/** Makes each view of a call the child of the view before it. */
export function linkChain(chain: CallChain): void {
  for (let index = 1; index < chain.length; index++) {
    const parent = chain[index - 1]!;
    const span = chain[index]!;
    if (span.transport === 'udp') span.edge = { parent, reason: 'datagram', confidence: datagramConfidence };
    else {
      const confidence = isTwoSided(parent, span) ? 1 : oneSidedConfidence;
      span.edge = { parent, reason: 'tcp_sequence', confidence };
    }
  }
}
