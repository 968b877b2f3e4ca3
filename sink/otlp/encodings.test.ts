import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { otelTraceId } from '../../opentelemetry/otel-span.ts';
import { otlpJson } from '../../opentelemetry/otlp-json.ts';
import { decodePlain, type PlainTracesData } from '../../opentelemetry/testing/otlp-messages.ts';
import { TraceEncoder } from '../../opentelemetry/trace-encoder.ts';
import { visibleSpans } from '../../opentelemetry/visible-spans.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { arbitraryTrace } from '../testing/arbitrary-trace.ts';
import { gatewayResource, makeLoadTrace, resourceMessage } from '../testing/traces.ts';
import { PublishedNames } from './published-names.ts';

const names = new PublishedNames();
for (let id = 1; id < 6; id++) names.learn(resourceMessage(gatewayResource({ id, name: `service-${id}` }), id));

const hexOf = (bytes: unknown): string => Buffer.from(bytes as Uint8Array).toString('hex');
const kinds = ['', 'SPAN_KIND_INTERNAL', 'SPAN_KIND_SERVER', 'SPAN_KIND_CLIENT'];

/** What protobuf says, in the form that the specification gives JSON. */
function asJson({ resourceSpans }: PlainTracesData): unknown {
  const attribute = ({ key, value }: { key: string; value: Readonly<Record<string, string | number>> }): unknown => ({
    key,
    value,
  });
  return resourceSpans.map(({ resource, scopeSpans }) => ({
    resource: { attributes: resource.attributes.map(attribute) },
    scopeSpans: scopeSpans.map(({ scope, spans }) => ({
      scope: { name: scope.name },
      spans: spans.map((span) => ({
        traceId: hexOf(span.traceId),
        spanId: hexOf(span.spanId),
        ...(hexOf(span.parentSpanId) === '' ? {} : { parentSpanId: hexOf(span.parentSpanId) }),
        name: span.name,
        kind: kinds.indexOf(span.kind),
        startTimeUnixNano: span.startTimeUnixNano,
        endTimeUnixNano: span.endTimeUnixNano,
        attributes: span.attributes.map(attribute),
        status:
          (span.status?.code ?? 'STATUS_CODE_UNSET') === 'STATUS_CODE_UNSET'
            ? {}
            : { code: 2, ...(span.status!.message === '' ? {} : { message: span.status!.message }) },
      })),
    })),
  }));
}

function bothOf(trace: Trace): readonly [unknown, unknown] {
  const spans = visibleSpans(trace.spans);
  const named = { otelTraceId: otelTraceId(trace), storedTraceId: trace.traceId, revision: trace.revision };
  const messages = new TraceEncoder(names, 2 ** 30).encode(named, spans);
  return [
    JSON.parse(JSON.stringify(otlpJson(named, spans, names))),
    messages.flatMap((message) => asJson(decodePlain(message)) as readonly unknown[]),
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
});
