/** Who likely made the calls of a process for which nothing says it for certain. */
import { Cusum } from '../../core/statistics/cusum.ts';
import { causeRules } from '../../schemas/cause-rules.ts';
import type { LikelyParent } from '../../schemas/generated/span.ts';
import { assign, type AssignedCall, type Option } from '../joint-assignment/assign.ts';
import { AssignmentModel } from '../joint-assignment/assignment-model.ts';
import {
  requestBit,
  requestHandoverBit,
  responseBit,
  responseHandoverBit,
  wakeBit,
} from '../joint-assignment/evidence-bits.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { requestClaim, responseClaim, type SpanLookup } from './claims.ts';
import { covers } from './fit.ts';
import type { ProcessIndex } from './process-index.ts';

/** Calls that are assigned together. */
const maxBlockCalls = 256;
/** Calls before them, and as many behind them, that may have been made by the same requests. */
const maxCallsBeside = 128;
/** With more open requests nothing is likely enough. */
const maxOptions = 128;
/** Likely parents of one call. */
const maxLikelyParents = 3;
/** The model may not have what a program does. */
const greatestConfidence = 0.999;
/** What is less likely is not worth its room. */
const leastConfidence = 0.1;

/** A probability from which on a wake-up makes it certain: of 9,000 in the benches none was wrong. */
const certainWithWake = 0.99;
/** One from which on a wake-up that names another is wrong. */
const contradictsWake = 0.5;

interface RatedParent {
  readonly server: SpanRecord;
  readonly confidence: number;
}

/** Assigns calls to requests, and learns from all that it assigns. */
export class LikelyParents {
  /** Made when a call first stays without a parent: in most processes none does. */
  #model: AssignmentModel | undefined;
  /** Whether wake-ups named others than the likeliest, or several. */
  readonly #wakeAlarm = new Cusum();
  #pending: SpanRecord[] = [];

  /** Notes a call that was decided: with a parent, or without one. */
  add(call: SpanRecord): void {
    this.#pending.push(call);
  }

  /**
   * Sets the likely parents of the calls that were noted and have none. By probability alone none becomes the parent: in a
   * simulated loop in which every other request sleeps, 26 in 10,000 calls would get a wrong one that is claimed with 0.9999.
   * So no more than {@link greatestConfidence} is claimed. But where the reader of the response then woke the thread that serves the
   * likely one, two independent witnesses say the same, and that is the parent; unless such hints were wrong here.
   *
   * @param quietNs how long the longest request may take that has arrived for certain
   * @returns the calls that have a parent now
   */
  assign(process: ProcessIndex, find: SpanLookup, quietNs: number): readonly SpanRecord[] {
    const pending = this.#pending.filter(({ released }) => !released);
    this.#pending = [];
    if (pending.every(({ cause }) => cause !== undefined)) return [];
    pending.sort((left, right) => left.requestEventId - right.requestEventId);
    for (let from = 0; from < pending.length; from += maxBlockCalls)
      this.#assignBlock(pending.slice(from, from + maxBlockCalls), process, find, quietNs);
    return pending.filter(({ cause }) => cause?.reason === 'wake');
  }

  #assignBlock(block: readonly SpanRecord[], process: ProcessIndex, find: SpanLookup, quietNs: number): void {
    const requests = process.answeredDuring(block);
    if (requests.length === 0) return;
    const fresh = new Set(block);
    const beside = process.callsBeside(block, maxCallsBeside).filter((call) => !fresh.has(call) && mayCompete(call));
    const all = [...block, ...beside];
    const positions = new Map(requests.map((request, index) => [request, index]));
    const timed = requests.map(({ startNs, endNs, requestKind: kind }) => ({ startNs, endNs, kind }));
    const calls = all.map((call): AssignedCall => {
      const { startNs, endNs, requestKind: kind, cause } = call;
      const about = { startNs, endNs, kind, isNew: fresh.has(call), isKnown: cause !== undefined };
      if (cause !== undefined) {
        const request = positions.get(cause.parent);
        return { ...about, options: request === undefined ? [] : [{ request, evidence: 0 }] };
      }
      const evidence = evidenceFor(call, process, find);
      const options: Option[] = [];
      for (const [index, server] of requests.entries()) {
        const open = timed[index]!;
        if (open.startNs > startNs || open.endNs < endNs || !covers(server, call)) continue;
        options.push({ request: index, evidence: evidence.get(server.spanId) ?? 0 });
      }
      return { ...about, options: options.length > maxOptions ? [] : options };
    });
    const model = (this.#model ??= new AssignmentModel());
    const probabilities = assign(model, calls, timed, newRequests(model, requests));
    const known = 1 - shareOfSlow(requests, quietNs);
    for (const [row, call] of block.entries()) {
      if (call.cause !== undefined) continue;
      const parents = calls[row]!.options.map(({ request }, at) => ({
        server: requests[request]!,
        confidence: Math.min(probabilities[row]![at]! * known, greatestConfidence),
      }));
      parents.sort((left, right) => right.confidence - left.confidence);
      const certain = this.#wokenParent(parents[0], process.wokenAfter(call), model);
      if (certain !== undefined) {
        call.cause = { parent: certain.server, reason: 'wake', confidence: certain.confidence };
        continue;
      }
      call.likelyParents = parents
        .filter(({ confidence }) => confidence >= leastConfidence)
        .slice(0, maxLikelyParents)
        .map(({ server, confidence }) => likelyParent(server, 'assignment', confidence));
    }
  }

