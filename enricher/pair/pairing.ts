/**
 * Pairs requests with responses on the sockets of one agent. A response belongs to the request with its correlation id, else to
 * the oldest open one of its socket. Which end is the client follows from the kernel (connect or accept was seen) or from
 * the bytes. A request ends as a span: answered, timed out at the protocol's limit by the agent's clock, or closed with
 * its socket, also when that is closed within the response. A span is made with the last byte of the response. Each event
 * has exactly one outcome: emitted if its request or response is in a span, else dropped; until that is clear it is buffered.
 * Causes are the listener's task. Bounds: least recently used sockets and oldest open requests are evicted; per direction, at
 * most eight events wait for the rest of a message.
 */
import type { SocketEvent } from '../../schemas/generated/event-batch.ts';
import type { Cause, Span, SpanStatus } from '../../schemas/generated/span.ts';
import type { Message, RequestMessage, ResponseMessage } from '../../protocols/dissection/dissector.ts';
import { LruMap } from '../lru.ts';
import type { DropReason } from '../outcomes.ts';
import { type ConnectError, connectMessage } from './connect-error.ts';
import type { EventRef } from './event-ref.ts';
import { type Expiring, ExpiryList, ExpiryLists } from './expiry-list.ts';
import { MessageSizes } from './message-sizes.ts';
import type { Observer } from './observer.ts';
import { OpenRequest, startOf } from './open-request.ts';
import type { PairingParts } from './pairing-parts.ts';
import { Responding } from './responding.ts';
import { Responses } from './responses.ts';
import { Socket, type SocketFacts } from './socket.ts';
import type { SpanEnd } from './span-builder.ts';
import { Waiting } from './waiting.ts';

const connectTimeoutMs = 0;
const noCauses: readonly Cause[] = [];

/** What one call on a socket, or one side of a flow in a row, carried. */
export interface Segment extends Pick<
  SocketEvent,
  'id' | 'messageId' | 'payload' | 'length' | 'tcpSequence' | 'tls' | 'remoteAddress' | 'remotePort'
> {
  /** Bytes that are known to be missing in front of it. */
  readonly gapBytes?: number;
}

/** Pairs the events of one agent; see the top of the file. */
export class Pairing {
  readonly expiring = new ExpiryLists();
  private readonly parts: PairingParts;
  private readonly waiting: Waiting;
  private readonly sockets: LruMap<number, Socket>;
  private readonly sizes = new MessageSizes();
  private readonly responses: Responses;
  /** Requests that wait for their response. */
  private openRequests = 0;
  private readonly report = (message: Message<EventRef>): void => this.take(message);
  /** State of the current event: set while it is dissected. */
  private socket!: Socket;
  private origin: EventRef | undefined;
  private firstMessage = -1;
  private unanswered = false;
  /** CLOCK_MONOTONIC of the agent until which events were lost. */
  private lostNs = Number.NEGATIVE_INFINITY;

  constructor(parts: PairingParts) {
    this.parts = parts;
    this.waiting = new Waiting(this.expiring, parts.counters);
    this.responses = new Responses(this.expiring, (open, end) => this.finish(open, end));
    this.sockets = new LruMap(parts.limits.maxSockets, (socket) => this.drop(socket, 'evicted'));
  }

  /** The socket with this id, if it is known. */
  find(socketId: number): Socket | undefined {
    return this.sockets.get(socketId);
  }

  /** Adds a socket: its segments are dissected from now on. */
  open(facts: SocketFacts, observer: Observer): Socket {
    const socket = new Socket(facts, observer, this.parts.dissectors);
    this.sockets.add(socket.id, socket);
    return socket;
  }

