// Generated from schemas/avro/span.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readArray, writeArray } from '../avro-blocks.ts';
import { contextKindIndex, contextKindSymbols, readTunnel, transportIndex, transportSymbols, type ContextKind, type Transport, type Tunnel, writeTunnel } from './event-batch.ts';

/** Symbols of Reason, by their position in the encoding. */
export const reasonSymbols = ['unknown', 'root', 'tcp_sequence', 'datagram', 'trace_context', 'x_request_id', 'last_read', 'queue', 'agreement', 'resumed', 'serial_context', 'time', 'context', 'wake', 'assignment', 'enclosing'] as const;
export type Reason = (typeof reasonSymbols)[number];
/** Position of each symbol of Reason in the encoding. */
export const reasonIndex: Readonly<Record<Reason, number>> = { unknown: 0, root: 1, tcp_sequence: 2, datagram: 3, trace_context: 4, x_request_id: 5, last_read: 6, queue: 7, agreement: 8, resumed: 9, serial_context: 10, time: 11, context: 12, wake: 13, assignment: 14, enclosing: 15 };

/** A server span that may have made a call. */
export interface LikelyParent {
  /** 16 hex digits. */
  readonly spanId: string;
  /** Its start_time_ns, by which it is found. */
  readonly startTimeNs: bigint;
  /** Why it may be the parent: mostly assignment. */
  readonly reason: Reason;
  /** Probability that it is the parent, in (0, 1). */
  readonly confidence: number;
}

/** Reads one LikelyParent; throws AvroDecodeError on bytes that are none. */
export function readLikelyParent(reader: AvroReader): LikelyParent {
  const spanId = reader.readString();
  const startTimeNs = reader.readBigLong();
  const reason = reader.readEnum(reasonSymbols);
  const confidence = reader.readDouble();
  return { spanId, startTimeNs, reason, confidence };
}

/** Writes one LikelyParent. */
export function writeLikelyParent(writer: AvroWriter, value: LikelyParent): void {
  writer.writeString(value.spanId);
  writer.writeBigLong(value.startTimeNs);
  writer.writeEnum(value.reason, reasonIndex);
  writer.writeDouble(value.confidence);
}

/** Both ends of a call, as one observation point sees them. */
export interface CallEnds {
  /** 4 or 16 bytes in network order. */
  readonly clientAddress: Uint8Array;
  /** Port. */
  readonly clientPort: number;
  /** 4 or 16 bytes in network order. */
  readonly serverAddress: Uint8Array;
  /** Port. */
  readonly serverPort: number;
}

/** Reads one CallEnds; throws AvroDecodeError on bytes that are none. */
export function readCallEnds(reader: AvroReader): CallEnds {
  const clientAddress = reader.readBytes();
  const clientPort = reader.readInt();
  const serverAddress = reader.readBytes();
  const serverPort = reader.readInt();
  return { clientAddress, clientPort, serverAddress, serverPort };
}

/** Writes one CallEnds. */
export function writeCallEnds(writer: AvroWriter, value: CallEnds): void {
  writer.writeBytes(value.clientAddress);
  writer.writeLong(value.clientPort);
  writer.writeBytes(value.serverAddress);
  writer.writeLong(value.serverPort);
}

/** Symbols of SignalSource, by their position in the encoding. */
export const signalSourceSymbols = ['unknown', 'ebpf', 'packet', 'otel'] as const;
export type SignalSource = (typeof signalSourceSymbols)[number];
/** Position of each symbol of SignalSource in the encoding. */
export const signalSourceIndex: Readonly<Record<SignalSource, number>> = { unknown: 0, ebpf: 1, packet: 2, otel: 3 };

/** Symbols of SpanStatus, by their position in the encoding. */
export const spanStatusSymbols = ['unknown', 'ok', 'client_error', 'server_error', 'timeout', 'closed'] as const;
export type SpanStatus = (typeof spanStatusSymbols)[number];
/** Position of each symbol of SpanStatus in the encoding. */
export const spanStatusIndex: Readonly<Record<SpanStatus, number>> = { unknown: 0, ok: 1, client_error: 2, server_error: 3, timeout: 4, closed: 5 };

/** Symbols of Protocol, by their position in the encoding. */
export const protocolSymbols = ['unknown', 'http1', 'dns', 'redis', 'mysql', 'postgresql', 'memcached', 'fastcgi'] as const;
export type Protocol = (typeof protocolSymbols)[number];
/** Position of each symbol of Protocol in the encoding. */
export const protocolIndex: Readonly<Record<Protocol, number>> = { unknown: 0, http1: 1, dns: 2, redis: 3, mysql: 4, postgresql: 5, memcached: 6, fastcgi: 7 };

