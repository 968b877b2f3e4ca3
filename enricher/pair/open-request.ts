import type { Transport } from '../../schemas/generated/event-batch.ts';
import type { Protocol } from '../../schemas/generated/span.ts';
import type { RequestMessage, ResponseMessage } from '../../protocols/dissection/dissector.ts';
import type { ListNode } from '../linked-list.ts';
import type { LocalMemo } from '../tag/tagger.ts';
import type { EventRef } from './event-ref.ts';
import { Expiring } from './expiry-list.ts';
import type { Observer } from './observer.ts';

/** Nothing is sent to port 0: it stands for a peer that is not known. */
export const unknownPort = 0;

/** The peer of a datagram. */
export interface Peer {
  readonly remoteAddress: Uint8Array;
  readonly remotePort: number;
}

/** What a request needs of its socket. */
export interface RequestSocket extends Peer {
  readonly id: number;
  readonly observer: Observer;
  readonly transport: Transport;
  readonly networkNamespace: number;
  readonly processId: number;
  readonly processName: string;
  readonly localAddress: Uint8Array;
  readonly localPort: number;
  readonly tls: boolean;
  readonly protocol: Protocol;
  readonly tagMemo: LocalMemo;
  /** Removes a request from those that wait for a response. */
  remove(request: OpenRequest): void;
  /** Ends a request before its response, which may still come. */
  leave(request: OpenRequest): void;
}

/** A request that waits for its response. */
export class OpenRequest extends Expiring {
  readonly spanId: string;
  readonly socket: RequestSocket;
  readonly message: RequestMessage<EventRef>;
  readonly protocol: Protocol;
  /** The process that read it, or wrote it where it is a call; the socket may be another's when it ends. */
  readonly processId: number;
  readonly processName: string;
  readonly tagMemo: LocalMemo;
  readonly timeoutMs: number;
  /** The local end has to answer it: it is a call of the local end otherwise. */
  readonly isServer: boolean;
  /** The peer at the time, which for datagrams may be another one with each. */
  remoteAddress: Uint8Array;
  remotePort: number;
  /** Bytes seen so far. */
  bytes = 0;
  /** It has ended without its response, which may still come: it keeps its place in the order. */
  isOver = false;
  /** Where it stands among those of its socket; undefined once it was taken out. */
  node: ListNode<OpenRequest> | undefined = undefined;
  /** The request behind it on its socket when it was taken out. */
  successor: OpenRequest | undefined = undefined;
  /** What the listener keeps of it. */
  attachment: object | undefined = undefined;

  constructor(spanId: string, socket: RequestSocket, message: RequestMessage<EventRef>, timeoutMs: number) {
    super(message.origin.timeNs + timeoutMs * 1e6, message.origin.clock.offset);
    this.spanId = spanId;
    this.socket = socket;
    this.message = message;
    this.protocol = socket.protocol;
    this.processId = socket.processId;
    this.processName = socket.processName;
    this.tagMemo = socket.tagMemo;
    this.timeoutMs = timeoutMs;
    this.isServer = message.origin.ingress;
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
  }

  /** Sets the peer from the response, if the request's own event did not have it. */
  learnPeer({ remoteAddress, remotePort }: Peer): void {
    if (this.remotePort !== unknownPort) return;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  /** Where its first byte is among those of its direction. */
  get start(): number {
    return startOf(this.message);
  }

  get origin(): EventRef {
    return this.message.origin;
  }
}

/** Where the first byte of a message is among those that its socket moved in its direction. */
export function startOf({ origin, offset }: RequestMessage<EventRef> | ResponseMessage<EventRef>): number {
  return origin.streamOffset + offset;
}
