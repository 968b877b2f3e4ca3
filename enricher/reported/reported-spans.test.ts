import { describe, expect, test } from 'vitest';
import { hash31, hostUid } from '../../core/agents/agent-resources.ts';
import { reportedProcess } from '../../core/agents/reported-process.ts';
import { encodeValue, outgoingMessage } from '../../core/codec.ts';
import { imbalance } from '../../core/stage/accounting.ts';
import { otlpType } from '../../opentelemetry/testing/otlp-messages.ts';
import {
  reportedMessage,
  type TestReport,
  type TestSpan,
  testTraceId,
} from '../../opentelemetry/testing/reported-message.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import type { EventBatch } from '../../schemas/generated/event-batch.ts';
import { type Resource, resourceKindIndex, writeResource } from '../../schemas/generated/resource.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { readSpanBatch, type SpanBatch } from '../../schemas/generated/span-batch.ts';
import { aResource } from '../../schemas/testing/a-resource.ts';
import { aProcess, anEvent } from '../../schemas/testing/an-event.ts';
import type { EnricherConfig } from '../config.ts';
import { createEnricher, type Enricher } from '../stage.ts';
import { eventMessage } from '../testing/event-message.ts';
import { lineDissector } from '../testing/line-protocol.ts';
import { testConfig } from '../testing/run-agent.ts';

/** Reported spans through the whole stage, from the message with their batch to the message with their spans. */

const agentId = 5;
const acceptedMs = 1_700_000_000_000;
const acceptedNs = BigInt(acceptedMs) * 1_000_000n;
const hourNs = 3_600_000_000_000n;
const second = 1_000_000_000;
const kinds = resourceKindIndex;
const remote: Uint8Array = Uint8Array.of(10, 1, 1, 1);
const loopback: Uint8Array = Uint8Array.of(127, 0, 0, 1);
const hostId = hash31(hostUid(agentId));

interface Sent {
  readonly sender?: Uint8Array;
  readonly bytes: Uint8Array;
}

class Bus {
  readonly stage: Enricher;
  private offset = 0;

  constructor(config: Partial<EnricherConfig> = {}) {
    this.stage = createEnricher({ ...testConfig, ...config }, { dissectors: [lineDissector] });
  }

  learn(...resources: readonly Partial<Resource>[]): void {
    for (const given of resources) {
      const resource = aResource(given);
      const topic = resource.kind === 'host' ? 'agent-resources' : 'resources';
      const key = `${resource.kind}:${resource.uid}@${resource.validFromNs}`;
      const { headers = {} } = outgoingMessage(topic, key, 'Resource', new Uint8Array(0));
      const value = encodeValue(resource, writeResource);
      this.stage.learn({ topic, partition: 0, offset: 0, timestampMs: acceptedMs, key, value, headers });
    }
  }

  batches(batch: Partial<EventBatch>): readonly SpanBatch[] {
    const outputs = this.stage.process(eventMessage(batch, { offset: this.offset++, timestampMs: acceptedMs }), 0);
    expect(imbalance(this.stage.accounting())).toBe(0);
    return outputs
      .filter(({ topic }) => topic === 'spans')
      .map(({ value }) => readSpanBatch(new AvroReader(value as Buffer)));
  }

  send(sent: readonly Sent[], batch: Partial<EventBatch> = {}): readonly Span[] {
    const reportedSpans = sent.map(({ sender = remote, bytes }) => ({ senderAddress: sender, resourceSpans: bytes }));
    return this.batches({ source: 'applications', reportedSpans, ...batch }).flatMap(({ spans }) => spans);
  }

  report(report: TestReport, sender: Uint8Array = remote): Span {
    const spans = this.send([{ sender, bytes: reportedMessage(report) }]);
    expect(spans).toHaveLength(1);
    return spans[0]!;
  }

  flush(): readonly Span[] {
    return this.stage.flush(0).flatMap(({ value }) => readSpanBatch(new AvroReader(value as Buffer)).spans);
  }
}

const span = (given: TestSpan): TestReport => ({ spans: [given] });

