/** The receiver over real sockets: raw requests of every kind, and the SDK of Node. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Client, credentials, type Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter as GrpcExporter } from '@opentelemetry/exporter-trace-otlp-grpc';
import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { OTLPTraceExporter as ProtoExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { reportedProcess } from '../../core/agents/reported-process.ts';
import { imbalance } from '../../core/stage/accounting.ts';
import { otlpType, tracesData } from '../../opentelemetry/testing/otlp-messages.ts';
import { resourceSpansOf } from '../../opentelemetry/testing/random-traces.ts';
import { startReceiver, type TestReceiver } from './testing/receiver.ts';

let receiver: TestReceiver;
beforeEach(async () => (receiver = await startReceiver({ SPANLOOM_COLLECTOR_OTLP_MAX_INFLATED_BYTES: '2MiB' })));
afterEach(async () => {
  await receiver.close();
  expect(imbalance(receiver.accounting)).toBe(0);
  expect(receiver.accounting.buffered).toBe(0);
});

const nowNs = (): bigint => BigInt(Date.now()) * 1_000_000n;
const aSpan = (given: object = {}): object => ({
  ...{ traceId: Buffer.alloc(16, 1), spanId: Buffer.alloc(8, 2), name: 'GET /' },
  ...{ startTimeUnixNano: String(nowNs()), endTimeUnixNano: String(nowNs() + 5n) },
  ...given,
});
const request = (...spans: readonly object[]): Buffer =>
  Buffer.from(tracesData.encode(tracesData.fromObject({ resourceSpans: [{ scopeSpans: [{ spans }] }] })).finish());

const protobuf = { 'content-type': 'application/x-protobuf' };
const post = (body: Buffer | string, headers: Readonly<Record<string, string>> = protobuf, path = '/v1/traces') =>
  fetch(`http://127.0.0.1:${receiver.httpPort}${path}`, { method: 'POST', body, headers });
const plain = async (response: Response, type: string): Promise<Record<string, unknown>> => {
  const message = otlpType(type);
  return message.toObject(message.decode(Buffer.from(await response.arrayBuffer())), { longs: String });
};
const storedSpans = (): readonly Record<string, unknown>[] =>
  receiver
    .batches()
    .flatMap(({ reportedSpans }) => reportedSpans.map(({ resourceSpans }) => resourceSpansOf(resourceSpans)));

interface GrpcAnswer {
  readonly error: ServiceError | null;
  readonly response: Buffer | undefined;
}
const exportPath = '/opentelemetry.proto.collector.trace.v1.TraceService/Export';
async function exportByGrpc(bytes: Buffer): Promise<GrpcAnswer> {
  const client = new Client(`127.0.0.1:${receiver.grpcPort}`, credentials.createInsecure());
  const answer = await new Promise<GrpcAnswer>((resolve) => {
    const same = (value: Buffer): Buffer => value;
    client.makeUnaryRequest(exportPath, same, same, bytes, (error: ServiceError | null, response?: Buffer) =>
      resolve({ error, response }),
    );
  });
  client.close();
  return answer;
}
const detailsOf = ({ metadata }: { readonly metadata: Metadata }): Record<string, unknown> => {
  const type = otlpType('GoogleRpcStatus');
  return type.toObject(type.decode(metadata.get('grpc-status-details-bin')[0] as Buffer));
};

describe('OTLP over HTTP', () => {
  it('is answered when its spans are stored, with those that were refused', async () => {
    const response = await post(request(aSpan(), aSpan({ traceId: Buffer.alloc(3, 1) })));
    expect(response.status).toBe(200);
    expect(await plain(response, 'ExportTraceServiceResponse')).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: 'span 1 has a trace id of 3 bytes, not 16' },
    });
    const [batch] = receiver.batches();
    expect(batch).toMatchObject({ source: 'applications', sequence: 1, hostName: 'host', agentId: receiver.agentId });
    expect([...batch!.reportedSpans[0]!.senderAddress]).toEqual([127, 0, 0, 1]);
    expect(receiver.accounting).toMatchObject({ received: 2, emitted: 1, rejected: { bad_id: 1 } });
  });

  it('comes in gzip and in JSON, and is answered in kind', async () => {
    const zipped = await post(gzipSync(request(aSpan())), { ...protobuf, 'content-encoding': 'gzip' });
    expect(zipped.status).toBe(200);
    const span = { traceId: '01'.repeat(16), spanId: '02'.repeat(8), startTimeUnixNano: String(nowNs()), kind: 2 };
    const spans = [
      { ...span, endTimeUnixNano: span.startTimeUnixNano },
      { ...span, spanId: '' },
    ];
    const json = await post(JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] }), {
      'content-type': 'application/json; charset=utf-8',
    });
    expect(json.status).toBe(200);
    expect(await json.json()).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: 'span 1 has a span id of 0 bytes, not 8' },
    });
    expect(storedSpans()).toHaveLength(2);
  });

  it.each<[string, number, () => Promise<Response>]>([
    ['at another path', 404, () => post(request(aSpan()), protobuf, '/v1/metrics')],
    ['by GET', 405, () => fetch(`http://127.0.0.1:${receiver.httpPort}/v1/traces`)],
    ['as text', 415, () => post('spans', { 'content-type': 'text/plain' })],
    ['in another compression', 415, () => post(request(aSpan()), { ...protobuf, 'content-encoding': 'br' })],
    ['that is cut', 400, () => post(request(aSpan()).subarray(0, -3))],
    ['that is no JSON', 400, () => post('{', { 'content-type': 'application/json' })],
    ['that is no gzip', 400, () => post(request(aSpan()), { ...protobuf, 'content-encoding': 'gzip' })],
    ['of 5 MiB', 413, () => post(Buffer.alloc(5 * 1024 ** 2))],
    [
      'that is a bomb of gzip',
      413,
      () => post(gzipSync(Buffer.alloc(200 * 1024 ** 2)), { ...protobuf, 'content-encoding': 'gzip' }),
    ],
  ])('is refused %s: %i', async (_, wanted, send) => {
    const response = await send();
    expect(response.status).toBe(wanted);
    await response.arrayBuffer();
    expect(receiver.batches()).toEqual([]);
    expect((await post(request(aSpan()))).status).toBe(200);
  });

  it('gets an answer over a connection that its sender has half closed, and none if the body is cut', async () => {
    const body = request(aSpan());
    const head = `POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: ${body.length}\r\n\r\n`;
    const half = connect(receiver.httpPort, '127.0.0.1');
    half.end(Buffer.concat([Buffer.from(head), body]));
    const [answer] = (await once(half, 'data')) as [Buffer];
    expect(answer.toString()).toContain('200 OK');
    const cut = connect(receiver.httpPort, '127.0.0.1');
    cut.end(Buffer.concat([Buffer.from(head), body.subarray(0, 10)]));
    await once(cut.resume(), 'close');
    expect(storedSpans()).toHaveLength(1);
  });
});

describe('OTLP over gRPC', () => {
  it('is answered when its spans are stored, with those that were refused', async () => {
    const { error, response } = await exportByGrpc(request(aSpan(), aSpan({ spanId: Buffer.alloc(8) })));
    expect(error).toBeNull();
    expect(otlpType('ExportTraceServiceResponse').decode(response!).toJSON()).toEqual({
      partialSuccess: { rejectedSpans: '1', errorMessage: 'span 1 has a span id of zeros' },
    });
    expect([...receiver.batches()[0]!.reportedSpans[0]!.senderAddress]).toEqual([127, 0, 0, 1]);
  });

  it('is refused where it is none, or too large', async () => {
    const { error } = await exportByGrpc(request(aSpan()).subarray(0, -3));
    expect(error).toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(detailsOf(error!)).toMatchObject({ code: 3 });
    expect((await exportByGrpc(Buffer.alloc(3 * 1024 ** 2))).error).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    expect((await exportByGrpc(request(aSpan()))).error).toBeNull();
  });
});

describe('with an output that is slow', () => {
  it('further spans are refused with a time to come back, and none is lost that was acknowledged', async () => {
    await receiver.close();
    receiver = await startReceiver({ SPANLOOM_COLLECTOR_OTLP_MAX_BUFFERED_BYTES: '1MiB' });
    receiver.hold(true);
    const text = { key: 'a', value: { stringValue: 'a'.repeat(200_000) } };
    const large = request(...Array.from({ length: 4 }, () => aSpan({ attributes: [text] })));
    const waiting = post(large);
    await vi.waitFor(async () => {
      const refused = await post(large);
      expect(refused.status).toBe(429);
      expect(refused.headers.get('retry-after')).toBe('2');
      expect(await plain(refused, 'GoogleRpcStatus')).toMatchObject({ code: 14 });
    });
    const { error } = await exportByGrpc(large);
    expect(error).toMatchObject({ code: status.UNAVAILABLE });
    const [details] = detailsOf(error!)['details'] as readonly { readonly typeUrl: string; readonly value: Buffer }[];
    expect(details!.typeUrl).toBe('type.googleapis.com/google.rpc.RetryInfo');
    expect(otlpType('RetryInfo').decode(details!.value).toJSON()).toEqual({ retryDelay: { seconds: '2' } });
    expect(receiver.batches()).toEqual([]);
    receiver.hold(false);
    expect((await waiting).status).toBe(200);
    expect((await post(large)).status).toBe(200);
    expect(receiver.accounting.emitted).toBe(8);
  });

  it('requests on their way are stored and answered when the source ends', async () => {
    receiver.hold(true);
    const waiting = post(request(aSpan()));
    await vi.waitFor(() => expect(receiver.accounting.received).toBe(1));
    const stopped = receiver.running.stop();
    receiver.hold(false);
    expect((await waiting).status).toBe(200);
    await stopped;
    expect(storedSpans()).toHaveLength(1);
  });
});

describe("Node's SDK", () => {
  it.each<[string, () => SpanExporter]>([
    ['gRPC', () => new GrpcExporter({ url: `http://127.0.0.1:${receiver.grpcPort}` })],
    ['protobuf over HTTP', () => new ProtoExporter({ url: `http://127.0.0.1:${receiver.httpPort}/v1/traces` })],
    ['JSON over HTTP', () => new JsonExporter({ url: `http://127.0.0.1:${receiver.httpPort}/v1/traces` })],
  ])('exports by %s what it was told', async (_, exporter) => {
    const attributes = { 'service.name': 'cart', 'process.pid': 12 };
    const provider = new BasicTracerProvider({
      resource: resourceFromAttributes(attributes),
      spanProcessors: [new SimpleSpanProcessor(exporter())],
    });
    const span = provider.getTracer('shop', '1.2').startSpan('POST /cart', {
      kind: SpanKind.SERVER,
      attributes: { text: 'naïve', whole: 7, double: 0.5, truth: true, list: ['a', 'b'] },
    });
    span.addEvent('exception', { 'exception.type': 'E' });
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'broken' });
    const { traceId, spanId } = span.spanContext();
    span.end();
    await provider.forceFlush();
    await provider.shutdown();
    expect(storedSpans()).toMatchObject([
      {
        scopeSpans: [
          {
            scope: { name: 'shop', version: '1.2' },
            spans: [
              {
                traceId: Buffer.from(traceId, 'hex').toString('base64'),
                spanId: Buffer.from(spanId, 'hex').toString('base64'),
                ...{ name: 'POST /cart', kind: 2, status: { code: 2, message: 'broken' } },
                attributes: [
                  { key: 'text', value: { stringValue: 'naïve' } },
                  { key: 'whole', value: { intValue: '7' } },
                  { key: 'double', value: { doubleValue: 0.5 } },
                  { key: 'truth', value: { boolValue: true } },
                  { key: 'list', value: { arrayValue: { values: [{ stringValue: 'a' }, { stringValue: 'b' }] } } },
                ],
                events: [{ name: 'exception', attributes: [{ key: 'exception.type', value: { stringValue: 'E' } }] }],
              },
            ],
          },
        ],
      },
    ]);
    const program = reportedProcess(receiver.agentId, new Map(Object.entries({ ...attributes, 'process.pid': '12' })));
    expect(receiver.resources()).toMatchObject([
      { ...program, kind: 'process', labels: { 'service.name': 'cart', 'process.pid': '12' }, validFromNs: 5n },
    ]);
  });
});