  /** Bytes moved on a socket. */
  segment(socket: Socket, origin: EventRef, segment: Segment): void {
    const { ingress, startsMessage: isFirst } = origin;
    const datagram = socket.transport === 'udp';
    if (datagram) socket.updatePeer(segment);
    if (segment.tls) socket.tls = true;
    const startsMessage = datagram || isFirst;
    if (segment.length === 0 && ingress && !datagram) {
      this.streamEnded(socket, origin, segment);
      return;
    }
    const afterPause = socket.moves(origin, this.lostNs);
    this.socket = socket;
    this.origin = origin;
    this.firstMessage = -1;
    this.unanswered = false;
    const before = socket.dissection.dissector;
    const freshBytes = socket.dissection.read(
      ingress ? 'remote' : 'local',
      { origin, bytes: segment.payload as Buffer, length: segment.length, startsMessage, afterPause },
      this.report,
      // Of a TLS buffer the sequence counts the bytes of the ciphertext.
      segment.tls ? 0 : segment.tcpSequence,
      segment.gapBytes,
    );
    socket.addMoved(ingress, freshBytes);
    this.endSizes(socket);
    this.responses.goOn(socket, origin);
    if (before !== undefined && before !== socket.dissection.dissector) this.abandonAll(socket, 'misrecognised');
    if (startsMessage) socket.headSeen = false;
    const { firstMessage } = this;
    if (firstMessage >= 0) socket.headSeen = true;
    // What continues a request is part of it; a datagram continues none.
    if (datagram) socket.lastRequest = undefined;
    else if (socket.lastRequest?.origin.ingress === ingress)
      socket.lastRequest.bytes = socket.movedBytes(ingress) - socket.lastRequest.start;
    if (ingress) {
      const { messageId, length } = segment;
      this.parts.listener?.segmentRead(socket, { messageId, startsMessage, length, firstMessage }, origin);
    }
    this.origin = undefined;
    this.settle(socket, origin, startsMessage);
  }

  /** The end of what the other end sends was read: the message that it sent last is over, and nothing moved. */
  private streamEnded(socket: Socket, origin: EventRef, { messageId }: Segment): void {
    const read = { messageId, startsMessage: false, length: 0, firstMessage: -1 };
    this.parts.listener?.segmentRead(socket, read, origin);
    origin.counted = true;
    this.parts.counters.drop('continuation');
  }

  /** A connect that began at `origin` failed at `timeNs`: it becomes a span. */
  connectFailed(socket: Socket, origin: EventRef, timeNs: number, errno: number, { status, name }: ConnectError): void {
    const open = new OpenRequest(
      this.parts.spanIds.of(origin.eventId, 0),
      socket,
      connectMessage(origin),
      connectTimeoutMs,
    );
    this.parts.listener?.callWritten(open);
    const causes = this.parts.listener?.unanswered(open) ?? noCauses;
    origin.holds++;
    const durationNs = Math.max(0, timeNs - origin.timeNs);
    const end = { status, durationNs, causes, response: undefined, responseBytes: 0 };
    this.finish(open, end, { responseCode: errno, responseException: name });
    this.sockets.delete(socket);
  }

  /**
   * A socket has no more events.
   *
   * @param status of what is open: closed, or unknown where the connection may go on unseen
   */
  close(socket: Socket, timeNs: number, status: 'closed' | 'unknown' = 'closed'): void {
    this.socket = socket;
    socket.dissection.end(this.report);
    this.endSizes(socket);
    if (status === 'closed') this.responses.connectionEnded(socket, timeNs, this.lostNs);
    else this.responses.endAll(socket);
    for (const open of socket.open.takeAll())
      if (!open.isOver) this.end(open, status, Math.max(0, timeNs - open.origin.timeNs));
    this.waiting.forget(socket);
    this.sockets.delete(socket);
  }

  /** Events were lost, perhaps until then: no socket is known to have been calm before. */
  lost(untilNs: number): void {
    if (untilNs > this.lostNs) this.lostNs = untilNs;
  }

  /** The agent's clock stepped back, since its host was rebooted: earlier losses do not concern sockets from now on. */
  clockWentBack(nowNs: number): void {
    if (this.lostNs > nowNs) this.lostNs = nowNs;
  }

  /** Sockets and open requests that are kept. */
  get size(): number {
    return this.sockets.size + this.waitingRequests;
  }

