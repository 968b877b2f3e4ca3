/**
 * Spans as OTLP in JSON: what trace-encoder.ts writes as protobuf, in the form that the OpenTelemetry protocol
 * specification gives it ("JSON Protobuf Encoding"): names in camelCase, ids in hexadecimal, 64-bit numbers as text, enums
 * as numbers. A span that an application reported keeps what it says of itself: reported-json.ts.
 */
import { pointKind } from '../schemas/observation-points.ts';
import { type GroupedSpan, groupSpans, type ResourceGroup } from './group-spans.ts';
import { JsonAttributes } from './json-attributes.ts';
import { MissingAttributes } from './missing-attributes.ts';
import { otelEndNs, otelStartNs, type OtelTrace, spanKinds, statusMessage } from './otel-span.ts';
import { scopeName } from './scope-name.ts';
import { resourceAttributeNames, type ReportedForm } from './reported-form.ts';
import {
  jsonReportedSpan,
  type JsonReportedSpan,
  jsonResource,
  type JsonResource,
  jsonScope,
  type JsonScope,
} from './reported-json.ts';
import { writeResourceAttributes } from './resource-attributes.ts';
import type { ResourceNames } from './resource-names.ts';
import { reportedEvidenceNames, writeReportedEvidence, writeSpanAttributes } from './span-attributes.ts';
import { spanName } from './span-name.ts';
import { statusCodeOf, statusCodes } from './span-status.ts';
import type { VisibleSpan } from './visible-spans.ts';

/** A span. */
export interface OtlpJsonSpan extends Readonly<JsonReportedSpan> {
  readonly traceId: string;
  readonly spanId: string;
  /** Absent for a root. */
  readonly parentSpanId?: string;
}

/** Spans of one resource. */
export interface OtlpJsonResourceSpans {
  readonly resource: JsonResource;
  readonly scopeSpans: readonly {
    readonly scope: JsonScope;
    readonly spans: readonly OtlpJsonSpan[];
    readonly schemaUrl?: string;
  }[];
  readonly schemaUrl?: string;
}

/** An element of `resourceSpans` for each resource of these spans. */
export function otlpJson(
  trace: OtelTrace,
  spans: readonly VisibleSpan[],
  names: ResourceNames,
): readonly OtlpJsonResourceSpans[] {
  return groupSpans(spans).map((group) => ({
    resource: resourceOf(group, names),
    scopeSpans: [...group.scopes.values()].map((scope) => ({
      scope: scopeOf(scope[0]!.form),
      spans: scope.map((grouped) => jsonSpan(trace, grouped)),
      ...schemaUrl(scope[0]!.form?.scopeSchemaUrl),
    })),
    ...schemaUrl(group.first.form?.resourceSchemaUrl),
  }));
}

function schemaUrl(bytes: Buffer | undefined): { readonly schemaUrl?: string } {
  return bytes === undefined || bytes.length === 0 ? {} : { schemaUrl: bytes.toString() };
}

function resourceOf({ first: { visible, form } }: ResourceGroup, names: ResourceNames): JsonResource {
  const attributes = new JsonAttributes();
  if (form === undefined) {
    writeResourceAttributes(attributes, visible.span, names);
    return { attributes: [...attributes.list] };
  }
  const resource = jsonResource(form.resource);
  writeResourceAttributes(new MissingAttributes(resourceAttributeNames(form), attributes), visible.span, names);
  return { ...resource, attributes: [...resource.attributes, ...attributes.list] };
}

function scopeOf(form: ReportedForm | undefined): JsonScope {
  return form === undefined ? { name: scopeName } : jsonScope(form.scope);
}

function jsonSpan(trace: OtelTrace, { visible, form }: GroupedSpan): OtlpJsonSpan {
  const { span, parentSpanId } = visible;
  const ids = {
    traceId: trace.otelTraceId,
    spanId: span.spanId,
    ...(parentSpanId === '' ? {} : { parentSpanId }),
  };
  const attributes = new JsonAttributes();
  if (form !== undefined) {
    const reported = jsonReportedSpan(form.span, reportedEvidenceNames);
    writeReportedEvidence(attributes, span, trace);
    return { ...ids, ...reported, attributes: [...reported.attributes, ...attributes.list] };
  }
  const kind = pointKind(span.observationPoint);
  const status = statusCodeOf(span, kind);
  const message = statusMessage(span, status);
  writeSpanAttributes(attributes, span, kind, status, trace);
  return {
    ...ids,
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
