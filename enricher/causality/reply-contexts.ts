/**
 * Calls and replies of contexts that stay apart while a loop runs them in turn: Python's contexts. An asyncio server reads a
 * request in the context of the connection and answers it in that of a task, so what a context works for shows when it
 * replies:
 *
 * - A call belongs to the request to which its own context replies, or the nearest ancestor that replies, if all that is on
 *   the way to that one began while the request was open: a task that outlives its request is no part of the next one.
 * - A reply that a child writes is also one of those ancestors that began while the request was open.
 *
 * That holds where a context works for one request at a time. One that replies to a request which was read before its last reply
 * works for several, and one that calls between a reply and the next request goes on with the former, perhaps into the latter:
 * replies judge the process, and only under a clean record the contexts speak, and then nothing else. Lost events forget what is
 * under way.
 * Ids of contexts that were seen to begin are of the sequence of events: a context began after an event if its id is larger. One that
 * began unseen is known by its address, which many have one after the other, unless every other beginning is seen: then it is an
 * old one.
 */
import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Cause } from '../../schemas/generated/span.ts';
import { LruEntry, LruMap } from '../lru.ts';
import type { Losses } from './execution-context.ts';
import type { CallRules, InboundRequest } from './messages.ts';
import { TrackRecord } from './track-record.ts';

/** Calls of one context that wait for a reply, and calls that one reply is given. */
const maxCalls = 64;
const maxProcesses = 65_536;
const noCauses: readonly Cause[] = [];
const noContexts: readonly number[] = [];

/** What an event says of its context. */
export type ContextIds = Pick<SocketEvent, 'processId' | 'threadId' | 'contextKind' | 'contextId' | 'contextAncestors'>;

/** A request for which a context works, and the probability of that. */
export interface Served {
  readonly request: InboundRequest;
  readonly confidence: number;
}

interface ContextCall {
  readonly spanId: string;
  readonly eventId: number;
  /** The context on the way from the call that is next to this one; 0: the call was made in this one. */
  readonly childId: number;
}

class WorkContext extends LruEntry {
  calls: ContextCall[] = [];
  lossesSeen = 0;
  /** The request that it replied to last, and the event that began the reply. */
  replied: InboundRequest | undefined = undefined;
  repliedEventId = 0;
}

class ProcessRecord extends LruEntry {
  /** Of all processes that had this id. */
  readonly serial: number;
  readonly record = new TrackRecord();
  /** In which the last reply began; 0: it serves nothing. */
  repliedEventId = 0;
  /** Contexts are seen to begin here. */
  seesBeginnings = false;

  constructor(serial: number) {
    super();
    this.serial = serial;
  }
}

/** Ids of contexts that began unseen: their addresses, with this bit. They are smaller than any id of an event. */
const firstUnseenId = 2 ** 48;
const endOfUnseenIds = 2 ** 49;
const isUnseen = (contextId: number): boolean => contextId >= firstUnseenId && contextId < endOfUnseenIds;

const beganAfter = (contextId: number, eventId: number): boolean => contextId > eventId;

/** The contexts of one agent in which requests are answered. Bounds: least recently used ones are evicted; 64 calls each. */
export class ReplyContexts {
  private readonly contexts: LruMap<string, WorkContext>;
  private readonly processes = new LruMap<number, ProcessRecord>(maxProcesses, () => undefined);
  private readonly losses: Losses;
  private readonly maxCallsOfAll: number;
  private calls = 0;
  private serials = 0;

  /** @param onEvicted - a context was forgotten, for the bound on contexts or on calls of all of them, ten for each */
  constructor(maxContexts: number, losses: Losses, onEvicted: () => void) {
    this.losses = losses;
    this.maxCallsOfAll = 10 * maxContexts;
    this.contexts = new LruMap(maxContexts, (context) => {
      this.calls -= context.calls.length;
      onEvicted();
    });
  }

  /** Which rules may say what a call or reply continued, beside its context. */
  rulesBeside({ processId, contextKind }: ContextIds): CallRules {
    if (contextKind !== 'python_context') return 'all';
    return this.areProven(processId) ? 'none' : 'last_read';
  }

  /** A call is made. Returns the request whose reply its context has begun to write, if it goes on with that. */
  call(ids: ContextIds, eventId: number, spanId: string): Served | undefined {
    const chain = this.chainOf(ids);
    if (chain.length === 0) return undefined;
    const process = this.process(ids.processId);
    const { record, repliedEventId } = process;
    if (repliedEventId === 0) return undefined;
    let childId = 0;
    for (const contextId of chain) {
      const context = this.context(process, contextId);
      const { replied } = context;
      if (replied?.isOpen === true && (childId === 0 || beganAfter(childId, replied.eventId)))
        return record.learned ? { request: replied, confidence: record.confidence } : undefined;
      this.keep(context, { spanId, eventId, childId });
      childId = contextId;
    }
    return undefined;
  }

