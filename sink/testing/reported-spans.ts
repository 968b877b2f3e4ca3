/** Spans that applications report, with everything that OTLP allows: bytes as the collector passes them on. */
import fc from 'fast-check';
import { encodePlain } from '../../opentelemetry/testing/otlp-messages.ts';
import type { Span } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { aTrace } from '../../schemas/testing/a-trace.ts';
import { orderSpan } from './traces.ts';

/** What an application says of a span, in the form that protobufjs takes. Ids are hexadecimal. */
export interface ReportedFacts {
  readonly resource?: Readonly<Record<string, unknown>>;
  readonly resourceSchemaUrl?: string;
  readonly scope?: Readonly<Record<string, unknown>>;
  readonly scopeSchemaUrl?: string;
  /** Fields of the span but its ids. */
  readonly span?: Readonly<Record<string, unknown>>;
  readonly traceId?: string;
  readonly parentSpanId?: string;
}

export const textAttribute = (key: string, stringValue: string): unknown => ({ key, value: { stringValue } });

/** The bytes of a ResourceSpans message. */
export function reportedBytes(spanId: string, facts: ReportedFacts): Buffer {
  const hex = (digits: string): Buffer => Buffer.from(digits, 'hex');
  const message = encodePlain({
    resourceSpans: [
      {
        resource: facts.resource ?? { attributes: [textAttribute('service.name', 'shop')] },
        schemaUrl: facts.resourceSchemaUrl ?? '',
        scopeSpans: [
          {
            scope: facts.scope ?? { name: 'shop-library', version: '1.2' },
            schemaUrl: facts.scopeSchemaUrl ?? '',
            spans: [
              {
                name: 'place order',
                ...facts.span,
                traceId: hex(facts.traceId ?? 'c0'.repeat(16)),
                spanId: hex(spanId),
                parentSpanId: hex(facts.parentSpanId ?? ''),
              },
            ],
          },
        ],
      },
    ],
  });
  return contentOf(message);
}

/** The content of the one field of a message: behind its tag and its length. */
function contentOf(message: Buffer): Buffer {
  let at = 1;
  while (message[at]! > 0x7f) at++;
  return message.subarray(at + 1);
}

/** A span as the correlator passes it on, reported with these facts. */
export function reportedSpan(facts: Partial<Span>, reported: ReportedFacts = {}): Span {
  const span = orderSpan({
    signalSource: 'otel',
    observationPoint: 'app',
    protocol: 'unknown',
    endpoint: 'place order',
    headerTraceId: reported.traceId ?? 'c0'.repeat(16),
    reason: facts.parentSpanId === undefined ? 'root' : 'trace_context',
    ...facts,
  });
  return { ...span, otlp: reportedBytes(span.spanId, reported) };
}

const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const { value: anyValue } = fc.letrec<{ value: unknown; entry: unknown }>((tie) => ({
  entry: fc.record({ key: text, value: tie('value') }),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant({}),
    fc.record({ stringValue: text }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String) }),
    fc.record({ doubleValue: fc.double() }),
    fc.record({ bytesValue: fc.uint8Array({ maxLength: 9 }).map((bytes) => Buffer.from(bytes)) }),
    fc.record({ arrayValue: fc.record({ values: fc.array(tie('value'), { maxLength: 3 }) }) }),
    fc.record({ kvlistValue: fc.record({ values: fc.array(tie('entry'), { maxLength: 3 }) }) }),
  ),
}));

const attributeName = fc.constantFrom(
  'service.name',
  'k8s.pod.name',
  'host.name',
  'spanloom.reason',
  'spanloom.other',
  'own',
);
const attributes = fc.uniqueArray(fc.record({ key: attributeName, value: anyValue }), {
  maxLength: 4,
  selector: ({ key }) => key,
});
const count = fc.nat({ max: 2 ** 32 - 1 });
const fixed64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
const bytes = (length: number): fc.Arbitrary<Buffer> =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((id) => Buffer.from(id));

const arbitraryFields = fc.record(
  {
    traceState: text,
    flags: count,
    name: text,
    kind: fc.nat({ max: 5 }),
    startTimeUnixNano: fixed64,
    endTimeUnixNano: fixed64,
    attributes,
    droppedAttributesCount: count,
    events: fc.array(
      fc.record({ timeUnixNano: fixed64, name: text, attributes, droppedAttributesCount: count }, { requiredKeys: [] }),
      { maxLength: 2 },
    ),
    droppedEventsCount: count,
    links: fc.array(
      fc.record(
        {
          traceId: bytes(16),
          spanId: bytes(8),
          traceState: text,
          attributes,
          droppedAttributesCount: count,
          flags: count,
        },
        { requiredKeys: [] },
      ),
      { maxLength: 2 },
    ),
    droppedLinksCount: count,
    status: fc.record({ code: fc.nat({ max: 2 }), message: text }),
  },
  { requiredKeys: [] },
);

const arbitraryFacts: fc.Arbitrary<ReportedFacts> = fc.record(
  {
    resource: fc.record({ attributes, droppedAttributesCount: count }),
    resourceSchemaUrl: text,
    scope: fc.record({ name: text, version: text, attributes, droppedAttributesCount: count }),
    scopeSchemaUrl: text,
    span: arbitraryFields,
    traceId: fc.constantFrom('aa'.repeat(16), 'bb'.repeat(16)),
    parentSpanId: fc.constant('00000000000000ff'),
  },
  { requiredKeys: [] },
);

/** A trace with spans that applications reported, between others. */
export function arbitraryReportedTrace(): fc.Arbitrary<{
  readonly trace: Trace;
  readonly reported: ReadonlyMap<string, ReportedFacts>;
}> {
  return fc
    .array(fc.option(arbitraryFacts, { nil: undefined }), { minLength: 1, maxLength: 6 })
    .chain((all) => fc.constantFrom('', 'aa'.repeat(16)).map((carriedTraceId) => ({ all, carriedTraceId })))
    .map(({ all, carriedTraceId }) => {
      const reported = new Map<string, ReportedFacts>();
      const spans = all.map((facts, index) => {
        const id = (number: number): string => (0xb000 + number).toString(16).padStart(16, '0');
        const ofTrace = {
          spanId: id(index),
          parentSpanId: index === 0 ? '' : id(0),
          reason: index === 0 ? 'root' : 'trace_context',
          confidence: index === 0 ? 0 : 1,
        } as const;
        if (facts === undefined) return orderSpan(ofTrace);
        reported.set(id(index), facts);
        return reportedSpan(ofTrace, facts);
      });
      return { trace: aTrace(spans, { carriedTraceId }), reported };
    });
}
