import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { otelTraceId } from '../../opentelemetry/otel-span.ts';
import { otlpJson } from '../../opentelemetry/otlp-json.ts';
import {
  decodePlain,
  type PlainEvent,
  type PlainKeyValue,
  type PlainLink,
  type PlainSpan,
  type PlainTracesData,
  type PlainValue,
} from '../../opentelemetry/testing/otlp-messages.ts';
import { TraceEncoder } from '../../opentelemetry/trace-encoder.ts';
import { visibleSpans } from '../../opentelemetry/visible-spans.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { arbitraryTrace } from '../testing/arbitrary-trace.ts';
import { gatewayResource, makeLoadTrace, resourceMessage } from '../testing/traces.ts';
import { arbitraryReportedTrace } from '../testing/reported-spans.ts';
import { PublishedNames } from './published-names.ts';

const names = new PublishedNames();
for (let id = 1; id < 6; id++) names.learn(resourceMessage(gatewayResource({ id, name: `service-${id}` }), id));

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const kinds = [
  'SPAN_KIND_UNSPECIFIED',
  'SPAN_KIND_INTERNAL',
  'SPAN_KIND_SERVER',
  'SPAN_KIND_CLIENT',
  'SPAN_KIND_PRODUCER',
  'SPAN_KIND_CONSUMER',
];
const codes = ['STATUS_CODE_UNSET', 'STATUS_CODE_OK', 'STATUS_CODE_ERROR'];

/** Fields that JSON leaves out where they have their default. */
const sparse = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(fields).filter(
      ([, value]) => value !== 0 && value !== '' && value !== '0' && !(Array.isArray(value) && value.length === 0),
    ),
  );

function valueAsJson(value: PlainValue): unknown {
  if (value.arrayValue !== undefined)
    return { arrayValue: sparse({ values: value.arrayValue.values.map(valueAsJson) }) };
  if (value.kvlistValue !== undefined)
    return { kvlistValue: sparse({ values: value.kvlistValue.values.map(attributeAsJson) }) };
  if (value.bytesValue !== undefined) return { bytesValue: Buffer.from(value.bytesValue).toString('base64') };
  if (value.doubleValue !== undefined && !Number.isFinite(value.doubleValue))
    return { doubleValue: String(value.doubleValue) };
  return value;
}

const attributeAsJson = ({ key, value }: PlainKeyValue): unknown => ({ key, value: valueAsJson(value) });

function spanAsJson(span: PlainSpan): unknown {
  const { traceState, flags, droppedAttributesCount, droppedEventsCount, droppedLinksCount } = span;
  const ofEvent = ({ attributes, ...event }: PlainEvent): unknown =>
    sparse({ ...event, attributes: attributes.map(attributeAsJson) });
  const ofLink = ({ traceId, spanId, attributes, ...link }: PlainLink): unknown =>
    sparse({ ...link, traceId: hexOf(traceId), spanId: hexOf(spanId), attributes: attributes.map(attributeAsJson) });
  return {
    traceId: hexOf(span.traceId),
    spanId: hexOf(span.spanId),
    name: span.name,
    kind: kinds.indexOf(span.kind),
    startTimeUnixNano: span.startTimeUnixNano,
    endTimeUnixNano: span.endTimeUnixNano,
    attributes: span.attributes.map(attributeAsJson),
    status: span.status ? sparse({ code: codes.indexOf(span.status.code), message: span.status.message }) : {},
    ...sparse({
      parentSpanId: hexOf(span.parentSpanId),
      traceState,
      flags,
      droppedAttributesCount,
      events: span.events.map(ofEvent),
      droppedEventsCount,
      links: span.links.map(ofLink),
      droppedLinksCount,
    }),
  };
}

/** What protobuf says, in the form that the specification gives JSON. */
function asJson({ resourceSpans }: PlainTracesData): readonly unknown[] {
  return resourceSpans.map(({ resource, scopeSpans, schemaUrl }) => ({
    resource: {
      attributes: (resource?.attributes ?? []).map(attributeAsJson),
      ...sparse({ droppedAttributesCount: resource?.droppedAttributesCount ?? 0 }),
    },
    scopeSpans: scopeSpans.map(({ scope, spans, ...ofScope }) => ({
      scope: {
        name: scope?.name ?? '',
        ...sparse({ ...scope, attributes: (scope?.attributes ?? []).map(attributeAsJson) }),
      },
      spans: spans.map(spanAsJson),
      ...sparse({ schemaUrl: ofScope.schemaUrl }),
    })),
    ...sparse({ schemaUrl }),
  }));
}

function bothOf(trace: Trace): readonly [unknown, unknown] {
  const spans = visibleSpans(trace.spans);
  const named = { otelTraceId: otelTraceId(trace), storedTraceId: trace.traceId, revision: trace.revision };
  const messages = new TraceEncoder(names, 2 ** 30).encode(named, spans);
  return [
    JSON.parse(JSON.stringify(otlpJson(named, spans, names))),
    messages.flatMap((message) => asJson(decodePlain(message))),
  ];
}

describe('OTLP in JSON says what protobuf says', () => {
  it('of a trace of several services', () => {
    const [json, protobuf] = bothOf(makeLoadTrace(1));
    expect(json).toEqual(protobuf);
    expect(JSON.stringify(json)).toContain('"intValue":"200"');
  });

  it('of any trace', () => {
    fc.assert(
      fc.property(arbitraryTrace(), (trace) => {
        const [json, protobuf] = bothOf(trace);
        expect(json).toEqual(protobuf);
      }),
    );
  });

  it('of reported spans, with values of all types', () => {
    fc.assert(
      fc.property(arbitraryReportedTrace(), ({ trace }) => {
        const [json, protobuf] = bothOf(trace);
        expect(json).toEqual(protobuf);
      }),
    );
  });
});
