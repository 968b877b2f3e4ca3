import { Cusum } from '../../core/statistics/cusum.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { repliesOf, type RequestClaim, type ResponseClaim } from './claim.ts';
import { covers } from './fit.ts';

/** Endpoints of one process that are told apart. */
const endpointLimit = 1000;
/** Agreements after which calls on a connection that was just freed count as calls of whoever freed it. */
const provenHandovers = 64;
/** Replies after which the ones before count half. */
const replyWindow = 1024;
/** Share of requests that one context reads and another answers, from which on work moves between contexts. */
const migratingShare = 0.01;

/** How calls to one endpoint did, of those of which both sides are known. */
class EndpointTrust {
  readonly alarm = new Cusum();
  /** The same, of calls that were written to the connection whose response they continue. */
  readonly handoverAlarm = new Cusum();
  handovers = 0;
  /** Whether calls ended before what the queue says is their request. */
  readonly queueAlarm = new Cusum();
}

/**
 * How far a process lets one side of a call decide. Request side and response side find the parent independently of each
 * other. Where both are known they show whether the rule holds here; so one side alone is believed only
 *
 * - if work stays in the context that read the request: where it moves, a context serves whom it likes;
 * - as long as the sides agree for calls to this endpoint;
 * - and for a call on a connection whose response it continues, after enough of them agreed: a pool hands a connection that
 *   one request frees to the next request in its queue.
 *
 * The two sides of a queue are one: who is next. There it shows by requests that are answered before their calls are.
 */
export class OneSidedTrust {
  readonly #endpoints = new Map<string, EndpointTrust>();
  #replies = 0;
  #movedReplies = 0;

  /** A request was answered. */
  noteReply({ requestContextId, responseContextId }: SpanRecord): void {
    this.#replies++;
    if (requestContextId !== responseContextId) this.#movedReplies++;
    if (this.#replies < replyWindow) return;
    this.#replies /= 2;
    this.#movedReplies /= 2;
  }

  /** Compares the two sides of a call. */
  judge(call: SpanRecord, { server, handovers }: RequestClaim, response: ResponseClaim): void {
    if (server === undefined) return;
    const isRight = repliesOf(response).includes(server);
    // Along one connection both sides come back to whoever had it twice.
    if (isRight && response.direct.length === 0 && handovers.length > 0 && response.handovers.length > 0) return;
    if (handovers.length === 0) this.#of(call)?.alarm.add(isRight);
    for (const each of handovers) {
      const trust = this.#of(each);
      if (trust === undefined) continue;
      trust.handoverAlarm.add(isRight);
      trust.handovers = isRight ? trust.handovers + 1 : 0;
    }
  }

  /** Compares a call with the request whose turn it was. */
  judgeQueue(call: SpanRecord, { server }: RequestClaim): void {
    if (server !== undefined) this.#of(call)?.queueAlarm.add(covers(server, call));
  }

  /** Whether requests wait for such calls, as far as a queue says whose they are. */
  isQueueProven(call: SpanRecord): boolean {
    return this.#of(call)?.queueAlarm.isAlarmed === false;
  }

  /** Whether work moves between contexts: then one side alone decides nothing. */
  get isMigrating(): boolean {
    return this.#movedReplies > migratingShare * this.#replies;
  }

  /** Whether the sides of such calls agree. @param handovers calls of one side that continue a response on its connection */
  isProven(call: SpanRecord, handovers: readonly SpanRecord[]): boolean {
    if (this.#of(call)?.alarm.isAlarmed !== false) return false;
    return handovers.every((each) => {
      const trust = this.#of(each);
      return trust !== undefined && !trust.handoverAlarm.isAlarmed && trust.handovers >= provenHandovers;
    });
  }

  #of(call: SpanRecord): EndpointTrust | undefined {
    const endpoint = call.serverEndpoint;
    let trust = this.#endpoints.get(endpoint);
    if (trust === undefined && this.#endpoints.size < endpointLimit) {
      trust = new EndpointTrust();
      this.#endpoints.set(endpoint, trust);
    }
    return trust;
  }
}
