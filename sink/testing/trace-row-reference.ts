/** Rows of table `trace` from records: the measure that tests hold the transcoder to. */
import { protocolIndex, spanStatusIndex } from '../../schemas/generated/span.ts';
import type { Trace } from '../../schemas/generated/trace.ts';
import { ownSide, serviceOf } from './call-reference.ts';
import type { RowBinaryWriter } from '../row-binary-writer.ts';

/** Writes the row of one revision of a trace. */
export function writeTraceRow(writer: RowBinaryWriter, trace: Trace): void {
  const root = trace.spans.find((span) => span.spanId === trace.rootSpanId);
  const service = root === undefined ? undefined : serviceOf(ownSide(root));
  writer.writeHex(trace.traceId, 16);
  writer.writeInt64(trace.revision);
  writer.writeHex(trace.mergedInto, 16);
  writer.writeHex(trace.carriedTraceId, 16);
  writer.writeHex(trace.rootSpanId, 8);
  writer.writeInt32(trace.rootCount);
  writer.writeBigInt64(trace.startTimeNs);
  writer.writeInt64(trace.durationNs);
  writer.writeInt32(trace.errorCount);
  writer.writeInt64(trace.revision * 2 + (trace.mergedInto === '' ? 0 : 1));
  writer.writeInt32(trace.spans.length);
  writer.writeInt32(service?.type ?? 0);
  writer.writeInt32(service?.id ?? 0);
  writer.writeString(root?.processName ?? '');
  writer.writeString(root?.observationPoint ?? '');
  writer.writeInt8(protocolIndex[root?.protocol ?? 'unknown']);
  writer.writeString(root?.requestType ?? '');
  writer.writeString(root?.endpoint ?? '');
  writer.writeInt8(spanStatusIndex[root?.status ?? 'unknown']);
  writer.writeInt32(root?.responseCode ?? 0);
}
