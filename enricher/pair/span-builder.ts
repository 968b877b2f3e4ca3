import type { Cause, Side, Span, SpanStatus } from '../../schemas/generated/span.ts';
import type { ResponseMessage } from '../dissect/dissector.ts';
import type { Tagger } from '../tag/tagger.ts';
import type { Moment } from './moment.ts';
import type { OpenRequest } from './open-request.ts';
import type { Socket } from './socket.ts';

/** How a request ended. */
export interface SpanEnd {
  readonly status: SpanStatus;
  readonly durationNs: number;
  readonly causes: readonly Cause[];
  readonly response: ResponseMessage<Moment> | undefined;
}

/** Makes the spans of one agent. */
export class SpanBuilder {
  private readonly agentId: number;
  private readonly tagger: Tagger;

  constructor(agentId: number, tagger: Tagger) {
    this.agentId = agentId;
    this.tagger = tagger;
  }

  /** The span of a request that ended. */
  build(open: OpenRequest, end: SpanEnd): Span {
    const { socket, message, moment } = open;
    const { response } = end;
    const isServer = open.work.kind === 'request';
    const local = this.localSide(socket);
    const peer = this.tagger.peer(open.remoteAddress, open.remotePort, socket.networkNamespace);
    return {
      parentSpanId: '',
      reason: 'unknown',
      confidence: 0,
      spanId: open.spanId,
      agentId: this.agentId,
      observationPoint: isServer ? 's-p' : 'c-p',
      signalSource: 'ebpf',
      startTimeNs: moment.unixNs,
      durationNs: end.durationNs,
      status: end.status,
      protocol: open.protocol,
      protocolVersion: message.version,
      isTls: socket.tls,
      transport: socket.transport,
      networkNamespace: socket.networkNamespace,
      socketId: socket.id,
      requestEventId: moment.eventId,
      responseEventId: response?.origin.eventId ?? 0,
      requestTcpSequence: sequenceAt(moment, message.offset),
      responseTcpSequence: response === undefined ? 0 : sequenceAt(response.origin, response.offset),
      requestType: message.requestType,
      requestDomain: message.requestDomain,
      requestResource: message.requestResource,
      endpoint: message.endpoint,
      requestId: message.requestId,
      responseCode: response?.responseCode ?? 0,
      responseException: response?.exception ?? '',
      responseResult: response?.result ?? '',
      requestBytes: open.bytes,
      responseBytes: response === undefined ? 0 : response.declaredBytes || response.origin.length - response.offset,
      headerTraceId: message.headerTraceId,
      headerSpanId: message.headerSpanId,
      xRequestIdRequest: message.xRequestId,
      xRequestIdResponse: response?.xRequestId ?? '',
      forwardedFor: message.forwardedFor,
      userAgent: message.userAgent,
      processId: socket.processId,
      processName: socket.processName,
      contextKind: moment.contextKind,
      requestContextId: moment.contextId,
      responseContextId: response?.origin.contextId ?? 0,
      requestThreadId: moment.threadId,
      responseThreadId: response?.origin.threadId ?? 0,
      causes: end.causes,
      client: isServer ? peer : local,
      server: isServer ? local : peer,
    };
  }

  private localSide(socket: Socket): Side {
    if (socket.side === undefined || socket.sideVersion !== this.tagger.version) {
      socket.side = this.tagger.local(socket.processId, socket.localAddress, socket.localPort);
      socket.sideVersion = this.tagger.version;
    }
    return socket.side;
  }
}

/** TCP counts bytes modulo 2^32; 0 stands for "there is none" and is left alone. */
function sequenceAt(moment: Moment, offset: number): number {
  return moment.tcpSequence === 0 ? 0 : (moment.tcpSequence + offset) % 0x1_0000_0000;
}