  /** The likeliest parent, if a wake-up says the same, and such hints are right here. */
  #wokenParent(
    best: RatedParent | undefined,
    woken: readonly SpanRecord[],
    model: AssignmentModel,
  ): RatedParent | undefined {
    if (woken.length === 0) return undefined;
    const isAgreed = best !== undefined && woken.length === 1 && woken[0] === best.server;
    // Where nothing is likely, a wake-up may well name another.
    if (isAgreed || woken.length > 1 || (best?.confidence ?? 0) >= contradictsWake) this.#wakeAlarm.add(isAgreed);
    const isCertain = isAgreed && best.confidence >= certainWithWake && !model.isYoung;
    return isCertain && !this.#wakeAlarm.isAlarmed ? best : undefined;
  }
}

/** Requests of each kind that the model had not counted before. */
function newRequests(model: AssignmentModel, requests: readonly SpanRecord[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  let last = model.countedUpTo;
  for (const { requestEventId, requestKind } of requests) {
    if (requestEventId <= model.countedUpTo) continue;
    counts.set(requestKind, (counts.get(requestKind) ?? 0) + 1);
    last = Math.max(last, requestEventId);
  }
  model.countedUpTo = last;
  return counts;
}

/** A server span as a likely parent. */
export function likelyParent(
  { spanId, startTimeNs }: SpanRecord,
  reason: LikelyParent['reason'],
  confidence: number,
): LikelyParent {
  return { spanId, startTimeNs, reason, confidence };
}

/** Whether a call that is not decided, or stayed unknown, may be of the same requests. */
function mayCompete(call: SpanRecord): boolean {
  return !call.released && (call.cause !== undefined || !call.causes.some(({ learned }) => learned));
}

/** Which rules name which server span, by bits: two for each rule, one a side of the call. */
function evidenceFor(call: SpanRecord, process: ProcessIndex, find: SpanLookup): ReadonlyMap<string, number> {
  const evidence = new Map<string, number>();
  const note = (spanId: string, bit: number): void => {
    evidence.set(spanId, (evidence.get(spanId) ?? 0) | (1 << bit));
  };
  for (const [index, rule] of causeRules.entries()) {
    const request = requestClaim(call, rule, find);
    if (request !== undefined) {
      note(request.serverId, requestBit(index));
      if (request.handovers.length > 0) note(request.serverId, requestHandoverBit);
    }
    const response = responseClaim(call, process, rule);
    for (const server of [...(response?.direct ?? []), ...(response?.indirect ?? [])]) {
      note(server.spanId, responseBit(index));
      if (response!.handovers.length > 0) note(server.spanId, responseHandoverBit);
    }
  }
  for (const server of process.wokenAfter(call)) note(server.spanId, wakeBit);
  return evidence;
}

/** Of the time in which requests were open, the share of those that take so long that their like may not have arrived. */
function shareOfSlow(requests: readonly SpanRecord[], quietNs: number): number {
  let [all, slow] = [0, 0];
  for (const { durationNs } of requests) {
    all += durationNs;
    if (durationNs > quietNs) slow += durationNs;
  }
  return all === 0 ? 0 : slow / all;
}