  /** Forgets the oldest of both, until at most this fraction of them is left. */
  shrink(part: number): void {
    const most = Math.floor(this.waitingRequests * part);
    while (this.waitingRequests > most) {
      const before = this.waitingRequests;
      this.evictOldest();
      if (this.waitingRequests === before) break;
    }
    this.sockets.shrinkTo(Math.floor(this.sockets.size * part));
  }

  /** Ends what was buffered until its time limit, by the agent's clock. */
  giveUp(nowNs: number): void {
    this.expiring.giveUp(nowNs, (expiring) => {
      if (expiring instanceof OpenRequest) {
        expiring.socket.leave(expiring);
        this.end(expiring, 'timeout', expiring.timeoutMs * 1e6);
      } else this.letGo(expiring);
    });
  }

  /** The input has ended: every open request becomes a span of unknown end. */
  drain(nowNs: number): void {
    this.expiring.giveUp(Number.POSITIVE_INFINITY, (expiring) => {
      if (expiring instanceof OpenRequest) {
        expiring.socket.remove(expiring);
        this.end(expiring, 'unknown', Math.max(0, nowNs - expiring.origin.timeNs));
      } else if (expiring instanceof Responding) this.responses.end(expiring);
      else this.waiting.letGo(expiring);
    });
  }

  /** Another instance reads again what is buffered: forgets it. */
  revoke(): void {
    this.expiring.giveUp(Number.POSITIVE_INFINITY, (expiring) => {
      if (expiring instanceof OpenRequest) {
        expiring.socket.remove(expiring);
        this.abandon(expiring, 'revoked');
      } else if (expiring instanceof Responding) {
        this.responses.forget(expiring);
        this.answered(expiring.open);
        this.unhold(expiring.end.response!.origin, 'revoked');
        this.unhold(expiring.open.origin, 'revoked');
      } else this.waiting.letGo(expiring, 'revoked');
    });
  }

  /** Requests that wait for their response, or for its end. */
  private get waitingRequests(): number {
    return this.openRequests + this.responses.size;
  }

  private letGo(expiring: Expiring): void {
    if (expiring instanceof Responding) this.responses.giveUp(expiring);
    else this.waiting.letGo(expiring);
  }

  private take(message: Message<EventRef>): void {
    const { socket } = this;
    const { origin } = message;
    if (message.kind === 'end') {
      const open = this.responses.ended(socket, message);
      if (open === undefined) return;
      if (open.isServer) this.answered(open);
      else this.parts.listener?.responseRemains(open, 0);
      return;
    }
    if (this.firstMessage < 0 && origin.ingress === this.origin?.ingress)
      this.firstMessage = origin === this.origin ? message.offset : 0;
    this.endBefore(socket, message);
    if (message.kind === 'request') this.begin(socket, message);
    else this.answer(socket, message);
  }

  private begin(socket: Socket, message: RequestMessage<EventRef>): void {
    const { listener, spanIds, limits } = this.parts;
    const { origin } = message;
    this.responses.endUnclear(socket, message.requestId, origin.ingress);
    const timeoutMs = socket.dissection.dissector?.timeoutMs ?? 0;
    const open = new OpenRequest(spanIds.of(origin.eventId, origin.requests++), socket, message, timeoutMs);
    if (open.isServer) listener?.requestRead(open, isBlocked(socket, message));
    else listener?.callWritten(open);
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
    this.expiring.append(timeoutMs, open);
    this.takeEarly(socket, open);
    if (this.waitingRequests > limits.maxOpenRequests) this.evictOldest();
  }

  /**
   * One request was open, the other side spoke, and now comes another request: the response was there but was not
   * understood, or was lost. Left open, the request would take the response of the next one, and so on for ever.
   */
  private endUnanswerable(socket: Socket, next: OpenRequest): void {
    const { oldest: open, size } = socket.open;
    const { origin, requestId } = next.message;
    if (open === undefined || size > 1 || open.origin === origin) return;
    // What the other side sent in between was a response to an earlier request.
    if (socket.responsesSince > 0 || next.message.othersWait === true) return;
    if (requestId !== 0 || !origin.startsMessage || socket.transport === 'udp') return;
    if (open.origin.ingress !== origin.ingress) return;
    socket.remove(open);
    if (open.isOver) return;
    this.end(open, 'unknown', Math.max(0, origin.timeNs - open.origin.timeNs));
    if (next.isServer) this.parts.listener?.unblocked(next);
  }

