// Generated from schemas/avro/trace.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readArray, writeArray } from '../avro-blocks.ts';
import { readSpan, type Span, writeSpan } from './span.ts';

/** One revision of a trace, with all its spans; none once it is merged into another. Topic traces, key: trace_id. A later revision of the same trace_id replaces the earlier ones as a whole. */
export interface Trace {
  /** 32 hex digits, derived from the root span. No request chooses it, so what a client sends never replaces a stored trace. */
  readonly traceId: string;
  /** Grows with every change of the trace: of two messages with one trace id the greater revision is the later. One correlator counts the spans ever put into the trace; several also count their decided causes. */
  readonly revision: number;
  /** Not empty: this trace turned out to be part of that one; it has no spans any more. */
  readonly mergedInto: string;
  /** 32 hex digits: the W3C trace id that headers of its spans carry, if they carry exactly one; else empty. Not unique: any client may send it again. */
  readonly carriedTraceId: string;
  /** The earliest root. */
  readonly rootSpanId: string;
  /** Number of spans without a parent; 1 in a complete trace. */
  readonly rootCount: number;
  /** Unix time in nanoseconds of its earliest span. */
  readonly startTimeNs: bigint;
  /** From the earliest start to the latest end. */
  readonly durationNs: number;
  /** Spans with status client_error, server_error, timeout or closed. */
  readonly errorCount: number;
  /** Parents before children, siblings by start time. */
  readonly spans: readonly Span[];
}

/** Reads one Trace; throws AvroDecodeError on bytes that are none. */
export function readTrace(reader: AvroReader): Trace {
  const traceId = reader.readString();
  const revision = reader.readLong();
  const mergedInto = reader.readString();
  const carriedTraceId = reader.readString();
  const rootSpanId = reader.readString();
  const rootCount = reader.readInt();
  const startTimeNs = reader.readBigLong();
  const durationNs = reader.readLong();
  const errorCount = reader.readInt();
  const spans = readArray(reader, (reader) => readSpan(reader), 98);
  return { traceId, revision, mergedInto, carriedTraceId, rootSpanId, rootCount, startTimeNs, durationNs, errorCount, spans };
}

/** Writes one Trace. */
export function writeTrace(writer: AvroWriter, value: Trace): void {
  writer.writeString(value.traceId);
  writer.writeLong(value.revision);
  writer.writeString(value.mergedInto);
  writer.writeString(value.carriedTraceId);
  writer.writeString(value.rootSpanId);
  writer.writeLong(value.rootCount);
  writer.writeBigLong(value.startTimeNs);
  writer.writeLong(value.durationNs);
  writer.writeLong(value.errorCount);
  writeArray(writer, value.spans, (writer, item) => writeSpan(writer, item));
}
