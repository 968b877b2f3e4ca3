/**
 * Connects pairing with {@link Causality}: assigns each event to its execution context, and keeps per socket and request what
 * causality needs. It ignores events without an execution context.
 */
import type { ContextKind, SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Cause } from '../../schemas/generated/span.ts';
import type { EventRef, Execution } from '../pair/event-ref.ts';
import type { OpenRequest } from '../pair/open-request.ts';
import type { PairingListener, ReadSegment } from '../pair/pairing-listener.ts';
import type { Socket } from '../pair/socket.ts';
import { type CallerName, type Causality, type ContextName, executionId, executionKind } from './causality.ts';
import type { ExecutionContext } from './execution-context.ts';
import {
  awaitsMore,
  type InboundMessage,
  InboundRequest,
  InboundResponse,
  isIncomplete,
  type Read,
  type Write,
} from './messages.ts';

const noCauses: readonly Cause[] = [];
const noMessages: readonly InboundMessage[] = [];

/** The parts of an event that say in which context it happened, and after what. */
export type ContextFacts = Pick<
  SocketEvent,
  | 'id'
  | 'processId'
  | 'threadId'
  | 'contextKind'
  | 'contextId'
  | 'contextAncestors'
  | 'answersTo'
  | 'wokenAfter'
  | 'phase'
  | 'after'
  | 'connectId'
>;

/** An event in its execution context. */
class ContextEvent implements Execution, ContextName, CallerName {
  readonly contextKind: ContextKind;
  readonly contextId: number;
  readonly contextAncestors: readonly number[];
  readonly threadId: number;
  readonly processId: number;
  readonly answersTo: readonly number[];
  readonly context: ExecutionContext;
  /** Egress: what the kernel says was read last. */
  readonly read: Read | undefined;
  /** Egress: the write that the calls which begin here are part of. */
  write: Write | undefined;

  constructor(facts: ContextFacts, context: ExecutionContext, read: Read | undefined, write?: Write) {
    this.contextKind = facts.contextKind;
    this.contextId = facts.contextId;
    this.contextAncestors = facts.contextAncestors;
    this.threadId = facts.threadId;
    this.processId = facts.processId;
    this.answersTo = facts.answersTo;
    this.context = context;
    this.read = read;
    this.write = write;
  }
}

/** The context of a connect, and what was read before it; kept until the first message of the connection. */
interface ConnectOrigin {
  readonly eventId: number;
  readonly context: ExecutionContext;
  readonly write: Write;
  /** What the connect event says was read last. */
  readonly read: Read | undefined;
  /** What was read last in the stream of events, whether the kernel still counts it or not. */
  readonly lastRead: Read | undefined;
}

/** What was written to a connection whose protocol is not known. */
interface Asked {
  readonly context: ExecutionContext;
  readonly phase: number;
  /** What had been read last; undefined if nothing. */
  readonly read: Read | undefined;
}

/** What is kept of a socket. */
class SocketCauses {
  /** The context of the last event, to spare looking it up. */
  context: ExecutionContext | undefined = undefined;
  contextKind: ContextKind = 'thread';
  contextId = -1;
  /** The message that came in last. */
  inbound: InboundMessage | undefined = undefined;
  connectOrigin: ConnectOrigin | undefined = undefined;
  asked: Asked | undefined = undefined;
}

/** See the top of the file. */
export class CausalityListener implements PairingListener {
  private readonly causality: Causality;
  /** Messages that began in the current segment. */
  private begun: InboundMessage[] = [];

  constructor(causality: Causality) {
    this.causality = causality;
  }

  /** Anything happened on a socket: the phases of its context that are over end. */
  enter(socket: Socket, facts: ContextFacts): ExecutionContext {
    const { causality } = this;
    const causes = causesOf(socket);
    const phase = facts.connectId === 0 ? facts.phase : undefined;
    const contextKind = executionKind(facts.contextKind);
    const contextId = executionId(facts);
    const isSame = causes.contextId === contextId && causes.contextKind === contextKind;
    if (causes.context !== undefined && isSame && socket.processId === facts.processId) {
      causes.context.enter(phase);
      return causes.context;
    }
    const found = causality.context(facts, phase);
    causes.context = found;
    causes.contextKind = contextKind;
    causes.contextId = contextId;
    return found;
  }

