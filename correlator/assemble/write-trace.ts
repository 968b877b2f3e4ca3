import type { OutgoingMessage } from '../../core/bus/bus.ts';
import { outgoingMessage } from '../../core/codec.ts';
import type { Topic } from '../../core/topics.ts';
import { type LikelyParent, reasonIndex, writeCallEnds, writeLikelyParent } from '../../schemas/generated/span.ts';
import { writeArray } from '../../schemas/avro-blocks.ts';
import { AvroWriter, readableLong } from '../../schemas/avro-writer.ts';
import { writeTrace } from '../../schemas/generated/trace.ts';
import type { SpanRecord } from '../spans/span-record.ts';
import { natOf } from './nat.ts';
import { writeSpanBody } from './sides.ts';
import type { OrderedSpans } from './order-spans.ts';

/** What names a trace and its state. */
export interface TraceHead {
  readonly traceId: string;
  readonly revision: number;
}

/** What names a trace that has spans. */
export interface AssembledTraceHead extends TraceHead {
  /** Empty when its spans carry none, or several. */
  readonly carriedTraceId: string;
}

const none: readonly LikelyParent[] = [];

const writer = new AvroWriter(256 * 1024);

function writeEdge(span: SpanRecord): void {
  const { edge } = span;
  writer.writeString(edge === undefined ? '' : edge.parent.spanId);
  writer.writeEnum(edge === undefined ? 'root' : edge.reason, reasonIndex);
  writer.writeDouble(edge === undefined ? 0 : edge.confidence);
  writeArray(writer, edge === undefined ? span.likelyParents : none, writeLikelyParent);
  writeArray(writer, natOf(span), writeCallEnds);
}

/**
 * Writes a Trace. Each span is its edge and, copied unread, its original bytes, except for sides that another view knows. A test
 * compares it with `writeTrace`.
 */
export function writeAssembledTrace(head: AssembledTraceHead, { spans, rootCount }: OrderedSpans): Buffer {
  const root = spans[0]!;
  let startTimeNs = root.startTimeNs;
  let endTimeNs = startTimeNs;
  let errorCount = 0;
  for (const span of spans) {
    if (span.startTimeNs < startTimeNs) startTimeNs = span.startTimeNs;
    const end = span.startTimeNs + BigInt(span.durationNs);
    if (end > endTimeNs) endTimeNs = end;
    if (span.failed) errorCount++;
  }
  writer.reset();
  writer.writeString(head.traceId);
  writer.writeLong(head.revision);
  writer.writeString('');
  writer.writeString(head.carriedTraceId);
  writer.writeString(root.spanId);
  writer.writeLong(rootCount);
  writer.writeBigLong(startTimeNs);
  // Ids can join spans that are years apart; a reader refuses durations beyond 2^53.
  writer.writeLong(readableLong(Number(endTimeNs - startTimeNs)));
  writer.writeLong(errorCount);
  writer.writeLong(spans.length);
  for (const span of spans) {
    writeEdge(span);
    writeSpanBody(writer, span);
  }
  writer.writeLong(0);
  return writer.finish();
}

/** Writes the Trace that announces a merge into another one. */
export function writeMergedTrace(head: TraceHead, mergedInto: string): Buffer {
  writer.reset();
  writeTrace(writer, {
    ...head,
    mergedInto,
    carriedTraceId: '',
    rootSpanId: '',
    rootCount: 0,
    startTimeNs: 0n,
    durationNs: 0,
    errorCount: 0,
    spans: [],
  });
  return writer.finish();
}

/** A Trace for the bus. */
export function traceMessage(traceId: string, value: Buffer): OutgoingMessage {
  return outgoingMessage('traces' satisfies Topic, traceId, 'Trace', value);
}
