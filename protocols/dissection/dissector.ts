import type { Protocol, SpanStatus } from '../../schemas/generated/span.ts';

/**
 * The one interface every protocol implements, one folder a protocol. Dissectors see bounded prefixes of what a socket
 * carried; they never throw, never read beyond what they are given and keep bounded state, whatever the bytes.
 */

/** Who sent the bytes of a segment. */
export type Sender = 'client' | 'server';

/**
 * What one call on a socket (or one datagram) carried in one direction. `Origin` is the caller's, handed back unread.
 * Bytes known to be lost (a hole in the TCP sequence) are a segment without bytes whose length is the size of the hole.
 */
export interface Segment<Origin> {
  readonly origin: Origin;
  /** The captured bytes: a prefix of what the call moved. */
  readonly bytes: Buffer;
  /** Bytes the call moved; those beyond `bytes.length` were not captured. */
  readonly length: number;
  /** The direction on the socket changed, or this is a datagram: most likely a new message starts at byte 0. */
  readonly startsMessage: boolean;
  /** Nothing moved on the socket for at least a second before this: whatever was on its way has arrived. */
  readonly afterPause?: boolean;
}

/** Where a message began: the segment's origin and the byte within that segment. */
export interface Beginning<Origin> {
  readonly origin: Origin;
  readonly offset: number;
}

/** What a request's headers, or what takes their place, say of a trace and of the client. Empty where they do not. */
export interface RequestHeaders {
  /** Of a trace context: that of W3C, or another one. */
  readonly traceId: string;
  readonly spanId: string;
  readonly xRequestId: string;
  readonly forwardedFor: string;
  readonly userAgent: string;
}

/** Of a request without any. */
export const noHeaders: RequestHeaders = { traceId: '', spanId: '', xRequestId: '', forwardedFor: '', userAgent: '' };

/** What a request's head says. Strings are empty and numbers 0 where the protocol has no such thing. */
export interface RequestMessage<Origin> extends Beginning<Origin> {
  readonly kind: 'request';
  /** The protocol's correlation id; 0 when responses come in the order of the requests. */
  readonly requestId: number;
  /** False for one-way messages (MySQL COM_STMT_CLOSE, PostgreSQL Terminate): they become a span without response. */
  readonly expectsResponse: boolean;
  readonly version: string;
  readonly requestType: string;
  readonly requestDomain: string;
  readonly requestResource: string;
  /** Low-cardinality form of the resource: no ids, no literals. */
  readonly endpoint: string;
  readonly headers: RequestHeaders;
  /** What the other end said since the earlier requests is no reply to them: they still wait. */
  readonly othersWait?: boolean;
}

/** What a response's head says. */
export interface ResponseMessage<Origin> extends Beginning<Origin> {
  readonly kind: 'response';
  readonly requestId: number;
  readonly status: SpanStatus;
  readonly responseCode: number;
  readonly exception: string;
  readonly result: string;
  /** Bytes of the whole message as its head declares them; 0 when it does not. */
  readonly declaredBytes: number;
  readonly xRequestId?: string;
  /** The request's domain, where it turned out to be another one than was reported. */
  readonly requestDomain?: string;
  /** The request's version, likewise. */
  readonly version?: string;
  /**
   * Where its end is if its head does not declare it and not all of it was there: `apart`: a {@link ResponseEnd} follows;
   * `with-connection`: with the connection. The span waits for it.
   */
  readonly ends?: 'apart' | 'with-connection';
}

/** The end of a response that is reported apart; `offset` is behind its last byte. */
export interface ResponseEnd<Origin> extends Beginning<Origin> {
  readonly kind: 'end';
  readonly requestId: number;
  /** Where it ends was not captured: it may go on until the other end speaks or the connection rests. */
  readonly isUnclear?: boolean;
  /** What its trailers say instead of its head. */
  readonly instead?: Partial<Pick<ResponseMessage<Origin>, 'status' | 'responseCode' | 'exception' | 'result'>>;
}

export type Message<Origin> = RequestMessage<Origin> | ResponseMessage<Origin> | ResponseEnd<Origin>;

/**
 * What the first bytes of a message look like. `undecided`: too few bytes to tell. `either`: a message of this protocol, but
 * only what the other end says to it will show whether it is a request.
 */
export type Recognition = 'request' | 'response' | 'either' | 'undecided' | 'no';

/** Facts besides the bytes that help where bytes alone are ambiguous (Redis, MySQL). */
export interface RecognitionHints {
  /** The sender of these bytes, when the kernel saw connect() or accept(). */
  readonly sender: Sender | undefined;
  readonly senderPort: number;
  readonly receiverPort: number;
  readonly transport: 'tcp' | 'udp' | 'unix' | 'unknown';
  /** Bytes that were moved, of which those given are a prefix; undefined when that is not known. */
  readonly length?: number;
  /** The other end has just sent what may be a request of this protocol. */
  readonly mayAnswer?: boolean;
}

/** Dissects one connection from now on; also when its beginning was not seen. */
export interface Conversation<Origin> {
  /**
   * Reads the next segment and reports each message whose head became clear, in order. A message whose head began in an
   * earlier segment is reported with that segment's origin.
   */
  read(sender: Sender, segment: Segment<Origin>, report: (message: Message<Origin>) => void): void;
  /** The connection was closed: reports the message whose rest will not come any more. */
  end(report: (message: Message<Origin>) => void): void;
  /** The connection turned out not to speak this protocol: the caller forgets it and recognises anew. */
  readonly desynchronized: boolean;
}

/** A protocol. */
export interface Dissector {
  readonly protocol: Protocol;
  /** How long a request may wait for its response before it becomes a span with status timeout, in milliseconds. */
  readonly timeoutMs: number;
  /** Whether its conversations report a response to every request, in the order of the requests, however late. */
  readonly keepsOrder?: boolean;
  recognise(bytes: Buffer, hints: RecognitionHints): Recognition;
  /** Whether what is recognised as a request has to be confirmed by what the other end says; absent: never. */
  needsAnswer?(bytes: Buffer, hints: RecognitionHints): boolean;
  /** @param hints - what was known when the protocol was recognised; without them it is taken for granted */
  open<Origin>(hints?: RecognitionHints): Conversation<Origin>;
}
