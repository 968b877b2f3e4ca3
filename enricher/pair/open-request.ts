import type { CallWork, ServerWork } from '../follow/work.ts';
import type { RequestMessage, ResponseMessage } from '../dissect/dissector.ts';
import type { Protocol } from '../../schemas/generated/span.ts';
import { Held } from './held-list.ts';
import type { Moment } from './moment.ts';
import type { OpenPlace } from './open-list.ts';
import type { Socket } from './socket.ts';

/** Nothing is sent to port 0: it stands for a peer that is not known. */
export const unknownPort = 0;

/** A request that waits for its response. */
export class OpenRequest extends Held {
  readonly spanId: string;
  readonly socket: Socket;
  readonly message: RequestMessage<Moment>;
  readonly protocol: Protocol;
  readonly timeoutMs: number;
  readonly work: ServerWork | CallWork;
  /** The peer at the time, which for datagrams may be another one with each. */
  remoteAddress: Uint8Array;
  remotePort: number;
  /** Bytes seen so far. */
  bytes = 0;
  /** It has become a span, or nothing, without its response, which may still come: it keeps its place in the order. */
  isOver = false;
  /** Where it stands among those of its socket; undefined once it was taken out. */
  place: OpenPlace | undefined = undefined;

  constructor(
    spanId: string,
    socket: Socket,
    message: RequestMessage<Moment>,
    timeoutMs: number,
    work: ServerWork | CallWork,
  ) {
    super(message.origin.timeNs + timeoutMs * 1e6, message.origin.clock.offset);
    this.spanId = spanId;
    this.socket = socket;
    this.message = message;
    this.protocol = socket.dissection.protocol;
    this.timeoutMs = timeoutMs;
    this.work = work;
    this.remoteAddress = socket.remoteAddress;
    this.remotePort = socket.remotePort;
  }

  /** Whoever sent or got the response is its peer, where the request's own event does not say. */
  learnPeer({ remoteAddress, remotePort }: Socket): void {
    if (this.remotePort !== unknownPort) return;
    this.remoteAddress = remoteAddress;
    this.remotePort = remotePort;
  }

  /** Where its first byte is among those of its direction. */
  get start(): number {
    return startOf(this.message);
  }

  get moment(): Moment {
    return this.message.origin;
  }
}

/** Where the first byte of a message is among those that its socket moved in its direction. */
export function startOf({ origin, offset }: RequestMessage<Moment> | ResponseMessage<Moment>): number {
  return origin.streamOffset + offset;
}
