/** Traces of a small shop in Kubernetes: what tests of other tools' APIs ask about. */
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import type { Resource, ResourceKind } from '../../schemas/generated/resource.ts';
import type { Side, Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { epochNs } from '../../schemas/testing/a-span.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { gatewayResource, orderSpan, processSide, resourceMessage, traceMessage } from '../../sink/testing/traces.ts';

const msNs = 1_000_000n;

const resource = (kind: ResourceKind, id: number, name: string, facts: Partial<Resource> = {}): Resource =>
  gatewayResource({
    kind,
    id,
    uid: `uid-${name}`,
    name,
    parents: [],
    environment: {},
    validFromNs: epochNs - 1_000_000n * msNs,
    ...facts,
  });

const resources: readonly Resource[] = [
  resource('namespace', 1, 'shop'),
  resource('workload', 1, 'cart', { type: 'Deployment' }),
  resource('workload', 2, 'prices', { type: 'StatefulSet' }),
  resource('workload', 3, 'gateway', { type: 'Deployment' }),
  resource('pod', 1, 'cart-1'),
  resource('pod', 2, 'prices-0'),
  resource('pod', 3, 'gateway-1'),
];

/** A pod of the workload with the same number. */
export function podSide(number: number, port: number): Side {
  return {
    ...processSide(port, 0),
    podId: number,
    workloadId: number,
    namespaceId: number === 0 ? 0 : 1,
    autoInstanceId: number,
    autoInstanceType: number === 0 ? 0 : 11,
    autoServiceId: number,
    autoServiceType: number === 0 ? 0 : 10,
  };
}

const idOf = (trace: number, span: number): string => (trace * 256 + span).toString(16).padStart(16, '0');

/**
 * gateway asks cart, which asks prices and the database; on the way to prices an interface saw the call too. Every third
 * trace fails in prices and is slow.
 */
export function shopTrace(number: number): Trace {
  return aTrace(shopSpans(number, number % 3 === 0), { traceId: number.toString(16).padStart(32, 'a0') });
}

function shopSpans(number: number, isBad: boolean): readonly Span[] {
  const startNs = epochNs + BigInt(number) * 1_000n * msNs;
  const span: SpanOf = (index, parent, startMs, facts) =>
    orderSpan({
      spanId: idOf(number, index),
      parentSpanId: parent === 0 ? '' : idOf(number, parent),
      startTimeNs: startNs + BigInt(startMs) * msNs,
      reason: parent === 0 ? 'root' : 'last_read',
      confidence: parent === 0 ? 0 : 0.9,
      requestEventId: number * 100 + index,
      xRequestIdRequest: '',
      ...facts,
    });
  const atGateway: Partial<Span> = {
    durationNs: isBad ? 250_000_000 : 25_000_000,
    processName: 'gateway',
    client: podSide(0, 40_000),
    server: podSide(3, 8080),
  };
  const ofDatabase: Partial<Span> = {
    durationNs: 3_000_000,
    observationPoint: 'c-p',
    protocol: 'postgresql',
    protocolVersion: '',
    requestType: 'SELECT',
    requestDomain: 'orders',
    requestResource: `SELECT * FROM orders WHERE id = ${number}`,
    endpoint: 'SELECT * FROM orders WHERE id = ?',
    responseCode: 0,
    userAgent: '',
    client: podSide(1, 42_000),
    server: { ...processSide(5432, 0), address: Uint8Array.of(10, 0, 0, 9) },
  };
  return [span(1, 0, 0, atGateway), ...pricesSpans(span, isBad), span(5, 1, 12, ofDatabase)];
}

/** @param parent 0 for none */
type SpanOf = (index: number, parent: number, startMs: number, facts: Partial<Span>) => Span;

/** The call to prices: at the client, at an interface of the server's node, and at the server. */
function pricesSpans(span: SpanOf, isBad: boolean): readonly Span[] {
  const call: Partial<Span> = {
    requestType: 'GET',
    requestDomain: 'prices:80',
    requestResource: '/prices/7',
    endpoint: '/prices/{}',
    client: podSide(1, 41_000),
    server: podSide(2, 80),
    ...(isBad ? { status: 'server_error', responseCode: 503 } : {}),
  };
  const ms = (good: number, bad: number): number => (isBad ? bad : good) * 1_000_000;
  return [
    span(2, 1, 2, { ...call, durationNs: ms(6, 200), observationPoint: 'c-p' }),
    span(3, 2, 3, {
      ...call,
      reason: 'tcp_sequence',
      durationNs: ms(4, 198),
      observationPoint: 's-nd',
      processName: '',
      processId: 0,
    }),
    span(4, 3, 4, { ...call, reason: 'tcp_sequence', durationNs: ms(2, 196), observationPoint: 's-p' }),
  ];
}

/** What is stored: so many traces, the first has number 1. */
export function shopMessages(traces: number): readonly ReceivedMessage[] {
  return [
    ...resources.map((entry, index) => resourceMessage(entry, index)),
    ...Array.from({ length: traces }, (_, index) => traceMessage(shopTrace(index + 1), index)),
  ];
}
