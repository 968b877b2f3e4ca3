import type { SocketEvent, Transport } from '../../schemas/generated/event-batch.ts';
import type { Dissector } from '../dissect/dissector.ts';
import { SocketDissection } from '../dissect/socket-dissection.ts';
import type { Context } from '../follow/context.ts';
import type { Read, Unit, Work } from '../follow/work.ts';
import { LruEntry } from '../lru.ts';
import type { LocalMemo } from '../tag/tagger.ts';
import type { Moment } from './moment.ts';
import { type OpenRequest, unknownPort } from './open-request.ts';
import { OpenRequests, sameBytes } from './open-requests.ts';
import type { EarlyResponse, ParkedMoment } from './waiting.ts';

/** After this long without a byte, whatever was on its way is taken to have arrived. */
const calmNs = 1_000_000_000;

/** A connection that was begun on behalf of something, until its first message shows what for. */
export interface Birth {
  readonly eventId: number;
  readonly unit: Unit;
  /** What the connect event says was read last. */
  readonly read: Read | undefined;
  /** What was read last in the stream of events, whether the kernel still counts it or not. */
  readonly lastRead: Read | undefined;
}

/** Everything that is kept of one socket. */
export class Socket extends LruEntry {
  readonly id: number;
  readonly transport: Transport;
  readonly networkNamespace: number;
  readonly processId: number;
  readonly processName: string;
  readonly localAddress: Uint8Array;
  readonly localPort: number;
  remoteAddress: Uint8Array;
  remotePort: number;
  tls: boolean;
  readonly dissection: SocketDissection<Moment>;
  private ingressBytes = 0;
  private egressBytes = 0;
  /** Requests that wait for their response. */
  readonly open: OpenRequests;
  /** Of each direction, events that may begin a message; see {@link ParkedMoment}. */
  readonly parkedIngress: ParkedMoment[] = [];
  readonly parkedEgress: ParkedMoment[] = [];
  /** Whether a message was seen to begin since the direction changed. */
  headSeen = false;
  /** The message that came in last. */
  incoming: Work | undefined;
  /** Responses seen to begin since the last request began. */
  responsesSince = 0;
  /** The request that began last, either way, until another message begins in its direction. */
  lastRequest: OpenRequest | undefined;
  early: EarlyResponse | undefined;
  born: Birth | undefined;
  /** CLOCK_MONOTONIC of the agent at which bytes moved last; calls of two threads may be told of out of order. */
  private movedNs = Number.POSITIVE_INFINITY;
  /** The local side as it was tagged last. */
  readonly tagMemo: LocalMemo = { local: undefined };
  /** The execution context of the last event, to spare looking it up. */
  context: Context | undefined;
  contextId = -1;

  constructor(event: SocketEvent, dissectors: readonly Dissector[]) {
    super();
    this.id = event.socketId;
    this.transport = event.transport;
    this.networkNamespace = event.networkNamespace;
    this.processId = event.processId;
    this.processName = event.processName;
    // Copies: views would keep the whole batch alive as long as the socket.
    this.localAddress = event.localAddress.slice();
    this.localPort = event.localPort;
    this.remoteAddress = event.remoteAddress.slice();
    this.remotePort = event.remotePort;
    this.tls = event.tls;
    this.open = new OpenRequests(event.transport === 'udp');
    this.dissection = new SocketDissection(dissectors, {
      localRole: event.role === 'unknown' ? undefined : event.role,
      localPort: event.localPort,
      remotePort: event.remotePort,
      transport: event.transport,
    });
  }

  /**
   * Bytes move: whether nothing had moved for a second.
   *
   * @param lostNs - until when events of this agent were lost, so that bytes may have moved unseen
   */
  moves(timeNs: number, lostNs: number): boolean {
    const afterPause = timeNs - Math.max(this.movedNs, lostNs) >= calmNs;
    if (this.movedNs === Number.POSITIVE_INFINITY || timeNs > this.movedNs) this.movedNs = timeNs;
    return afterPause;
  }

  /** Datagrams may come from another peer each. */
  updatePeer(event: SocketEvent): void {
    if (this.remotePort === event.remotePort && sameBytes(this.remoteAddress, event.remoteAddress)) return;
    this.remoteAddress = event.remoteAddress.slice();
    this.remotePort = event.remotePort;
    if (event.remotePort !== unknownPort) this.dissection.changePeer(event.remotePort);
  }

  /**
   * Takes out the request that a response belongs to.
   *
   * @param ingress whether the response came in
   */
  take(requestId: number, ingress: boolean): OpenRequest | undefined {
    return this.open.take(requestId, ingress, this);
  }

  /** Bytes that moved so far in one direction. */
  movedBytes(ingress: boolean): number {
    return ingress ? this.ingressBytes : this.egressBytes;
  }

  addMoved(ingress: boolean, bytes: number): void {
    if (ingress) this.ingressBytes += bytes;
    else this.egressBytes += bytes;
  }

  /** Ends a request before its response; see {@link OpenRequests.leave}. */
  leave(request: OpenRequest): void {
    this.open.leave(request, this.dissection.dissector?.keepsOrder === true);
  }
}
