/**
 * Spans as OTLP in JSON: what trace-encoder.ts writes as protobuf, in the form that the OpenTelemetry protocol
 * specification gives it ("JSON Protobuf Encoding"): names in camelCase, ids in hexadecimal, 64-bit numbers as text, enums
 * as numbers.
 */
import { pointKind } from '../schemas/observation-points.ts';
import { groupByResource } from './group-by-resource.ts';
import { type JsonAttribute, JsonAttributes } from './json-attributes.ts';
import { otelEndNs, otelStartNs, type OtelTrace, scopeName, spanKinds, statusMessage } from './otel-span.ts';
import { writeResourceAttributes } from './resource-attributes.ts';
import type { ResourceNames } from './resource-names.ts';
import { writeSpanAttributes } from './span-attributes.ts';
import { spanName } from './span-name.ts';
import { statusCodeOf, statusCodes } from './span-status.ts';
import type { VisibleSpan } from './visible-spans.ts';

/** A span. */
export interface OtlpJsonSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent for a root. */
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly JsonAttribute[];
  readonly status: { readonly code?: number; readonly message?: string };
}

/** Spans of one resource. */
export interface OtlpJsonResourceSpans {
  readonly resource: { readonly attributes: readonly JsonAttribute[] };
  readonly scopeSpans: readonly {
    readonly scope: { readonly name: string };
    readonly spans: readonly OtlpJsonSpan[];
  }[];
}

/** An element of `resourceSpans` for each resource of these spans. */
export function otlpJson(
  trace: OtelTrace,
  spans: readonly VisibleSpan[],
  names: ResourceNames,
): readonly OtlpJsonResourceSpans[] {
  return [...groupByResource(spans).values()].map((group) => {
    const attributes = new JsonAttributes();
    writeResourceAttributes(attributes, group[0]!.span, names);
    return {
      resource: { attributes: attributes.list },
      scopeSpans: [{ scope: { name: scopeName }, spans: group.map((visible) => jsonSpan(trace, visible)) }],
    };
  });
}

function jsonSpan(trace: OtelTrace, { span, parentSpanId }: VisibleSpan): OtlpJsonSpan {
  const kind = pointKind(span.observationPoint);
  const status = statusCodeOf(span, kind);
  const message = statusMessage(span, status);
  const attributes = new JsonAttributes();
  writeSpanAttributes(attributes, span, kind, status, trace);
  return {
    traceId: trace.otelTraceId,
    spanId: span.spanId,
    ...(parentSpanId === '' ? {} : { parentSpanId }),
    name: spanName(span),
    kind: spanKinds[kind],
    startTimeUnixNano: String(otelStartNs(span)),
    endTimeUnixNano: String(otelEndNs(span)),
    attributes: attributes.list,
    status: {
      ...(status === 'unset' ? {} : { code: statusCodes[status] }),
      ...(message === '' ? {} : { message }),
    },
  };
}
