/** What an application reported with a span, as JSON: fields that only reported spans have. */
import { z } from 'zod';
import { type Attribute, type AttributeValue, reportedDetails } from '../../opentelemetry/reported-details.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { type JsonObject, spanToJson, type SpanNames } from '../../schemas/trace-json.ts';

/** An attribute with its type. Integers are decimal texts, bytes base64; what has no value is null. */
export interface AttributeJson {
  readonly key: string;
  readonly type: AttributeValue['type'];
  /** Of an array: objects with `type` and `value`; of a map: attributes. A double that JSON does not have is a text. */
  readonly value: unknown;
}

export interface ReportedEventJson {
  readonly time_ns: string;
  readonly name: string;
  readonly attributes: readonly AttributeJson[];
}

export interface ReportedLinkJson {
  readonly trace_id: string;
  readonly span_id: string;
  readonly trace_state: string;
  readonly attributes: readonly AttributeJson[];
}

/** All of it is there for a reported span, and nothing for others; only `is_details_cut` where there was too much to read. */
export interface ReportedDetailsJson {
  readonly is_details_cut?: boolean;
  readonly attributes?: readonly AttributeJson[];
  readonly dropped_attributes_count?: number;
  readonly events?: readonly ReportedEventJson[];
  readonly dropped_events_count?: number;
  readonly links?: readonly ReportedLinkJson[];
  readonly dropped_links_count?: number;
  readonly resource_attributes?: readonly AttributeJson[];
  readonly scope?: { readonly name: string; readonly version: string; readonly attributes: readonly AttributeJson[] };
  readonly span_kind?: string;
  readonly trace_state?: string;
  readonly status_code?: string;
  readonly status_message?: string;
}

const attributeJson = z.object({
  key: z.string(),
  type: z.enum(['string', 'bool', 'int', 'double', 'bytes', 'array', 'map', 'empty', 'cut']),
  value: z.unknown().meta({ description: 'Integers are decimal texts, bytes base64.' }),
});
const attributesJson = z.array(attributeJson);

/** {@link ReportedDetailsJson} as a schema. */
export const reportedDetailsShape = {
  is_details_cut: z
    .boolean()
    .optional()
    .meta({ description: 'Reported with so much that it was not read: more than 1 MiB, or than 64 MiB of one trace.' }),
  attributes: attributesJson.optional().meta({ description: 'Of spans that applications reported, as the following.' }),
  dropped_attributes_count: z.int().optional(),
  events: z.array(z.object({ time_ns: z.string(), name: z.string(), attributes: attributesJson })).optional(),
  dropped_events_count: z.int().optional(),
  links: z
    .array(z.object({ trace_id: z.string(), span_id: z.string(), trace_state: z.string(), attributes: attributesJson }))
    .optional(),
  dropped_links_count: z.int().optional(),
  resource_attributes: attributesJson.optional(),
  scope: z.object({ name: z.string(), version: z.string(), attributes: attributesJson }).optional(),
  span_kind: z.string().optional(),
  trace_state: z.string().optional(),
  status_code: z.string().optional(),
  status_message: z.string().optional(),
};

function attributeToJson(attribute: Attribute): JsonObject {
  return { key: attribute.key, ...valueToJson(attribute) };
}

function valueToJson(attribute: AttributeValue): JsonObject {
  const { type } = attribute;
  switch (attribute.type) {
    case 'array':
      return { type, value: attribute.value.map(valueToJson) };
    case 'map':
      return { type, value: attribute.value.map(attributeToJson) };
    case 'double':
      return { type, value: Number.isFinite(attribute.value) ? attribute.value : String(attribute.value) };
    case 'empty':
    case 'cut':
      return { type, value: null };
    default:
      return { type, value: attribute.value };
  }
}

const attributesToJson = (attributes: readonly Attribute[]): readonly JsonObject[] => attributes.map(attributeToJson);

/** A span of a stored trace as JSON, with names for people, and with what its application reported. */
export function storedSpanToJson(span: Span, names: SpanNames): JsonObject {
  const json = spanToJson(span, names);
  return span.signalSource === 'otel' ? { ...json, ...detailsToJson(span) } : json;
}

function detailsToJson({ otlp }: Span): JsonObject {
  const details = otlp.length === 0 ? undefined : reportedDetails(otlp);
  if (details === undefined) return { is_details_cut: true };
  const { scope, resource, events, links, status } = details;
  return {
    attributes: attributesToJson(details.attributes),
    dropped_attributes_count: details.droppedAttributesCount,
    events: events.map(({ timeNs, name, attributes }) => ({
      time_ns: String(timeNs),
      name,
      attributes: attributesToJson(attributes),
    })),
    dropped_events_count: details.droppedEventsCount,
    links: links.map(({ traceId, spanId, traceState, attributes }) => ({
      trace_id: traceId,
      span_id: spanId,
      trace_state: traceState,
      attributes: attributesToJson(attributes),
    })),
    dropped_links_count: details.droppedLinksCount,
    resource_attributes: attributesToJson(resource.attributes),
    scope: { name: scope.name, version: scope.version, attributes: attributesToJson(scope.attributes) },
    span_kind: details.kind,
    trace_state: details.traceState,
    status_code: status.code,
    status_message: status.message,
  };
}
