/**
 * Sockets, conversations, and requests with their responses, of one agent. A response belongs to the request with its
 * correlation id, else to the oldest open one of its socket. Which end is the client follows from the kernel (connect or
 * accept was seen) or from what the bytes say. A request ends as a span: answered, given up at the protocol's time limit
 * by the agent's clock, or closed with its socket. Each event ends exactly once: emitted when a span has its request or
 * response in it, else dropped; until that is clear it is held. Bounds: sockets least recently used, open requests oldest
 * first, and eight events per direction that may begin a message whose rest is still to come.
 */
import { contextKindIndex, type SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Cause, Span, SpanStatus } from '../../schemas/generated/span.ts';
import type { Message, RequestMessage, ResponseMessage } from '../dissect/dissector.ts';
import type { Context } from '../follow/context.ts';
import { awaitsMore, isIncomplete, type ServerWork, type Work } from '../follow/work.ts';
import { LruMap } from '../lru.ts';
import type { DropReason } from '../outcomes.ts';
import { connectError, connectMessage } from './connect-error.ts';
import { HeldList, HeldLists } from './held-list.ts';
import { type BatchClock, Moment } from './moment.ts';
import { MessageSizes } from './message-sizes.ts';
import { OpenRequest, startOf } from './open-request.ts';
import { Socket } from './socket.ts';
import type { PairingParts } from './pairing-parts.ts';
import type { SpanEnd } from './span-builder.ts';
import { Waiting } from './waiting.ts';

const connectTimeoutMs = 0;
const noWork: readonly Work[] = [];

/** Pairs the events of one agent; see the top of the file. */
export class Pairing {
  readonly held = new HeldLists();
  private readonly parts: PairingParts;
  private readonly waiting: Waiting;
  private readonly sockets: LruMap<number, Socket>;
  private readonly sizes = new MessageSizes();
  private openRequests = 0;
  private readonly report = (message: Message<Moment>): void => this.take(message);
  /** What the event in hand brought: set while it is dissected. */
  private socket!: Socket;
  private moment: Moment | undefined;
  private works: Work[] = [];
  private firstOffset = 0;
  private unanswered = false;
  /** CLOCK_MONOTONIC of the agent until which events were lost. */
  private lostNs = Number.NEGATIVE_INFINITY;

  constructor(parts: PairingParts) {
    this.parts = parts;
    this.waiting = new Waiting(this.held, parts.counters);
    this.sockets = new LruMap(parts.limits.maxSockets, (socket) => this.drop(socket, 'evicted'));
  }

  event(event: SocketEvent, clock: BatchClock): void {
    const { counters } = this.parts;
    let socket = this.sockets.get(event.socketId);
    if (socket === undefined) {
      if (event.kind === 'close') {
        counters.drop('lifecycle');
        return;
      }
      socket = new Socket(event, this.parts.dissectors);
      this.sockets.add(socket.id, socket);
    }
    const context = this.contextOf(socket, event);
    switch (event.kind) {
      case 'data':
        this.data(socket, context, event, clock);
        return;
      case 'connect':
        this.connect(socket, context, event, clock);
        return;
      case 'accept':
        counters.drop('lifecycle');
        return;
      case 'close':
        this.close(socket, clock.baseMonotonicNs + event.timeOffsetNs);
        counters.drop('lifecycle');
        return;
    }
  }

  /** Events were lost, perhaps until then: no socket is known to have been calm before. */
  lost(untilNs: number): void {
    if (untilNs > this.lostNs) this.lostNs = untilNs;
  }

  /** The agent's clock counts from another start: what was lost before says nothing of sockets from now on. */
  clockWentBack(nowNs: number): void {
    if (this.lostNs > nowNs) this.lostNs = nowNs;
  }

  /** Sockets and open requests that are kept. */
  get size(): number {
    return this.sockets.size + this.openRequests;
  }

  /** Forgets the oldest of both, until no more than this part of them is left. */
  shrink(part: number): void {
    const most = Math.floor(this.openRequests * part);
    while (this.openRequests > most) {
      const before = this.openRequests;
      this.evictOldest();
      if (this.openRequests === before) break;
    }
    this.sockets.shrinkTo(Math.floor(this.sockets.size * part));
  }