  /** Bytes came in. */
  received(socket: Socket, facts: ContextFacts): Execution {
    const context = this.enter(socket, facts);
    this.causality.woken(context, facts.wokenAfter);
    context.readBegins();
    this.begun = [];
    return new ContextEvent(facts, context, undefined);
  }

  /** Bytes were sent. */
  sent(socket: Socket, facts: ContextFacts): Execution {
    const context = this.enter(socket, facts);
    this.causality.woken(context, facts.wokenAfter);
    this.begun = [];
    const write = facts.connectId === 0 ? undefined : this.takeConnectOrigin(socket, facts);
    const isUnknown = socket.protocol === 'unknown' && context.openRequests <= 1;
    const { phase, lastRead } = context;
    causesOf(socket).asked = isUnknown ? { context, phase, read: lastRead } : undefined;
    return new ContextEvent(facts, context, context.readNamed(facts.after), write);
  }

  /** A connection is begun, or failed to be. */
  connecting(socket: Socket, facts: ContextFacts, hasFailed: boolean): Execution {
    const context = this.enter(socket, facts);
    const causes = causesOf(socket);
    const isEnd = context.lastRead?.isEnd === true;
    const read = isEnd ? undefined : context.readNamed(facts.after);
    const lastRead = isEnd ? undefined : context.lastRead;
    const write = causes.connectOrigin?.write ?? this.causality.write(context, socket.id, read);
    if (!hasFailed) causes.connectOrigin = { eventId: facts.id, context, write, read, lastRead };
    return new ContextEvent(facts, context, undefined, write);
  }

  /** Whether a connection was begun on the socket and nothing was sent yet. */
  isConnecting(socket: Socket): boolean {
    return causesOf(socket).connectOrigin !== undefined;
  }

  requestRead(request: OpenRequest, isBlocked: boolean): void {
    const event = contextEventOf(request.origin);
    if (event === undefined) return;
    const { spanId, origin, message } = request;
    const inbound = this.causality.request(event.context, spanId, origin.eventId, message.endpoint, isBlocked);
    request.attachment = inbound;
    this.begun.push(inbound);
  }

  unblocked({ attachment }: OpenRequest): void {
    if (attachment instanceof InboundRequest) this.causality.unblocked(attachment);
  }

  callWritten(call: OpenRequest): void {
    const event = contextEventOf(call.origin);
    if (event === undefined) return;
    const { causality } = this;
    event.write ??= causality.write(event.context, call.socket.id, event.read);
    const response = causality.call(event.write, call.spanId, call.socket.id);
    response.calledIn = event.context;
    const causes = causesOf(call.socket as Socket);
    response.freedOrder = freedOrder(causes.inbound, event.context);
    // Its protocol is known.
    causes.asked = undefined;
    causality.askContext(response, event, event.context, call.origin.eventId);
    call.attachment = response;
  }

  replyWritten({ attachment, socket }: OpenRequest, origin: EventRef): readonly Cause[] {
    const event = contextEventOf(origin);
    if (event === undefined || !(attachment instanceof InboundRequest)) return noCauses;
    const { causality } = this;
    const byRules = causality.reply(attachment, event.context, socket.id, event.read);
    const causes = causality.askReplyContext(attachment, event, origin.eventId, byRules);
    const hints = causality.askWakers(attachment);
    return hints.length === 0 ? causes : [...causes, ...hints];
  }

  responseRead({ attachment }: OpenRequest, origin: EventRef): readonly Cause[] {
    const event = contextEventOf(origin);
    if (event === undefined || !(attachment instanceof InboundResponse)) return noCauses;
    this.causality.answer(attachment, event.context);
    const at = attachment.calledIn === event.context ? 'own answer' : 'answer';
    attachment.servedRequest ??= this.causality.servedRequest(event, event.context, at);
    this.begun.push(attachment);
    return this.causality.causesOf(attachment);
  }

