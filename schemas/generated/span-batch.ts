// Generated from schemas/avro/span-batch.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readArray, writeArray } from '../avro-blocks.ts';
import { readSpan, type Span, writeSpan } from './span.ts';

/** Spans of one agent. Topic spans, key: agent_id in decimal. There is one batch for each accepted EventBatch, also when it is empty: it carries the progress of the agent's time. Further batches have spans that waited for a resource, and those that end because the enricher releases state: of an agent that is silent, or beyond a bound. */
export interface SpanBatch {
  /** The agent. */
  readonly agentId: number;
  /** Unix time in nanoseconds, by the agent's clock, up to which the agent's events have been read. Open requests may still become spans with an earlier start. */
  readonly watermarkNs: bigint;
  /** In the order they ended. */
  readonly spans: readonly Span[];
}

/** Reads one SpanBatch; throws AvroDecodeError on bytes that are none. */
export function readSpanBatch(reader: AvroReader): SpanBatch {
  const agentId = reader.readLong();
  const watermarkNs = reader.readBigLong();
  const spans = readArray(reader, (reader) => readSpan(reader), 98);
  return { agentId, watermarkNs, spans };
}

/** Writes one SpanBatch. */
export function writeSpanBatch(writer: AvroWriter, value: SpanBatch): void {
  writer.writeLong(value.agentId);
  writer.writeBigLong(value.watermarkNs);
  writeArray(writer, value.spans, (writer, item) => writeSpan(writer, item));
}
