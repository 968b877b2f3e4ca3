/**
 * Traces to OTLP against protobufjs on the same spans: `npx tsx bench/otlp.ts`. Prints spans per second, medians of
 * several rounds that alternate in one run. `stage` is everything the OTLP destination does with a message: reading the
 * Avro, choosing spans, writing. `encode` is the writing alone. protobufjs encodes objects that are ready: it is spared
 * the making of names and attributes.
 */
import type { ReceivedMessage } from '../core/bus/bus.ts';
import { PublishedNames } from '../sink/otlp/published-names.ts';
import { OtlpStage } from '../sink/otlp/stage.ts';
import { type OtelTrace, otelTraceId } from '../opentelemetry/otel-span.ts';
import { tracesData } from '../opentelemetry/testing/otlp-messages.ts';
import { TraceEncoder } from '../opentelemetry/trace-encoder.ts';
import { visibleSpans } from '../opentelemetry/visible-spans.ts';
import type { Trace } from '../schemas/generated/trace.ts';
import { makeLoadTrace, resourceMessage, traceMessage } from '../sink/testing/traces.ts';
import { gatewayResource } from '../sink/testing/traces.ts';

const traceCount = 500;
const rounds = 9;
const maxMessageBytes = 900 * 1024;

const names = new PublishedNames();
for (let id = 1; id < 6; id++) names.learn(resourceMessage(gatewayResource({ id, name: `service-${id}` }), id));
const traces = Array.from({ length: traceCount }, (_, index) => makeLoadTrace(index + 1));
const messages: readonly ReceivedMessage[] = traces.map((trace, index) => traceMessage(trace, index));
const visible = traces.map(({ spans }) => visibleSpans(spans));
const spanCount = visible.reduce((sum, spans) => sum + spans.length, 0);

const namesOf = (trace: Trace): OtelTrace => ({
  otelTraceId: otelTraceId(trace),
  storedTraceId: trace.traceId,
  revision: trace.revision,
});
const stage = new OtlpStage({ topic: 'otlp_spans', maxMessageBytes, networkSpans: true }, names);
const encoder = new TraceEncoder(names, maxMessageBytes);
const encoded = traces.flatMap((trace, index) => encoder.encode(namesOf(trace), visible[index]!));
const objects = encoded.map((bytes) => tracesData.decode(bytes));

/** Spans per second. */
function rate(work: () => void): number {
  const startedAt = performance.now();
  work();
  return (spanCount * 1000) / (performance.now() - startedAt);
}

const variants = {
  stage: () => messages.forEach((message) => stage.process(message, 0)),
  encode: () => traces.forEach((trace, index) => encoder.encode(namesOf(trace), visible[index]!)),
  protobufjs: () => objects.forEach((object) => tracesData.encode(object).finish()),
} as const;

const rates = { stage: [] as number[], encode: [] as number[], protobufjs: [] as number[] };
for (let round = 0; round < rounds; round++)
  for (const name of ['stage', 'encode', 'protobufjs'] as const) rates[name].push(rate(variants[name]));

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
const figures = {
  spans: spanCount,
  bytesPerSpan: Math.round(encoded.reduce((sum, bytes) => sum + bytes.length, 0) / spanCount),
  stageSpansPerSecond: Math.round(median(rates.stage)),
  encodeSpansPerSecond: Math.round(median(rates.encode)),
  protobufjsSpansPerSecond: Math.round(median(rates.protobufjs)),
  encodeRatio: Number((median(rates.encode) / median(rates.protobufjs)).toFixed(2)),
};
console.log(JSON.stringify(figures, undefined, 2));
