/**
 * A trace as OTLP: `TracesData` of opentelemetry.proto.trace.v1, the same bytes as `ExportTraceServiceRequest`. Spans
 * with one resource stand together, in the order of the trace. Spans beyond the size of a message are sent in another one.
 *
 * Tags below are field numbers and wire types of these messages:
 * TracesData { resource_spans = 1 }, ResourceSpans { resource = 1, scope_spans = 2 }, Resource { attributes = 1 },
 * ScopeSpans { scope = 1, spans = 2 }, InstrumentationScope { name = 1 }, Span { trace_id = 1, span_id = 2,
 * parent_span_id = 4, name = 5, kind = 6, start_time_unix_nano = 7, end_time_unix_nano = 8, attributes = 9,
 * status = 15 }, Status { message = 2, code = 3 }.
 */
import { pointKind } from '../schemas/observation-points.ts';
import { groupByResource } from './group-by-resource.ts';
import { otelEndNs, otelStartNs, type OtelTrace, scopeName, spanKinds, statusMessage } from './otel-span.ts';
import { ProtobufAttributes } from './protobuf-attributes.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { writeResourceAttributes } from './resource-attributes.ts';
import type { ResourceNames } from './resource-names.ts';
import { writeSpanAttributes } from './span-attributes.ts';
import { spanName } from './span-name.ts';
import { statusCodeOf, statusCodes } from './span-status.ts';
import type { VisibleSpan } from './visible-spans.ts';

const tags = {
  resourceSpans: 0x0a,
  resource: 0x0a,
  resourceAttribute: 0x0a,
  scopeSpans: 0x12,
  scope: 0x0a,
  scopeName: 0x0a,
  span: 0x12,
  traceId: 0x0a,
  spanId: 0x12,
  parentSpanId: 0x22,
  name: 0x2a,
  kind: 0x30,
  startTime: 0x39,
  endTime: 0x41,
  spanAttribute: 0x4a,
  status: 0x7a,
  statusMessage: 0x12,
  statusCode: 0x18,
} as const;

/** Resources differ by process, of which there are few at a time: their bytes are kept. */
const maxResources = 4096;

/** Encodes traces; keeps its buffer and the resources it has written before. */
export class TraceEncoder {
  readonly #names: ResourceNames;
  readonly #maxMessageBytes: number;
  readonly #writer = new ProtobufWriter();
  readonly #spanAttributes = new ProtobufAttributes(this.#writer, tags.spanAttribute);
  readonly #resourceWriter = new ProtobufWriter(1024);
  readonly #resourceAttributes = new ProtobufAttributes(this.#resourceWriter, tags.resourceAttribute);
  readonly #resources = new Map<string, Buffer>();
  #resourcesVersion = -1;

  /** @param maxMessageBytes a message holds at least one span, however large that is */
  constructor(names: ResourceNames, maxMessageBytes: number) {
    this.#names = names;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** The messages of one trace. Ids must be hexadecimal, of 32 and 16 digits. */
  encode(trace: OtelTrace, spans: readonly VisibleSpan[]): readonly Buffer[] {
    const writer = this.#writer;
    const messages: Buffer[] = [];
    for (const [key, group] of groupByResource(spans)) {
      const resource = this.#resource(key, group[0]!);
      for (let next = 0; next < group.length;) {
        const groupStart = writer.position;
        writer.writeByte(tags.resourceSpans);
        const resourceSpans = writer.open(2);
        writer.writeRaw(resource);
        writer.writeByte(tags.scopeSpans);
        const scopeSpans = writer.open(2);
        writer.writeRaw(scope);
        const first = next;
        let isFull = false;
        for (; next < group.length && !isFull; next++) {
          const spanStart = writer.position;
          this.#writeSpan(trace, group[next]!);
          if (writer.position <= this.#maxMessageBytes || (groupStart === 0 && next === first)) continue;
          writer.position = spanStart;
          isFull = true;
          next--;
        }
        if (next > first) {
          writer.close(scopeSpans, 2);
          writer.close(resourceSpans, 2);
        } else writer.position = groupStart;
        if (isFull) messages.push(writer.take());
      }
    }
    if (writer.position > 0) messages.push(writer.take());
    return messages;
  }

  #resource(key: string, { span }: VisibleSpan): Buffer {
    if (this.#resourcesVersion !== this.#names.version || this.#resources.size >= maxResources) {
      this.#resources.clear();
      this.#resourcesVersion = this.#names.version;
    }
    let resource = this.#resources.get(key);
    if (resource === undefined) {
      const writer = this.#resourceWriter;
      writer.writeByte(tags.resource);
      const content = writer.open(2);
      writeResourceAttributes(this.#resourceAttributes, span, this.#names);
      writer.close(content, 2);
      this.#resources.set(key, (resource = writer.take()));
    }
    return resource;
  }

  #writeSpan(trace: OtelTrace, { span, parentSpanId }: VisibleSpan): void {
    const writer = this.#writer;
    const kind = pointKind(span.observationPoint);
    const status = statusCodeOf(span, kind);
    writer.writeByte(tags.span);
    const content = writer.open(2);
    writer.writeByte(tags.traceId);
    writer.writeHex(trace.otelTraceId);
    writer.writeByte(tags.spanId);
    writer.writeHex(span.spanId);
    if (parentSpanId !== '') {
      writer.writeByte(tags.parentSpanId);
      writer.writeHex(parentSpanId);
    }
    writer.writeByte(tags.name);
    writer.writeText(spanName(span));
    writer.writeByte(tags.kind);
    writer.writeByte(spanKinds[kind]);
    writer.writeByte(tags.startTime);
    writer.writeFixed64(otelStartNs(span));
    writer.writeByte(tags.endTime);
    writer.writeFixed64(otelEndNs(span));
    writeSpanAttributes(this.#spanAttributes, span, kind, status, trace);
    if (status === 'error') {
      writer.writeByte(tags.status);
      const body = writer.open(1);
      const message = statusMessage(span, status);
      if (message !== '') {
        writer.writeByte(tags.statusMessage);
        writer.writeText(message);
      }
      writer.writeByte(tags.statusCode);
      writer.writeByte(statusCodes[status]);
      writer.close(body, 1);
    }
    writer.close(content, 2);
  }
}

/** The field `scope` of ScopeSpans, the same everywhere. */
const scope = Buffer.from([
  tags.scope,
  2 + scopeName.length,
  tags.scopeName,
  scopeName.length,
  ...Buffer.from(scopeName),
]);
