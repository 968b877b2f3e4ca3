import type { SocketEvent, Transport } from '../../schemas/generated/event-batch.ts';
import type { Protocol } from '../../schemas/generated/span.ts';
import type { Dissector } from '../../protocols/dissection/dissector.ts';
import { SocketDissection } from '../../protocols/dissection/socket-dissection.ts';
import { LruEntry } from '../lru.ts';
import type { LocalMemo } from '../tag/tagger.ts';
import type { EventRef } from './event-ref.ts';
import type { Observer } from './observer.ts';
import { type OpenRequest, type Peer, type RequestSocket, unknownPort } from './open-request.ts';
import { OpenRequests, sameBytes } from './open-requests.ts';
import type { Responding } from './responding.ts';
import type { EarlyResponse, ParkedEvent, WaitingEvents } from './waiting.ts';

/** Time without a byte after which all bytes on their way count as arrived. */
const calmNs = 1_000_000_000;

/** Facts about a socket from its first event. */
export type SocketFacts = Pick<
  SocketEvent,
  | 'socketId'
  | 'transport'
  | 'networkNamespace'
  | 'processId'
  | 'processName'
  | 'localAddress'
  | 'localPort'
  | 'remoteAddress'
  | 'remotePort'
  | 'tls'
  | 'role'
>;

/** State of one socket. */
export class Socket extends LruEntry implements RequestSocket, WaitingEvents {
  readonly id: number;
  readonly observer: Observer;
  readonly transport: Transport;
  readonly networkNamespace: number;
  processId: number;
  processName: string;
  readonly localAddress: Uint8Array;
  readonly localPort: number;
  remoteAddress: Uint8Array;
  remotePort: number;
  tls: boolean;
  readonly dissection: SocketDissection<EventRef>;
  private ingressBytes = 0;
  private egressBytes = 0;
  private ingressNs = 0;
  private egressNs = 0;
  /** Requests that wait for their response. */
  readonly open: OpenRequests;
  /** Of each direction, events that may begin a message; see {@link ParkedEvent}. */
  readonly parkedIngress: ParkedEvent[] = [];
  readonly parkedEgress: ParkedEvent[] = [];
  early: EarlyResponse | undefined = undefined;
  /** CLOCK_MONOTONIC of the agent at which a connect() began that did not fail at once. */
  connectBeganNs: number | undefined = undefined;
  /** By request id, responses that began and whose end is reported apart. */
  responding: Map<number, Responding> | undefined = undefined;
  /** Whether a message was seen to begin since the direction changed. */
  headSeen = false;
  /** Responses seen to begin since the last request began. */
  responsesSince = 0;
  /** The request that began last, either way, until another message begins in its direction. */
  lastRequest: OpenRequest | undefined = undefined;
  /** CLOCK_MONOTONIC of the agent at which bytes moved last; calls of two threads may arrive out of order. */
  private movedNs = Number.POSITIVE_INFINITY;
  /** The local side as it was tagged last. */
  tagMemo: LocalMemo = { local: undefined };
  /** What the listener keeps of it. */
  attachment: object | undefined = undefined;

  constructor(facts: SocketFacts, observer: Observer, dissectors: readonly Dissector[]) {
    super();
    this.id = facts.socketId;
    this.observer = observer;
    this.transport = facts.transport;
    this.networkNamespace = facts.networkNamespace;
    this.processId = facts.processId;
    this.processName = facts.processName;
    // Copies: views would keep the whole batch alive as long as the socket.
    this.localAddress = facts.localAddress.slice();
    this.localPort = facts.localPort;
    this.remoteAddress = facts.remoteAddress.slice();
    this.remotePort = facts.remotePort;
    this.tls = facts.tls;
    this.open = new OpenRequests(facts.transport === 'udp');
    this.dissection = new SocketDissection(dissectors, {
      localRole: facts.role === 'unknown' ? undefined : facts.role,
      localPort: facts.localPort,
      remotePort: facts.remotePort,
      transport: facts.transport,
    });
  }

  /**
   * A process reads or writes: the socket is its own from now on. Processes share a listener or hand a connection on, so it
   * may be another one than accepted or used it before.
   */
  usedBy({ processId, processName }: Pick<SocketFacts, 'processId' | 'processName'>): void {
    if (processId === this.processId && processName === this.processName) return;
    this.processId = processId;
    this.processName = processName;
    // Requests that are open keep the memo of the process that they belong to.
    this.tagMemo = { local: undefined };
  }

  /** The protocol spoken; unknown while nothing is recognised. */
  get protocol(): Protocol {
    return this.dissection.protocol;
  }

  /**
   * Bytes move in one direction: whether nothing had moved for a second.
   *
   * @param lostNs - until when events of this agent were lost, so that bytes may have moved unseen
   */
  moves({ timeNs, lastNs, ingress }: EventRef, lostNs: number): boolean {
    if (ingress) this.ingressNs = lastNs;
    else this.egressNs = lastNs;
    const afterPause = timeNs - Math.max(this.movedNs, lostNs) >= calmNs;
    if (this.movedNs === Number.POSITIVE_INFINITY || lastNs > this.movedNs) this.movedNs = lastNs;
    return afterPause;
  }

  /** Datagrams may come from another peer each. */
  updatePeer({ remoteAddress, remotePort }: Peer): void {
    if (this.remotePort === remotePort && sameBytes(this.remoteAddress, remoteAddress)) return;
    this.remoteAddress = remoteAddress.slice();
    this.remotePort = remotePort;
    if (remotePort !== unknownPort) this.dissection.changePeer(remotePort);
  }

  /**
   * Takes out the request that a response belongs to.
   *
   * @param ingress whether the response came in
   */
  take(requestId: number, ingress: boolean): OpenRequest | undefined {
    return this.open.take(requestId, ingress, this);
  }

  remove(request: OpenRequest): void {
    this.open.remove(request);
  }

  /** Ends a request before its response; see {@link OpenRequests.leave}. */
  leave(request: OpenRequest): void {
    this.open.leave(request, this.dissection.dissector?.keepsOrder === true);
  }

  /** CLOCK_MONOTONIC of the agent at which bytes moved last in one direction. */
  lastMovedNs(ingress: boolean): number {
    return ingress ? this.ingressNs : this.egressNs;
  }

  /** Bytes that moved so far in one direction. */
  movedBytes(ingress: boolean): number {
    return ingress ? this.ingressBytes : this.egressBytes;
  }

  /** Bytes that moved so far in one direction, those among them that nobody saw included. */
  passedBytes(ingress: boolean): number {
    return this.movedBytes(ingress) + this.dissection.missedBytes(ingress ? 'remote' : 'local');
  }

  addMoved(ingress: boolean, bytes: number): void {
    if (ingress) this.ingressBytes += bytes;
    else this.egressBytes += bytes;
  }
}