describe('a reported span', () => {
  test('has what it says of itself, and the bytes it was received as', () => {
    const bytes = reportedMessage({
      resource: { 'service.name': 'cart' },
      spans: [
        { spanId: '00000000000000b1', name: 'first' },
        {
          ...{ spanId: '00000000000000b2', parentSpanId: '00000000000000b1', name: 'GET /cart/{id}', kind: 3 },
          ...{ startNs: acceptedNs, endNs: acceptedNs + 5_000n, status: { code: 2, message: 'no cart' } },
          attributes: {
            ...{ 'http.request.method': 'GET', 'url.full': 'http://cart:80/cart/7?a=1', 'server.address': 'cart' },
            ...{ 'http.response.status_code': 404, 'network.protocol.version': '1.1', 'network.transport': 'tcp' },
            ...{ 'network.peer.address': '10.1.1.2', 'network.peer.port': 8080, 'user_agent.original': 'curl' },
          },
        },
      ],
    });
    const spans = new Bus().send([{ bytes }]);
    expect(spans).toMatchObject([
      { spanId: '00000000000000b1', endpoint: 'first', parentSpanId: '', observationPoint: 'app' },
      {
        ...{ spanId: '00000000000000b2', parentSpanId: '00000000000000b1', headerTraceId: testTraceId },
        ...{ headerSpanId: '', agentId, observationPoint: 'c-app', signalSource: 'otel', endpoint: 'GET /cart/{id}' },
        ...{ startTimeNs: acceptedNs, durationNs: 5_000, status: 'client_error', protocol: 'http1' },
        ...{ requestType: 'GET', requestResource: '/cart/7?a=1', requestDomain: 'cart', responseCode: 404 },
        ...{ responseException: 'no cart', userAgent: 'curl', transport: 'tcp', processId: 0, requestEventId: 0 },
        server: { port: 8080 },
      },
    ]);
    expect([...spans[1]!.server.address]).toEqual([10, 1, 1, 2]);
    const type = otlpType('ResourceSpans');
    const whole = type.toObject(type.decode(bytes));
    const [scope] = whole['scopeSpans'] as [{ readonly spans: readonly object[] }];
    for (const [index, { otlp }] of spans.entries()) {
      const only = { ...whole, scopeSpans: [{ ...scope, spans: [scope.spans[index]] }] };
      expect(type.toObject(type.decode(otlp))).toEqual(only);
    }
  });

  test.each<[string, number, string]>([
    ['unspecified', 0, 'app'],
    ['internal', 1, 'app'],
    ['server', 2, 's-app'],
    ['client', 3, 'c-app'],
    ['producer', 4, 'c-app'],
    ['consumer', 5, 's-app'],
    ['of another version', 9, 'app'],
  ])('of kind %s', (_, kind, observationPoint) => {
    expect(new Bus().report(span({ kind }))).toMatchObject({ observationPoint });
  });

  test.each<[string, TestSpan, bigint]>([
    ['an hour ahead of the bus', { startNs: acceptedNs + hourNs, endNs: acceptedNs + hourNs }, 0n],
    ['in 1970', { startNs: 0n, endNs: 1n }, 1n],
    ['ended before it began', { startNs: acceptedNs, endNs: acceptedNs - 1n }, 0n],
    ['of almost 2^53 ns', { startNs: 0n, endNs: 2n ** 53n - 1n }, 2n ** 53n - 1n],
  ])('is believed: %s', (_, given, durationNs) => {
    expect(new Bus().report(span(given)).durationNs).toBe(Number(durationNs));
  });

  test.each<[string, TestSpan, string]>([
    ['too far ahead', { startNs: acceptedNs + hourNs + 1n }, 'span_out_of_range'],
    ['beyond what is signed', { startNs: 2n ** 64n - 1n }, 'span_out_of_range'],
    ['of 2^53 ns', { startNs: 0n, endNs: 2n ** 53n }, 'span_out_of_range'],
    ['without a trace id', { traceId: '' }, 'span_unreadable'],
    ['with a trace id of zeros', { traceId: '0'.repeat(32) }, 'span_unreadable'],
    ['with a short span id', { spanId: 'b7' }, 'span_unreadable'],
    ['of more than 256 KiB', { name: 'n'.repeat(256 * 1024) }, 'span_too_large'],
  ])('is refused alone: %s', (_, given, reason) => {
    const bus = new Bus();
    const spans = bus.send([{ bytes: reportedMessage({ spans: [{ name: 'a' }, given, { name: 'b' }] }) }]);
    expect(spans.map(({ endpoint }) => endpoint)).toEqual(['a', 'b']);
    expect(bus.stage.accounting()).toMatchObject({ received: 3, emitted: 2, dropped: { [reason]: 1 } });
  });

  test('has texts that are bounded between characters, and takes NUL and what is no UTF-8', () => {
    const long = `a${'\u00e9'.repeat(200)}`;
    expect(new Bus().report(span({ name: long })).endpoint).toBe(`a${'\u00e9'.repeat(127)}`);
    expect(new Bus().report(span({ name: 'a\0b' })).endpoint).toBe('a\0b');
    const bytes = reportedMessage(span({ name: 'work' }));
    bytes[bytes.indexOf('work')] = 0xff;
    expect(new Bus().send([{ bytes }])).toMatchObject([{ endpoint: '\ufffdork' }]);
  });
});

