/**
 * Traces as OTLP, as a pure state machine. Its records are spans.
 *
 * Input: messages of `traces`; of `resources` and `agent-resources` the names (published-names.ts). Output: messages that an
 * OpenTelemetry Collector reads, and dead letters. State: these names, and nothing of traces. Bounds: the names of 500,000
 * hosts and processes; of other resources as many as are published.
 *
 * Each revision is sent whole; receivers that store by span id overwrite. OTLP has no counterpart to a merged trace: nothing
 * is sent for it, and its spans follow under the other trace's id. The trace id is the carried W3C id, so that spans of
 * applications and of spanloom meet; the attribute spanloom.trace_id is the stored id.
 */
import type { OutgoingMessage, ReceivedMessage } from '../../core/bus/bus.ts';
import { decodeValue } from '../../core/codec.ts';
import { refuse } from '../../core/dead-letter.ts';
import { Counters } from '../../core/stage/accounting.ts';
import type { Accounting, Stage } from '../../core/stage/stage.ts';
import { otelTraceId } from '../../opentelemetry/otel-span.ts';
import type { ResourceNames } from '../../opentelemetry/resource-names.ts';
import { TraceEncoder } from '../../opentelemetry/trace-encoder.ts';
import { visibleSpans } from '../../opentelemetry/visible-spans.ts';
import { readTrace, type Trace } from '../../schemas/generated/trace.ts';

/** Settings of the messages. */
export interface OtlpStageSettings {
  /** Topic of the messages. */
  readonly topic: string;
  readonly maxMessageBytes: number;
}

/** seen_in_process: a network view of a call that was also seen in its client or server process. */
export type OtlpDrop = 'seen_in_process';
export type OtlpRejection = 'undecodable' | 'unknown_schema';

/** Turns messages of the topic `traces` into OTLP. Its records are spans. */
export class OtlpStage implements Stage<OutgoingMessage> {
  readonly #topic: string;
  readonly #encoder: TraceEncoder;
  readonly #counters = new Counters<OtlpDrop, OtlpRejection>(['seen_in_process'], ['undecodable', 'unknown_schema']);

  constructor(settings: OtlpStageSettings, names: ResourceNames) {
    this.#topic = settings.topic;
    this.#encoder = new TraceEncoder(names, settings.maxMessageBytes);
  }

  process(message: ReceivedMessage, nowMs: number): readonly OutgoingMessage[] {
    const decoded = decodeValue('Trace', message, readTrace);
    if (decoded.kind === 'rejected') return this.#reject(message, decoded.reason, decoded.detail, nowMs);
    const trace = decoded.value;
    const problem = invalidId(trace);
    if (problem !== undefined) return this.#reject(message, 'undecodable', problem, nowMs);
    const spans = visibleSpans(trace.spans);
    this.#counters.receive(trace.spans.length);
    this.#counters.drop('seen_in_process', trace.spans.length - spans.length);
    this.#counters.emit(spans.length);
    const key = otelTraceId(trace);
    const names = { otelTraceId: key, storedTraceId: trace.traceId, revision: trace.revision };
    return this.#encoder.encode(names, spans).map((value) => ({ topic: this.#topic, key, value }));
  }

  #reject(message: ReceivedMessage, reason: OtlpRejection, detail: string, nowMs: number): readonly OutgoingMessage[] {
    return [refuse(message, this.#counters, { stage: 'sink-otlp', reason, detail }, nowMs)];
  }

  flush(): readonly OutgoingMessage[] {
    return [];
  }

  drain(): readonly OutgoingMessage[] {
    return [];
  }

  lowWatermark(): undefined {
    return undefined;
  }

  revoke(): void {
    // There is no state.
  }

  /** Reported spans so far that were written without what only their application knows, since its bytes are no OTLP. */
  get unreadable(): number {
    return this.#encoder.unreadable;
  }

  accounting(): Accounting {
    return this.#counters;
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
