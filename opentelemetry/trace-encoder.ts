/**
 * A trace as OTLP: `TracesData` of opentelemetry.proto.trace.v1, the same bytes as `ExportTraceServiceRequest`. Spans
 * with one resource and scope stand together, in the order of the trace. A span that an application reported is copied: only
 * its trace and its parent are ours, and attributes with our evidence are added. Spans beyond the size of a message are sent in another one.
 *
 * Tags below are field numbers and wire types of these messages:
 * TracesData { resource_spans = 1 }, ResourceSpans { resource = 1, scope_spans = 2, schema_url = 3 }, Resource {
 * attributes = 1 }, ScopeSpans { scope = 1, spans = 2, schema_url = 3 }, InstrumentationScope { name = 1 }, Span { trace_id = 1, span_id = 2,
 * parent_span_id = 4, name = 5, kind = 6, start_time_unix_nano = 7, end_time_unix_nano = 8, attributes = 9,
 * status = 15 }, Status { message = 2, code = 3 }.
 */
import { pointKind } from '../schemas/observation-points.ts';
import type { Span } from '../schemas/generated/span.ts';
import { type GroupedSpan, groupSpans, type ResourceGroup } from './group-spans.ts';
import { MissingAttributes } from './missing-attributes.ts';
import { otelEndNs, otelStartNs, type OtelTrace, spanKinds, statusMessage } from './otel-span.ts';
import { scopeName } from './scope-name.ts';
import { ProtobufAttributes } from './protobuf-attributes.ts';
import { ProtobufReader } from './protobuf-reader.ts';
import { ProtobufWriter } from './protobuf-writer.ts';
import { attributeName, type ReportedForm, reportedFields, resourceAttributeNames } from './reported-form.ts';
import { writeResourceAttributes } from './resource-attributes.ts';
import type { ResourceNames } from './resource-names.ts';
import { reportedEvidenceNames, writeReportedEvidence, writeSpanAttributes } from './span-attributes.ts';
import { spanName } from './span-name.ts';
import { statusCodeOf, statusCodes } from './span-status.ts';
import type { VisibleSpan } from './visible-spans.ts';

