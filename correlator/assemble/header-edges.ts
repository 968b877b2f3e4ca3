/**
 * Edges between reported spans and calls, by the ids in the calls' headers. A call hangs below the reported span that its header
 * names. A reported span hangs below the last call that carried the id of the parent it states: the call through which the
 * request reached it. Where several calls fit, what both ends say of address, duration and time decides, or nothing does.
 */
import { addToList } from '../../core/collections/add-to-list.ts';
import { contextKey, type Edge, type SpanRecord } from '../spans/span-record.ts';
import { ownSideOf, sideId } from '../spans/side-ids.ts';
import { clientEndpointOf, serverEndpointOf } from '../spans/tuple.ts';
import type { Hop } from './hops.ts';
import { addressIn, ownEndpointOf, type ReportedSpans } from './reported-spans.ts';
import { mayFit, onlyEnclosing } from './time-fit.ts';

const statedConfidence = 0.9999;
/** Of several calls that carry the id, one was chosen. */
const chosenConfidence = 0.999;
/** Calls of one context beyond which none is chosen. */
const maxChoices = 32;

const edgeTo = (parent: SpanRecord, confidence: number): Edge => ({ parent, reason: 'trace_context', confidence });

/** Gives reported spans, and calls that carry their ids, their parents. */
export function linkByHeaders(reported: ReportedSpans, hops: ReadonlyMap<string, readonly Hop[]>): void {
  for (const [context, all] of hops) {
    const parent = reported.get(context);
    if (parent === undefined) continue;
    const firsts = all.filter(({ isPassedOn }) => !isPassedOn);
    for (const { first } of directHops(parent, firsts))
      // On the way of a request from elsewhere, what is known of that is nearer.
      if (first.role === 'client' || first.edge === undefined) first.edge = edgeTo(parent, statedConfidence);
  }
  const unclear = new Map<string, Unclear[]>();
  for (const span of reported.all) {
    if (span.statedParentSpanId === '') continue;
    const stated = reported.statedParentOf(span);
    if (stated !== undefined) span.edge = edgeTo(stated, statedConfidence);
    const context = contextKey(span.headerTraceId, span.statedParentSpanId);
    const lasts = (hops.get(context) ?? []).filter(({ passesOn }) => !passesOn);
    if (lasts.length === 0 || !isRemote(span, stated, lasts, reported)) continue;
    const calls = callsThatFit(span, lasts);
    if (calls.length === 1) span.edge = edgeTo(calls[0]!, lasts.length === 1 ? statedConfidence : chosenConfidence);
    else if (calls.length > 1) addToList(unclear, `${context} ${reported.processOf(span)}`, { span, calls });
  }
  for (const siblings of unclear.values()) chooseByTime(siblings);
}

/** A reported span with the calls through which its request may have come. */
interface Unclear {
  readonly span: SpanRecord;
  readonly calls: readonly SpanRecord[];
}

/** Chooses by time for all spans of one process with one stated parent, or for none: if one does not fit, its clock is wrong. */
function chooseByTime(siblings: readonly Unclear[]): void {
  // Only where the process was seen, the call is by the same host's clock.
  if (siblings.some(({ calls }) => calls.some(({ role }) => role !== 'server'))) return;
  const chosen = siblings.map(({ span, calls }) => onlyEnclosing(span, calls));
  if (chosen.includes(undefined) || new Set(chosen).size < chosen.length) return;
  for (const [index, { span }] of siblings.entries()) span.edge = edgeTo(chosen[index]!, chosenConfidence);
}

/** Those of a context's first hops that the span itself made: a proxy whose own request is not known may have made others. */
function directHops(span: SpanRecord, firsts: readonly Hop[]): readonly Hop[] {
  if (firsts.length <= 1) return firsts;
  const near = firsts.filter(({ first }) => mayBeSameHost(span, first));
  if (near.length <= 1) return near;
  const outermost = near.reduce((longest, hop) => (isLonger(hop.first, longest.first) ? hop : longest));
  const same = near.filter((hop) => hop === outermost || isSameSource(hop.first, outermost.first));
  // A client that gave up may have waited for less than the proxy behind it.
  const isUnclear = same.length < near.length && near.some(({ first }) => first.wasBrokenOff);
  return isUnclear ? [] : same;
}

const isLonger = (left: SpanRecord, right: SpanRecord): boolean => left.durationNs > right.durationNs;

/** Whether one program, or one host as far as seen from the network, made both calls. */
function isSameSource(left: SpanRecord, right: SpanRecord): boolean {
  if (left.role !== right.role || left.role === 'server' || left.agentId !== right.agentId) return false;
  if (left.role === 'client') return left.processId === right.processId;
  const isNested = left.startNs <= right.endNs && right.startNs <= left.endNs;
  return !isNested && clientAddress(left) === clientAddress(right);
}

const clientAddress = ({ tuple }: SpanRecord): string => addressIn(clientEndpointOf(tuple));

/** Whether nothing says that a call was made on another host, or in another pod, than a reported span. */
function mayBeSameHost(span: SpanRecord, call: SpanRecord): boolean {
  const [pod, callPod] = [sideId(span, ownSideOf(span), 'podId'), sideId(call, 'client', 'podId')];
  return pod === 0 || callPod === 0 || pod === callPod;
}

/**
 * Whether a span's parent is in another program, so that calls are between both. One of a server is; others may be parts of a
 * client's span, beside the call that carries its id.
 */
function isRemote(
  span: SpanRecord,
  stated: SpanRecord | undefined,
  lasts: readonly Hop[],
  reported: ReportedSpans,
): boolean {
  if (span.seenPoint === 's-app') return true;
  if (stated !== undefined) {
    const [process, other] = [reported.processOf(span), reported.processOf(stated)];
    return process !== 0 && other !== 0 && process !== other;
  }
  const own = addressIn(ownEndpointOf(span));
  return own !== '' && lasts.some(({ last: { tuple } }) => isServedAt(tuple, own));
}

/** Whether an address is that of the server and not of the client too. */
const isServedAt = (tuple: string, address: string): boolean =>
  addressIn(serverEndpointOf(tuple)) === address && addressIn(clientEndpointOf(tuple)) !== address;

/** Those of several calls that may have reached a span: each fact that some of them share with it leaves these. */
function callsThatFit(span: SpanRecord, lasts: readonly Hop[]): readonly SpanRecord[] {
  const calls = lasts.map(({ last }) => last);
  if (calls.length === 1) return calls;
  if (calls.length > maxChoices) return [];
  const peer = clientEndpointOf(span.tuple);
  const isPeerKnown = addressIn(peer) !== '' && peer.charCodeAt(peer.length - 1) !== 0;
  let left = narrowed(calls, ({ tuple }) => isPeerKnown && clientEndpointOf(tuple) === peer);
  const pod = sideId(span, 'server', 'podId');
  left = narrowed(left, (call) => pod !== 0 && sideId(call, 'server', 'podId') === pod);
  const own = addressIn(ownEndpointOf(span));
  left = narrowed(left, ({ tuple }) => own !== '' && addressIn(serverEndpointOf(tuple)) === own);
  return left.filter((call) => mayFit(span, call));
}

function narrowed(calls: readonly SpanRecord[], holds: (call: SpanRecord) => boolean): readonly SpanRecord[] {
  const left = calls.filter(holds);
  return left.length === 0 ? calls : left;
}