/** Symbols of CauseKind, by their position in the encoding. */
export const causeKindSymbols = ['request', 'response'] as const;
export type CauseKind = (typeof causeKindSymbols)[number];
/** Position of each symbol of CauseKind in the encoding. */
export const causeKindIndex: Readonly<Record<CauseKind, number>> = { request: 0, response: 1 };

/** One candidate for what a message continued. */
export interface Cause {
  /** request: span_id is the server span whose request was read. response: span_id is the client span whose response was read. */
  readonly kind: CauseKind;
  /** 16 hex digits. */
  readonly spanId: string;
  /** context, last_read, queue or wake. */
  readonly rule: Reason;
  /** Probability as learned for this process and kind of context, in (0, 1]. */
  readonly confidence: number;
  /** Enough replies were seen to know that this rule holds for this process. */
  readonly learned: boolean;
}

/** Reads one Cause; throws AvroDecodeError on bytes that are none. */
export function readCause(reader: AvroReader): Cause {
  const kind = reader.readEnum(causeKindSymbols);
  const spanId = reader.readString();
  const rule = reader.readEnum(reasonSymbols);
  const confidence = reader.readDouble();
  const learned = reader.readBoolean();
  return { kind, spanId, rule, confidence, learned };
}

/** Writes one Cause. */
export function writeCause(writer: AvroWriter, value: Cause): void {
  writer.writeEnum(value.kind, causeKindIndex);
  writer.writeString(value.spanId);
  writer.writeEnum(value.rule, reasonIndex);
  writer.writeDouble(value.confidence);
  writer.writeBoolean(value.learned);
}

/** One end of a call. All ids are of Resource records; 0 is not known. */
export interface Side {
  /** 4 or 16 bytes in network order. Of the server of a Unix socket its path, ended by one or two zeros; of its client empty. */
  readonly address: Uint8Array;
  /** Port. */
  readonly port: number;
  /** Cloud region. */
  readonly regionId: number;
  /** Availability zone. */
  readonly zoneId: number;
  /** Virtual network. */
  readonly vpcId: number;
  /** Subnet. */
  readonly subnetId: number;
  /** Host an agent runs on. */
  readonly hostId: number;
  /** Cloud instance. */
  readonly instanceId: number;
  /** Kubernetes cluster. */
  readonly clusterId: number;
  /** Kubernetes node. */
  readonly nodeId: number;
  /** Kubernetes namespace. */
  readonly namespaceId: number;
  /** Deployment, StatefulSet, DaemonSet, Job, ... */
  readonly workloadId: number;
  /** Pod. */
  readonly podId: number;
  /** Kubernetes Service. */
  readonly serviceId: number;
  /** Process. */
  readonly processResourceId: number;
  /** The most specific instance known. */
  readonly autoInstanceId: number;
  /** Kind of auto_instance_id, as the position in ResourceKind. */
  readonly autoInstanceType: number;
  /** The most specific service known. */
  readonly autoServiceId: number;
  /** Kind of auto_service_id, as the position in ResourceKind. */
  readonly autoServiceType: number;
  /** How this side was resolved, a bit mask: 1 process, 2 container, 4 address, 8 virtual address, 16 CIDR, 32 the span at the other end. */
  readonly resolution: number;
}

/** Reads one Side; throws AvroDecodeError on bytes that are none. */
export function readSide(reader: AvroReader): Side {
  const address = reader.readBytes();
  const port = reader.readInt();
  const regionId = reader.readInt();
  const zoneId = reader.readInt();
  const vpcId = reader.readInt();
  const subnetId = reader.readInt();
  const hostId = reader.readInt();
  const instanceId = reader.readInt();
  const clusterId = reader.readInt();
  const nodeId = reader.readInt();
  const namespaceId = reader.readInt();
  const workloadId = reader.readInt();
  const podId = reader.readInt();
  const serviceId = reader.readInt();
  const processResourceId = reader.readInt();
  const autoInstanceId = reader.readInt();
  const autoInstanceType = reader.readInt();
  const autoServiceId = reader.readInt();
  const autoServiceType = reader.readInt();
  const resolution = reader.readInt();
  return { address, port, regionId, zoneId, vpcId, subnetId, hostId, instanceId, clusterId, nodeId, namespaceId, workloadId, podId, serviceId, processResourceId, autoInstanceId, autoInstanceType, autoServiceId, autoServiceType, resolution };
}

