import type { CallWork, ServerWork } from '../follow/work.ts';
import type { RequestMessage } from '../dissect/dissector.ts';
import type { Protocol } from '../../schemas/generated/span.ts';
import { Held } from './held-list.ts';
import type { Moment } from './moment.ts';
import type { Socket } from './socket.ts';

/** A request that waits for its response. */
export class OpenRequest extends Held {
  readonly spanId: string;
  readonly socket: Socket;
  readonly message: RequestMessage<Moment>;
  readonly protocol: Protocol;
  readonly timeoutMs: number;
  readonly work: ServerWork | CallWork;
  /** The peer at the time, which for datagrams may be another one with each. */
  readonly remoteAddress: Uint8Array;
  readonly remotePort: number;
  /** Bytes seen so far. */
  bytes: number;
  /** It has become a span, or nothing, without its response, which may still come: it keeps its place in the order. */
  isOver = false;

  constructor(
    spanId: string,
    socket: Socket,
    message: RequestMessage<Moment>,
    timeoutMs: number,
    work: ServerWork | CallWork,
    bytes: number,
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
    this.bytes = bytes;
  }

  get moment(): Moment {
    return this.message.origin;
  }
}