  responseRemains({ attachment }: OpenRequest, bytes: number): void {
    if (attachment instanceof InboundResponse) attachment.missingBytes = bytes;
  }

  unanswered({ attachment }: OpenRequest): readonly Cause[] {
    if (attachment instanceof InboundResponse) return this.causality.causesOf(attachment);
    if (attachment instanceof InboundRequest) this.causality.end(attachment);
    return noCauses;
  }

  replyEnded({ attachment }: OpenRequest): void {
    if (attachment instanceof InboundRequest) this.causality.end(attachment);
  }

  /** What began in a segment that came in, and what it continued, was read in its context. */
  segmentRead(socket: Socket, { messageId, startsMessage, length, firstMessage }: ReadSegment, origin: EventRef): void {
    const event = contextEventOf(origin);
    if (event === undefined) return;
    const { begun } = this;
    const causes = causesOf(socket);
    const previous = causes.inbound;
    if (previous === undefined && begun.length === 0 && isAnswerOf(causes.asked, event.context)) {
      event.context.readOn(messageId);
      causes.asked = { ...causes.asked, read: event.context.lastRead };
      return;
    }
    let messages: readonly InboundMessage[] = begun.length === 0 ? noMessages : begun;
    let arrived: readonly InboundMessage[] = messages;
    const continues = firstMessage < 0 ? !startsMessage || awaitsMore(previous) : firstMessage > 0;
    if (previous !== undefined && continues) {
      messages = begun.length === 0 ? [previous] : [previous, ...begun];
      const bytes = firstMessage < 0 ? length : firstMessage;
      if (previous.kind === 'response' && previous.missingBytes > 0)
        previous.missingBytes = Math.max(0, previous.missingBytes - bytes);
      arrived = messages;
    }
    if (begun.length > 0) causes.inbound = begun[begun.length - 1];
    if (arrived.some(isIncomplete)) arrived = arrived.filter((message) => !isIncomplete(message));
    this.causality.read(origin.eventId, messages);
    event.context.read(messageId, messages, arrived, length === 0);
  }

  /** The write for which a connection was begun, when its first bytes are sent. */
  private takeConnectOrigin(socket: Socket, { connectId, after }: ContextFacts): Write | undefined {
    const causes = causesOf(socket);
    const { connectOrigin } = causes;
    causes.connectOrigin = undefined;
    if (connectOrigin?.eventId !== connectId) return undefined;
    const { write, read, lastRead, context } = connectOrigin;
    if ((read?.messageId ?? 0) !== after) {
      // The connect event itself did not carry the facts; the first bytes do.
      this.causality.rebind(context, write, after !== 0 && lastRead?.messageId === after ? lastRead : undefined);
    }
    return write;
  }
}

/**
 * Whether a message of an unknown protocol only answers what its context has just written, while it had at most one request: a
 * name service, a logger. Then its work goes on.
 */
function isAnswerOf(asked: Asked | undefined, context: ExecutionContext): asked is Asked {
  return (
    asked?.context === context &&
    asked.phase === context.phase &&
    asked.read === context.lastRead &&
    context.openRequests <= 1
  );
}

function causesOf(socket: Socket): SocketCauses {
  const { attachment } = socket;
  if (attachment instanceof SocketCauses) return attachment;
  const causes = new SocketCauses();
  socket.attachment = causes;
  return causes;
}

function contextEventOf({ execution }: EventRef): ContextEvent | undefined {
  return execution instanceof ContextEvent ? execution : undefined;
}

/** When the context freed a connection of which this is the last message; 0: it did not. Orders of two contexts do not compare. */
function freedOrder(last: InboundMessage | undefined, context: ExecutionContext): number {
  return last?.kind === 'response' && last.answeredIn === context ? (last.arrival?.order ?? 0) : 0;
}