describe('a batch of reported spans', () => {
  test('counts once, however often it comes', () => {
    const bus = new Bus();
    const bytes = reportedMessage({ spans: [{}, {}] });
    expect(bus.send([{ bytes }], { sequence: 1 })).toHaveLength(2);
    expect(bus.send([{ bytes }], { sequence: 1 })).toEqual([]);
    expect(bus.stage.accounting()).toMatchObject({ received: 4, emitted: 2, dropped: { duplicate: 2 } });
  });

  test.each<[string, Partial<EventBatch>]>([
    ['damaged', { source: 'applications' }],
    ['of another source', { source: 'sockets' }],
  ])('is a dead letter: %s', (kind, given) => {
    const bus = new Bus();
    const whole = reportedMessage(span({}));
    const bytes = kind === 'damaged' ? whole.subarray(0, whole.length - 1) : whole;
    const batch = { ...given, reportedSpans: [{ senderAddress: remote, resourceSpans: bytes }] };
    const outputs = bus.stage.process(eventMessage(batch, { offset: 0, timestampMs: acceptedMs }), 0);
    expect(outputs).toMatchObject([{ topic: 'dead-letter' }]);
    expect(bus.stage.accounting()).toMatchObject({ received: 1, rejected: { undecodable: 1 } });
  });

  test('whose resource is damaged loses its spans alone, and not what other programs sent with it', () => {
    const bus = new Bus();
    const bytes = reportedMessage({ resource: { 'service.name': 'cart' }, spans: [{}, {}] });
    // The length of the attribute's name: it goes beyond the attribute.
    bytes[bytes.indexOf('service.name') - 1] = 100;
    expect(bus.send([{ bytes }, { bytes: reportedMessage(span({ name: 'other' })) }])).toMatchObject([
      { endpoint: 'other' },
    ]);
    expect(bus.stage.accounting()).toMatchObject({ received: 3, emitted: 1, dropped: { span_unreadable: 2 } });
  });

  test('is sent in messages that the bus takes, although each span has the resource', () => {
    const bus = new Bus();
    const resource = { 'service.name': 'cart', note: 'x'.repeat(10_000) };
    const bytes = reportedMessage({ resource, spans: new Array<TestSpan>(500).fill({}) });
    const reportedSpans = [{ senderAddress: remote, resourceSpans: bytes }];
    const batches = bus.batches({ source: 'applications', reportedSpans });
    expect(batches.length).toBeGreaterThan(9);
    expect(batches.flatMap(({ spans }) => spans)).toHaveLength(500);
    for (const { spans } of batches)
      expect(spans.reduce((sum, { otlp }) => sum + otlp.length, 0)).toBeLessThanOrEqual(512 * 1024);
  });

  test('does not move the time of an agent whose kernel is heard, nor holds it', () => {
    const bus = new Bus();
    const base = bus.batches({ untilOffsetNs: 2 * second })[0]!.watermarkNs;
    const report = (untilOffsetNs: number, sequence: number): bigint =>
      bus.batches({ source: 'applications', sequence, untilOffsetNs })[0]!.watermarkNs;
    expect(report(4 * second, 1)).toBe(base);
    expect(report(second, 2)).toBe(base);
    expect(bus.batches({ sequence: 2, untilOffsetNs: 9 * second })[0]!.watermarkNs).toBe(base + 7_000_000_000n);
  });

  test('says that a collector is alive that captures nothing', () => {
    const bus = new Bus();
    const times = [1, 2].map(
      (sequence) => bus.batches({ source: 'applications', sequence, untilOffsetNs: sequence * second })[0]!.watermarkNs,
    );
    expect(times).toEqual([acceptedNs + 1_000_000_000n, acceptedNs + 2_000_000_000n]);
  });
});