  /** Gives up what was held longer than it may, by the agent's clock. */
  giveUp(nowNs: number): void {
    this.held.giveUp(nowNs, (held) => {
      if (held instanceof OpenRequest) {
        held.socket.leave(held);
        this.end(held, 'timeout', held.timeoutMs * 1e6);
      } else this.waiting.letGo(held);
    });
  }

  /** The agent is gone or its input has ended: every open request becomes a span of unknown end. */
  drain(nowNs: number): void {
    this.held.giveUp(Number.POSITIVE_INFINITY, (held) => {
      if (held instanceof OpenRequest) {
        held.socket.open.remove(held);
        this.end(held, 'unknown', Math.max(0, nowNs - held.moment.timeNs));
      } else this.waiting.letGo(held);
    });
  }

  /** Another instance reads again what is held: forgets it. */
  revoke(): void {
    this.held.giveUp(Number.POSITIVE_INFINITY, (held) => {
      if (held instanceof OpenRequest) {
        held.socket.open.remove(held);
        this.abandon(held, 'revoked');
      } else this.waiting.letGo(held, 'revoked');
    });
  }

  private contextOf(socket: Socket, event: SocketEvent): Context {
    const { context } = socket;
    const phase = event.connectId === 0 ? event.phase : undefined;
    if (context !== undefined && socket.contextId === event.contextId && socket.processId === event.processId) {
      context.enter(phase);
      return context;
    }
    const kind = contextKindIndex[event.contextKind];
    const found = this.parts.follower.context(event.processId, kind, event.contextId, phase);
    socket.context = found;
    socket.contextId = event.contextId;
    return found;
  }

  private data(socket: Socket, context: Context, event: SocketEvent, clock: BatchClock): void {
    const ingress = event.direction === 'ingress';
    const datagram = event.transport === 'udp';
    if (datagram) socket.updatePeer(event);
    if (event.tls) socket.tls = true;
    if (ingress) context.seal();
    const read = ingress ? undefined : context.readNamed(event.after);
    const moment = new Moment(event, clock, context, read, socket.movedBytes(ingress));
    if (!ingress && event.connectId !== 0) this.beBorn(socket, moment, event);
    const startsMessage = datagram || event.messageId === event.id;
    const afterPause = socket.moves(moment.timeNs, this.lostNs);
    this.socket = socket;
    this.moment = moment;
    this.works = [];
    this.firstOffset = -1;
    this.unanswered = false;
    const before = socket.dissection.dissector;
    const { payload } = event;
    const freshBytes = socket.dissection.read(
      ingress ? 'remote' : 'local',
      { origin: moment, bytes: payload as Buffer, length: event.length, startsMessage, afterPause },
      this.report,
      // Of a TLS buffer the sequence counts the bytes of the ciphertext.
      event.tls ? 0 : event.tcpSequence,
    );
    socket.addMoved(ingress, freshBytes);
    this.endSizes(socket);
    if (before !== undefined && before !== socket.dissection.dissector) this.abandonAll(socket, 'misrecognised');
    if (startsMessage) socket.headSeen = false;
    if (this.firstOffset >= 0) socket.headSeen = true;
    // What continues a request is part of it; a datagram continues none.
    if (datagram) socket.lastRequest = undefined;
    else if (socket.lastRequest?.moment.ingress === ingress)
      socket.lastRequest.bytes = socket.movedBytes(ingress) - socket.lastRequest.start;
    if (ingress) this.readDone(socket, context, event, startsMessage);
    this.moment = undefined;
    this.settle(socket, moment, startsMessage);
  }