  /** The reply to a request begins to be written. Returns the calls that belong to the request; learns from it. */
  reply(ids: ContextIds, eventId: number, request: InboundRequest): readonly Cause[] {
    const replying = this.replying(ids);
    if (replying.length === 0) return noCauses;
    const process = this.process(ids.processId);
    // If no other reply was written meanwhile, none could be that of another request to which this context replies.
    const isContested = process.repliedEventId > request.eventId;
    process.repliedEventId = eventId;
    // Pipelined: when it began to be worked on is not known.
    if (request.unblockedOrder !== 0) return noCauses;
    const spanIds = new Set<string>();
    let isApart = true;
    let isLate = false;
    for (const contextId of replying) {
      if (contextId !== replying[0] && !beganAfter(contextId, request.eventId)) break;
      const context = this.context(process, contextId);
      if (context.repliedEventId > request.eventId) isApart = false;
      for (const call of context.calls) {
        if (call.childId === 0 && context.replied !== undefined && call.eventId < request.eventId) isLate = true;
        const isOfRequest =
          call.eventId > request.eventId && (call.childId === 0 || beganAfter(call.childId, request.eventId));
        if (isOfRequest && spanIds.size < maxCalls) spanIds.add(call.spanId);
      }
      this.calls -= context.calls.length;
      context.calls = [];
      context.replied = request;
      context.repliedEventId = eventId;
    }
    const isRight = isApart && !isLate;
    if (isContested || !isRight) process.record.add(isRight);
    if (!isApart) return noCauses;
    const { learned, confidence } = process.record;
    return [...spanIds].map((spanId) => ({ kind: 'response', spanId, rule: 'context', confidence, learned }));
  }

  /** The process id belongs to another process now. */
  restarted(processId: number): void {
    const process = this.processes.get(processId);
    if (process !== undefined) this.processes.delete(process);
  }

  /** Contexts, their calls, and processes that are kept. */
  get size(): number {
    return this.contexts.size + this.processes.size + this.calls;
  }

  /** Evicts the least recently used ones, until at most this fraction of them is left. */
  shrink(part: number): void {
    this.contexts.shrinkTo(Math.floor(this.contexts.size * part));
    this.processes.shrinkTo(Math.floor(this.processes.size * part));
  }

  /** The context that replies, and its ancestors. A thread that runs in none is one if others were copied from it. */
  private replying(ids: ContextIds): readonly number[] {
    if (ids.contextKind !== 'thread') return this.chainOf(ids);
    const process = this.processes.get(ids.processId);
    if (process === undefined || !this.contexts.has(keyOf(process, ids.threadId))) return noContexts;
    return [ids.threadId];
  }

  /** A context and its ancestors, nearest first; nothing of what is no such context, or may be another one by now. */
  private chainOf({ processId, contextKind, contextId, contextAncestors }: ContextIds): readonly number[] {
    if (contextKind !== 'python_context' || contextId === 0) return noContexts;
    const process = this.process(processId);
    // An ancestor is known only where the beginning was seen.
    if (contextAncestors.length > 0) process.seesBeginnings = true;
    return isUnseen(contextId) && !process.seesBeginnings ? noContexts : [contextId, ...contextAncestors];
  }

  private areProven(processId: number): boolean {
    return this.processes.get(processId)?.record.learned === true;
  }

  private keep(context: WorkContext, call: ContextCall): void {
    context.calls.push(call);
    if (context.calls.length > maxCalls) context.calls.shift();
    else this.calls++;
    while (this.calls > this.maxCallsOfAll) this.contexts.shrinkTo(this.contexts.size - 1);
  }

  private context(process: ProcessRecord, contextId: number): WorkContext {
    const key = keyOf(process, contextId);
    const known = this.contexts.get(key);
    if (known?.lossesSeen === this.losses.count) return known;
    if (known !== undefined) {
      this.calls -= known.calls.length;
      this.contexts.delete(known);
    }
    const context = new WorkContext();
    context.lossesSeen = this.losses.count;
    this.contexts.add(key, context);
    return context;
  }

  private process(processId: number): ProcessRecord {
    let process = this.processes.get(processId);
    if (process === undefined) this.processes.add(processId, (process = new ProcessRecord(++this.serials)));
    return process;
  }
}

const keyOf = ({ serial }: ProcessRecord, contextId: number): string => `${serial}:${contextId}`;

/** The candidates that count. */
export function underRules(causes: readonly Cause[], rules: CallRules): readonly Cause[] {
  if (rules === 'all' || causes.length === 0) return causes;
  return rules === 'none' ? noCauses : causes.filter(({ rule }) => rule !== 'queue');
}
