import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { decodeValue } from '../../core/codec.ts';
import { otelTraceId } from '../../opentelemetry/otel-span.ts';
import type { ResourceNames } from '../../opentelemetry/resource-names.ts';
import { TraceEncoder } from '../../opentelemetry/trace-encoder.ts';
import { allSpans, visibleSpans } from '../../opentelemetry/visible-spans.ts';
import { readTrace, type Trace } from '../../schemas/generated/trace.ts';

/** What is sent of traces. */
export interface TraceForm {
  /** Larger traces become several messages. */
  readonly maxMessageBytes: number;
  /** Whether views from the network are sent of calls that were seen in a process. */
  readonly networkSpans: boolean;
}

/** seen_in_process: a network view of a call that was also seen in its client or server process. */
export type OtlpDrop = 'seen_in_process';
export type OtlpRejection = 'undecodable' | 'unknown_schema';

/** A message of the topic `traces` in OTLP, or what is wrong with it. */
export type OtlpTrace =
  | {
      readonly kind: 'trace';
      /** The trace id that receivers see. */
      readonly id: string;
      readonly messages: readonly Buffer[];
      readonly sent: number;
      readonly leftOut: number;
    }
  | { readonly kind: 'rejected'; readonly reason: OtlpRejection; readonly detail: string };

/** Reads messages of the topic `traces` as OTLP. */
export class TraceReader {
  readonly #encoder: TraceEncoder;
  readonly #networkSpans: boolean;

  constructor({ maxMessageBytes, networkSpans }: TraceForm, names: ResourceNames) {
    this.#encoder = new TraceEncoder(names, maxMessageBytes);
    this.#networkSpans = networkSpans;
  }

  read(message: ReceivedMessage): OtlpTrace {
    const decoded = decodeValue('Trace', message, readTrace);
    if (decoded.kind === 'rejected') return { kind: 'rejected', reason: decoded.reason, detail: decoded.detail };
    const trace = decoded.value;
    const problem = invalidId(trace);
    if (problem !== undefined) return { kind: 'rejected', reason: 'undecodable', detail: problem };
    const spans = this.#networkSpans ? allSpans(trace.spans) : visibleSpans(trace.spans);
    const id = otelTraceId(trace);
    const names = { otelTraceId: id, storedTraceId: trace.traceId, revision: trace.revision };
    const messages = this.#encoder.encode(names, spans);
    return { kind: 'trace', id, messages, sent: spans.length, leftOut: trace.spans.length - spans.length };
  }

  /** Reported spans so far that were written without what only their application knows, since its bytes are no OTLP. */
  get unreadable(): number {
    return this.#encoder.unreadable;
  }
}

/** Ids as W3C Trace Context has them: hexadecimal and not zero. What is wrong with one that is not; undefined when all are. */
function invalidId({ traceId, carriedTraceId, spans }: Trace): string | undefined {
  if (!isId(traceId, 32)) return `trace id "${traceId}" is not 32 hex digits, or zero`;
  if (carriedTraceId !== '' && !isId(carriedTraceId, 32))
    return `carried trace id "${carriedTraceId}" is not 32 hex digits, or zero`;
  const span = spans.find(
    ({ spanId, parentSpanId }) => !isId(spanId, 16) || (parentSpanId !== '' && !isId(parentSpanId, 16)),
  );
  return span && `span id "${span.spanId}" or its parent "${span.parentSpanId}" is not 16 hex digits, or zero`;
}

function isId(text: string, digits: number): boolean {
  if (text.length !== digits) return false;
  let isZero = true;
  for (let index = 0; index < digits; index++) {
    const code = text.charCodeAt(index);
    const isDigit = (code >= 0x30 && code <= 0x39) || (code >= 0x61 && code <= 0x66) || (code >= 0x41 && code <= 0x46);
    if (!isDigit) return false;
    isZero &&= code === 0x30;
  }
  return !isZero;
}
