import { readableLong } from '../../schemas/avro-writer.ts';
import type { Cause, Span, SpanStatus } from '../../schemas/generated/span.ts';
import type { ResponseMessage } from '../../protocols/dissection/dissector.ts';
import { addressKey, isLoopback, isUnspecified } from '../tag/address.ts';
import type { TaggedSides, Tagger, TagQuestion } from '../tag/tagger.ts';
import type { EventRef } from './event-ref.ts';
import type { OpenRequest } from './open-request.ts';

const noBytes = Buffer.alloc(0);

/** How a request ended. */
export interface SpanEnd {
  readonly status: SpanStatus;
  /** From the first byte of the request to the last one of the response. */
  readonly durationNs: number;
  readonly causes: readonly Cause[];
  readonly response: ResponseMessage<EventRef> | undefined;
  /** Bytes of the response that were seen. */
  readonly responseBytes: number;
}

/** A span with what its sides follow from. */
export interface BuiltSpan {
  readonly span: Span;
  readonly question: TagQuestion;
  readonly sides: TaggedSides;
}

/** What is known of the addresses of network namespaces. */
export interface LocalAddresses {
  /** The address of this family (its bytes) that all have which leave the namespace; undefined if that is not known. */
  onlyAddress(networkNamespace: number, bytes: 4 | 16): Uint8Array | undefined;
}

/** Makes the spans of one agent. */
export class SpanBuilder {
  private readonly agentId: number;
  private readonly tagger: Tagger;
  private readonly addresses: LocalAddresses | undefined;

  /** @param addresses for sockets that have none of their own */
  constructor(agentId: number, tagger: Tagger, addresses?: LocalAddresses) {
    this.agentId = agentId;
    this.tagger = tagger;
    this.addresses = addresses;
  }

  /** The span of a request that ended. */
  build(open: OpenRequest, end: SpanEnd): BuiltSpan {
    const localAddress = this.addresses === undefined ? undefined : sentFrom(open, this.addresses);
    const question = questionOf(open, localAddress);
    const sides = this.tagger.tag(question);
    return { span: this.spanOf(open, end, question.timeNs, sides), question, sides };
  }

  private spanOf(open: OpenRequest, end: SpanEnd, startTimeNs: bigint, { local, peer }: TaggedSides): Span {
    const { socket, message, origin, isServer } = open;
    const { response } = end;
    return {
      parentSpanId: '',
      reason: 'unknown',
      confidence: 0,
      likelyParents: [],
      nat: [],
      spanId: open.spanId,
      agentId: this.agentId,
      observationPoint: isServer ? socket.observer.serverPoint : socket.observer.clientPoint,
      signalSource: socket.observer.signalSource,
      startTimeNs,
      durationNs: readableLong(end.durationNs),
      status: end.status,
      protocol: open.protocol,
      protocolVersion: response?.version ?? message.version,
      isTls: socket.tls,
      transport: socket.transport,
      networkNamespace: socket.networkNamespace,
      socketId: isOfPackets(open) ? 0 : socket.id,
      flowId: isOfPackets(open) ? socket.id : 0,
      interfaceName: socket.observer.interfaceName,
      tunnels: socket.observer.tunnels(origin.ingress),
      requestEventId: origin.eventId,
      responseEventId: response?.origin.eventId ?? 0,
      requestTcpSequence: sequenceAt(origin, message.offset),
      responseTcpSequence: response === undefined ? 0 : sequenceAt(response.origin, response.offset),
      requestType: message.requestType,
      requestDomain: response?.requestDomain ?? message.requestDomain,
      requestResource: message.requestResource,
      endpoint: message.endpoint,
      requestId: message.requestId,
      responseCode: response?.responseCode ?? 0,
      responseException: response?.exception ?? '',
      responseResult: response?.result ?? '',
      requestBytes: readableLong(open.bytes),
      responseBytes: readableLong(response?.declaredBytes || end.responseBytes),
      headerTraceId: message.headers.traceId,
      headerSpanId: message.headers.spanId,
      xRequestIdRequest: shownId(message.headers.xRequestId),
      xRequestIdResponse: shownId(response?.xRequestId ?? ''),
      forwardedFor: message.headers.forwardedFor,
      userAgent: message.headers.userAgent,
      processId: open.processId,
      processName: open.processName,
      contextKind: origin.execution?.contextKind ?? 'thread',
      requestContextId: origin.execution?.contextId ?? 0,
      responseContextId: response?.origin.execution?.contextId ?? 0,
      requestThreadId: origin.execution?.threadId ?? 0,
      responseThreadId: response?.origin.execution?.threadId ?? 0,
      causes: end.causes,
      timeToFirstByteNs: response === undefined ? 0 : readableLong(Math.max(0, response.origin.timeNs - origin.timeNs)),
      otlp: noBytes,
      client: isServer ? peer : local,
      server: isServer ? local : peer,
    };
  }
}

/** An id of a request that the host has covered is none: others of its length would be the same. */
const shownId = (id: string): string => (/^\*+$/.test(id) ? '' : id);

const isOfPackets = ({ socket }: OpenRequest): boolean => socket.observer.signalSource === 'packet';

function questionOf(open: OpenRequest, localAddress: Uint8Array | undefined): TagQuestion {
  const { socket, origin, processId, isServer, remoteAddress, remotePort } = open;
  return {
    processId: isOfPackets(open) ? undefined : processId,
    transport: socket.transport,
    isServer,
    localAddress: localAddress ?? socket.localAddress,
    localPort: socket.localPort,
    remoteAddress,
    remotePort,
    timeNs: origin.unixNs,
    // What the socket sends elsewhere may have another address.
    memo: localAddress === undefined ? open.tagMemo : { local: undefined },
  };
}

/**
 * The address that a client's datagram was sent from, where its socket is bound to all addresses. Of a server the address
 * that it was asked at may be another one: that of a group, or of all hosts.
 */
function sentFrom({ socket, isServer, remoteAddress }: OpenRequest, addresses: LocalAddresses): Uint8Array | undefined {
  if (isServer || socket.transport !== 'udp' || !isUnspecified(socket.localAddress)) return undefined;
  const remote = addressKey(remoteAddress);
  if (remote === undefined || isLoopback(remote) || isUnspecified(remoteAddress)) return undefined;
  return addresses.onlyAddress(socket.networkNamespace, typeof remote === 'number' ? 4 : 16);
}

/** TCP counts bytes modulo 2^32; 0 stands for "there is none" and is left alone. */
function sequenceAt(origin: EventRef, offset: number): number {
  return origin.tcpSequence === 0 ? 0 : (origin.tcpSequence + offset) % 0x1_0000_0000;
}
