import type { Side, Span } from '../generated/span.ts';

/** When all test time begins, in Unix nanoseconds. */
export const epochNs = 1_760_000_000_000_000_000n;

/** A side of a span for a test: an address and a port of which nothing is known. */
export function aSide(facts: Partial<Side> = {}): Side {
  return {
    address: Uint8Array.of(10, 0, 0, 1),
    port: 80,
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
    ...facts,
  };
}

/** A span for a test: the client's view of an HTTP request between two hosts, without a parent. */
export function aSpan(facts: Partial<Span> = {}): Span {
  return {
    spanId: '00000000000000a1',
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
    client: aSide({ address: Uint8Array.of(10, 0, 0, 1), port: 40_000 }),
    server: aSide({ address: Uint8Array.of(10, 0, 0, 2), port: 80 }),
    ...facts,
  };
}
