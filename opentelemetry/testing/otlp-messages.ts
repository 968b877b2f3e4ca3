/**
 * OTLP traces by an independent protobuf library: what tests hold our encoder to, and what the bench compares it with.
 * The messages are those of opentelemetry-proto 1.x by field name, number and type.
 */
import protobuf from 'protobufjs';

const definition = `
syntax = "proto3";
message TracesData { repeated ResourceSpans resource_spans = 1; }
message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; uint32 dropped_attributes_count = 2; }
message ScopeSpans { InstrumentationScope scope = 1; repeated Span spans = 2; string schema_url = 3; }
message InstrumentationScope {
  string name = 1; string version = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4;
}
message KeyValue { string key = 1; AnyValue value = 2; }
message ArrayValue { repeated AnyValue values = 1; }
message KeyValueList { repeated KeyValue values = 1; }
message AnyValue {
  oneof value {
    string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
    ArrayValue array_value = 5; KeyValueList kvlist_value = 6; bytes bytes_value = 7;
  }
}
message Span {
  bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; bytes parent_span_id = 4; fixed32 flags = 16;
  string name = 5; SpanKind kind = 6; fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
  repeated KeyValue attributes = 9; uint32 dropped_attributes_count = 10;
  message Event {
    fixed64 time_unix_nano = 1; string name = 2; repeated KeyValue attributes = 3; uint32 dropped_attributes_count = 4;
  }
  repeated Event events = 11; uint32 dropped_events_count = 12;
  message Link {
    bytes trace_id = 1; bytes span_id = 2; string trace_state = 3; repeated KeyValue attributes = 4;
    uint32 dropped_attributes_count = 5; fixed32 flags = 6;
  }
  repeated Link links = 13; uint32 dropped_links_count = 14; Status status = 15;
}
enum SpanKind {
  SPAN_KIND_UNSPECIFIED = 0; SPAN_KIND_INTERNAL = 1; SPAN_KIND_SERVER = 2; SPAN_KIND_CLIENT = 3;
  SPAN_KIND_PRODUCER = 4; SPAN_KIND_CONSUMER = 5;
}
message Status { string message = 2; StatusCode code = 3; }
enum StatusCode { STATUS_CODE_UNSET = 0; STATUS_CODE_OK = 1; STATUS_CODE_ERROR = 2; }
message ExportTraceServiceResponse { ExportTracePartialSuccess partial_success = 1; }
message ExportTracePartialSuccess { int64 rejected_spans = 1; string error_message = 2; }
message GoogleRpcStatus { int32 code = 1; string message = 2; repeated Any details = 3; }
message Any { string type_url = 1; bytes value = 2; }
message RetryInfo { Duration retry_delay = 1; }
message Duration { int64 seconds = 1; int32 nanos = 2; }
`;

const { root } = protobuf.parse(definition, { keepCase: false });

/** The message that travels. */
export const tracesData = root.lookupType('TracesData');

/** Any other message of the definition above. */
export const otlpType = (name: string): protobuf.Type => root.lookupType(name);

/** A value as protobufjs writes it: 64-bit numbers and names of enums as text. */
export interface PlainValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values: readonly PlainValue[] };
  readonly kvlistValue?: { readonly values: readonly PlainKeyValue[] };
  readonly bytesValue?: Uint8Array;
}

export interface PlainKeyValue {
  readonly key: string;
  readonly value: PlainValue;
}

/** Attributes by name. */
export type Attributes = Readonly<Record<string, unknown>>;

export interface PlainEvent {
  readonly timeUnixNano: string;
  readonly name: string;
  readonly attributes: readonly PlainKeyValue[];
  readonly droppedAttributesCount: number;
}

export interface PlainLink {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly traceState: string;
  readonly attributes: readonly PlainKeyValue[];
  readonly droppedAttributesCount: number;
  readonly flags: number;
}

/** A span as protobufjs writes it. */
export interface PlainSpan {
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly traceState: string;
  readonly parentSpanId: Uint8Array;
  readonly flags: number;
  readonly name: string;
  readonly kind: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly PlainKeyValue[];
  readonly droppedAttributesCount: number;
  readonly events: readonly PlainEvent[];
  readonly droppedEventsCount: number;
  readonly links: readonly PlainLink[];
  readonly droppedLinksCount: number;
  /** Absent where the span has none. */
  readonly status?: { readonly code: string; readonly message: string } | null;
}

export interface PlainScope {
  readonly name: string;
  readonly version: string;
  readonly attributes: readonly PlainKeyValue[];
  readonly droppedAttributesCount: number;
}

/** The message as protobufjs writes objects. */
export interface PlainTracesData {
  readonly resourceSpans: readonly {
    readonly resource?: {
      readonly attributes: readonly PlainKeyValue[];
      readonly droppedAttributesCount: number;
    } | null;
    readonly scopeSpans: readonly {
      readonly scope?: PlainScope | null;
      readonly spans: readonly PlainSpan[];
      readonly schemaUrl: string;
    }[];
    readonly schemaUrl: string;
  }[];
}

/** A span as a receiver sees it. */
export interface ReceivedSpan extends Omit<PlainSpan, 'traceId' | 'spanId' | 'parentSpanId' | 'attributes' | 'status'> {
  readonly resource: Attributes;
  readonly scope: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly attributes: Attributes;
  readonly status: { readonly code: string; readonly message: string };
}

/** Attributes of one list; throws when a name is there twice, which OTLP forbids, or a value has no type. */
function attributesOf(list: readonly PlainKeyValue[]): Attributes {
  const entries = list.map(({ key, value }): [string, unknown] => {
    const only: unknown = Object.values(value)[0];
    if (only === undefined) throw new Error(`${key} has no value`);
    return [key, only];
  });
  const attributes = Object.fromEntries(entries);
  if (Object.keys(attributes).length < list.length) throw new Error('a name is there twice');
  return attributes;
}

/** Reads a message as a plain object. */
export function decodePlain(bytes: Uint8Array): PlainTracesData {
  const options = { longs: String, enums: String, defaults: true, arrays: true };
  return tracesData.toObject(tracesData.decode(bytes), options) as PlainTracesData;
}

/** The bytes of a message that protobufjs makes of an object: what an application's SDK sends. */
export function encodePlain(message: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(tracesData.encode(tracesData.fromObject(message)).finish());
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** All spans of some messages. */
export function decodeSpans(messages: readonly Uint8Array[]): readonly ReceivedSpan[] {
  return messages.flatMap((bytes) =>
    decodePlain(bytes).resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ scope, spans }) =>
        spans.map((span) => ({
          ...span,
          resource: attributesOf(resource?.attributes ?? []),
          scope: scope?.name ?? '',
          traceId: hexOf(span.traceId),
          spanId: hexOf(span.spanId),
          parentSpanId: hexOf(span.parentSpanId),
          attributes: attributesOf(span.attributes),
          status: span.status ?? { code: 'STATUS_CODE_UNSET', message: '' },
        })),
      ),
    ),
  );
}