/** Writes one Side. */
export function writeSide(writer: AvroWriter, value: Side): void {
  writer.writeBytes(value.address);
  writer.writeLong(value.port);
  writer.writeLong(value.regionId);
  writer.writeLong(value.zoneId);
  writer.writeLong(value.vpcId);
  writer.writeLong(value.subnetId);
  writer.writeLong(value.hostId);
  writer.writeLong(value.instanceId);
  writer.writeLong(value.clusterId);
  writer.writeLong(value.nodeId);
  writer.writeLong(value.namespaceId);
  writer.writeLong(value.workloadId);
  writer.writeLong(value.podId);
  writer.writeLong(value.serviceId);
  writer.writeLong(value.processResourceId);
  writer.writeLong(value.autoInstanceId);
  writer.writeLong(value.autoInstanceType);
  writer.writeLong(value.autoServiceId);
  writer.writeLong(value.autoServiceType);
  writer.writeLong(value.resolution);
}

/** One request and its response at one observation point. In topic spans the first five fields are still open (empty, unknown, 0, none, none); in topic traces they are decided. They stand first so that the correlator can copy all other bytes unread. */
export interface Span {
  /** 16 hex digits; empty for a root. */
  readonly parentSpanId: string;
  /** Why parent_span_id is the parent. root: no parent is known. tcp_sequence, datagram: the two ends of one call; tcp_sequence also over a Unix socket, whose bytes the agent counts. trace_context, x_request_id: an explicit id. last_read: the message its context read last. queue: its turn in a first-in-first-out loop. agreement: request side and response side name the same parent. resumed: the response of a sibling call led to it. serial_context: a context that serves one request at a time. time: the only request open in the process. context: the execution context that made the call serves it, works for the one that does, or replies to it. wake: whoever read the response of the call then woke the thread that serves the request, which is also the likeliest of all calls and requests of a while together. assignment: what is likeliest of all calls and requests of a while together; only in likely_parents. enclosing: the innermost span of its application that began before it and ended after it, in the same request. */
  readonly reason: Reason;
  /** Probability that parent_span_id is right, in (0, 1]; 0 when there is no parent. */
  readonly confidence: number;
  /** On a call whose parent is not certain enough: server spans of its process that may have made it, the likeliest first, at most three. They may be in other traces. */
  readonly likelyParents: readonly LikelyParent[];
  /** How its parent saw the ends of the call, where addresses were translated between both; at most one. */
  readonly nat: readonly CallEnds[];
  /** 16 hex digits: hash of agent id, request event id and position in that event. */
  readonly spanId: string;
  /** The agent that saw it: its clock domain. */
  readonly agentId: number;
  /** c-p, c, c-nd, c-gw, s-gw, s-nd, s, s-p, c-app, app, s-app, local or rest: schemas/observation-points.ts explains them. */
  readonly observationPoint: string;
  /** What saw it. */
  readonly signalSource: SignalSource;
  /** Unix time in nanoseconds of the first byte of the request, by the agent's clock. */
  readonly startTimeNs: bigint;
  /** From the first byte of the request to the last byte of the response that was seen; without a whole response to the moment of giving up, or at which the connection ended or failed. Of a response that lasts longer than the protocol's limit, up to that limit. Spans of earlier versions: to the first byte of the response. */
  readonly durationNs: number;
  /** timeout: no response within the protocol's limit. closed: the connection ended before a response, or within one that said nothing worse. unknown: a response whose meaning could not be read. */
  readonly status: SpanStatus;
  /** Application protocol. */
  readonly protocol: Protocol;
  /** As the protocol names it, such as 1.1; empty if it names none. */
  readonly protocolVersion: string;
  /** The messages were TLS on the wire. */
  readonly isTls: boolean;
  /** Transport protocol. */
  readonly transport: Transport;
  /** Inode number of the network namespace it was seen in. */
  readonly networkNamespace: number;
  /** Agent's identity of the socket; 0 for packets. */
  readonly socketId: number;
  /** Agent's identity of the flow (topic flows) that the packets belong to; 0 for sockets. */
  readonly flowId: number;
  /** Name of the network interface where the packets were seen; empty for sockets, and where it is not known. */
  readonly interfaceName: string;
  /** Tunnels around the packets of the request, outermost first, at most two. */
  readonly tunnels: readonly Tunnel[];
  /** Id of the event the request began in. */
  readonly requestEventId: number;
  /** Id of the event the response began in; 0 without a response. */
  readonly responseEventId: number;
  /** TCP sequence number of the request's first byte; 0 where there is none. */
  readonly requestTcpSequence: number;
  /** TCP sequence number of the response's first byte; 0 where there is none. */
  readonly responseTcpSequence: number;
  /** Method, command or query type: GET, SELECT, HGET, AAAA. */
  readonly requestType: string;
  /** Host, database or virtual host asked for. */
  readonly requestDomain: string;
  /** Path with query, statement, key or name asked for, as far as captured. */
  readonly requestResource: string;
  /** The resource with its variable parts replaced, of low cardinality. */
  readonly endpoint: string;
  /** The protocol's own correlation id (DNS id, stream id); 0 where there is none. */
  readonly requestId: number;
  /** The protocol's status code; 0 where there is none. */
  readonly responseCode: number;
  /** Error text of the response, as far as captured. */
  readonly responseException: string;
  /** Short result of the response where the protocol has one, such as the address of a DNS answer. */
  readonly responseResult: string;
  /** Bytes of the request seen up to the response. */
  readonly requestBytes: number;
  /** Bytes of the response as its head declares them, else up to the last byte that was seen. */
  readonly responseBytes: number;
  /** Trace id of a traceparent, b3, uber-trace-id or sw8 header, lower case; empty without one. */
  readonly headerTraceId: string;
  /** Span id of the caller in that header; empty without one. */
  readonly headerSpanId: string;
  /** X-Request-ID of the request. */
  readonly xRequestIdRequest: string;
  /** X-Request-ID of the response. */
  readonly xRequestIdResponse: string;
  /** X-Forwarded-For of the request. */
  readonly forwardedFor: string;
  /** User-Agent of the request, as far as captured. */
  readonly userAgent: string;
  /** Process id on the agent's host of the side that was seen; 0 for packets. */
  readonly processId: number;
  /** The kernel's name of that process. */
  readonly processName: string;
  /** Kind of execution context. */
  readonly contextKind: ContextKind;
  /** Execution context of the request's first call. */
  readonly requestContextId: number;
  /** Execution context of the response's first call; 0 without a response. */
  readonly responseContextId: number;
  /** OS thread of the request's first call. */
  readonly requestThreadId: number;
  /** OS thread of the response's first call; 0 without a response. */
  readonly responseThreadId: number;
  /** Candidates, best first. On c-p: what the request continued. On s-p: which call's response led to the reply; by the rule context, which calls the context that replies made for the request, answered or not; by the rule wake, which responses had just been read by those who woke the thread that replies. */
  readonly causes: readonly Cause[];
  /** From the first byte of the request to the first byte of the response; 0 without a response, and in spans of earlier versions. */
  readonly timeToFirstByteNs: number;
  /** Of a span that its application reported (signal_source otel): that span as it was received, an opentelemetry.proto.trace.v1.ResourceSpans with one ScopeSpans that has one Span. Empty for all others. */
  readonly otlp: Uint8Array;
  /** The side that asked. */
  readonly client: Side;
  /** The side that was asked. */
  readonly server: Side;
}

