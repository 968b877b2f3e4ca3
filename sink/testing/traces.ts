/** Traces made up for tests and benches: any number, always the same for the same number. */
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { type Resource, writeResource } from '../../schemas/generated/resource.ts';
import type { Side, Span } from '../../schemas/generated/span.ts';
import { type Trace, writeTrace } from '../../schemas/generated/trace.ts';

/** An end of a call on this machine, in a process. */
export function makeSide(port: number, processResourceId: number): Side {
  return {
    address: Uint8Array.of(127, 0, 0, 1),
    port,
    regionId: 0,
    zoneId: 0,
    vpcId: 0,
    subnetId: 0,
    hostId: processResourceId === 0 ? 0 : 1,
    instanceId: 0,
    clusterId: 0,
    nodeId: 0,
    namespaceId: 0,
    workloadId: 0,
    podId: 0,
    serviceId: 0,
    processResourceId,
    autoInstanceId: processResourceId,
    autoInstanceType: processResourceId === 0 ? 0 : 13,
    autoServiceId: processResourceId,
    autoServiceType: processResourceId === 0 ? 0 : 13,
    resolution: processResourceId === 0 ? 0 : 1,
  };
}

/** The moment at which made-up time begins, in Unix nanoseconds. */
export const epochNs = 1_760_000_000_000_000_000n;

/** A server span of an HTTP request; everything may be said otherwise. */
export function makeSpan(facts: Partial<Span> = {}): Span {
  return {
    parentSpanId: '',
    reason: 'root',
    confidence: 0,
    spanId: '00000000000000a1',
    agentId: 77,
    observationPoint: 's-p',
    signalSource: 'ebpf',
    startTimeNs: epochNs,
    durationNs: 5_000_000,
    status: 'ok',
    protocol: 'http1',
    protocolVersion: '1.1',
    isTls: false,
    transport: 'tcp',
    networkNamespace: 4026531840,
    socketId: 12_345_678,
    requestEventId: 1_760_000_000_000_001,
    responseEventId: 1_760_000_000_000_009,
    requestTcpSequence: 3_123_456_789,
    responseTcpSequence: 123_456_789,
    requestType: 'GET',
    requestDomain: 'shop:8080',
    requestResource: '/api/orders/17?full=1',
    endpoint: '/api/orders/{}',
    requestId: 0,
    responseCode: 200,
    responseException: '',
    responseResult: '',
    requestBytes: 231,
    responseBytes: 1042,
    headerTraceId: '',
    headerSpanId: '',
    xRequestIdRequest: 'f3b0c44298fc1c149afbf4c8996fb924',
    xRequestIdResponse: '',
    forwardedFor: '',
    userAgent: 'curl/8.5.0',
    processId: 4711,
    processName: 'node',
    contextKind: 'thread',
    requestContextId: 4711,
    responseContextId: 4711,
    requestThreadId: 4711,
    responseThreadId: 4711,
    causes: [],
    client: makeSide(51_000, 0),
    server: makeSide(8080, 1),
    ...facts,
  };
}

