import type { CauseRule } from '../../schemas/cause-rules.ts';

/**
 * What causality knows of messages. A context reads messages (a request that it must answer, or the response to a call
 * that it made) and writes (calls, a reply). The question is always: which message did this write continue?
 */

/** Requests that a context has in flight at one moment. */
export interface RequestCounts {
  /** Read here and not answered to the last byte: a call may belong to any of them. */
  readonly openRequests: number;
  /** Those among them whose reply has not begun: the next reply may be to any of them. */
  readonly awaitingReply: number;
}

/** The execution context of a message. */
export interface MessageContext extends RequestCounts {
  /** Counts events; the order of all that happens in this context. */
  readonly order: number;
  readonly phase: number;
  openRequests: number;
  awaitingReply: number;
}

/**
 * Rules that say what a call continued. In contexts of CPython, which a loop runs in turn, queues mislead; and where it is known
 * that contexts tell, nothing else does.
 */
export type CallRules = 'all' | 'last_read' | 'none';

/** How far a hypothesis is believed in one process. */
export interface Trust {
  /** Known not to hold here. */
  readonly isRefuted: boolean;
  /** Known to hold here. */
  readonly isLearned: boolean;
  /** Probability that it is right. */
  readonly confidence: number;
}

/** What made an attribution. */
export interface Attributor {
  /** Under which name its causes travel on a span. */
  readonly rule: CauseRule;
  /** Nothing can contradict it while only one request is in flight: then it is believed without a record. */
  readonly holdsAlone: boolean;
  trust(circumstance: number, contested: boolean): Trust;
}

/** What one hypothesis says that a write continued. */
export interface Attribution {
  readonly by: Attributor;
  /** The message. Not the message itself: each would keep all that came before it alive. */
  readonly kind: InboundMessage['kind'];
  readonly spanId: string;
  /** The request at the beginning of the chain; undefined when it is not known, or was answered before. */
  readonly root: InboundRequest | undefined;
  /** One of the circumstances that the hypothesis distinguishes. */
  readonly circumstance: number;
  /** Circumstances of all steps to the root: bit n for the n-th. */
  readonly steps: number;
}

/** A request that was read here and wants a reply. */
export class InboundRequest {
  readonly kind = 'request';
  readonly spanId: string;
  /** The event in which it began. */
  readonly eventId: number;
  /** Template of what it asks for, without ids. */
  readonly endpoint: string;
  readonly context: MessageContext;
  /** Until the last byte of its reply, or until it is given up. */
  isOpen = true;
  /** The first bytes of its reply were written. */
  isReplied = false;
  /** Order of the end of the reply among the events of its context; not finite while open. */
  answeredOrder = Number.POSITIVE_INFINITY;
  /**
   * Order among the events of its context from which on it could be answered: until then an earlier request of its
   * connection was open (pipelining). Not finite while one is.
   */
  unblockedOrder = 0;
  /** Where it stands among what its context read; see phase-history.ts. */
  arrival: Arrival | undefined = undefined;
  /** Writes that the request queue gave to this request, the oldest first. */
  readonly writes: Write[] = [];
  /** By hypothesis, responses to calls that it gave to this request. */
  readonly answers: number[] = [];
  /** By hypothesis, the call whose response was read last of those that it gave to this request. */
  readonly lastCalls: (InboundResponse | undefined)[] = [];
  /** Events in which others had just read when they woke the thread that serves it: their ids, a bounded number. */
  wokenAfter: readonly number[] = [];

  constructor(spanId: string, eventId: number, endpoint: string, context: MessageContext) {
    this.spanId = spanId;
    this.eventId = eventId;
    this.endpoint = endpoint;
    this.context = context;
  }

  /** Whether its reply is still to begin. */
  get awaitsReply(): boolean {
    return this.isOpen && !this.isReplied;
  }
}

/** The response to a call that was made here: there from the call on. */
export class InboundResponse {
  readonly kind = 'response';
  readonly spanId: string;
  readonly socketId: number;
  /** The call. */
  readonly write: Write;
  /** Context that read the response; undefined before. */
  answeredIn: MessageContext | undefined = undefined;
  answeredPhase = 0;
  /** Context that sent the call: not that of the write when that only began the connection. */
  calledIn: MessageContext | undefined = undefined;
  /** The request for which its context made the call, where contexts show that. */
  servedRequest: InboundRequest | undefined = undefined;
  /** Probability of that. A context that changes threads says it of itself. */
  servedConfidence = 0.9999;
  /** Which rules say what it continued, besides its context. */
  rules: CallRules = 'all';
  /** Order of the last response on the same connection among the events of its context; 0 if there was none. */
  freedOrder = 0;
  /** Bytes of the response that are still to come; 0 when unknown or complete. */
  missingBytes = 0;
  arrival: Arrival | undefined = undefined;

  constructor(spanId: string, socketId: number, write: Write) {
    this.spanId = spanId;
    this.socketId = socketId;
    this.write = write;
  }
}

export type InboundMessage = InboundRequest | InboundResponse;

/** A message, with its place in the order of reading. */
export interface Arrival {
  readonly message: InboundMessage;
  readonly phase: number;
  readonly order: number;
  /** A later part of it was read: it stands there now. */
  moved: boolean;
  /** A write was given to it. */
  taken: boolean;
}