  /** Tells the follower what this read brought: what began in it, and what it continued. */
  private readDone(socket: Socket, context: Context, event: SocketEvent, startsMessage: boolean): void {
    const begun = this.works;
    const previous = socket.incoming;
    let works: readonly Work[] = begun.length === 0 ? noWork : begun;
    let arrived: readonly Work[] = works;
    const continues = this.firstOffset < 0 ? !startsMessage || awaitsMore(previous) : this.firstOffset > 0;
    if (previous !== undefined && continues) {
      works = begun.length === 0 ? [previous] : [previous, ...begun];
      const bytes = this.firstOffset < 0 ? event.length : this.firstOffset;
      if (previous.kind === 'response' && previous.missingBytes > 0)
        previous.missingBytes = Math.max(0, previous.missingBytes - bytes);
      arrived = works;
    }
    if (begun.length > 0) socket.incoming = begun[begun.length - 1];
    if (arrived.some(isIncomplete)) arrived = arrived.filter((work) => !isIncomplete(work));
    context.read(event.messageId, works, arrived);
  }

  private beBorn(socket: Socket, moment: Moment, event: SocketEvent): void {
    const { born } = socket;
    socket.born = undefined;
    if (born?.eventId !== event.connectId) return;
    if ((born.read?.messageId ?? 0) === event.after) {
      moment.unit = born.unit;
      return;
    }
    // The connect event itself did not carry the facts; the first bytes do.
    const read = event.after !== 0 && born.lastRead?.messageId === event.after ? born.lastRead : undefined;
    this.parts.follower.rebind(born.unit, read);
    moment.unit = born.unit;
  }

  private take(message: Message<Moment>): void {
    const { socket, moment } = this;
    const { origin } = message;
    if (this.firstOffset < 0 && origin.ingress === moment?.ingress)
      this.firstOffset = origin === moment ? message.offset : 0;
    this.endBefore(socket, message);
    if (message.kind === 'request') this.begin(socket, message);
    else this.answer(socket, message);
  }

  private begin(socket: Socket, message: RequestMessage<Moment>): void {
    const { follower, spanIds, limits } = this.parts;
    const { origin } = message;
    const spanId = spanIds.of(origin.eventId, origin.requests++);
    let work: Work;
    if (origin.ingress) {
      work = follower.request(origin.context, spanId, requestBefore(socket, message));
      this.works.push(work);
    } else {
      origin.unit ??= follower.unit(origin.context, socket.id, origin.read);
      work = follower.call(origin.unit, spanId, socket.id);
    }
    const timeoutMs = socket.dissection.dissector?.timeoutMs ?? 0;
    const open = new OpenRequest(spanId, socket, message, timeoutMs, work);
    origin.holds++;
    this.openRequests++;
    this.endUnanswerable(socket, open);
    if (socket.lastRequest === undefined || open.start >= socket.lastRequest.start) socket.lastRequest = open;
    socket.responsesSince = 0;
    // One that is reported with its response may be a span before the event is over.
    open.bytes = Math.max(0, socket.movedBytes(origin.ingress) - open.start);
    this.sizes.measure(origin.ingress, open.start, (bytes) => {
      open.bytes = bytes;
      if (!message.expectsResponse) this.end(open, 'ok', 0);
    });
    if (!message.expectsResponse) return;
    socket.open.push(open);
    this.held.append(timeoutMs, open);
    this.takeEarly(socket, open);
    if (this.openRequests > limits.maxOpenRequests) this.evictOldest();
  }

  /**
   * One request was open, the other side spoke, and now comes another request: the response was there but was not
   * understood, or was lost. Left open, the request would take the response of the next one, and so on for ever.
   */
  private endUnanswerable(socket: Socket, next: OpenRequest): void {
    const { oldest: open, size } = socket.open;
    const { origin, requestId } = next.message;
    if (open === undefined || size > 1 || open.moment === origin) return;
    // A response in between, to an earlier request, was the word that the other side had.
    if (socket.responsesSince > 0 || next.message.othersWait === true) return;
    if (requestId !== 0 || !origin.startsMessage || socket.transport === 'udp') return;
    if (open.moment.ingress !== origin.ingress) return;
    socket.open.remove(open);
    if (!open.isOver) this.end(open, 'unknown', Math.max(0, origin.timeNs - open.moment.timeNs));
  }

