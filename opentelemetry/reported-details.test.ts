import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeText } from './attribute-text.ts';
import { type Attribute, type AttributeValue, reportedDetails, type ReportedDetails } from './reported-details.ts';
import { aReportedSpan, checkoutAttributes, otlpBytes } from './testing/a-reported-span.ts';
import { otlpType } from './testing/otlp-messages.ts';

type Plain = Readonly<Record<string, unknown>>;

const list = (value: unknown): readonly Plain[] => value as readonly Plain[];
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const record = (value: unknown): Plain => (value ?? {}) as Plain;

/** What protobufjs reads, in our shape. */
function byProtobufjs(otlp: Uint8Array): ReportedDetails {
  const type = otlpType('ResourceSpans');
  const options = { longs: String, enums: String, bytes: String, defaults: true, arrays: true, oneofs: true };
  const message = type.toObject(type.decode(otlp), options) as Plain;
  const scopeSpans = record(list(message['scopeSpans'])[0]);
  const scope = record(scopeSpans['scope']);
  const span = record(list(scopeSpans['spans'])[0]);
  const status = record(span['status']);
  const lower = (value: unknown, prefix: string, fallback: string): never =>
    (textOf(value) || fallback).slice(prefix.length).toLowerCase() as never;
  return {
    resource: { ...attributed(record(message['resource'])), schemaUrl: String(message['schemaUrl']) },
    scope: {
      ...attributed(scope),
      name: textOf(scope['name']),
      version: textOf(scope['version']),
      schemaUrl: textOf(scopeSpans['schemaUrl']),
    },
    name: String(span['name']),
    kind: lower(span['kind'], 'SPAN_KIND_', 'SPAN_KIND_UNSPECIFIED'),
    traceState: String(span['traceState']),
    flags: Number(span['flags']),
    status: {
      code: lower(status['code'], 'STATUS_CODE_', 'STATUS_CODE_UNSET'),
      message: textOf(status['message']),
    },
    ...attributed(span),
    events: list(span['events']).map((event) => ({
      timeNs: BigInt(String(event['timeUnixNano'])),
      name: String(event['name']),
      ...attributed(event),
    })),
    droppedEventsCount: Number(span['droppedEventsCount']),
    links: list(span['links']).map((link) => ({
      traceId: Buffer.from(String(link['traceId']), 'base64').toString('hex'),
      spanId: Buffer.from(String(link['spanId']), 'base64').toString('hex'),
      traceState: String(link['traceState']),
      flags: Number(link['flags']),
      ...attributed(link),
    })),
    droppedLinksCount: Number(span['droppedLinksCount']),
  };
}

function attributed(message: Plain): { attributes: readonly Attribute[]; droppedAttributesCount: number } {
  return {
    attributes: list(message['attributes'] ?? []).map(attributeOf),
    droppedAttributesCount: Number(message['droppedAttributesCount'] ?? 0),
  };
}

const attributeOf = (attribute: Plain): Attribute => ({
  key: String(attribute['key']),
  ...valueOf(record(attribute['value'])),
});

function valueOf(value: Plain): AttributeValue {
  const name = value['value'];
  const content = value[String(name)];
  switch (name) {
    case 'stringValue':
      return { type: 'string', value: String(content) };
    case 'intValue':
      return { type: 'int', value: String(content) };
    case 'bytesValue':
      return { type: 'bytes', value: String(content) };
    case 'boolValue':
      return { type: 'bool', value: content === true };
    case 'doubleValue':
      return { type: 'double', value: Number(content) };
    case 'arrayValue':
      return { type: 'array', value: list(record(content)['values']).map(valueOf) };
    case 'kvlistValue':
      return { type: 'map', value: list(record(content)['values']).map(attributeOf) };
    default:
      return { type: 'empty', value: null };
  }
}

