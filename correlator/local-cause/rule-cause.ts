/**
 * Decides by the enricher's cause candidates. A candidate of a rule that was learned for the process is enough on one side,
 * unless the other side contradicts it. A candidate of a rule that was not learned needs a second witness: the other side,
 * the other rule, or the fact that the process served nothing else.
 */
import { causeRules } from '../../schemas/cause-rules.ts';
import type { Reason } from '../../schemas/generated/span.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { repliesOf, type RequestClaim, type ResponseClaim } from './claim.ts';
import { beganWithin, requestClaim, responseClaim, type SpanLookup } from './claims.ts';
import type { UnknownReason, Decision } from './decision.ts';
import type { ProcessIndex } from './process-index.ts';

const lonelyConfidence = 0.95;

/** Both sides under one rule. */
export interface ResolvedCandidate {
  readonly rule: Reason;
  readonly request: RequestClaim | undefined;
  readonly response: ResponseClaim | undefined;
}

/** What the candidates say about a call under each rule. */
export function resolvedCandidates(
  call: SpanRecord,
  process: ProcessIndex,
  find: SpanLookup,
): readonly ResolvedCandidate[] {
  const candidates: ResolvedCandidate[] = [];
  for (const rule of causeRules) {
    const request = requestClaim(call, rule, find);
    const response = responseClaim(call, process, rule);
    if (request !== undefined || response !== undefined) candidates.push({ rule, request, response });
  }
  return candidates;
}

const unknown = (reason: UnknownReason): Decision => ({ kind: 'unknown', reason });
const bounded = (confidence: number): number => Math.min(Math.max(confidence, 0.01), 1);

function decided(parent: SpanRecord, candidate: ResolvedCandidate, agreed: boolean, atLeast = 0): Decision {
  const { request, response, rule } = candidate;
  const requestDoubt = request?.server === parent ? 1 - request.confidence : 1;
  const responseDoubt = response === undefined ? 1 : 1 - response.confidence;
  const doubt = agreed ? requestDoubt * responseDoubt : Math.min(requestDoubt, responseDoubt);
  const isResumed = request?.server === parent && request.isResumed;
  const reason: Reason = isResumed ? 'resumed' : agreed ? 'agreement' : rule;
  return { kind: 'parent', edge: { parent, reason, confidence: bounded(Math.max(1 - doubt, atLeast)) } };
}

/** The server span that the request side names, if it has arrived and can be the parent. */
export function namedServer(candidate: ResolvedCandidate): SpanRecord | undefined {
  return candidate.request?.fits === true ? candidate.request.server : undefined;
}

/** Whether the request side names a server span that has not arrived. */
export function isAwaiting(candidate: ResolvedCandidate): boolean {
  return candidate.request !== undefined && candidate.request.server === undefined;
}

/** Whether the response side names the server span that the request side names, and not only because that did. */
function isConfirmed(
  call: SpanRecord,
  process: ProcessIndex,
  candidate: ResolvedCandidate,
  server: SpanRecord,
): boolean {
  const { rule, request, response } = candidate;
  // The enricher knows by the request side of a queue which response a reply waited for.
  if (response === undefined || request === undefined || rule === 'queue') return false;
  if (response.direct.includes(server)) return true;
  if (!response.indirect.includes(server)) return false;
  if (request.handovers.length === 0) return true;
  // A pool hands a connection on and on: along it, both sides come back to whoever had it twice.
  return response.handovers.length === 0
    ? response.indirect.length === 1
    : process.trust.isProven(call, [...request.handovers, ...response.handovers]);
}

/** Whether one side of a call is enough here. */
function isEnough(
  call: SpanRecord,
  { trust }: ProcessIndex,
  { rule }: ResolvedCandidate,
  { handovers }: RequestClaim | ResponseClaim,
): boolean {
  // What a context serves is known by itself, and not by what else it did.
  if (rule === 'context') return true;
  if (trust.isMigrating) return false;
  return rule === 'queue' ? trust.isQueueProven(call) : trust.isProven(call, handovers);
}

/** Decision by a learned rule; undefined if it says nothing about this call, or not enough. */
function byLearned(call: SpanRecord, process: ProcessIndex, candidate: ResolvedCandidate): Decision | undefined {
  const { request, response } = candidate;
  const replies = response === undefined ? [] : repliesOf(response);
  if (request?.learned === true) {
    const server = namedServer(candidate);
    if (server !== undefined) {
      if (replies.length > 0 && !replies.includes(server)) return unknown('contradiction');
      if (isConfirmed(call, process, candidate, server)) return decided(server, candidate, true);
      return isEnough(call, process, candidate, request) ? decided(server, candidate, false) : undefined;
    }
    // It names a lost span; if other spans claim the call, one of them is wrong.
    if (isAwaiting(candidate) && replies.length > 0) return unknown('contradiction');
  }
  if (response?.learned !== true) return undefined;
  if (response.direct.length > 1) return unknown('ambiguous');
  const only = replies.length === 1 ? replies[0] : undefined;
  if (only === undefined || !isEnough(call, process, candidate, response)) return undefined;
  return decided(only, candidate, false);
}

/** The server span that every candidate names, if there is one. */
function unanimous(candidates: readonly ResolvedCandidate[]): SpanRecord | undefined {
  const servers = new Set<SpanRecord>();
  for (const candidate of candidates) {
    const server = namedServer(candidate);
    if (server !== undefined) servers.add(server);
    for (const claimed of candidate.response?.direct ?? []) servers.add(claimed);
    for (const claimed of candidate.response?.indirect ?? []) servers.add(claimed);
  }
  return servers.size === 1 ? [...servers][0] : undefined;
}

/** Decision by rules that were not learned: needs a second witness, and no witness may disagree. */
function byUnlearned(
  call: SpanRecord,
  process: ProcessIndex,
  candidates: readonly ResolvedCandidate[],
  find: SpanLookup,
): Decision {
  const server = unanimous(candidates);
  if (server === undefined) {
    const isStale = candidates.some(({ request }) => request?.fits === false);
    return unknown(isStale ? 'stale' : 'not_learned');
  }
  // All candidates name this server span, so any response side agrees.
  const bothSides = candidates.find(
    (candidate) => namedServer(candidate) === server && isConfirmed(call, process, candidate, server),
  );
  if (bothSides !== undefined) return decided(server, bothSides, true);
  const first = candidates.find((candidate) => namedServer(candidate) === server) ?? candidates[0]!;
  if (candidates.filter((candidate) => namedServer(candidate) === server).length > 1)
    return decided(server, first, false);
  const open = process.openAt(call);
  const isAlone = open.length === 1 && open[0] === server && !process.awaitsOtherThan(server.spanId);
  if (isAlone && !process.isBackground(call) && beganWithin(server, call, process, find))
    return decided(server, first, false, lonelyConfidence);
  return unknown('not_learned');
}

/** The parent by the enricher's candidates; `candidates` are those of the call. */
export function ruleCause(
  call: SpanRecord,
  process: ProcessIndex,
  candidates: readonly ResolvedCandidate[],
  find: SpanLookup,
): Decision {
  if (candidates.length === 0) return unknown('no_candidate');
  for (const candidate of candidates) {
    const decision = byLearned(call, process, candidate);
    if (decision !== undefined) return decision;
  }
  return byUnlearned(call, process, candidates, find);
}