  /** An early response belongs to the request that comes now if that was written before it was read. */
  private takeEarly(socket: Socket, open: OpenRequest): void {
    const early = this.waiting.takeEarly(socket, open.moment);
    if (early === undefined) return;
    socket.open.remove(open);
    this.pair(open, early.message, early.bytes);
  }

  private answer(socket: Socket, message: ResponseMessage<Moment>): void {
    socket.responsesSince++;
    const { ingress } = message.origin;
    const open = socket.take(message.requestId, ingress);
    if (open !== undefined) {
      if (open.isOver) this.unanswered = true;
      else this.pair(open, message);
      return;
    }
    this.unanswered = true;
    const early = this.waiting.holdEarly(socket, message);
    if (early === undefined) return;
    this.sizes.measure(ingress, startOf(message), (bytes) => {
      early.bytes = bytes;
    });
  }

  /** @param bytes of the response that were seen, where it is not one of the event in hand */
  private pair(open: OpenRequest, message: ResponseMessage<Moment>, bytes?: number): void {
    const { follower } = this.parts;
    const { socket } = open;
    const { origin } = message;
    const { work } = open;
    let causes: readonly Cause[];
    if (work.kind === 'request') {
      causes = follower.reply(work, origin.context, socket.id, origin.read);
    } else {
      follower.answer(work, origin.context);
      causes = follower.causesOf(work);
      this.works.push(work);
    }
    const durationNs = Math.max(0, origin.timeNs - open.moment.timeNs);
    if (socket.transport === 'udp') open.learnPeer(socket);
    this.release(open);
    const finish = (responseBytes: number): void => {
      if (work.kind === 'response') work.missingBytes = Math.max(0, message.declaredBytes - responseBytes);
      this.finish(open, { status: message.status, durationNs, causes, response: message, responseBytes });
    };
    if (bytes === undefined) this.sizes.measure(origin.ingress, startOf(message), finish);
    else finish(bytes);
  }

  /** The messages before this one in its direction end where it begins. */
  private endBefore(socket: Socket, message: Message<Moment>): void {
    const { ingress } = message.origin;
    const start = startOf(message);
    this.sizes.endAt(ingress, start);
    const { lastRequest } = socket;
    // A request may turn out to be two: then one is reported late, and begins no later than the last.
    if (lastRequest?.moment.ingress !== ingress || start <= lastRequest.start) return;
    lastRequest.bytes = Math.max(0, start - lastRequest.start);
    socket.lastRequest = undefined;
  }

  /** No more messages come of the event in hand. */
  private endSizes(socket: Socket): void {
    this.sizes.endAll(true, socket.movedBytes(true));
    this.sizes.endAll(false, socket.movedBytes(false));
  }

  /** Ends a request that was not answered, as a span. */
  private end(open: OpenRequest, status: SpanStatus, durationNs: number): void {
    const { follower } = this.parts;
    const { work } = open;
    const causes = work.kind === 'response' ? follower.causesOf(work) : [];
    if (work.kind === 'request') follower.abandon(work);
    this.release(open);
    this.finish(open, { status, durationNs, causes, response: undefined, responseBytes: 0 });
  }

  /** Makes the span of a request that was released. */
  private finish(open: OpenRequest, end: SpanEnd, failure?: Partial<Span>): void {
    const { spans, emit } = this.parts;
    const { moment } = open;
    moment.holds--;
    const origin = end.response?.origin;
    let events = 0;
    for (const each of origin === undefined || origin === moment ? [moment] : [moment, origin]) {
      if (each.counted) continue;
      each.counted = true;
      events++;
    }
    const { span, question, sides } = spans.build(open, end);
    const { offset } = moment.clock;
    emit({
      span: failure === undefined ? span : { ...span, ...failure },
      question,
      sides,
      events,
      offset: origin === undefined ? offset : Math.min(offset, origin.clock.offset),
    });
  }

  private release(open: OpenRequest): void {
    HeldList.release(open);
    this.openRequests--;
  }

