/**
 * Finds cause candidates: which message did a write continue? The kernel says what a context read last before it wrote
 * (`after`). That is the cause if a loop handles each message at once (Node, nginx, threads), and misleads if it queues
 * messages (HAProxy, asyncio). So several hypotheses make an attribution for each write (hypotheses.ts), and replies test
 * them, since a reply names its request for certain. If the response of a call led to a reply, a hypothesis was right
 * about that call if it attributed the call to the request that got the reply. Each process and kind of context has a track
 * record per hypothesis and circumstance, separately for one and for several requests in flight. A candidate is `learned`
 * only under a clean record; two learned candidates that differ cancel each other; a hypothesis that does not fit a phase
 * makes no attribution. Bounds: least recently used contexts are evicted; five phases of 512 messages and writes each. Only
 * the order of events counts, no clock.
 *
 * Contexts that change threads (goroutines) need no hypotheses: what they serve is known by themselves; see
 * served-request.ts. Where a loop runs contexts in turn, it shows when they reply; see reply-contexts.ts.
 */
import { type ContextKind, contextKindIndex, type SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Cause } from '../../schemas/generated/span.ts';
import { LruMap } from '../lru.ts';
import { candidatesOfCall, candidatesOfContext, candidatesOfReply } from './cause-candidates.ts';
import { ExecutionContext, type Losses } from './execution-context.ts';
import { wasBlocked, type InboundMessage, InboundRequest, InboundResponse, type Read, Write } from './messages.ts';
import { ProcessHypotheses } from './process-hypotheses.ts';
import { type ContextIds, ReplyContexts, underRules } from './reply-contexts.ts';
import { changesThreads, requestServedBy } from './served-request.ts';
import { Wakers } from './wakers.ts';

const noCauses: readonly Cause[] = [];
const contextKinds = Object.keys(contextKindIndex).length;
const maxProcesses = 65_536;

/** What an event says of the context in which it happened. */
export type ContextName = Pick<
  SocketEvent,
  'processId' | 'threadId' | 'contextKind' | 'contextId' | 'contextAncestors'
>;

/** What it says of who waits for the answer of that context. */
export type CallerName = Pick<SocketEvent, 'processId' | 'contextKind' | 'contextId' | 'answersTo'>;

/** The context whose reads and writes follow from each other: a thread, unless contexts move between threads. */
export const executionKind = (kind: ContextKind): ContextKind => (changesThreads(kind) ? kind : 'thread');

/** Its id; see {@link executionKind}. */
export const executionId = ({ contextKind, contextId, threadId }: Omit<ContextName, 'contextAncestors'>): number =>
  changesThreads(contextKind) ? contextId : threadId;

/** Threads are unique on a host; ids of other kinds only within their process. */
const keyOf = (processId: number, kind: ContextKind, contextId: number): number | string =>
  kind === 'thread' ? contextId : `${processId}:${kind}:${contextId}`;

/** The execution contexts of one agent, and what their messages caused. */
export class Causality {
  private readonly contexts: LruMap<number | string, ExecutionContext>;
  /** By process id and kind of context. */
  private readonly processes = new LruMap<number, ProcessHypotheses>(maxProcesses, () => undefined);
  private readonly losses: Losses = { count: 0 };
  private readonly replyContexts: ReplyContexts;
  private readonly wakers = new Wakers();
  contextsEvicted = 0;

  constructor(maxContexts: number) {
    const onEvicted = (): void => {
      this.contextsEvicted++;
    };
    this.contexts = new LruMap(maxContexts, onEvicted);
    this.replyContexts = new ReplyContexts(maxContexts, this.losses, onEvicted);
  }

  /** The context of an event; ends the phases of it that are over. */
  context(name: ContextName, phase: number | undefined): ExecutionContext {
    const { processId, contextAncestors } = name;
    const kind = executionKind(name.contextKind);
    const id = executionId(name);
    let context = this.contexts.get(keyOf(processId, kind, id));
    if (context === undefined) {
      context = this.newContext(processId, kind, id, kind === 'thread' ? 0 : (contextAncestors[0] ?? 0));
      context.phase = phase ?? 0;
    }
    context.enter(phase);
    return context;
  }

  /** The request for which a context that changes threads makes a call. @param at - whether this is the call, or its answer */
  servedRequest(
    { processId, contextKind, contextId, answersTo }: CallerName,
    context: ExecutionContext,
    at: 'call' | 'own answer' | 'answer',
  ): InboundRequest | undefined {
    if (!changesThreads(contextKind) || contextId === 0) return undefined;
    const named = (id: number, parent: number): ExecutionContext =>
      this.contexts.get(keyOf(processId, contextKind, id)) ?? this.newContext(processId, contextKind, id, parent);
    return requestServedBy(context, answersTo, named, at);
  }

  /**
   * A request was read that this context, or another one, has to answer.
   *
   * @param isBlocked - an earlier request of its connection has to be answered first: until {@link unblocked}
   */
  request(
    context: ExecutionContext,
    spanId: string,
    eventId: number,
    endpoint: string,
    isBlocked: boolean,
  ): InboundRequest {
    context.openRequests++;
    context.awaitingReply++;
    const request = new InboundRequest(spanId, eventId, endpoint, context);
    if (isBlocked) request.unblockedOrder = Number.POSITIVE_INFINITY;
    return request;
  }

  /** The request that blocked this one is over. */
  unblocked(request: InboundRequest): void {
    if (request.unblockedOrder === Number.POSITIVE_INFINITY) request.unblockedOrder = request.context.order;
  }

  /** Something is written, or a connection is begun for it. `read` is what the kernel says was read last. */
  write(context: ExecutionContext, socketId: number, read: Read | undefined): Write {
    const write = new Write(context, socketId, read);
    for (const hypothesis of context.process.all) hypothesis.write(write, read);
    context.wrote(write, read);
    return write;
  }

