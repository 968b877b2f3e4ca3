import type { Cause } from '../../schemas/generated/span.ts';
import type { EventRef } from './event-ref.ts';
import type { OpenRequest } from './open-request.ts';
import type { Socket } from './socket.ts';

/** Content of an incoming segment, once all its messages are reported. */
export interface ReadSegment {
  readonly messageId: number;
  readonly startsMessage: boolean;
  /** Bytes that the call moved. */
  readonly length: number;
  /** Where the first message begins that was reported with it: a byte of it, 0 for one before it, -1 for none. */
  readonly firstMessage: number;
}

/**
 * Receives what pairing finds, in the order of events. A source without execution contexts needs no listener. A listener keeps
 * its state of a socket or a request in its `attachment`.
 */
export interface PairingListener {
  /** A request came in. `isBlocked`: the one before it on its connection has to be answered first. */
  requestRead(request: OpenRequest, isBlocked: boolean): void;
  /** The request that blocked this one is over: answered to the last byte, or given up. */
  unblocked(request: OpenRequest): void;
  /** A request went out. */
  callWritten(call: OpenRequest): void;
  /** The reply to a request begins to be written. Returns which calls may have led to it. */
  replyWritten(request: OpenRequest, origin: EventRef): readonly Cause[];
  /** The reply to a request is complete, or its end cannot be seen: from now on the request counts as answered. */
  replyEnded(request: OpenRequest): void;
  /** The response to a call begins to be read. Returns what may have led to the call. */
  responseRead(call: OpenRequest, origin: EventRef): readonly Cause[];
  /** So many bytes of a response that began to be read are still to come; 0 when none, or when that is not known. */
  responseRemains(call: OpenRequest, bytes: number): void;
  /** A request ends without a response, with a span or without. Returns what may have led to it, if it is a call. */
  unanswered(request: OpenRequest): readonly Cause[];
  /** A segment came in, and all its messages are reported. */
  segmentRead(socket: Socket, segment: ReadSegment, origin: EventRef): void;
}