const tags = {
  resourceSpans: 0x0a,
  resource: 0x0a,
  resourceAttribute: 0x0a,
  scopeSpans: 0x12,
  schemaUrl: 0x1a,
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
/** Those that applications report may be large. */
const maxResourceBytes = 8 * 1024 * 1024;

/** Encodes traces; keeps its buffer and the resources it has written before. */
export class TraceEncoder {
  readonly #names: ResourceNames;
  readonly #maxMessageBytes: number;
  readonly #writer = new ProtobufWriter();
  readonly #spanAttributes = new ProtobufAttributes(this.#writer, tags.spanAttribute);
  readonly #prefixWriter = new ProtobufWriter(1024);
  readonly #resourceAttributes = new ProtobufAttributes(this.#prefixWriter, tags.resourceAttribute);
  readonly #resources = new Map<string, Buffer>();
  #resourceBytes = 0;
  #resourcesVersion = -1;
  readonly #reader = new ProtobufReader();
  /** Reported spans so far whose form could not be read; they were written from their other fields. */
  unreadable = 0;

  /** @param maxMessageBytes a message holds at least one span, however large that is */
  constructor(names: ResourceNames, maxMessageBytes: number) {
    this.#names = names;
    this.#maxMessageBytes = maxMessageBytes;
  }

  /** The messages of one trace. Ids must be hexadecimal, of 32 and 16 digits. */
  encode(trace: OtelTrace, spans: readonly VisibleSpan[]): readonly Buffer[] {
    const writer = this.#writer;
    const messages: Buffer[] = [];
    for (const group of groupSpans(spans, () => this.unreadable++)) {
      const resource = this.#resource(group);
      const scopes = [...group.scopes.values()];
      for (let at: SpanPosition | undefined = { scope: 0, span: 0 }; at !== undefined;) {
        at = this.#writeGroup(trace, resource, scopes, at);
        if (at !== undefined) messages.push(writer.take());
      }
    }
    if (writer.position > 0) messages.push(writer.take());
    return messages;
  }

  /** Writes spans of one resource until the message is full; returns the first span that is not in it. */
  #writeGroup(
    trace: OtelTrace,
    resource: Buffer,
    scopes: readonly (readonly GroupedSpan[])[],
    from: SpanPosition,
  ): SpanPosition | undefined {
    const writer = this.#writer;
    const groupStart = writer.position;
    writer.writeByte(tags.resourceSpans);
    const resourceSpans = writer.open(2);
    writer.writeRaw(resource);
    let isFirst = true;
    let full: SpanPosition | undefined;
    for (let { scope, span } = from; scope < scopes.length && full === undefined; scope++, span = 0) {
      const spans = scopes[scope]!;
      const scopeStart = writer.position;
      writer.writeByte(tags.scopeSpans);
      const scopeSpans = writer.open(2);
      writer.writeRaw(this.#scope(spans[0]!.form));
      const first = span;
      for (; span < spans.length && full === undefined; span++) {
        const spanStart = writer.position;
        this.#writeSpan(trace, spans[span]!);
        if (writer.position <= this.#maxMessageBytes || (groupStart === 0 && isFirst)) isFirst = false;
        else {
          writer.position = spanStart;
          full = { scope, span };
        }
      }
      if (full?.span === first) writer.position = scopeStart;
      else writer.close(scopeSpans, 2);
    }
    if (isFirst) writer.position = groupStart;
    else writer.close(resourceSpans, 2);
    return full;
  }

  /** Fields of ResourceSpans before its spans. */
  #resource({ key, first }: ResourceGroup): Buffer {
    const isFull = this.#resources.size >= maxResources || this.#resourceBytes >= maxResourceBytes;
    if (this.#resourcesVersion !== this.#names.version || isFull) {
      this.#resources.clear();
      this.#resourceBytes = 0;
      this.#resourcesVersion = this.#names.version;
    }
    let resource = this.#resources.get(key);
    if (resource === undefined) {
      this.#resources.set(key, (resource = this.#encodeResource(first)));
      this.#resourceBytes += key.length + resource.length;
    }
    return resource;
  }

  #encodeResource({ visible: { span }, form }: GroupedSpan): Buffer {
    const writer = this.#prefixWriter;
    writer.writeByte(tags.resource);
    const content = writer.open(2);
    if (form === undefined) writeResourceAttributes(this.#resourceAttributes, span, this.#names);
    else {
      writer.writeRaw(form.resource);
      const missing = new MissingAttributes(resourceAttributeNames(form), this.#resourceAttributes);
      writeResourceAttributes(missing, span, this.#names);
    }
    writer.close(content, 2);
    this.#writeSchemaUrl(form?.resourceSchemaUrl);
    return writer.take();
  }

  /** Fields of ScopeSpans before its spans. */
  #scope(form: ReportedForm | undefined): Buffer {
    if (form === undefined) return ownScope;
    const writer = this.#prefixWriter;
    writer.writeByte(tags.scope);
    writer.writeVarint(form.scope.length);
    writer.writeRaw(form.scope);
    this.#writeSchemaUrl(form.scopeSchemaUrl);
    return writer.take();
  }

  #writeSchemaUrl(url: Buffer | undefined): void {
    if (url === undefined || url.length === 0) return;
    const writer = this.#prefixWriter;
    writer.writeByte(tags.schemaUrl);
    writer.writeVarint(url.length);
    writer.writeRaw(url);
  }

  #writeSpan(trace: OtelTrace, { visible, form }: GroupedSpan): void {
    const writer = this.#writer;
    const { span, parentSpanId } = visible;
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
    if (form === undefined) this.#writeOwnFields(trace, span);
    else {
      this.#copyReportedFields(form.span);
      writeReportedEvidence(this.#spanAttributes, span, trace);
    }
    writer.close(content, 2);
  }

  /** Copies all fields of a span but its ids and what is written anew, in runs as long as they are. */
  #copyReportedFields(span: Buffer): void {
    const { traceId, spanId, parentSpanId, attributes } = reportedFields.span;
    const reader = this.#reader;
    reader.reset(span);
    let runStart = 0;
    for (let fieldStart = 0; reader.next(); fieldStart = reader.position) {
      const { field } = reader;
      let isOurs = field === traceId || field === spanId || field === parentSpanId;
      if (field === attributes) isOurs = reportedEvidenceNames.has(attributeName(reader.readBytes()));
      else reader.skip();
      if (!isOurs) continue;
      this.#writer.writeRaw(span.subarray(runStart, fieldStart));
      runStart = reader.position;
    }
    this.#writer.writeRaw(span.subarray(runStart));
  }

  #writeOwnFields(trace: OtelTrace, span: Span): void {
    const writer = this.#writer;
    const kind = pointKind(span.observationPoint);
    const status = statusCodeOf(span, kind);
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
  }
}

/** A span of a group. */
interface SpanPosition {
  readonly scope: number;
  readonly span: number;
}

/** The field `scope` of ScopeSpans, the same for all spans that are not reported. */
const ownScope = Buffer.from([
  tags.scope,
  2 + scopeName.length,
  tags.scopeName,
  scopeName.length,
  ...Buffer.from(scopeName),
]);
