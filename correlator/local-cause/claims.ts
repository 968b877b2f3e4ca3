/**
 * What cause candidates say about a call under one rule, from two sides. The request side follows the
 * `causes` of the call: a request read before it names the server span; a response read before it makes it a continuation
 * of an earlier call, so it has that call's parent. The response side follows what continued this call: replies that its
 * response led to, and, recursively, calls that its response led to. Under the rule `context` a reply names the calls of its context,
 * answered or not.
 */
import type { Cause, Reason } from '../../schemas/generated/span.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import type { RequestClaim, ResponseClaim } from './claim.ts';
import { followsResponseOf, wasOpenAt } from './fit.ts';
import type { ProcessIndex } from './process-index.ts';

/**
 * Longest chain of undecided calls that each continued the one before; a longer chain is cut, and its end stays unknown. A
 * decided call ends a chain, so only a client without a server span (a load generator) makes long ones.
 */
const chainLimit = 64;
/** Calls looked at on the response side. */
const continuationLimit = 16;

/** Finds a span in state by its id. */
export type SpanLookup = (spanId: string) => SpanRecord | undefined;

const none: readonly SpanRecord[] = [];

/** Whether the call was written to the connection whose response it continues. */
const isHandover = (call: SpanRecord, before: SpanRecord): boolean => call.tuple === before.tuple;

function causeUnder(span: SpanRecord, rule: Reason): Cause | undefined {
  for (const cause of span.causes) if (cause.rule === rule) return cause;
  return undefined;
}

/** What the call's own candidates say under a rule; undefined if there are none. */
export function requestClaim(call: SpanRecord, rule: Reason, find: SpanLookup): RequestClaim | undefined {
  let cause = causeUnder(call, rule);
  if (cause === undefined) return undefined;
  let { confidence, learned } = cause;
  let handovers = none;
  let current = call;
  for (let step = 0; step < chainLimit; step++) {
    let serverId = cause.spanId;
    let server = find(serverId);
    if (cause.kind === 'response') {
      const sibling = server;
      if (sibling === undefined || sibling.isContradicted || !followsResponseOf(current, sibling)) return undefined;
      if (isHandover(current, sibling)) handovers = [...handovers, current];
      current = sibling;
      if (sibling.cause === undefined) {
        cause = causeUnder(sibling, rule) ?? sibling.causes.find((candidate) => candidate.learned);
        if (cause === undefined) return undefined;
        confidence *= cause.confidence;
        learned &&= cause.learned;
        continue;
      }
      confidence *= sibling.cause.confidence;
      server = sibling.cause.parent;
      serverId = server.spanId;
    }
    const fits = server === undefined || wasOpenAt(server, call);
    return { serverId, server, fits, isResumed: current !== call, handovers, learned, confidence };
  }
  return undefined;
}

/** A call, or a reply, that the response of the call led to, and how certain the candidates in between are. */
interface Continuation {
  readonly span: SpanRecord;
  /** Every candidate on the way was learned. */
  readonly learned: boolean;
  /** Probability that all of them are right. */
  readonly confidence: number;
  readonly handovers: readonly SpanRecord[];
}

/** A reply that the response of the call, or of a later call of its chain, led to. Its confidence is the product of all steps. */
interface Reply extends Continuation {
  readonly isDirect: boolean;
}

function repliesAfter(call: SpanRecord, process: ProcessIndex, rule: Reason): readonly Reply[] {
  const replies: Reply[] = [];
  const calls: Continuation[] = [{ span: call, learned: true, confidence: 1, handovers: none }];
  for (let index = 0; index < calls.length && index < continuationLimit; index++) {
    const current = calls[index]!;
    for (const span of process.continuationsOf(current.span)) {
      const cause = span.causes.find(({ spanId, rule: noted }) => spanId === current.span.spanId && noted === rule);
      if (cause === undefined || !(rule === 'context' || followsResponseOf(span, current.span))) continue;
      const learned = current.learned && cause.learned;
      const confidence = current.confidence * cause.confidence;
      const isServer = span.role === 'server';
      const handovers = !isServer && isHandover(span, current.span) ? [...current.handovers, span] : current.handovers;
      const next = { span, learned, confidence, handovers };
      if (isServer) {
        if (wasOpenAt(span, call)) replies.push({ ...next, isDirect: index === 0 });
      } else if (!calls.some((known) => known.span === span)) calls.push(next);
    }
  }
  return replies;
}

/** What candidates of other spans say about the call's response under a rule; undefined if there are none. */
export function responseClaim(call: SpanRecord, process: ProcessIndex, rule: Reason): ResponseClaim | undefined {
  if (process.continuationsOf(call).length === 0) return undefined;
  const all = repliesAfter(call, process, rule);
  if (all.length === 0) return undefined;
  const learned = all.some((reply) => reply.learned);
  const replies = learned ? all.filter((reply) => reply.learned) : all;
  const servers = (isDirect: boolean): readonly SpanRecord[] => [
    ...new Set(replies.filter((reply) => reply.isDirect === isDirect).map(({ span }) => span)),
  ];
  const confidence = Math.min(...replies.map((reply) => reply.confidence));
  const handovers = replies.flatMap((reply) => reply.handovers);
  return { direct: servers(true), indirect: servers(false), handovers, learned, confidence };
}

/**
 * Whether all calls that this call continues, back to the first, were made while the process served only `parent`. What
 * continues an older call belongs to that call, even if only one request is open by now: a handler may continue after its
 * client has disconnected, and any client can send a request and disconnect. Where a learned rule says what a call continues,
 * others say nothing against it.
 */
export function beganWithin(parent: SpanRecord, call: SpanRecord, process: ProcessIndex, find: SpanLookup): boolean {
  const calls = new Set([call]);
  for (const current of calls) {
    const { causes } = current;
    const isLearned = causes.some(({ learned }) => learned);
    for (const { kind, spanId, learned } of causes) {
      if (kind !== 'response' || learned !== isLearned) continue;
      const sibling = find(spanId);
      if (sibling === undefined || calls.size > chainLimit || !followsResponseOf(current, sibling)) return false;
      if (sibling.cause?.parent === parent) continue;
      const open = process.openAt(sibling);
      if (sibling.cause !== undefined || open.length !== 1 || open[0] !== parent) return false;
      calls.add(sibling);
    }
  }
  return true;
}