/** Reads one Span; throws AvroDecodeError on bytes that are none. */
export function readSpan(reader: AvroReader): Span {
  const parentSpanId = reader.readString();
  const reason = reader.readEnum(reasonSymbols);
  const confidence = reader.readDouble();
  const likelyParents = readArray(reader, (reader) => readLikelyParent(reader), 11);
  const nat = readArray(reader, (reader) => readCallEnds(reader), 4);
  const spanId = reader.readString();
  const agentId = reader.readLong();
  const observationPoint = reader.readString();
  const signalSource = reader.readEnum(signalSourceSymbols);
  const startTimeNs = reader.readBigLong();
  const durationNs = reader.readLong();
  const status = reader.readEnum(spanStatusSymbols);
  const protocol = reader.readEnum(protocolSymbols);
  const protocolVersion = reader.readString();
  const isTls = reader.readBoolean();
  const transport = reader.readEnum(transportSymbols);
  const networkNamespace = reader.readLong();
  const socketId = reader.readLong();
  const flowId = reader.readLong();
  const interfaceName = reader.readString();
  const tunnels = readArray(reader, (reader) => readTunnel(reader), 4);
  const requestEventId = reader.readLong();
  const responseEventId = reader.readLong();
  const requestTcpSequence = reader.readLong();
  const responseTcpSequence = reader.readLong();
  const requestType = reader.readString();
  const requestDomain = reader.readString();
  const requestResource = reader.readString();
  const endpoint = reader.readString();
  const requestId = reader.readLong();
  const responseCode = reader.readInt();
  const responseException = reader.readString();
  const responseResult = reader.readString();
  const requestBytes = reader.readLong();
  const responseBytes = reader.readLong();
  const headerTraceId = reader.readString();
  const headerSpanId = reader.readString();
  const xRequestIdRequest = reader.readString();
  const xRequestIdResponse = reader.readString();
  const forwardedFor = reader.readString();
  const userAgent = reader.readString();
  const processId = reader.readInt();
  const processName = reader.readString();
  const contextKind = reader.readEnum(contextKindSymbols);
  const requestContextId = reader.readLong();
  const responseContextId = reader.readLong();
  const requestThreadId = reader.readInt();
  const responseThreadId = reader.readInt();
  const causes = readArray(reader, (reader) => readCause(reader), 12);
  const timeToFirstByteNs = reader.readLong();
  const otlp = reader.readBytes();
  const client = readSide(reader);
  const server = readSide(reader);
  return { parentSpanId, reason, confidence, likelyParents, nat, spanId, agentId, observationPoint, signalSource, startTimeNs, durationNs, status, protocol, protocolVersion, isTls, transport, networkNamespace, socketId, flowId, interfaceName, tunnels, requestEventId, responseEventId, requestTcpSequence, responseTcpSequence, requestType, requestDomain, requestResource, endpoint, requestId, responseCode, responseException, responseResult, requestBytes, responseBytes, headerTraceId, headerSpanId, xRequestIdRequest, xRequestIdResponse, forwardedFor, userAgent, processId, processName, contextKind, requestContextId, responseContextId, requestThreadId, responseThreadId, causes, timeToFirstByteNs, otlp, client, server };
}

