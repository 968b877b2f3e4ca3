/** What every encoding of a span in OpenTelemetry's model has in common, beside its name, attributes and status. */
import type { Span } from '../schemas/generated/span.ts';
import type { Trace } from '../schemas/generated/trace.ts';
import type { PointKind } from '../schemas/observation-points.ts';
import { conventionsOf } from '../protocols/conventions.ts';
import type { StatusCode } from './span-status.ts';

/** SpanKind of opentelemetry.proto.trace.v1. */
export const spanKinds: Readonly<Record<PointKind, number>> = { internal: 1, server: 2, client: 3 };

/** What names a trace. */
export interface OtelTrace {
  /** Hexadecimal, of 32 digits. */
  readonly otelTraceId: string;
  /** The attribute spanloom.trace_id: the id the trace is stored by. */
  readonly storedTraceId: string;
  readonly revision: number;
}

/** The id that OpenTelemetry knows a trace by: that of its headers, where they carry exactly one, else its own. */
export function otelTraceId({ traceId, carriedTraceId }: Pick<Trace, 'traceId' | 'carriedTraceId'>): string {
  return carriedTraceId || traceId;
}

/** Unix nanoseconds, which are unsigned there. */
export function otelStartNs({ startTimeNs }: Span): bigint {
  return startTimeNs < 0n ? 0n : startTimeNs;
}

/** Unix nanoseconds; a span does not end before it begins. */
export function otelEndNs(span: Span): bigint {
  const startNs = otelStartNs(span);
  return span.durationNs > 0 ? startNs + BigInt(span.durationNs) : startNs;
}

/** What failed, in words; empty where nothing did. The conventions want none where the code of an HTTP response says it all. */
export function statusMessage({ protocol, responseException }: Span, status: StatusCode): string {
  return status === 'error' && conventionsOf(protocol)?.group !== 'http' ? responseException : '';
}
