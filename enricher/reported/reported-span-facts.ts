/** What our span has of one that an application reported: docs/tagging.md and the table of attributes in opentelemetry/. */
import {
  ownEnd,
  peerEnd,
  type ReportedEnd,
  type RequestFacts,
  requestFacts,
  textBytes,
} from '../../opentelemetry/reported-attributes.ts';
import type { ReportedSpanReader } from '../../opentelemetry/reported-span.ts';
import { readableLong } from '../../schemas/avro-writer.ts';
import type { Span, SpanStatus } from '../../schemas/generated/span.ts';
import type { TaggedSides } from '../tag/tagger.ts';

/** Of one span, before it has tags. */
export interface ReportedFacts {
  readonly point: string;
  readonly isServer: boolean;
  readonly startTimeNs: bigint;
  readonly durationNs: number;
  readonly request: RequestFacts;
  readonly own: ReportedEnd;
  readonly peer: ReportedEnd;
}

/** Observation points by SpanKind: unspecified, internal, server, client, producer, consumer. */
const points = ['app', 'app', 's-app', 'c-app', 'c-app', 's-app'] as const;
const errorCode = 2;
const noEnd: ReportedEnd = { address: Buffer.alloc(0), port: 0 };

/** The facts of the span that was read last; undefined when its times are impossible. */
export function reportedFacts(reader: ReportedSpanReader, latestNs: bigint): ReportedFacts | undefined {
  const { startTimeNs, endTimeNs, attributes } = reader;
  // A clock may step back while a span lasts.
  const durationNs = endTimeNs > startTimeNs ? Number(endTimeNs - startTimeNs) : 0;
  if (startTimeNs > latestNs || !Number.isSafeInteger(durationNs)) return undefined;
  const point = points[reader.kind] ?? 'app';
  const isServer = point !== 'c-app';
  // Work within a program is on neither side of a call; its own side is the server's.
  const [own, peer] = point === 'app' ? [noEnd, noEnd] : [ownEnd(attributes, isServer), peerEnd(attributes, isServer)];
  return { point, isServer, startTimeNs, durationNs, request: requestFacts(attributes), own, peer };
}

function statusOf(statusCode: number, httpStatus: number): SpanStatus {
  if (statusCode !== errorCode) return 'ok';
  return httpStatus >= 400 && httpStatus < 500 ? 'client_error' : 'server_error';
}

const none: readonly never[] = [];
/** Where the kernel or a capture would have seen it. */
const unseen = { networkNamespace: 0, socketId: 0, flowId: 0, interfaceName: '', tunnels: none } as const;

/** The span that was read last, with its tags. */
export function spanOf(
  reader: ReportedSpanReader,
  facts: ReportedFacts,
  { local, peer }: TaggedSides,
  agentId: number,
): Span {
  const { isServer, request } = facts;
  return {
    parentSpanId: reader.parentSpanId,
    reason: 'unknown',
    confidence: 0,
    likelyParents: none,
    nat: none,
    spanId: reader.spanId,
    agentId,
    observationPoint: facts.point,
    signalSource: 'otel',
    startTimeNs: facts.startTimeNs,
    durationNs: readableLong(facts.durationNs),
    status: statusOf(reader.statusCode, request.httpStatus),
    protocol: request.protocol,
    protocolVersion: '',
    isTls: false,
    transport: request.transport,
    ...unseen,
    requestEventId: 0,
    responseEventId: 0,
    requestTcpSequence: 0,
    responseTcpSequence: 0,
    requestType: request.requestType,
    requestDomain: request.requestDomain,
    requestResource: request.requestResource,
    endpoint: reader.name(textBytes.name),
    requestId: 0,
    responseCode: request.responseCode,
    responseException: reader.exception(textBytes.exception),
    responseResult: '',
    requestBytes: 0,
    responseBytes: 0,
    headerTraceId: reader.traceId,
    headerSpanId: '',
    xRequestIdRequest: '',
    xRequestIdResponse: '',
    forwardedFor: '',
    userAgent: request.userAgent,
    processId: 0,
    processName: '',
    contextKind: 'thread',
    requestContextId: 0,
    responseContextId: 0,
    requestThreadId: 0,
    responseThreadId: 0,
    causes: none,
    timeToFirstByteNs: 0,
    otlp: reader.copy(),
    client: isServer ? peer : local,
    server: isServer ? local : peer,
  };
}