  private connect(socket: Socket, context: Context, event: SocketEvent, clock: BatchClock): void {
    const { follower, counters, spanIds } = this.parts;
    if (event.transport !== 'tcp') {
      counters.drop('lifecycle');
      return;
    }
    if (socket.born !== undefined && event.error === 0) {
      // A second connect() that only asks whether the first has succeeded.
      counters.drop('lifecycle');
      return;
    }
    const { lastRead } = context;
    const read = context.readNamed(event.after);
    const unit = socket.born?.unit ?? follower.unit(context, socket.id, read);
    const failure = connectError(event.error);
    if (failure === undefined) {
      socket.born = { eventId: event.id, unit, read, lastRead };
      counters.drop('lifecycle');
      return;
    }
    const moment = new Moment(event, clock, context, undefined);
    const spanId = spanIds.of(event.id, 0);
    const work = follower.call(unit, spanId, socket.id);
    const message = connectMessage(moment);
    const open = new OpenRequest(spanId, socket, message, connectTimeoutMs, work);
    this.openRequests++;
    moment.holds++;
    const { status, name } = failure;
    const end = { status, durationNs: 0, causes: follower.causesOf(work), response: undefined, responseBytes: 0 };
    this.release(open);
    this.finish(open, end, { responseCode: event.error, responseException: name });
    this.sockets.delete(socket);
  }

  private close(socket: Socket, timeNs: number): void {
    this.socket = socket;
    this.works = [];
    socket.dissection.end(this.report);
    this.endSizes(socket);
    for (const open of socket.open.takeAll())
      if (!open.isOver) this.end(open, 'closed', Math.max(0, timeNs - open.moment.timeNs));
    this.waiting.forget(socket);
    this.sockets.delete(socket);
  }

  private drop(socket: Socket, reason: DropReason): void {
    this.abandonAll(socket, reason);
    this.waiting.forget(socket);
  }

  private abandonAll(socket: Socket, reason: DropReason): void {
    for (const open of socket.open.takeAll()) if (!open.isOver) this.abandon(open, reason);
  }

  /** Ends a request without a span. */
  private abandon(open: OpenRequest, reason: DropReason | 'revoked'): void {
    const { follower, counters } = this.parts;
    if (open.work.kind === 'request') follower.abandon(open.work);
    this.release(open);
    const { moment } = open;
    moment.holds--;
    if (moment.counted || moment.holds > 0 || moment === this.moment) return;
    moment.counted = true;
    counters.drop(reason);
  }

  private oldestOpen(): OpenRequest | undefined {
    let oldest: OpenRequest | undefined;
    for (const held of this.held.oldest())
      if (held instanceof OpenRequest && !(oldest !== undefined && oldest.moment.timeNs <= held.moment.timeNs))
        oldest = held;
    return oldest;
  }

  private evictOldest(): void {
    const oldest = this.oldestOpen();
    if (oldest === undefined) return;
    oldest.socket.leave(oldest);
    this.abandon(oldest, 'evicted');
  }

  /** Decides what becomes of the event in hand, and of those that waited for it. */
  private settle(socket: Socket, moment: Moment, startsMessage: boolean): void {
    const { counters } = this.parts;
    const { ingress } = moment;
    const same = ingress ? socket.parkedIngress : socket.parkedEgress;
    if (startsMessage && socket.transport !== 'udp')
      this.waiting.releaseAll(ingress ? socket.parkedEgress : socket.parkedIngress);
    if (socket.headSeen || startsMessage) this.waiting.releaseAll(same);
    if (moment.counted || moment.holds > 0) return;
    if (!socket.headSeen && !this.unanswered && this.waiting.park(socket, moment)) return;
    moment.counted = true;
    counters.drop(this.reasonFor(socket));
  }

  private reasonFor(socket: Socket): DropReason {
    if (this.unanswered) return 'response_without_request';
    return socket.dissection.dissector === undefined ? 'no_protocol' : 'continuation';
  }
}

/** The request that has to be answered before this one, where replies come in the order of requests. */
function requestBefore(socket: Socket, { requestId }: RequestMessage<Moment>): ServerWork | undefined {
  const newest = requestId === 0 && socket.transport === 'tcp' ? socket.open.newest?.work : undefined;
  return newest?.kind === 'request' ? newest : undefined;
}
