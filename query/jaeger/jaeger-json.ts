/**
 * Spans in the JSON of Jaeger's first API (model/json of its source, "UI model"): what Jaeger itself answers for the same
 * spans received as OTLP. Times are in microseconds.
 */
import { otelEndNs, otelStartNs, type OtelTrace, statusMessage } from '../../opentelemetry/otel-span.ts';
import { scopeName } from '../../opentelemetry/scope-name.ts';
import { resourceKey, writeResourceAttributes } from '../../opentelemetry/resource-attributes.ts';
import type { ResourceNames } from '../../opentelemetry/resource-names.ts';
import { writeSpanAttributes } from '../../opentelemetry/span-attributes.ts';
import { spanName } from '../../opentelemetry/span-name.ts';
import { statusCodeOf } from '../../opentelemetry/span-status.ts';
import type { VisibleSpan } from '../../opentelemetry/visible-spans.ts';
import type { Span } from '../../schemas/generated/span.ts';
import { pointKind } from '../../schemas/observation-points.ts';
import { type JaegerTag, JaegerTags } from './jaeger-tags.ts';

export interface JaegerSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly operationName: string;
  readonly references: readonly { readonly refType: 'CHILD_OF'; readonly traceID: string; readonly spanID: string }[];
  /** Unix time. */
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly JaegerTag[];
  readonly logs: readonly [];
  readonly processID: string;
  // Jaeger's clients tell null from an empty list by nothing, but this is what they get.
  readonly warnings: null;
}

/** What reported spans. */
export interface JaegerProcess {
  readonly serviceName: string;
  readonly tags: readonly JaegerTag[];
}

/** Turns spans of one trace into Jaeger's JSON, and collects the processes that they refer to. */
export class JaegerTraceWriter {
  readonly #trace: OtelTrace;
  readonly #ids = new Map<string, string>();
  /** By the `processID` of spans. */
  readonly processes: Record<string, JaegerProcess> = {};

  constructor(trace: OtelTrace) {
    this.#trace = trace;
  }

  span({ span, parentSpanId }: VisibleSpan, names: ResourceNames): JaegerSpan {
    const traceID = this.#trace.otelTraceId;
    const startNs = otelStartNs(span);
    return {
      traceID,
      spanID: span.spanId,
      operationName: spanName(span),
      references: parentSpanId === '' ? [] : [{ refType: 'CHILD_OF', traceID, spanID: parentSpanId }],
      startTime: Number(startNs / 1_000n),
      duration: Number((otelEndNs(span) - startNs) / 1_000n),
      tags: this.#tagsOf(span),
      logs: [],
      processID: this.#processOf(span, names),
      warnings: null,
    };
  }

  #tagsOf(span: Span): readonly JaegerTag[] {
    const kind = pointKind(span.observationPoint);
    const status = statusCodeOf(span, kind);
    const message = statusMessage(span, status);
    const tags = new JaegerTags();
    writeSpanAttributes(tags, span, kind, status, this.#trace);
    tags.add({ key: 'otel.scope.name', type: 'string', value: scopeName });
    tags.add({ key: 'span.kind', type: 'string', value: kind });
    if (status === 'error') {
      tags.add({ key: 'error', type: 'bool', value: true });
      tags.add({ key: 'otel.status_code', type: 'string', value: 'ERROR' });
      if (message !== '') tags.add({ key: 'otel.status_description', type: 'string', value: message });
    }
    return tags.sorted();
  }

  #processOf(span: Span, names: ResourceNames): string {
    const key = resourceKey(span);
    let id = this.#ids.get(key);
    if (id === undefined) {
      this.#ids.set(key, (id = `p${this.#ids.size + 1}`));
      const attributes = new JaegerTags();
      writeResourceAttributes(attributes, span, names);
      const tags = attributes.sorted();
      const service = tags.find((tag) => tag.key === 'service.name');
      this.processes[id] = { serviceName: String(service!.value), tags: tags.filter((tag) => tag !== service) };
    }
    return id;
  }
}