/** A trace with these spans; what follows from them is filled in. */
export function makeTrace(spans: readonly Span[], facts: Partial<Trace> = {}): Trace {
  const roots = spans.filter((span) => span.parentSpanId === '');
  const startTimeNs = spans.reduce(
    (start, span) => (span.startTimeNs < start ? span.startTimeNs : start),
    epochNs * 2n,
  );
  const endTimeNs = spans.reduce((end, span) => {
    const spanEndNs = span.startTimeNs + BigInt(span.durationNs);
    return spanEndNs > end ? spanEndNs : end;
  }, 0n);
  return {
    traceId: '000000000000000000000000000000aa',
    revision: spans.length,
    mergedInto: '',
    carriedTraceId: '',
    rootSpanId: roots[0]?.spanId ?? '',
    rootCount: roots.length,
    startTimeNs: spans.length === 0 ? epochNs : startTimeNs,
    durationNs: spans.length === 0 ? 0 : Number(endTimeNs - startTimeNs),
    errorCount: spans.filter((span) => ['client_error', 'server_error', 'timeout', 'closed'].includes(span.status))
      .length,
    spans,
    ...facts,
  };
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

/**
 * Trace number `number` of a load: a server span, three calls of it, each with its server span, and one statement to a
 * database. Starts are 1 ms apart.
 */
export function makeLoadTrace(number: number): Trace {
  const startTimeNs = epochNs + BigInt(number) * 1_000_000n;
  const id = (index: number): string => hex(number * 16 + index, 16);
  const request = { startTimeNs, xRequestIdRequest: hex(number * 7919, 32), requestResource: `/api/orders/${number}` };
  const spans = [makeSpan({ ...request, spanId: id(0), requestEventId: number * 100 })];
  for (let call = 0; call < 3; call++) {
    const offsetNs = BigInt(100_000 * (call + 1));
    const client = makeSpan({
      ...request,
      spanId: id(1 + 2 * call),
      parentSpanId: id(0),
      reason: 'agreement',
      confidence: 0.999,
      observationPoint: 'c-p',
      startTimeNs: startTimeNs + offsetNs,
      durationNs: 900_000 + (number % 1000),
      requestEventId: number * 100 + 1 + 2 * call,
      endpoint: `/api/items/${call}`,
      causes: [{ kind: 'request', spanId: id(0), rule: 'last_read', confidence: 0.999, learned: true }],
      client: makeSide(40_000 + (number % 10_000), 1),
      server: makeSide(8081 + call, 0),
    });
    const server = makeSpan({
      ...client,
      spanId: id(2 + 2 * call),
      parentSpanId: client.spanId,
      reason: 'tcp_sequence',
      confidence: 1,
      observationPoint: 's-p',
      startTimeNs: startTimeNs + offsetNs + 20_000n,
      requestEventId: number * 100 + 2 + 2 * call,
      causes: [],
      client: makeSide(40_000 + (number % 10_000), 0),
      server: makeSide(8081 + call, 2 + call),
    });
    spans.push(client, server);
  }
  spans.push(
    makeSpan({
      spanId: id(7),
      parentSpanId: id(6),
      reason: 'last_read',
      confidence: 0.99,
      observationPoint: 'c-p',
      startTimeNs: startTimeNs + 400_000n,
      durationNs: 300_000,
      protocol: 'mysql',
      protocolVersion: '',
      requestType: 'SELECT',
      requestDomain: 'shop',
      requestResource: `SELECT * FROM item WHERE order_id = ${number}`,
      endpoint: 'SELECT * FROM item WHERE order_id = ?',
      responseCode: 0,
      xRequestIdRequest: '',
      userAgent: '',
      client: makeSide(52_000, 4),
      server: makeSide(3306, 0),
    }),
  );
  return makeTrace(spans, { traceId: hex(number + 1, 32) });
}

/** A process as a resource. */
export function makeResource(facts: Partial<Resource> = {}): Resource {
  return {
    kind: 'process',
    id: 1,
    uid: 'host-1/4711/1760000000',
    name: 'gateway',
    parents: [{ kind: 'host', id: 1, uid: '' }],
    addresses: [],
    labels: {},
    annotations: {},
    environment: { executable: '/usr/bin/node' },
    validFromNs: epochNs - 1_000_000_000n,
    validToNs: 0n,
    type: '',
    networks: [],
    ports: [],
    macAddresses: [],
    ...facts,
  };
}

/** The trace as the sink receives it. */
export function traceMessage(trace: Trace, offset: number, facts: Partial<ReceivedMessage> = {}): ReceivedMessage {
  const { topic, key, value, headers } = outgoingMessage(
    'traces',
    trace.traceId,
    'Trace',
    encodeValue(trace, writeTrace),
  );
  return received(topic, key, value, headers, offset, facts);
}

/** The resource as the sink receives it. */
export function resourceMessage(
  resource: Resource,
  offset: number,
  facts: Partial<ReceivedMessage> = {},
): ReceivedMessage {
  const key = `${resource.kind}:${resource.uid}@${resource.validFromNs}`;
  const { topic, value, headers } = outgoingMessage('resources', key, 'Resource', encodeValue(resource, writeResource));
  return received(topic, key, value, headers, offset, facts);
}

function received(
  topic: string,
  key: string,
  value: Uint8Array,
  headers: Readonly<Record<string, string>> | undefined,
  offset: number,
  facts: Partial<ReceivedMessage>,
): ReceivedMessage {
  const message = { topic, partition: 0, offset, timestampMs: 1_760_000_000_000 + offset, key, headers: headers ?? {} };
  return { ...message, value: Buffer.from(value), ...facts };
}
