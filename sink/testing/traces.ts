/** Traces made up for tests and benches: any number, always the same for the same number. */
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { type FlowBatch, writeFlowBatch } from '../../schemas/generated/flow-batch.ts';
import { type Resource, writeResource } from '../../schemas/generated/resource.ts';
import type { Side, Span } from '../../schemas/generated/span.ts';
import { type StageReport, writeStageReport } from '../../schemas/generated/stage-report.ts';
import { type Trace, writeTrace } from '../../schemas/generated/trace.ts';
import { aResource } from '../../schemas/testing/a-resource.ts';
import { aSide, aSpan, epochNs } from '../../schemas/testing/a-span.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';

/** An end of a call on this machine, in a process. */
export function processSide(port: number, processResourceId: number): Side {
  const address = Uint8Array.of(127, 0, 0, 1);
  if (processResourceId === 0) return aSide({ address, port });
  return aSide({
    address,
    port,
    hostId: 1,
    processResourceId,
    autoInstanceId: processResourceId,
    autoInstanceType: 13,
    autoServiceId: processResourceId,
    autoServiceType: 13,
    resolution: 1,
  });
}

/** A server span of a shop's request for an order, which has a value in most fields. */
export function orderSpan(facts: Partial<Span> = {}): Span {
  return aSpan({
    reason: 'root',
    agentId: 77,
    observationPoint: 's-p',
    durationNs: 5_000_000,
    networkNamespace: 4026531840,
    socketId: 12_345_678,
    requestEventId: 1_760_000_000_000_001,
    responseEventId: 1_760_000_000_000_009,
    requestTcpSequence: 3_123_456_789,
    responseTcpSequence: 123_456_789,
    requestDomain: 'shop:8080',
    requestResource: '/api/orders/17?full=1',
    endpoint: '/api/orders/{}',
    requestBytes: 231,
    responseBytes: 1042,
    xRequestIdRequest: 'f3b0c44298fc1c149afbf4c8996fb924',
    userAgent: 'curl/8.5.0',
    processId: 4711,
    requestContextId: 4711,
    responseContextId: 4711,
    requestThreadId: 4711,
    responseThreadId: 4711,
    client: processSide(51_000, 0),
    server: processSide(8080, 1),
    ...facts,
  });
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

function databaseCall(number: number, startTimeNs: bigint, id: (index: number) => string): Span {
  return orderSpan({
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
    client: processSide(52_000, 4),
    server: processSide(3306, 0),
  });
}

/**
 * Trace number `number` of a load: a server span, three calls of it, each with its server span, and one statement to a
 * database. Starts are 1 ms apart.
 */
export function makeLoadTrace(number: number): Trace {
  const startTimeNs = epochNs + BigInt(number) * 1_000_000n;
  const id = (index: number): string => hex(number * 16 + index, 16);
  const request = { startTimeNs, xRequestIdRequest: hex(number * 7919, 32), requestResource: `/api/orders/${number}` };
  const spans = [orderSpan({ ...request, spanId: id(0), requestEventId: number * 100 })];
  for (let call = 0; call < 3; call++) {
    const offsetNs = BigInt(100_000 * (call + 1));
    const client = orderSpan({
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
      client: processSide(40_000 + (number % 10_000), 1),
      server: processSide(8081 + call, 0),
    });
    const server = orderSpan({
      ...client,
      spanId: id(2 + 2 * call),
      parentSpanId: client.spanId,
      reason: 'tcp_sequence',
      confidence: 1,
      observationPoint: 's-p',
      startTimeNs: startTimeNs + offsetNs + 20_000n,
      requestEventId: number * 100 + 2 + 2 * call,
      causes: [],
      client: processSide(40_000 + (number % 10_000), 0),
      server: processSide(8081 + call, 2 + call),
    });
    spans.push(client, server);
  }
  spans.push(databaseCall(number, startTimeNs, id));
  return aTrace(spans, { traceId: hex(number + 1, 32) });
}

/** The process of a gateway on host 1, as a resource. */
export function gatewayResource(facts: Partial<Resource> = {}): Resource {
  return aResource({
    kind: 'process',
    uid: 'host-1/4711/1760000000',
    name: 'gateway',
    parents: [{ kind: 'host', id: 1, uid: '' }],
    environment: { executable: '/usr/bin/node' },
    validFromNs: epochNs - 1_000_000_000n,
    ...facts,
  });
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

/** Flows as the sink receives them. */
export function flowMessage(batch: FlowBatch, offset: number, facts: Partial<ReceivedMessage> = {}): ReceivedMessage {
  const value = encodeValue(batch, writeFlowBatch);
  const { topic, key, headers } = outgoingMessage('flows', String(batch.agentId), 'FlowBatch', value);
  return received(topic, key, value, headers, offset, facts);
}

/** A report of stages as the sink receives it. */
export function stageReportMessage(
  report: StageReport,
  offset: number,
  facts: Partial<ReceivedMessage> = {},
): ReceivedMessage {
  const value = encodeValue(report, writeStageReport);
  const { topic, key, headers } = outgoingMessage('stage-reports', report.instance, 'StageReport', value);
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
