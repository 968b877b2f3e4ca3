import type { Hypothesis, ReplyAttribution } from './hypothesis.ts';
import {
  type InboundMessage,
  type InboundRequest,
  isVerdictContested,
  openRoot,
  type Read,
  type Trust,
  type Write,
} from './messages.ts';
import { ParameterSearch, weightOf } from './parameter-search.ts';
import type { PhaseHistory } from './phase-history.ts';
import { TrackRecords } from './track-records.ts';

/**
 * Every request read leads to the same number of calls, in the order of reading, a number of phases later, and responses
 * only to replies (HAProxy; also a fan-out). Both numbers are found by counting, and how many phases after its last
 * response a request is answered: replies are judged by that. It speaks about a phase only if the numbers fit.
 */

const maxLag = 4;
const lagCount = maxLag + 1;
const maxFactor = 8;
const leastReplies = 8;
const replyWindow = 256;
const maxReplyLag = 3;
const replyLagCount = maxReplyLag + 1;
const maxWritesOfRequest = 64;

/** Circumstances: calls of one request were due in the phase, or of several, of which the order decides. */
const alone = 0;
const several = 1;
const circumstances = 2;

/** See the top of the file. */
export class RequestQueueHypothesis implements Hypothesis {
  readonly rule = 'queue';
  readonly holdsAlone = false;
  readonly makesPhasesNeedless = false;
  readonly explainsStrays = false;
  private readonly index: number;
  private readonly records = new TrackRecords(circumstances);
  /** Made when it is first needed: most contexts never wait for many sockets at once. Groups are lags. */
  private search: ParameterSearch | undefined;
  private replyLags: Float64Array | undefined;

  constructor(index: number) {
    this.index = index;
  }

  read(): void {
    // Of reads only their order counts: the phase history has it.
  }

  write(): void {
    // Likewise of writes.
  }

  phaseEnd(history: PhaseHistory, phase: number): void {
    const calls = history.writesIn(phase).filter(({ reply }) => reply === undefined);
    const { best, isSteady } = this.learn(history, phase, calls.length);
    if (best < 0 || !isSteady || calls.length === 0) return;
    const factor = (best % maxFactor) + 1;
    const due = openRequestsIn(history, phase - Math.floor(best / maxFactor));
    if (calls.length !== factor * due.length) return;
    if (!calls.every((write, index) => due[Math.floor(index / factor)]!.order < write.order)) return;
    const circumstance = due.length === 1 ? alone : several;
    calls.forEach((write, index) => this.give(write, due[Math.floor(index / factor)]!.request, circumstance));
  }

  isDone(message: InboundMessage): boolean {
    return message.kind === 'request' && message.writes.length > 0;
  }

  attribute(reply: Write, _read: Read | undefined, replied: InboundRequest): ReplyAttribution | undefined {
    const call = replied.lastCalls[this.index];
    return call === undefined ? undefined : { call, circumstance: several, contested: reply.openRequests >= 2 };
  }

  /** All calls that it gave to this request must be answered, the last one as long before the reply as usual. */
  reply(reply: Write, _read: Read | undefined, replied: InboundRequest): void {
    const { context } = reply;
    const { writes } = replied;
    if (writes.length === 0 || replied.context !== context) return;
    let latest = -1;
    let competed = true;
    let complete = true;
    let circumstance = alone;
    for (const write of writes) {
      if (write.attributions[this.index]?.circumstance === several) circumstance = several;
      if (write.openRequests < 2) competed = false;
      for (const call of write.calls) {
        if (call.answeredIn === context) latest = Math.max(latest, call.answeredPhase);
        else complete = false;
      }
    }
    const verdict = complete && latest >= 0 ? this.judgeLag(context.phase - latest) : false;
    if (verdict === undefined) return;
    this.records.add(circumstance, competed && isVerdictContested(verdict, reply), verdict);
  }

  trust(circumstance: number, contested: boolean): Trust {
    return this.records.trustOrHarder(circumstance, several, contested);
  }

  private learn(history: PhaseHistory, phase: number, calls: number): ParameterSearch {
    const search = (this.search ??= new ParameterSearch(lagCount, maxFactor));
    for (let lag = 0; lag < lagCount; lag++) {
      const due = openRequestsIn(history, phase - lag).length;
      if (due === 0 && calls === 0) continue;
      const factor = due === 0 ? 0 : calls / due;
      const fits = Number.isInteger(factor) && factor >= 1 && factor <= maxFactor;
      search.observe(lag, weightOf(Math.max(due, calls)), fits ? factor - 1 : -1);
    }
    if (search.choose()) this.records.reset();
    return search;
  }

  private give(write: Write, request: InboundRequest, circumstance: number): void {
    const { kind, spanId } = request;
    const root = openRoot(request, write.context, write.order);
    write.attributions[this.index] = { by: this, kind, spanId, root, circumstance, steps: 0 };
    if (request.writes.length < maxWritesOfRequest) request.writes.push(write);
  }

  /**
   * Judges a reply by the phases since the last response that belongs to it.
   *
   * @returns undefined while the expected number is not known, and if it is a little late: a busy loop leaves work for the next
   *   phase
   */
  private judgeLag(lag: number): boolean | undefined {
    const replyLags = (this.replyLags ??= new Float64Array(replyLagCount + 1));
    const capped = Math.min(lag, replyLagCount);
    let total = 0;
    let usual = 0;
    replyLags.forEach((count, index) => {
      total += count;
      if (count > replyLags[usual]!) usual = index;
    });
    const isKnown = total >= leastReplies && usual !== replyLagCount;
    const isLate = capped === usual + 1 || capped === usual + 2;
    const verdict = isKnown && !isLate ? capped === usual : undefined;
    replyLags[capped]!++;
    if (total >= replyWindow) replyLags.forEach((count, index) => (replyLags[index] = count / 2));
    return verdict;
  }
}

function openRequestsIn(
  history: PhaseHistory,
  phase: number,
): readonly { readonly request: InboundRequest; readonly order: number }[] {
  const found: { readonly request: InboundRequest; readonly order: number }[] = [];
  for (const { message, order } of history.arrivalsIn(phase))
    if (message.kind === 'request' && message.awaitsReply) found.push({ request: message, order });
  return found;
}