/** What one call of the application wrote: one or more calls at once, or a reply; or a connect that a call will follow. */
export class Write implements RequestCounts {
  readonly context: MessageContext;
  readonly order: number;
  readonly socketId: number;
  /** Order of the read right before it; 0 if there was none in its phase. */
  readonly afterOrder: number;
  /** In its context at that moment. */
  readonly openRequests: number;
  readonly awaitingReply: number;
  readonly calls: InboundResponse[] = [];
  /** The request that this write answers. */
  reply: InboundRequest | undefined = undefined;
  /** What each hypothesis says, by its index in the list. */
  readonly attributions: (Attribution | undefined)[] = [];
  /** By hypothesis that cannot say what it continues: endpoints of all requests that it may belong to; empty if not known. */
  readonly possibleEndpoints: (readonly string[] | undefined)[] = [];

  constructor(context: MessageContext, socketId: number, after: Read | undefined) {
    this.context = context;
    this.order = context.order;
    this.socketId = socketId;
    this.afterOrder = after?.order ?? 0;
    this.openRequests = context.openRequests;
    this.awaitingReply = context.awaitingReply;
  }
}

/** One call that read from a socket. */
export class Read implements RequestCounts {
  readonly messageId: number;
  /** Nothing but the end of the stream. A connection that is begun then is as likely for a request that waited for this one. */
  readonly isEnd: boolean;
  /** How many messages the context had read in this phase, this one included. */
  readonly rank: number;
  /** Its order among the events of its context. */
  readonly order: number;
  /** In its context then. */
  readonly openRequests: number;
  readonly awaitingReply: number;
  /** What was read, in order: what began in it, and before that what it continued. */
  messages: readonly InboundMessage[] = [];
  /** What was written after it, while it is the last read and holds several messages. */
  laterWrites: Write[] | undefined = undefined;

  /** @param at - its context at that moment */
  constructor(messageId: number, rank: number, at: RequestCounts & { readonly order: number }, isEnd = false) {
    this.isEnd = isEnd;
    this.messageId = messageId;
    this.rank = rank;
    this.order = at.order;
    this.openRequests = at.openRequests;
    this.awaitingReply = at.awaitingReply;
  }

  /** The same under another id. */
  under(messageId: number): Read {
    const read = new Read(messageId, this.rank, this, this.isEnd);
    read.messages = this.messages;
    read.laterWrites = this.laterWrites;
    return read;
  }
}

/**
 * Whether what a reply says of a hypothesis says it of several requests in flight. That it was right proves that only if the
 * reply could have been to another request: one whose body is being sent gets no second reply.
 */
export function isVerdictContested(right: boolean, ...moments: readonly RequestCounts[]): boolean {
  return moments.some(({ openRequests, awaitingReply }) => (right ? awaitingReply : openRequests) >= 2);
}

/**
 * Whether a reply may be to another request than the one whose response was read last: others were open when it is
 * written, or when that was read, and were answered in between.
 */
export function isReplyContested(reply: Write, read: Read | undefined): boolean {
  return reply.openRequests >= 2 || (read !== undefined && read.openRequests >= 2);
}

/** Whether an earlier request of its connection still blocked a reply after the read: then that read did not lead to it. */
export function wasBlocked(reply: Write, read: Read | undefined, replied: InboundRequest): boolean {
  if (replied.unblockedOrder === 0) return false;
  // Orders of two contexts do not compare.
  return reply.context !== replied.context || (read !== undefined && replied.unblockedOrder > read.order);
}

/** The request at the beginning of the chain that a message is part of, as one hypothesis has it. */
export function rootOf(message: InboundMessage, hypothesis: number): InboundRequest | undefined {
  return message.kind === 'request' ? message : message.write.attributions[hypothesis]?.root;
}

/** A circumstance as a step of a chain. */
export const stepOf = (circumstance: number): number => 1 << circumstance;

/** Circumstances of all steps from the root to a message, as one hypothesis has them. */
export function stepsTo(message: InboundMessage, hypothesis: number): number {
  return message.kind === 'request' ? 0 : (message.write.attributions[hypothesis]?.steps ?? 0);
}

/** That a write continues a message, as one hypothesis has it. @param hypothesis its index */
export function attributionOf(
  by: Attributor,
  hypothesis: number,
  write: Write,
  message: InboundMessage,
  circumstance: number,
): Attribution {
  const { kind, spanId } = message;
  const root = openRoot(rootOf(message, hypothesis), write.context, write.order);
  const steps = stepsTo(message, hypothesis) | stepOf(circumstance);
  return { by, kind, spanId, root, circumstance, steps };
}

/** The root, unless it was answered before this point in the order of its context. */
export function openRoot(
  root: InboundRequest | undefined,
  context: MessageContext,
  order: number,
): InboundRequest | undefined {
  if (root === undefined || root.isOpen) return root;
  return root.context === context && root.answeredOrder > order ? root : undefined;
}

/** Whether bytes of a response are still to come. */
export function isIncomplete(message: InboundMessage): boolean {
  return message.kind === 'response' && message.missingBytes > 0;
}

/** Whether more of a request may come after the other side spoke (100 Continue). */
export function awaitsMore(message: InboundMessage | undefined): boolean {
  return message?.kind === 'request' && message.awaitsReply;
}
