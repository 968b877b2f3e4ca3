import type { Context } from './context.ts';

/**
 * What the follower knows of messages. A context reads work (a request it must answer, or the response to a call it
 * made) and writes units (calls, a reply). The question is always: which work did this unit continue?
 */

/** How sure the last read is by its circumstances; the position is the place of its track record. Worst last. */
export const categories = ['alone', 'among_rivals', 'same_socket', 'several', 'turn', 'request'] as const;
export type Category = (typeof categories)[number];

/** What one hypothesis says about a unit. */
export interface Opinion {
  /** What it continued. Not the work itself: works would keep all that came before them alive. */
  readonly kind: Work['kind'];
  readonly spanId: string;
  /** The request at the beginning of the chain; undefined when it is not known, or was answered before. */
  readonly root: ServerWork | undefined;
  readonly category: Category;
  /** Categories of all steps to the root: bit n for the n-th of {@link categories}. */
  readonly steps: number;
}

/** A request that was read here and wants an answer. */
export class ServerWork {
  readonly kind = 'request';
  readonly spanId: string;
  readonly context: Context;
  open = true;
  /** Place of the reply among the events of its context; not finite while open. */
  answeredOrder = Number.POSITIVE_INFINITY;
  /**
   * Place among the events of its context from which on it could be answered: until then an earlier request of its
   * connection was open (pipelining). Not finite while one is.
   */
  turnOrder = 0;
  /** The request that waits for the reply to this one, while this one is open. */
  next: ServerWork | undefined;
  /** Where it stands among what its context read; see lanes.ts. */
  arrival: Arrival | undefined;
  /** Units that the request queue gave to this request, the oldest first; at most {@link maxUnitsOfRequest}. */
  readonly units: Unit[] = [];
  /** The response read last among the calls that the turn hypothesis gave to this request. */
  lastByTurn: CallWork | undefined;
  /** Likewise for the request queue. */
  lastByRequest: CallWork | undefined;

  constructor(spanId: string, context: Context) {
    this.spanId = spanId;
    this.context = context;
  }
}

export const maxUnitsOfRequest = 64;

/** A call that was made here; as work, its response. */
export class CallWork {
  readonly kind = 'response';
  readonly spanId: string;
  readonly socketId: number;
  readonly unit: Unit;
  /** Context that read the response; undefined before. */
  answeredIn: Context | undefined;
  answeredPhase = 0;
  /** Bytes of the response that are still to come; 0 when unknown or complete. */
  missingBytes = 0;
  arrival: Arrival | undefined;

  constructor(spanId: string, socketId: number, unit: Unit) {
    this.spanId = spanId;
    this.socketId = socketId;
    this.unit = unit;
  }
}

export type Work = ServerWork | CallWork;

/** A piece of work in its place in the order of reading. */
export interface Arrival {
  readonly work: Work;
  readonly phase: number;
  readonly order: number;
  /** A later part of it was read: it stands there now. */
  moved: boolean;
  /** A unit was given to it. */
  taken: boolean;
}

/** What one call of the application wrote: one or more calls at once, or a reply; or a connect that a call will follow. */
export class Unit {
  readonly context: Context;
  readonly order: number;
  readonly socketId: number;
  /** Requests that its context had read and not answered at that moment. */
  readonly openRequests: number;
  readonly calls: CallWork[] = [];
  /** The request that this unit answers. */
  reply: ServerWork | undefined;
  byLastRead: Opinion | undefined;
  byTurn: Opinion | undefined;
  byRequest: Opinion | undefined;

  constructor(context: Context, socketId: number) {
    this.context = context;
    this.order = context.order;
    this.socketId = socketId;
    this.openRequests = context.openRequests;
  }
}

/** One call that read from a socket. */
export class Read {
  readonly messageId: number;
  /** How many messages the context had read in this phase, this one included. */
  readonly rank: number;
  /** Its place among the events of its context. */
  readonly order: number;
  /** Requests that the context had read and not answered then. */
  readonly openRequests: number;
  /** What was read, in order: what began in it, and before that what it continued. */
  works: readonly Work[] = [];
  /** What was written after it, while it is the last read and holds several works. */
  sequel: Unit[] | undefined;

  constructor(messageId: number, rank: number, context: Context) {
    this.messageId = messageId;
    this.rank = rank;
    this.order = context.order;
    this.openRequests = context.openRequests;
  }
}

/**
 * Whether a reply may be to another request than the one whose response was read last: others were open when it is
 * written, or when that was read, and were answered in between.
 */
export function isReplyContested(unit: Unit, read: Read | undefined): boolean {
  return unit.openRequests >= 2 || (read !== undefined && read.openRequests >= 2);
}

/** Whether a reply had to wait for its turn on its connection after the read: then that read did not lead to it. */
export function hadToWait(unit: Unit, read: Read | undefined, replied: ServerWork): boolean {
  if (replied.turnOrder === 0) return false;
  // Places in two contexts do not compare.
  return unit.context !== replied.context || (read !== undefined && replied.turnOrder > read.order);
}

/** The request at the beginning of a piece of work, as one hypothesis has it. */
export function rootOf(work: Work, by: 'byLastRead' | 'byTurn' | 'byRequest'): ServerWork | undefined {
  return work.kind === 'request' ? work : work.unit[by]?.root;
}

/** The root, unless it was answered before this place in the order of its context. */
export function openRoot(root: ServerWork | undefined, context: Context, order: number): ServerWork | undefined {
  if (root === undefined || root.open) return root;
  return root.context === context && root.answeredOrder > order ? root : undefined;
}

/** Whether bytes of a response are still to come. */
export function isIncomplete(work: Work): boolean {
  return work.kind === 'response' && work.missingBytes > 0;
}

/** A request whose body comes after the other side spoke (100 Continue). */
export function awaitsMore(work: Work | undefined): boolean {
  return work?.kind === 'request' && work.open;
}