  /** What was read before a connect became known only with the first bytes of the connection. */
  rebind(context: ExecutionContext, write: Write, read: Read | undefined): void {
    for (const hypothesis of context.process.all) hypothesis.write(write, read);
  }

  /** A call is part of a write. */
  call(write: Write, spanId: string, socketId: number): InboundResponse {
    const call = new InboundResponse(spanId, socketId, write);
    write.calls.push(call);
    return call;
  }

  /** What the context that makes a call says of it. @param eventId - in which it begins */
  askContext(call: InboundResponse, name: ContextName & CallerName, context: ExecutionContext, eventId: number): void {
    const served = this.replyContexts.call(name, eventId, call.spanId);
    call.servedRequest = served?.request ?? this.servedRequest(name, context, 'call');
    if (served !== undefined) call.servedConfidence = served.confidence;
    call.rules = this.replyContexts.rulesBeside(name);
  }

  /** The response to a call begins to be read. */
  answer(call: InboundResponse, context: ExecutionContext): void {
    call.answeredIn = context;
    call.answeredPhase = context.phase;
    const { attributions } = call.write;
    for (let index = 0; index < attributions.length; index++) {
      const root = attributions[index]?.root;
      if (root !== undefined) root.lastCalls[index] = call;
    }
  }

  /** What a call continued, as far as that is known now. */
  causesOf({ write, servedRequest, servedConfidence, rules }: InboundResponse): readonly Cause[] {
    if (servedRequest !== undefined) return candidatesOfContext(servedRequest, servedConfidence);
    return rules === 'none' ? noCauses : underRules(candidatesOfCall(write), rules);
  }

  /**
   * The reply to a request begins to be written. Returns which call's response led to it; learns from it. The request stays
   * open until {@link end}: a program may call others between the parts of its reply.
   */
  reply(
    request: InboundRequest,
    context: ExecutionContext,
    socketId: number,
    read: Read | undefined,
  ): readonly Cause[] {
    const reply = new Write(context, socketId, read);
    reply.reply = request;
    const hypotheses = context.process.all;
    const blocked = wasBlocked(reply, read, request);
    const causes = candidatesOfReply(hypotheses, reply, blocked ? undefined : read, request);
    if (!blocked) for (const hypothesis of hypotheses) hypothesis.reply(reply, read, request);
    context.wrote(reply, read);
    if (request.awaitsReply) request.context.awaitingReply--;
    request.isReplied = true;
    return causes;
  }

  /**
   * What the context that replies adds to what is said of the reply otherwise.
   *
   * @param eventId - in which the reply begins
   */
  askReplyContext(
    request: InboundRequest,
    name: ContextIds,
    eventId: number,
    otherwise: readonly Cause[],
  ): readonly Cause[] {
    const calls = this.replyContexts.reply(name, eventId, request);
    const others = underRules(otherwise, this.replyContexts.rulesBeside(name));
    return calls.length === 0 ? others : [...calls, ...others];
  }

  /** The first event of a context since others woke it, which had just read in these events. */
  woken(context: ExecutionContext, wokenAfter: readonly number[]): void {
    if (wokenAfter.length > 0) this.wakers.woken(context, wokenAfter);
  }

  /** An event read these messages, or more of them. */
  read(eventId: number, messages: readonly InboundMessage[]): void {
    this.wakers.read(eventId, messages);
  }

  /** Hints for a reply that begins: the calls whose responses others had just read when they woke the one that serves the request. */
  askWakers(request: InboundRequest): readonly Cause[] {
    return this.wakers.causesOf(request);
  }

  /** A request is over: its reply is complete, or will not come any more. */
  end(request: InboundRequest): void {
    if (!request.isOpen) return;
    const { context } = request;
    if (request.awaitsReply) context.awaitingReply--;
    request.isOpen = false;
    request.answeredOrder = context.order;
    context.openRequests--;
  }

  /** The process id belongs to another process now. */
  restarted(processId: number): void {
    for (let kind = 0; kind < contextKinds; kind++) {
      const process = this.processes.get(processId * contextKinds + kind);
      if (process !== undefined) this.processes.delete(process);
    }
    this.replyContexts.restarted(processId);
  }

  /** Events were lost: forgets what is in flight. */
  forget(): void {
    // Contexts notice it at their next event: visiting all at once would cost too much per lost batch.
    this.losses.count++;
  }

  /** Contexts and processes that are kept. */
  get size(): number {
    return this.contexts.size + this.processes.size + this.replyContexts.size + this.wakers.size;
  }

  /** Evicts the least recently used ones, until at most this fraction of them is left. */
  shrink(part: number): void {
    this.contexts.shrinkTo(Math.floor(this.contexts.size * part));
    this.processes.shrinkTo(Math.floor(this.processes.size * part));
    this.replyContexts.shrink(part);
    this.wakers.shrink(part);
  }

  private newContext(processId: number, kind: ContextKind, contextId: number, parentId: number): ExecutionContext {
    const context = new ExecutionContext(this.process(processId, kind), this.losses);
    const creator = parentId === 0 ? undefined : this.contexts.get(keyOf(processId, kind, parentId));
    if (creator !== undefined && contextId !== 0) context.inherit(creator);
    this.contexts.add(keyOf(processId, kind, contextId), context);
    return context;
  }

  private process(processId: number, kind: ContextKind): ProcessHypotheses {
    const key = processId * contextKinds + contextKindIndex[kind];
    let process = this.processes.get(key);
    if (process === undefined) {
      process = new ProcessHypotheses();
      this.processes.add(key, process);
    }
    return process;
  }
}
