/**
 * Finds the views of each call among the spans of a component and chains them along the request's way: from the client's
 * process over its network to the server's process. Depends on the set of spans alone.
 */
import { positionOf } from '../../schemas/observation-points.ts';
import { callKey, type CallKey, isSameExchange, isTwoSided } from '../link/same-call.ts';
import { byStart, type SpanRecord } from '../spans/span-record.ts';

/** Views of one call in the order the request passed them. */
export type CallChain = readonly SpanRecord[];

const oneSidedConfidence = 0.999;
const datagramConfidence = 0.99;

function byPosition(left: SpanRecord, right: SpanRecord): number {
  const order = positionOf(left.observationPoint) - positionOf(right.observationPoint);
  return order !== 0 ? order : byStart(left, right);
}

/** How far two views are apart in time; the clocks may differ, so this only serves to choose the nearest. */
const distanceNs = (left: SpanRecord, right: SpanRecord): number => Math.abs(left.startNs - right.startNs);

function isTaken(chain: SpanRecord[], span: SpanRecord): boolean {
  return span.role !== 'network' && chain.some(({ role }) => role === span.role);
}

/** The chain, among those of one key, that a span is a view of. */
function nearestChain(chains: readonly SpanRecord[][], span: SpanRecord): SpanRecord[] | undefined {
  let nearest: SpanRecord[] | undefined;
  let nearestNs = Infinity;
  for (const chain of chains) {
    const first = chain[0]!;
    if (isTaken(chain, span) || !chain.every((other) => isSameExchange(other, span))) continue;
    // With both sequences there can be no other; else prefer the same addresses, then the nearest start.
    const ns = distanceNs(first, span) + (first.tuple === span.tuple ? 0 : 1e18);
    if (ns < nearestNs) {
      nearest = chain;
      nearestNs = ns;
    }
  }
  return nearest;
}

/** Groups the views of calls. `spans` are in the order of {@link byStart}. */
export function callChains(spans: readonly SpanRecord[]): readonly CallChain[] {
  const byKey = new Map<CallKey, SpanRecord[]>();
  const chains: SpanRecord[][] = [];
  for (const span of spans) {
    const key = callKey(span);
    if (key === undefined) {
      if (span.role !== 'application') chains.push([span]);
      continue;
    }
    const sharers = byKey.get(key);
    if (sharers === undefined) byKey.set(key, [span]);
    else sharers.push(span);
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
    for (const chain of chainsOfKey) chains.push(chain.sort(byPosition));
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