const { anyValue } = fc.letrec<{ anyValue: Plain }>((tie) => ({
  anyValue: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record({ stringValue: fc.string({ unit: 'grapheme', maxLength: 20 }) }),
    fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
    fc.record({ doubleValue: fc.double() }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ bytesValue: fc.uint8Array({ maxLength: 20 }) }),
    fc.constant({}),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('anyValue'), { maxLength: 3 }) }) }),
    fc.record({
      kvlistValue: fc.record({
        values: fc.array(fc.record({ key: fc.string(), value: tie('anyValue') }), { maxLength: 3 }),
      }),
    }),
  ),
}));
const attributes = fc.array(fc.record({ key: fc.string(), value: anyValue }), { maxLength: 5 });
const uint32 = fc.nat(2 ** 32 - 1);
const time = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const anySpan = fc.record({
  traceId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
  spanId: fc.uint8Array({ minLength: 8, maxLength: 8 }),
  traceState: fc.string(),
  flags: uint32,
  name: fc.string({ unit: 'grapheme' }),
  kind: fc.nat(5),
  startTimeUnixNano: time,
  endTimeUnixNano: time,
  attributes,
  droppedAttributesCount: uint32,
  events: fc.array(fc.record({ timeUnixNano: time, name: fc.string(), attributes, droppedAttributesCount: uint32 }), {
    maxLength: 3,
  }),
  droppedEventsCount: uint32,
  links: fc.array(
    fc.record({
      traceId: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      spanId: fc.uint8Array({ minLength: 8, maxLength: 8 }),
      traceState: fc.string(),
      attributes,
      droppedAttributesCount: uint32,
      flags: uint32,
    }),
    { maxLength: 3 },
  ),
  droppedLinksCount: uint32,
  status: fc.record({ message: fc.string(), code: fc.nat(2) }),
});

describe('what an application reported with a span', () => {
  it('is read as an independent library reads it', () => {
    fc.assert(
      fc.property(
        anySpan,
        attributes,
        fc.record({ name: fc.string(), version: fc.string(), attributes }),
        (...parts) => {
          const otlp = otlpBytes(...(parts as unknown as Parameters<typeof otlpBytes>));
          expect(reportedDetails(otlp)).toEqual(byProtobufjs(otlp));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('has all parts of a span', () => {
    const { otlp } = aReportedSpan();
    expect(reportedDetails(otlp)).toEqual(byProtobufjs(otlp));
    expect(reportedDetails(otlp)).toMatchObject({
      kind: 'internal',
      flags: 257,
      droppedAttributesCount: 1,
      events: [{ name: 'exception', timeNs: 1_760_000_000_000_250_000n }],
      links: [{ traceId: '0123456789abcdef0123456789abcdef', spanId: '0123456789abcdef' }],
      status: { code: 'error', message: 'card was declined' },
      resource: { schemaUrl: 'https://opentelemetry.io/schemas/1.27.0' },
    });
  });

  it('is unknown where the bytes are none, and never an exception', () => {
    const { otlp } = aReportedSpan();
    expect(reportedDetails(otlp.subarray(0, otlp.length - 1))).toBeUndefined();
    fc.assert(
      fc.property(fc.nat(otlp.length - 1), fc.nat(255), (position, byte) => {
        const bytes = Buffer.from(otlp);
        bytes[position] = byte;
        reportedDetails(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('ends where values are nested too deep, with the others read', () => {
    let value: Plain = { stringValue: 'deep' };
    for (let depth = 0; depth < 40; depth++) value = { arrayValue: { values: [value] } };
    const details = reportedDetails(otlpBytes({ attributes: [{ key: 'deep', value }, ...checkoutAttributes] }))!;
    expect(details.attributes).toHaveLength(12);
    let [inner]: readonly AttributeValue[] = details.attributes;
    let depth = 0;
    for (; inner?.type === 'array'; depth++) [inner] = inner.value;
    expect([depth, inner]).toEqual([16, { type: 'cut', value: null }]);
  });
});

describe('a value as text', () => {
  it("is what the Collector's ClickHouse exporter writes", () => {
    const { attributes: read } = reportedDetails(aReportedSpan().otlp)!;
    expect(Object.fromEntries(read.map((attribute) => [attribute.key, attributeText(attribute)]))).toEqual({
      'http.request.method': 'POST',
      'http.route': '/checkout/{id}',
      'url.path': '/checkout/17',
      'http.response.status_code': '503',
      'user.id': 'u-4711',
      'cart.items': '9007199254740993',
      'cart.total': '12.5',
      'cart.is_gift': 'true',
      'cart.codes': '["a\\u003cb",2]',
      'cart.address': '{"city":"Berlin","zip":"10115"}',
      'cart.digest': 'yv4B',
    });
  });

  it.each([
    [1e21, '1e+21'],
    [1e-7, '1e-7'],
    [3, '3'],
    [-0, '-0'],
    [Number.NaN, 'NaN'],
    [-Infinity, '-Inf'],
  ])('of a double %d is %s', (value, text) => {
    expect(attributeText({ type: 'double', value })).toBe(text);
  });
});
