import type { Hypothesis, ReplyAttribution } from './hypothesis.ts';
import {
  type Arrival,
  attributionOf,
  type InboundMessage,
  type InboundRequest,
  isVerdictContested,
  type Read,
  rootOf,
  stepOf,
  stepsTo,
  type Trust,
  type Write,
} from './messages.ts';
import { ParameterSearch, weightOf } from './parameter-search.ts';
import type { PhaseHistory } from './phase-history.ts';
import { TrackRecords } from './track-records.ts';

/**
 * Every message read leads to exactly one write, in the order of reading, a number of phases later (asyncio): one number
 * for requests and one for responses, found by counting. Under the right pair, as many writes happen in a phase as
 * messages are due, in nearly every phase. It speaks about a phase only if the numbers are equal and no reply in it
 * contradicts; a phase of which it says nothing has no effect on the next.
 */

const maxRequestLag = 4;
const maxResponseLag = 3;
const lagPairs = (maxRequestLag + 1) * (maxResponseLag + 1);

/**
 * Circumstances: one message was due in the phase, or several, of which the order decides; the same where a response leads to
 * a call.
 */
const alone = 0;
const several = 1;
const resumedAlone = 2;
const resumedAmongSeveral = 3;
const circumstances = 4;

/** Lags of requests and of responses, in phases. */
interface Lags {
  readonly request: number;
  readonly response: number;
}

const lagsOf: readonly Lags[] = Array.from({ length: lagPairs }, (_, pair) => ({
  request: Math.floor(pair / (maxResponseLag + 1)),
  response: pair % (maxResponseLag + 1),
}));

/** See the top of the file. */
export class PhaseLagHypothesis implements Hypothesis {
  readonly rule = 'queue';
  readonly holdsAlone = false;
  readonly makesPhasesNeedless = false;
  readonly explainsStrays = false;
  private readonly index: number;
  private readonly records = new TrackRecords(circumstances);
  /** Made when it is first needed: most contexts never wait for many sockets at once. */
  private search: ParameterSearch | undefined;

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
    const writes = history.writesIn(phase);
    const arrivals: readonly Arrival[][] = Array.from({ length: maxRequestLag + 1 }, (_, lag) =>
      history.arrivalsIn(phase - lag),
    );
    const lags = this.learnLags(arrivals, writes.length);
    if (lags === undefined || writes.length === 0) return;
    const due = [
      ...arrivals[lags.request]!.filter(({ message }) => message.kind === 'request'),
      ...arrivals[lags.response]!.filter(({ message }) => message.kind === 'response'),
    ];
    if (due.length === writes.length) this.give(due, writes);
  }

  isDone(message: InboundMessage): boolean {
    return message.kind === 'response' && rootOf(message, this.index)?.isOpen === false;
  }

  attribute(reply: Write, _read: Read | undefined, replied: InboundRequest): ReplyAttribution | undefined {
    const call = replied.lastCalls[this.index];
    return call === undefined ? undefined : { call, circumstance: several, contested: reply.openRequests >= 2 };
  }

  reply(): void {
    // A reply is one of the writes of its phase: it is compared when that is over.
  }

  trust(circumstance: number, contested: boolean): Trust {
    return this.records.trustOrHarder(
      circumstance,
      circumstance < resumedAlone ? several : resumedAmongSeveral,
      contested,
    );
  }

  private learnLags(arrivals: readonly (readonly Arrival[])[], writes: number): Lags | undefined {
    const search = (this.search ??= new ParameterSearch(lagPairs, 1));
    const requests = arrivals.map((all) =>
      all.reduce((sum, { message }) => sum + Number(message.kind === 'request'), 0),
    );
    for (let pair = 0; pair < lagPairs; pair++) {
      const { request, response } = lagsOf[pair]!;
      const due = requests[request]! + arrivals[response]!.length - requests[response]!;
      if (due === 0 && writes === 0) continue;
      search.observe(pair, weightOf(Math.max(due, writes)), due === writes ? 0 : -1);
    }
    if (search.choose()) this.records.reset();
    return search.isSteady ? lagsOf[search.best] : undefined;
  }

  /** Gives the writes of a phase to the messages that were due in it, unless a reply contradicts. */
  private give(due: Arrival[], writes: readonly Write[]): void {
    due.sort((one, other) => one.order - other.order);
    const place = writes.length === 1 ? alone : several;
    let misfits = 0;
    writes.forEach((write, index) => {
      const { message, order } = due[index]!;
      if (order >= write.order) misfits++;
      if (write.reply === undefined) return;
      const root = rootOf(message, this.index);
      if (root === undefined) return;
      if (root !== write.reply) misfits++;
      const right = root === write.reply;
      const contested =
        isVerdictContested(right, write) && (message.kind === 'request' || message.write.openRequests >= 2);
      this.records.addSteps(stepsTo(message, this.index) | stepOf(place), contested, right);
    });
    if (misfits > 0) return;
    writes.forEach((write, index) => {
      const arrival = due[index]!;
      arrival.taken = true;
      const { message } = arrival;
      const circumstance = message.kind === 'response' ? resumedAlone + place : place;
      write.attributions[this.index] = attributionOf(this, this.index, write, message, circumstance);
    });
  }
}