describe('the side of the program', () => {
  const cluster: Partial<Resource> = {
    ...{ kind: 'cluster', id: 1, uid: 'c' },
    networks: [{ address: Uint8Array.of(10, 1, 0, 0), prefixLength: 16 }],
  };
  const parents = [{ kind: 'cluster', id: 1, uid: '' }] as const;
  const node = (id: number): Partial<Resource> => ({ kind: 'node', id, uid: `n${id}`, name: `node-${id}`, parents });
  const pod = (id: number, nodeId: number): Partial<Resource> => ({
    ...{ kind: 'pod', id, uid: `pod-${id}`, addresses: [Uint8Array.of(10, 1, 1, id)] },
    parents: [{ kind: 'node', id: nodeId, uid: '' }],
  });
  const host: Partial<Resource> = { kind: 'host', id: hostId, uid: hostUid(agentId), name: 'node-1' };
  const processOf = (attributes: Readonly<Record<string, string>>): number =>
    reportedProcess(agentId, new Map(Object.entries(attributes))).id;

  function known(): Bus {
    const bus = new Bus();
    bus.learn(cluster, node(1), node(2), pod(1, 1), pod(2, 2), host);
    return bus;
  }

  test('without a pod or a service is named after the reporting process', () => {
    const { server } = new Bus().report({ resource: { 'service.name': 'cart' }, spans: [{}] });
    const id = processOf({ 'service.name': 'cart' });
    expect(server).toMatchObject({
      ...{ processResourceId: id, autoInstanceId: id, autoServiceId: id, hostId: 0, resolution: 0 },
      ...{ autoInstanceType: kinds.process, autoServiceType: kinds.process },
    });
  });

  test.each<[string, Readonly<Record<string, string>>, Uint8Array, object]>([
    ['by the uid of its pod', { 'k8s.pod.uid': 'pod-2' }, loopback, { podId: 2, nodeId: 2, hostId: 0, resolution: 2 }],
    ['by the address of its pod', { 'k8s.pod.ip': '10.1.1.2' }, loopback, { podId: 2, hostId: 0, resolution: 4 }],
    ['by the sender, in another pod', {}, Uint8Array.of(10, 1, 1, 2), { podId: 2, hostId: 0, resolution: 4 }],
    ['by the sender, on this node', {}, Uint8Array.of(10, 1, 1, 1), { podId: 1, hostId, resolution: 4 }],
    ['by loopback, which is this host', {}, loopback, { podId: 0, nodeId: 1, hostId, resolution: 4 }],
    ['by nothing', {}, Buffer.alloc(0), { podId: 0, nodeId: 0, hostId: 0, resolution: 0 }],
  ])('is found %s', (_, resource, sender, expected) => {
    expect(known().report({ resource, spans: [{}] }, sender).server).toMatchObject(expected);
  });

  test('is the client of a call, whose server is resolved as any peer is', () => {
    const attributes = { 'server.address': '10.1.1.2', 'server.port': 80 };
    const made = known().report({ resource: { 'k8s.pod.uid': 'pod-1' }, spans: [{ kind: 3, attributes }] });
    expect(made).toMatchObject({ client: { podId: 1, hostId }, server: { podId: 2, port: 80, resolution: 4 } });
  });

  test('on another machine has nothing of this one behind its loopback address', () => {
    const attributes = { 'server.address': '127.0.0.1', 'server.port': 80 };
    const call = { spans: [{ kind: 3, attributes }] };
    expect(known().report(call, Uint8Array.of(192, 168, 7, 7)).server).toMatchObject({ hostId: 0, nodeId: 0 });
    expect(known().report(call, loopback).server).toMatchObject({ hostId, nodeId: 1 });
  });

  test('waits for a pod that is not known yet', () => {
    const bus = known();
    expect(bus.send([{ bytes: reportedMessage({ resource: { 'k8s.pod.uid': 'pod-3' }, spans: [{}] }) }])).toEqual([]);
    expect(bus.stage.accounting().buffered).toBe(1);
    bus.learn(pod(3, 2));
    const released = bus.flush();
    expect(released).toMatchObject([{ server: { podId: 3, nodeId: 2 } }]);
    expect(released[0]!.otlp.length).toBeGreaterThan(0);
    expect(bus.stage.accounting()).toMatchObject({ buffered: 0, emitted: 1 });
  });
});

test('losses, gaps and damage of reported spans concern no other source', () => {
  const bus = new Bus();
  const spansOf = (batch: Partial<EventBatch>): readonly Span[] => bus.batches(batch).flatMap(({ spans }) => spans);
  spansOf({
    sequence: 1,
    processes: [aProcess()],
    events: [anEvent({ id: 1, text: 'Q a 1\n', role: 'server', socketId: 7 })],
  });
  bus.send([{ bytes: reportedMessage(span({})) }], { sequence: 9, losses: [{ reason: 'failed', count: 3 }] });
  bus.send([{ bytes: reportedMessage(span({ traceId: '' })) }], { sequence: 90 });
  const events = [
    anEvent({ id: 2, direction: 'egress', text: 'Q a 1\n', after: 1 }),
    anEvent({ id: 3, direction: 'ingress', text: 'A 200\n' }),
  ];
  const [call] = spansOf({ sequence: 2, events });
  expect(call!.causes).toHaveLength(1);
  expect(call!.otlp).toHaveLength(0);
});
