import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { encodeValue, schemaHeader } from '../../core/codec.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { schemas } from '../../schemas/generated/schemas.ts';
import type { Cause, Side, Span } from '../../schemas/generated/span.ts';
import { writeSpanBatch } from '../../schemas/generated/span-batch.ts';
import { readTrace, type Trace } from '../../schemas/generated/trace.ts';
import type { CorrelatorConfig } from '../config.ts';

/** Noon of some day, the beginning of all test time. */
export const epochNs = 1_750_000_000_000_000_000n;

/** The settings' defaults. */
export const testConfig: CorrelatorConfig = {
  quietMs: 3_000,
  lateMs: 150_000,
  causeWaitMs: 8_000,
  maxOpenMs: 60_000,
  requestIdWindowMs: 60_000,
  traceIdWindowMs: 300_000,
  maxClockSkewMs: 60_000,
  maxTraceSpans: 10_000,
  maxRequestIdSpans: 1_000,
  maxSpans: 500_000,
  maxBytes: 256 * 2 ** 20,
  redisUser: 'default',
  redisCluster: false,
  redisPrefix: 'spanloom:',
  linkTtl: 600_000,
};

/** One end of a call on 10.0.0.`host`. */
export function side(host: number, port: number): Side {
  return {
    address: Uint8Array.of(10, 0, 0, host),
    port,
    regionId: 0,
    zoneId: 0,
    vpcId: 0,
    subnetId: 0,
    hostId: 0,
    instanceId: 0,
    clusterId: 0,
    nodeId: 0,
    namespaceId: 0,
    workloadId: 0,
    podId: 0,
    serviceId: 0,
    processResourceId: 0,
    autoInstanceId: 0,
    autoInstanceType: 0,
    autoServiceId: 0,
    autoServiceType: 0,
    resolution: 0,
  };
}

/** A number as the 16 hex digits of a span id. */
export const hexId = (value: number): string => value.toString(16).padStart(16, '0');

/** A span of HTTP between two hosts, with whatever the test cares about. */
export function makeSpan(facts: Partial<Span> & Pick<Span, 'spanId'>): Span {
  return {
    parentSpanId: '',
    reason: 'unknown',
    confidence: 0,
    agentId: 1,
    observationPoint: 'c-p',
    signalSource: 'ebpf',
    startTimeNs: epochNs,
    durationNs: 1_000_000,
    status: 'ok',
    protocol: 'http1',
    protocolVersion: '1.1',
    isTls: false,
    transport: 'tcp',
    networkNamespace: 1,
    socketId: 1,
    requestEventId: 1,
    responseEventId: 2,
    requestTcpSequence: 0,
    responseTcpSequence: 0,
    requestType: 'GET',
    requestDomain: 'example',
    requestResource: '/a/1',
    endpoint: '/a/*',
    requestId: 0,
    responseCode: 200,
    responseException: '',
    responseResult: '',
    requestBytes: 100,
    responseBytes: 200,
    headerTraceId: '',
    headerSpanId: '',
    xRequestIdRequest: '',
    xRequestIdResponse: '',
    forwardedFor: '',
    userAgent: '',
    processId: 100,
    processName: 'node',
    contextKind: 'thread',
    requestContextId: 100,
    responseContextId: 100,
    requestThreadId: 100,
    responseThreadId: 100,
    causes: [],
    client: side(1, 40_000),
    server: side(2, 80),
    ...facts,
  };
}

/** The call continued a server span's request. */
export function afterRequest(span: { readonly spanId: string }, note: Partial<Cause> = {}): Cause {
  return { kind: 'request', spanId: span.spanId, rule: 'last_read', confidence: 0.9999, learned: true, ...note };
}

/** The call or the reply continued a call's response. */
export function afterResponse(span: { readonly spanId: string }, note: Partial<Cause> = {}): Cause {
  return { kind: 'response', spanId: span.spanId, rule: 'last_read', confidence: 0.9999, learned: true, ...note };
}

/** A SpanBatch on the bus, `atMs` after the epoch by its agent's watermark. */
export function batchMessage(
  offset: number,
  atMs: number,
  spans: readonly Span[],
  place: { readonly agentId?: number; readonly partition?: number } = {},
): ReceivedMessage {
  const agentId = place.agentId ?? spans[0]?.agentId ?? 1;
  const watermarkNs = epochNs + BigInt(Math.round(atMs * 1e6));
  return {
    topic: 'spans',
    partition: place.partition ?? 0,
    offset,
    timestampMs: 0,
    key: String(agentId),
    value: encodeValue({ agentId, watermarkNs, spans }, writeSpanBatch),
    headers: { [schemaHeader]: schemas.SpanBatch.fingerprint },
  };
}

/** The Traces among messages, in order. */
export function tracesOf(messages: readonly OutgoingMessage[]): readonly Trace[] {
  return messages
    .filter(({ topic }) => topic === 'traces')
    .map(({ value }) => readTrace(new AvroReader(Buffer.from(value))));
}

/** What is left when later revisions replace earlier ones and absorbed traces are gone. */
export function finalTraces(traces: readonly Trace[]): readonly Trace[] {
  const byId = new Map<string, Trace>();
  for (const trace of traces) {
    const known = byId.get(trace.traceId);
    if (known === undefined || trace.revision > known.revision) byId.set(trace.traceId, trace);
  }
  return [...byId.values()].filter(({ mergedInto }) => mergedInto === '');
}
