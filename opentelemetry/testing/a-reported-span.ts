/** Spans as applications report them, for tests: bytes of `Span.otlp` by an independent protobuf library. */
import type { Span } from '../../schemas/generated/span.ts';
import { aSide, aSpan } from '../../schemas/testing/a-span.ts';
import { otlpType } from './otlp-messages.ts';

/** An attribute as protobufjs takes it. */
export interface PlainAttribute {
  readonly key: string;
  readonly value?: Readonly<Record<string, unknown>>;
}

/** Bytes of a ResourceSpans of one span. @param span fields of opentelemetry-proto's Span in camelCase */
export function otlpBytes(
  span: Readonly<Record<string, unknown>>,
  resource: readonly PlainAttribute[] = [],
  scope: Readonly<Record<string, unknown>> = { name: 'shop', version: '1.2' },
): Buffer {
  const resourceSpans = otlpType('ResourceSpans');
  const message = {
    resource: { attributes: resource },
    schemaUrl: 'https://opentelemetry.io/schemas/1.27.0',
    scopeSpans: [{ scope, schemaUrl: 'https://opentelemetry.io/schemas/1.30.0', spans: [span] }],
  };
  return Buffer.from(resourceSpans.encode(resourceSpans.fromObject(message)).finish());
}

const text = (key: string, stringValue: string): PlainAttribute => ({ key, value: { stringValue } });

/** Eleven attributes as the instrumentation of a shop's checkout sets them, with a value of every type. */
export const checkoutAttributes: readonly PlainAttribute[] = [
  text('http.request.method', 'POST'),
  text('http.route', '/checkout/{id}'),
  text('url.path', '/checkout/17'),
  { key: 'http.response.status_code', value: { intValue: '503' } },
  text('user.id', 'u-4711'),
  { key: 'cart.items', value: { intValue: '9007199254740993' } },
  { key: 'cart.total', value: { doubleValue: 12.5 } },
  { key: 'cart.is_gift', value: { boolValue: true } },
  {
    key: 'cart.codes',
    value: { arrayValue: { values: [{ stringValue: 'a<b' }, { intValue: '2' }] } },
  },
  {
    key: 'cart.address',
    value: { kvlistValue: { values: [text('zip', '10115'), text('city', 'Berlin')] } },
  },
  { key: 'cart.digest', value: { bytesValue: Buffer.from('cafe01', 'hex') } },
];

const resourceAttributes: readonly PlainAttribute[] = [
  text('service.name', 'checkout'),
  text('service.instance.id', 'checkout-1'),
  text('deployment.environment.name', 'production'),
];

/** Facts of a span in terms of OpenTelemetry. */
export interface ReportedFacts {
  readonly attributes?: readonly PlainAttribute[];
  readonly resource?: readonly PlainAttribute[];
  readonly kind?: 'INTERNAL' | 'SERVER' | 'CLIENT' | 'PRODUCER' | 'CONSUMER';
}

const points = { INTERNAL: 'app', SERVER: 's-app', CLIENT: 'c-app', PRODUCER: 'c-app', CONSUMER: 's-app' } as const;

/** A span that an application reported: internal, with an event, a link and {@link checkoutAttributes}, unless said otherwise. */
export function aReportedSpan(facts: Partial<Span> = {}, reported: ReportedFacts = {}): Span {
  const { attributes = checkoutAttributes, resource = resourceAttributes, kind = 'INTERNAL' } = reported;
  const traceId = '5b8efff798038103d269b633813fc60c';
  const span = aSpan({
    spanId: 'eee19b7ec3c1b174',
    signalSource: 'otel',
    observationPoint: points[kind],
    protocol: 'unknown',
    protocolVersion: '',
    requestType: '',
    requestDomain: '',
    requestResource: '',
    endpoint: 'charge card',
    responseCode: 0,
    headerTraceId: traceId,
    client: aSide({ address: new Uint8Array(0), port: 0 }),
    server: aSide({ address: new Uint8Array(0), port: 0, processResourceId: 1, autoServiceId: 1, autoServiceType: 13 }),
    status: 'server_error',
    responseException: 'card was declined',
    ...facts,
  });
  const otlp = otlpBytes(
    {
      traceId: Buffer.from(traceId, 'hex'),
      spanId: Buffer.from(span.spanId, 'hex'),
      parentSpanId: Buffer.from('00f067aa0ba902b7', 'hex'),
      traceState: 'vendor=1',
      flags: 257,
      name: span.endpoint,
      kind: `SPAN_KIND_${kind}`,
      startTimeUnixNano: String(span.startTimeNs),
      endTimeUnixNano: String(span.startTimeNs + BigInt(span.durationNs)),
      attributes,
      droppedAttributesCount: 1,
      events: [
        {
          timeUnixNano: String(span.startTimeNs + 250_000n),
          name: 'exception',
          attributes: [text('exception.type', 'CardError'), text('exception.message', 'card was declined')],
        },
      ],
      droppedEventsCount: 2,
      links: [
        {
          traceId: Buffer.from('0123456789abcdef0123456789abcdef', 'hex'),
          spanId: Buffer.from('0123456789abcdef', 'hex'),
          traceState: 'other=2',
          attributes: [{ key: 'messaging.batch', value: { intValue: '3' } }],
          flags: 1,
        },
      ],
      droppedLinksCount: 3,
      status: { code: 'STATUS_CODE_ERROR', message: 'card was declined' },
    },
    resource,
  );
  return { ...span, otlp };
}
