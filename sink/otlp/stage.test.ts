import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imbalance } from '../../core/stage/accounting.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import { readDeadLetter } from '../../schemas/generated/dead-letter.ts';
import type { Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { arbitraryTrace } from '../testing/arbitrary-trace.ts';
import { makeLoadTrace, resourceMessage, traceMessage } from '../testing/traces.ts';
import { gatewayResource, processSide, orderSpan } from '../testing/traces.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { epochNs } from '../../schemas/testing/a-span.ts';
import { PublishedNames } from './published-names.ts';
import { OtlpStage } from './stage.ts';
import { decodeSpans, type ReceivedSpan } from '../../opentelemetry/testing/otlp-messages.ts';

const newStage = (names = new PublishedNames(), maxMessageBytes = 900_000, networkSpans = true): OtlpStage =>
  new OtlpStage({ topic: 'otlp_spans', maxMessageBytes, networkSpans }, names);

/** What a receiver sees of a trace. */
function sent(trace: Trace, stage = newStage()): readonly ReceivedSpan[] {
  const outputs = stage.process(traceMessage(trace, 0), 0);
  for (const output of outputs)
    expect(output).toMatchObject({ topic: 'otlp_spans', key: trace.carriedTraceId || trace.traceId });
  return decodeSpans(outputs.map(({ value }) => value));
}
const sentSpan = (facts: Partial<Span>): ReceivedSpan => sent(aTrace([orderSpan(facts)]))[0]!;
const clientFacts: Partial<Span> = {
  observationPoint: 'c-p',
  client: processSide(51_000, 1),
  server: processSide(8080, 0),
};

describe('a span', () => {
  it('of a server carries the stable HTTP conventions and our evidence', () => {
    expect(sentSpan({ forwardedFor: '203.0.113.9, 10.0.0.1' })).toEqual({
      resource: {
        'service.name': 'node',
        'process.pid': '4711',
        'process.executable.name': 'node',
        'spanloom.agent.id': '77',
        'spanloom.host.id': '1',
      },
      scope: 'spanloom',
      traceId: '000000000000000000000000000000aa',
      spanId: '00000000000000a1',
      parentSpanId: '',
      traceState: '',
      flags: 0,
      name: 'GET /api/orders/{}',
      kind: 'SPAN_KIND_SERVER',
      startTimeUnixNano: String(epochNs),
      endTimeUnixNano: String(epochNs + 5_000_000n),
      droppedAttributesCount: 0,
      events: [],
      droppedEventsCount: 0,
      links: [],
      droppedLinksCount: 0,
      attributes: {
        'network.transport': 'tcp',
        'network.protocol.name': 'http',
        'network.protocol.version': '1.1',
        'network.peer.address': '127.0.0.1',
        'network.peer.port': '51000',
        'http.request.method': 'GET',
        'http.response.status_code': '200',
        'url.scheme': 'http',
        'url.path': '/api/orders/17',
        'url.query': 'full=1',
        'url.template': '/api/orders/{}',
        'user_agent.original': 'curl/8.5.0',
        'server.address': 'shop',
        'server.port': '8080',
        'client.address': '203.0.113.9',
        'spanloom.observation_point': 's-p',
        'spanloom.reason': 'root',
        'spanloom.revision': '1',
        'spanloom.trace_id': '000000000000000000000000000000aa',
        'spanloom.status': 'ok',
        'spanloom.signal_source': 'ebpf',
        'spanloom.request.tcp_sequence': '3123456789',
        'spanloom.response.tcp_sequence': '123456789',
        'spanloom.socket.id': '12345678',
        'spanloom.network_namespace': '4026531840',
        'thread.id': '4711',
        'spanloom.request.bytes': '231',
        'spanloom.response.bytes': '1042',
        'spanloom.time_to_first_byte_ns': '600000',
        'spanloom.x_request_id': 'f3b0c44298fc1c149afbf4c8996fb924',
        'spanloom.forwarded_for': '203.0.113.9, 10.0.0.1',
      },
      status: { code: 'STATUS_CODE_UNSET', message: '' },
    });
  });

  it('of a client names the whole URL, without signatures in its query', () => {
    const { kind, attributes } = sentSpan({ ...clientFacts, requestResource: '/file?sig=c2VjcmV0&part=1' });
    expect(kind).toBe('SPAN_KIND_CLIENT');
    expect(attributes).toMatchObject({
      'url.full': 'http://shop:8080/file?sig=REDACTED&part=1',
      'url.query': 'sig=REDACTED&part=1',
      'network.peer.port': '8080',
    });
    expect(attributes).not.toHaveProperty('client.address');
  });

  it('of a method that nobody knows is an _OTHER, of low cardinality', () => {
    const { name, attributes } = sentSpan({ requestType: 'BREW' });
    expect(name).toBe('HTTP /api/orders/{}');
    expect(attributes).toMatchObject({ 'http.request.method': '_OTHER', 'http.request.method_original': 'BREW' });
  });

  it('of a database shows the statement without its literals, named by operations and tables', () => {
    const { name, attributes } = sentSpan({
      ...clientFacts,
      protocol: 'postgresql',
      requestType: 'SELECT',
      requestDomain: 'shop',
      requestResource: "SELECT * FROM users WHERE name = 'Ann'",
      endpoint: 'SELECT * FROM users WHERE name = ?',
      responseCode: 0,
      status: 'client_error',
      responseException: 'ERROR 42P01: relation "users" does not exist',
    });
    expect(name).toBe('SELECT users');
    expect(attributes).toMatchObject({
      'db.system.name': 'postgresql',
      'db.namespace': 'shop',
      'db.operation.name': 'SELECT',
      'db.query.summary': 'SELECT users',
      'db.query.text': 'SELECT * FROM users WHERE name = ?',
      'db.response.status_code': '42P01',
      'error.type': '42P01',
      'server.address': '127.0.0.1',
    });
    expect(JSON.stringify(attributes)).not.toContain('Ann');
  });

  it('of Redis shows its command, never its keys', () => {
    const { name, attributes } = sentSpan({
      ...clientFacts,
      protocol: 'redis',
      requestType: 'HGET',
      requestDomain: '0',
      requestResource: 'session:secret',
      endpoint: 'HGET',
      status: 'client_error',
      responseCode: 0,
      responseException: 'WRONGTYPE Operation against a key',
    });
    expect(name).toBe('HGET');
    expect(attributes).toMatchObject({ 'db.operation.name': 'HGET', 'error.type': 'WRONGTYPE' });
    expect(JSON.stringify(attributes)).not.toContain('secret');
  });

  it('of DNS names the question', () => {
    const dns = { protocol: 'dns', transport: 'udp', requestType: 'AAAA', requestResource: 'db.shop' } as const;
    const { name, attributes } = sentSpan({ ...clientFacts, ...dns, endpoint: 'db.shop', requestDomain: 'db.shop' });
    expect(name).toBe('AAAA db.shop');
    expect(attributes).toMatchObject({ 'dns.question.name': 'db.shop', 'network.transport': 'udp' });
  });

  it('is an error by the conventions: a refused request is one for the client only', () => {
    const refused = { status: 'client_error', responseCode: 404 } as const;
    expect(sentSpan({ ...clientFacts, ...refused })).toMatchObject({
      status: { code: 'STATUS_CODE_ERROR', message: '' },
      attributes: { 'error.type': '404' },
    });
    const byServer = sentSpan(refused);
    expect(byServer.status.code).toBe('STATUS_CODE_UNSET');
    expect(byServer.attributes).not.toHaveProperty('error.type');
    expect(sentSpan({ status: 'server_error', responseCode: 503 })).toMatchObject({
      status: { code: 'STATUS_CODE_ERROR' },
      attributes: { 'error.type': '503' },
    });
    for (const status of ['timeout', 'closed'] as const)
      expect(sentSpan({ status, responseCode: 0 })).toMatchObject({
        status: { code: 'STATUS_CODE_ERROR' },
        attributes: { 'error.type': status },
      });
    expect(sentSpan({ status: 'unknown' }).status.code).toBe('STATUS_CODE_UNSET');
  });

  it('goes by the name of its service as soon as the topic resources has told it', () => {
    const names = new PublishedNames();
    const stage = newStage(names);
    const trace = aTrace([orderSpan()]);
    expect(sent(trace, stage)[0]!.resource).toMatchObject({ 'service.name': 'node' });
    names.learn(resourceMessage(gatewayResource(), 0));
    names.learn(resourceMessage(gatewayResource({ kind: 'host', name: 'host-a' }), 1));
    names.learn(resourceMessage(gatewayResource(), 2, { headers: {}, value: Buffer.alloc(0) }));
    expect(sent(trace, stage)[0]!.resource).toEqual({
      'service.name': 'gateway',
      'process.pid': '4711',
      'process.executable.name': 'node',
      'spanloom.agent.id': '77',
      'host.name': 'host-a',
    });
  });
});

describe('a trace', () => {
  it('has its workload under what it is, and the uid of its pod; an ended version does not bring back its name', () => {
    const names = new PublishedNames();
    const stage = newStage(names);
    const later = { kind: 'pod', id: 5, uid: 'p-5', name: 'cart-1', validFromNs: 20n } as const;
    names.learn(resourceMessage(gatewayResource(later), 0));
    names.learn(resourceMessage(gatewayResource({ ...later, name: 'former', validFromNs: 10n, validToNs: 20n }), 1));
    names.learn(resourceMessage(gatewayResource({ kind: 'workload', id: 6, name: 'cart', type: 'StatefulSet' }), 2));
    names.learn(resourceMessage(gatewayResource({ kind: 'workload', id: 7, name: 'odd', type: 'Rollout' }), 3));
    const on = (workloadId: number): ReturnType<typeof aTrace> =>
      aTrace([orderSpan({ server: { ...orderSpan().server, podId: 5, workloadId } })]);
    expect(sent(on(6), stage)[0]!.resource).toMatchObject({
      'k8s.pod.name': 'cart-1',
      'k8s.pod.uid': 'p-5',
      'k8s.statefulset.name': 'cart',
    });
    expect(sent(on(7), stage)[0]!.resource).toMatchObject({ 'spanloom.workload.name': 'odd' });
  });

  it('keeps every span and parent, those of one process together', () => {
    const trace = makeLoadTrace(3);
    const spans = sent(trace);
    const edges = (list: readonly { spanId: string; parentSpanId: string }[]): readonly string[] =>
      list.map(({ spanId, parentSpanId }) => `${parentSpanId}>${spanId}`).sort();
    expect(edges(spans)).toEqual(edges(trace.spans));
  });

  it('is sent in several messages when it is large, no span twice and none left out', () => {
    const trace = aTrace(
      Array.from({ length: 500 }, (_, index) =>
        orderSpan({ spanId: (index + 1).toString(16).padStart(16, '0'), processId: 1 + (index % 7) }),
      ),
    );
    const outputs = newStage(new PublishedNames(), 20_000).process(traceMessage(trace, 0), 0);
    expect(outputs.length).toBeGreaterThan(10);
    for (const { value } of outputs) expect(value.length).toBeLessThan(20_100);
    const spans = decodeSpans(outputs.map(({ value }) => value));
    expect(spans.map(({ spanId }) => spanId).sort()).toEqual(trace.spans.map(({ spanId }) => spanId).sort());
  });

  it('whose spans are each larger than a message is sent all the same', () => {
    const spans = Array.from({ length: 3 }, (_, index) => orderSpan({ spanId: `000000000000000${index + 1}` }));
    const outputs = newStage(new PublishedNames(), 10).process(traceMessage(aTrace(spans), 0), 0);
    expect(outputs).toHaveLength(3);
  });

  it('shows a call as client and server span, not as what the network saw between them', () => {
    const view = (spanId: string, parentSpanId: string, observationPoint: string): Span =>
      orderSpan({ spanId, parentSpanId, observationPoint, reason: parentSpanId === '' ? 'root' : 'tcp_sequence' });
    const id = (index: number): string => index.toString(16).padStart(16, '0');
    const points = ['c-p', 'c', 'c-nd', 's-nd', 's', 's-p'];
    const stage = newStage(new PublishedNames(), 900_000, false);
    const spans = sent(
      aTrace(points.map((point, index) => view(id(index + 1), index === 0 ? '' : id(index), point))),
      stage,
    );
    expect(spans.map(({ kind, parentSpanId }) => [kind, parentSpanId])).toEqual([
      ['SPAN_KIND_CLIENT', ''],
      ['SPAN_KIND_SERVER', id(1)],
    ]);
    expect(stage.accounting()).toMatchObject({ received: 6, emitted: 2, dropped: { seen_in_process: 4 }, buffered: 0 });
  });

  it('shows a call that only the network saw once, where it is nearest to the client', () => {
    const client = orderSpan({ spanId: '0000000000000001', observationPoint: 'c-nd' });
    const server = orderSpan({
      spanId: '0000000000000002',
      parentSpanId: client.spanId,
      observationPoint: 's-nd',
      reason: 'tcp_sequence',
    });
    const next = orderSpan({
      spanId: '0000000000000003',
      parentSpanId: server.spanId,
      observationPoint: 'c-p',
      reason: 'time',
    });
    const spans = sent(aTrace([client, server, next]), newStage(new PublishedNames(), 900_000, false));
    expect(spans.map(({ spanId, parentSpanId, kind }) => [spanId, parentSpanId, kind])).toEqual([
      [client.spanId, '', 'SPAN_KIND_CLIENT'],
      [next.spanId, client.spanId, 'SPAN_KIND_CLIENT'],
    ]);
  });

  it('that was merged into another sends nothing: its spans come with the other', () => {
    const stage = newStage();
    expect(sent(aTrace([], { mergedInto: 'b'.repeat(32) }), stage)).toEqual([]);
    expect(stage.accounting()).toMatchObject({ received: 0, emitted: 0 });
  });
});

describe('a message', () => {
  it('of any trace is what an independent decoder reads, with valid ids and times', () => {
    const stage = newStage();
    fc.assert(
      fc.property(arbitraryTrace(), (trace) => {
        const spans = sent(trace, stage);
        for (const span of spans) {
          expect(span.name).not.toBe('');
          expect(span.spanId).toMatch(/^(?!0{16})[0-9a-f]{16}$/);
          expect(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano)).toBe(true);
          const source = trace.spans.find(({ spanId }) => spanId === span.spanId);
          expect(span.attributes['spanloom.x_request_id'] ?? '').toBe(
            source!.xRequestIdRequest || source!.xRequestIdResponse,
          );
        }
        expect(imbalance(stage.accounting())).toBe(0);
      }),
    );
  });

  it('goes by the W3C trace id that it carries, and tells the one that it is stored by', () => {
    const [span] = sent(aTrace([orderSpan()], { carriedTraceId: 'ab'.repeat(16) }));
    expect(span).toMatchObject({
      traceId: 'ab'.repeat(16),
      attributes: { 'spanloom.trace_id': '000000000000000000000000000000aa' },
    });
  });

  it('with an id that no receiver takes goes to the dead letters', () => {
    const stage = newStage();
    for (const trace of [
      aTrace([orderSpan()], { traceId: '0'.repeat(32) }),
      aTrace([orderSpan()], { carriedTraceId: '0'.repeat(32) }),
      aTrace([orderSpan({ spanId: '0'.repeat(16) })]),
      aTrace([orderSpan({ parentSpanId: 'xyz' })]),
    ]) {
      const [output] = stage.process(traceMessage(trace, 4), 9);
      const letter = readDeadLetter(new AvroReader(Buffer.from(output!.value)));
      expect(letter).toMatchObject({ stage: 'sink-otlp', reason: 'undecodable', topic: 'traces', offset: 4 });
    }
    const [foreign] = stage.process({ ...traceMessage(aTrace([]), 5), headers: {} }, 9);
    expect(foreign).toMatchObject({ topic: 'dead-letter' });
    expect(stage.accounting()).toMatchObject({ received: 5, rejected: { undecodable: 4, unknown_schema: 1 } });
    expect(imbalance(stage.accounting())).toBe(0);
  });
});
