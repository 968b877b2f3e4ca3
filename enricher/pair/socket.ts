import type { SocketEvent, Transport } from '../../schemas/generated/event-batch.ts';
import type { Dissector } from '../dissect/dissector.ts';
import { SocketDissection } from '../dissect/socket-dissection.ts';
import type { Context } from '../follow/context.ts';
import type { Read, Unit, Work } from '../follow/work.ts';
import { LruEntry } from '../lru.ts';
import type { LocalMemo } from '../tag/tagger.ts';
import type { Moment } from './moment.ts';
import type { OpenRequest } from './open-request.ts';
import type { EarlyResponse, ParkedMoment } from './waiting.ts';

/** Nothing is sent to port 0: it stands for a peer that is not known. */
export const unknownPort = 0;
/** After this long without a byte, whatever was on its way is taken to have arrived. */
const calmNs = 1_000_000_000;
const maxOver = 64;

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
  /** Requests that wait for their response, in the order they came; of those that are over, at most 64 in front. */
  readonly open: OpenRequest[] = [];
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
   * The request that a response belongs to: by its correlation id where there is one, else the oldest. It went the other
   * way; where it was a datagram, it was also one of the same peer. A peer is not known where a program does not ask for it:
   * `recv()` on a socket that is not connected. Then the id has to be enough, and is where it stands for one question only.
   *
   * @param ingress whether the response came in
   */
  take(requestId: number, ingress: boolean): OpenRequest | undefined {
    const fits = (open: OpenRequest): boolean =>
      open.message.requestId === requestId && open.moment.ingress !== ingress;
    const index =
      this.transport === 'udp'
        ? this.open.findIndex((open) => fits(open) && this.isPeerOf(open))
        : this.open.findIndex(fits);
    if (index >= 0) return this.open.splice(index, 1)[0];
    return this.transport === 'udp' ? this.takeByIdAlone(requestId, fits) : undefined;
  }

  private takeByIdAlone(requestId: number, fits: (open: OpenRequest) => boolean): OpenRequest | undefined {
    let found: OpenRequest | undefined;
    for (const open of this.open) {
      if (!fits(open)) continue;
      const toMany = isMulticast(open.remoteAddress);
      // Whoever has the answer to a question that went to many gives it, from an address of its own. mDNS has no ids.
      if (toMany ? requestId === 0 : this.remotePort !== unknownPort && open.remotePort !== unknownPort) continue;
      if (found === undefined) found = open;
      else if (!isSameQuestion(found, open)) return undefined;
    }
    if (found !== undefined) this.remove(found);
    return found;
  }

  /** Bytes that moved so far in one direction. */
  movedBytes(ingress: boolean): number {
    return ingress ? this.ingressBytes : this.egressBytes;
  }

  addMoved(ingress: boolean, bytes: number): void {
    if (ingress) this.ingressBytes += bytes;
    else this.egressBytes += bytes;
  }

  remove(request: OpenRequest): void {
    const index = this.open.indexOf(request);
    if (index >= 0) this.open.splice(index, 1);
  }

  /**
   * Ends a request before its response. Where every request is sure to have one, in their order, it keeps its place, so that
   * a late response is not taken for that to the next request.
   */
  leave(request: OpenRequest): void {
    const index = this.open.indexOf(request);
    if (index < 0) return;
    request.isOver = true;
    if (this.dissection.dissector?.keepsOrder !== true) this.open.splice(index, 1);
    else if (index >= maxOver) this.open.splice(0, 1);
  }

  private isPeerOf({ remotePort, remoteAddress }: OpenRequest): boolean {
    return remotePort !== unknownPort && remotePort === this.remotePort && sameBytes(remoteAddress, this.remoteAddress);
  }
}

/** A client repeats itself when it gets no answer: what comes answers both. Of unknown peers it may be two clients. */
function isSameQuestion(one: OpenRequest, other: OpenRequest): boolean {
  return (
    one.remotePort !== unknownPort &&
    one.remotePort === other.remotePort &&
    sameBytes(one.remoteAddress, other.remoteAddress) &&
    one.message.requestType !== '' &&
    one.message.requestType === other.message.requestType &&
    one.message.requestResource === other.message.requestResource
  );
}

/** IPv4 224.0.0.0/4 and IPv6 ff00::/8. */
function isMulticast(address: Uint8Array): boolean {
  return address.length === 4 ? address[0]! >> 4 === 0xe : address.length === 16 && address[0] === 0xff;
}

function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index++) if (one[index] !== other[index]) return false;
  return true;
}