  /** An early response belongs to the request that comes now if that was written before it was read. */
  private takeEarly(socket: Socket, open: OpenRequest): void {
    const early = this.waiting.takeEarly(socket, open.origin);
    if (early === undefined) return;
    socket.remove(open);
    this.pair(socket, open, early.message, early.bytes);
  }

  private answer(socket: Socket, message: ResponseMessage<EventRef>): void {
    socket.responsesSince++;
    const { ingress } = message.origin;
    this.responses.endBefore(socket, message);
    const open = socket.take(message.requestId, ingress);
    if (open !== undefined) {
      if (open.isOver) this.unanswered = true;
      else this.pair(socket, open, message);
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
  private pair(socket: Socket, open: OpenRequest, response: ResponseMessage<EventRef>, bytes?: number): void {
    const { listener } = this.parts;
    const { origin } = response;
    const causes = open.isServer ? listener?.replyWritten(open, origin) : listener?.responseRead(open, origin);
    if (socket.transport === 'udp') open.learnPeer(socket);
    this.release(open);
    const durationNs = Math.max(0, socket.lastMovedNs(origin.ingress) - open.origin.timeNs);
    const end = { status: response.status, durationNs, causes: causes ?? noCauses, response, responseBytes: 0 };
    const responding = response.ends === undefined ? undefined : this.responses.begin(socket, open, end, response);
    const start = startOf(response);
    // Bytes that were missed are in front of it.
    const endsAt =
      start + response.declaredBytes + socket.passedBytes(origin.ingress) - socket.movedBytes(origin.ingress);
    const isComplete = (): boolean => socket.passedBytes(origin.ingress) >= endsAt;
    const measured = (responseBytes: number, isOver: boolean): void => {
      const missingBytes = Math.max(0, response.declaredBytes - responseBytes);
      if (!open.isServer) listener?.responseRemains(open, missingBytes);
      if (responding !== undefined) responding.end = { ...responding.end, responseBytes };
      else if (missingBytes > 0 && !isOver && socket.transport !== 'udp' && !isComplete())
        this.responses.begin(socket, open, { ...end, responseBytes }, response, endsAt);
      else this.finish(open, { ...end, responseBytes });
    };
    if (bytes === undefined) this.sizes.measure(origin.ingress, start, measured);
    else measured(bytes, false);
  }

  /** The messages before this one in its direction end where it begins. */
  private endBefore(socket: Socket, message: RequestMessage<EventRef> | ResponseMessage<EventRef>): void {
    const { ingress } = message.origin;
    const start = startOf(message);
    this.sizes.endAt(ingress, start);
    const { lastRequest } = socket;
    // A request may turn out to be two: then one is reported late, and begins no later than the last.
    if (lastRequest?.origin.ingress !== ingress || start <= lastRequest.start) return;
    lastRequest.bytes = Math.max(0, start - lastRequest.start);
    socket.lastRequest = undefined;
  }

  /** The current event has no more messages. */
  private endSizes(socket: Socket): void {
    this.sizes.endAll(true, socket.movedBytes(true));
    this.sizes.endAll(false, socket.movedBytes(false));
  }

  /** Ends a request that was not answered, as a span. */
  private end(open: OpenRequest, status: SpanStatus, durationNs: number): void {
    const causes = this.parts.listener?.unanswered(open) ?? noCauses;
    if (open.isServer) this.unblockNext(open);
    this.release(open);
    this.finish(open, { status, durationNs, causes, response: undefined, responseBytes: 0 });
  }

  /** The response to a request is complete, or where it ends is hidden. */
  private answered(open: OpenRequest): void {
    if (!open.isServer) return;
    this.parts.listener?.replyEnded(open);
    this.unblockNext(open);
  }

  /** One that is over no longer blocks the request behind it. */
  private unblockNext(open: OpenRequest): void {
    const next = open.node === undefined ? open.successor : open.node.newer?.item;
    // Else all requests of a connection would be kept as long as the first.
    open.successor = undefined;
    if (next?.isServer === true) this.parts.listener?.unblocked(next);
  }

  /** Makes the span of a request that was released. */
  private finish(open: OpenRequest, end: SpanEnd, failure?: Partial<Span>): void {
    const { spans, emit } = this.parts;
    const { origin: request } = open;
    if (end.response !== undefined) this.answered(open);
    request.holds--;
    const response = end.response?.origin;
    let events = 0;
    for (const each of response === undefined || response === request ? [request] : [request, response]) {
      if (each.counted) continue;
      each.counted = true;
      events++;
    }
    const { span, question, sides } = spans.build(open, end);
    const { offset } = request.clock;
    emit({
      kind: 'span',
      record: failure === undefined ? span : { ...span, ...failure },
      question,
      sides,
      events,
      offset: response === undefined ? offset : Math.min(offset, response.clock.offset),
    });
  }

  private release(expiring: OpenRequest): void {
    ExpiryList.release(expiring);
    this.openRequests--;
  }

  private drop(socket: Socket, reason: DropReason): void {
    this.abandonAll(socket, reason);
    this.waiting.forget(socket);
  }

  private abandonAll(socket: Socket, reason: DropReason): void {
    this.responses.endAll(socket);
    for (const open of socket.open.takeAll()) if (!open.isOver) this.abandon(open, reason);
  }

  /** Ends a request without a span. */
  private abandon(open: OpenRequest, reason: DropReason | 'revoked'): void {
    if (open.isServer) {
      this.parts.listener?.unanswered(open);
      this.unblockNext(open);
    }
    this.release(open);
    this.unhold(open.origin, reason);
  }

  /** An item that kept an event buffered ended without a span. */
  private unhold(origin: EventRef, reason: DropReason | 'revoked'): void {
    origin.holds--;
    if (origin.counted || origin.holds > 0 || origin === this.origin) return;
    origin.counted = true;
    this.parts.counters.drop(reason);
  }

  private oldestOpen(): OpenRequest | Responding | undefined {
    let oldest: OpenRequest | Responding | undefined;
    for (const expiring of this.expiring.oldest())
      if (expiring instanceof OpenRequest || expiring instanceof Responding)
        if (oldest === undefined || expiring.origin.timeNs < oldest.origin.timeNs) oldest = expiring;
    return oldest;
  }

  private evictOldest(): void {
    const oldest = this.oldestOpen();
    if (oldest === undefined) return;
    if (oldest instanceof Responding) {
      this.responses.end(oldest);
      return;
    }
    oldest.socket.leave(oldest);
    this.abandon(oldest, 'evicted');
  }

  /** Decides the outcome of the current event, and of those that waited for it. */
  private settle(socket: Socket, origin: EventRef, startsMessage: boolean): void {
    const { ingress } = origin;
    const same = ingress ? socket.parkedIngress : socket.parkedEgress;
    if (startsMessage && socket.transport !== 'udp')
      this.waiting.releaseAll(ingress ? socket.parkedEgress : socket.parkedIngress);
    if (socket.headSeen || startsMessage) this.waiting.releaseAll(same);
    if (origin.counted || origin.holds > 0) return;
    const reason = socket.dissection.dissector === undefined ? 'no_protocol' : 'continuation';
    if (!socket.headSeen && !this.unanswered && this.waiting.park(socket, origin, reason)) return;
    origin.counted = true;
    this.parts.counters.drop(this.unanswered ? 'response_without_request' : reason);
  }
}

/** Whether another request has to be answered before this one, where replies come in the order of requests. */
function isBlocked(socket: Socket, { requestId }: RequestMessage<EventRef>): boolean {
  const newest = requestId === 0 && socket.transport !== 'udp' ? socket.open.newest : undefined;
  return newest?.isServer === true && !newest.isOver;
}
