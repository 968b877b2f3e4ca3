import type { Hypothesis, ReplyAttribution } from './hypothesis.ts';
import {
  type Arrival,
  type Attribution,
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
import type { PhaseHistory } from './phase-history.ts';
import { TrackRecords } from './track-records.ts';
import type { TurnOrder } from './turn-orders.ts';
import { type MessageKind, WriteCounts } from './write-counts.ts';

/**
 * A write continues what was read right before it, or else a message of the phase before: those that were not answered at once
 * lead to as many writes each as such messages did before, in an order that turn-orders.ts has (undici, Envoy). How many is
 * counted by endpoint and step of the request. It speaks about a phase only if the numbers fit and no reply in it contradicts.
 */

/**
 * Circumstances: written at once; a turn later as the only write; as one of several, of which the order decides; likewise, beside
 * messages of which it is not known how many writes they lead to.
 */
const atOnce = 0;
const alone = 1;
const several = 2;
const uncounted = 3;
/** The same where a response leads to it. */
const resumed = 4;
const circumstances = 8;
const maxStep = 8;
/** Phases whose messages may be due together: a wake-up in between begins one. */
const maxTurn = 3;
/** Endpoints to one of which a call of unknown cause belongs; of more it is not kept which. */
const maxEndpoints = 4;
const nothing: Trust = { isRefuted: true, isLearned: false, confidence: 0 };

/** See the top of the file. */
export class NextTurnHypothesis implements Hypothesis {
  readonly rule = 'queue';
  readonly holdsAlone = false;
  readonly makesPhasesNeedless = false;
  readonly explainsStrays = true;
  private readonly index: number;
  private readonly order: TurnOrder;
  private readonly records = new TrackRecords(circumstances);
  /** Made when it is first needed: most contexts never wait for many sockets at once. */
  private counts: WriteCounts | undefined;
  /** What was counted: the writes behind no read, or all. */
  private countsAtOnce = true;
  private readonly kinds = new WeakMap<Arrival, MessageKind>();

  constructor(index: number, order: TurnOrder) {
    this.index = index;
    this.order = order;
  }

  read(): void {
    // Of reads only their order counts: the phase history has it.
  }

  write(write: Write, after: Read | undefined): void {
    const message = after?.messages.length === 1 && this.writesAtOnce ? after.messages[0]! : undefined;
    write.attributions[this.index] = message === undefined ? undefined : this.attribution(write, message, atOnce);
    if (message !== undefined) write.possibleEndpoints[this.index] = this.endpointsOf([message]);
  }

  /** False where a write may stand behind a read only because both were due in the same phase. */
  private get writesAtOnce(): boolean {
    return !this.records.of(atOnce, true).refuted;
  }

  phaseEnd(history: PhaseHistory, phase: number): void {
    const { writesAtOnce } = this;
    if (this.countsAtOnce !== writesAtOnce) this.counts?.doubt();
    this.countsAtOnce = writesAtOnce;
    const counts = (this.counts ??= new WriteCounts());
    const writes = writesAtOnce ? straysIn(history, phase) : history.writesIn(phase);
    const last = this.dueIn(history, phase - 1);
    if (writesAtOnce && writes.length === 0) {
      if (last.length > 0) counts.wait(last.map((arrival) => this.kindOf(arrival)));
      return;
    }
    const due = this.phasesBefore(history, phase).flatMap((read) => this.dueIn(history, read));
    if (due.length === 0) return;
    const endpoints = this.endpointsOf(due.map(({ message }) => message));
    for (const write of writes) write.possibleEndpoints[this.index] = endpoints;
    const split = counts.split(
      due.map((arrival) => this.kindOf(arrival)),
      writes.length,
    );
    if (split === undefined || writes.length === 0) return;
    const { messages, contradicted } = this.order(due, split.writes, writes, this.index);
    const circumstance = split.isProven ? several : uncounted;
    if (contradicted === undefined) this.give(messages, writes, circumstance);
    else this.records.addSteps(stepsTo(contradicted.message, this.index) | stepOf(circumstance), true, false);
  }

  isDone(message: InboundMessage): boolean {
    return message.kind === 'response' && rootOf(message, this.index)?.isOpen === false;
  }

  attribute(reply: Write, read: Read | undefined, replied: InboundRequest): ReplyAttribution | undefined {
    const message = read?.messages.length === 1 ? read.messages[0] : undefined;
    const call = message?.kind === 'response' ? message : replied.lastCalls[this.index];
    const circumstance = message === undefined ? several : atOnce;
    return call === undefined ? undefined : { call, circumstance, contested: reply.openRequests >= 2 };
  }

  reply(reply: Write, read: Read | undefined, replied: InboundRequest): void {
    const message = read?.messages.length === 1 ? read.messages[0]! : undefined;
    // One that comes a turn later is one of the writes of its phase: it is compared when that is over.
    if (message !== undefined) this.judge(message, reply, replied, atOnce);
  }

  trust(circumstance: number, contested: boolean): Trust {
    const place = circumstance % resumed;
    // What was read last has a hypothesis of its own, and answers for itself.
    if (place === atOnce) return nothing;
    return place === alone
      ? this.records.trustOrHarder(circumstance, circumstance - alone + several, contested)
      : this.records.trust(circumstance, contested);
  }

  /** Messages of a phase that were not answered at once. */
  private dueIn(history: PhaseHistory, phase: number): readonly Arrival[] {
    const before = this.writesAtOnce ? history.writesIn(phase) : [];
    const continued = new Set(before.map(({ afterOrder }) => afterOrder));
    const arrivals = history.arrivalsIn(phase);
    // Answers are counted whether they lead to anything or not.
    for (const arrival of arrivals) this.kindOf(arrival);
    return arrivals.filter(({ order }) => !continued.has(order));
  }

  /** The phases, oldest first, whose messages are due in this one: the one before, and those after which nothing was written. */
  private phasesBefore(history: PhaseHistory, phase: number): readonly number[] {
    const phases = [phase - 1];
    while (this.writesAtOnce && phases.length < maxTurn && straysIn(history, phases[0]!).length === 0)
      phases.unshift(phases[0]! - 1);
    return phases;
  }

  /** Gives the writes of a phase to the messages that were due, unless a reply contradicts. */
  private give(due: readonly (Arrival | undefined)[], writes: readonly Write[], circumstance: number): void {
    const place = circumstance === several && writes.length === 1 ? alone : circumstance;
    const misfits = writes.filter(({ reply }, index) => {
      const message = due[index]?.message;
      return reply !== undefined && message !== undefined && !this.judge(message, writes[index]!, reply, place);
    });
    if (misfits.length > 0) return;
    writes.forEach((write, index) => {
      const arrival = due[index];
      if (arrival === undefined) return;
      arrival.taken = true;
      write.attributions[this.index] = this.attribution(write, arrival.message, place);
    });
  }

  private attribution(write: Write, message: InboundMessage, place: number): Attribution {
    const circumstance = message.kind === 'response' ? resumed + place : place;
    return attributionOf(this, this.index, write, message, circumstance);
  }

  /** Compares a reply with the message that it followed. Returns false if they contradict each other. */
  private judge(message: InboundMessage, reply: Write, replied: InboundRequest, place: number): boolean {
    const root = rootOf(message, this.index);
    if (root === undefined) return true;
    const right = root === replied;
    const contested =
      isVerdictContested(right, reply, replied.context) &&
      (message.kind === 'request' || message.write.openRequests >= 2);
    // Until it is known that this process writes at once, that is the first thing to doubt, and nothing else is shown.
    const isDoubted = place === atOnce && !this.records.of(atOnce, contested).learned;
    this.records.addSteps((isDoubted ? 0 : stepsTo(message, this.index)) | stepOf(place), contested, right);
    return right;
  }

  /** Messages of one kind lead to the same number of writes: requests to one endpoint, and their first, second … responses. */
  private kindOf(arrival: Arrival): MessageKind {
    let kind = this.kinds.get(arrival);
    if (kind === undefined) this.kinds.set(arrival, (kind = this.newKind(arrival.message)));
    return kind;
  }

  private newKind(message: InboundMessage): MessageKind {
    if (message.kind === 'request') return { name: message.endpoint, isUnclear: false, like: undefined };
    const like = unclearKind(this.endpointsOf([message]));
    const root = rootOf(message, this.index);
    if (root === undefined) return { name: like, isUnclear: true, like: undefined };
    const answers = (root.answers[this.index] ?? 0) + 1;
    root.answers[this.index] = answers;
    return { name: `${Math.min(answers, maxStep)} ${root.endpoint}`, isUnclear: false, like };
  }

  /** Endpoints of the requests that messages are part of; none if that is not known of one of them. */
  private endpointsOf(messages: readonly InboundMessage[]): readonly string[] {
    const found = new Set<string>();
    for (const message of messages) {
      const root = rootOf(message, this.index);
      const possible =
        message.kind === 'response' && root === undefined ? message.write.possibleEndpoints[this.index] : undefined;
      const endpoints = root === undefined ? (possible ?? []) : [root.endpoint];
      if (endpoints.length === 0) return [];
      for (const endpoint of endpoints) found.add(endpoint);
      if (found.size > maxEndpoints) return [];
    }
    return [...found].sort();
  }
}

const unclearKind = (endpoints: readonly string[]): string => `? ${endpoints.join(' ')}`;

/** Writes that stand behind no read of their phase. */
function straysIn(history: PhaseHistory, phase: number): readonly Write[] {
  return history.writesIn(phase).filter(({ afterOrder }) => afterOrder === 0);
}