/** Writes one Span. */
export function writeSpan(writer: AvroWriter, value: Span): void {
  writer.writeString(value.parentSpanId);
  writer.writeEnum(value.reason, reasonIndex);
  writer.writeDouble(value.confidence);
  writeArray(writer, value.likelyParents, (writer, item) => writeLikelyParent(writer, item));
  writeArray(writer, value.nat, (writer, item) => writeCallEnds(writer, item));
  writer.writeString(value.spanId);
  writer.writeLong(value.agentId);
  writer.writeString(value.observationPoint);
  writer.writeEnum(value.signalSource, signalSourceIndex);
  writer.writeBigLong(value.startTimeNs);
  writer.writeLong(value.durationNs);
  writer.writeEnum(value.status, spanStatusIndex);
  writer.writeEnum(value.protocol, protocolIndex);
  writer.writeString(value.protocolVersion);
  writer.writeBoolean(value.isTls);
  writer.writeEnum(value.transport, transportIndex);
  writer.writeLong(value.networkNamespace);
  writer.writeLong(value.socketId);
  writer.writeLong(value.flowId);
  writer.writeString(value.interfaceName);
  writeArray(writer, value.tunnels, (writer, item) => writeTunnel(writer, item));
  writer.writeLong(value.requestEventId);
  writer.writeLong(value.responseEventId);
  writer.writeLong(value.requestTcpSequence);
  writer.writeLong(value.responseTcpSequence);
  writer.writeString(value.requestType);
  writer.writeString(value.requestDomain);
  writer.writeString(value.requestResource);
  writer.writeString(value.endpoint);
  writer.writeLong(value.requestId);
  writer.writeLong(value.responseCode);
  writer.writeString(value.responseException);
  writer.writeString(value.responseResult);
  writer.writeLong(value.requestBytes);
  writer.writeLong(value.responseBytes);
  writer.writeString(value.headerTraceId);
  writer.writeString(value.headerSpanId);
  writer.writeString(value.xRequestIdRequest);
  writer.writeString(value.xRequestIdResponse);
  writer.writeString(value.forwardedFor);
  writer.writeString(value.userAgent);
  writer.writeLong(value.processId);
  writer.writeString(value.processName);
  writer.writeEnum(value.contextKind, contextKindIndex);
  writer.writeLong(value.requestContextId);
  writer.writeLong(value.responseContextId);
  writer.writeLong(value.requestThreadId);
  writer.writeLong(value.responseThreadId);
  writeArray(writer, value.causes, (writer, item) => writeCause(writer, item));
  writer.writeLong(value.timeToFirstByteNs);
  writer.writeBytes(value.otlp);
  writeSide(writer, value.client);
  writeSide(writer, value.server);
}
