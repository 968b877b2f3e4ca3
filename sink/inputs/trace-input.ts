import { decodeValue } from '../../core/codec.ts';
import { newTimeBounds, outOfRange, resetTimeBounds } from '../event-range.ts';
import { RowBinaryWriter } from '../row-binary-writer.ts';
import { reportedSpanTable } from '../tables/reported-span.ts';
import { spansTable } from '../tables/spans.ts';
import { traceTable } from '../tables/trace.ts';
import { transcodeTrace } from '../trace-transcoder.ts';
import type { Input, SinkAcceptance } from './input.ts';

/** Traces to one row a span, one more a span that an application reported, and one row a trace. */
export function traceInput({ range = {} }: SinkAcceptance): Input {
  const times = newTimeBounds();
  const writers = {
    spans: new RowBinaryWriter(),
    reportedSpans: new RowBinaryWriter(64 * 1024),
    trace: new RowBinaryWriter(64 * 1024),
    times,
  };
  const discard = (): void => {
    writers.spans.discard();
    writers.reportedSpans.discard();
    writers.trace.discard();
  };
  return {
    topics: ['traces'],
    read(message, nowMs) {
      resetTimeBounds(times);
      const minutes = new Set<number>();
      const decoded = decodeValue('Trace', message, (reader) => transcodeTrace(reader, { ...writers, minutes }));
      if (decoded.kind === 'rejected') {
        discard();
        return { ...decoded, records: 1 };
      }
      const { spans: records, reportedSpans } = decoded.value;
      const detail = outOfRange(times, range, nowMs, 'span');
      if (detail !== undefined) {
        discard();
        return { kind: 'rejected', reason: 'time_out_of_range', detail, records };
      }
      const reportedRows = writers.reportedSpans.take();
      const tables = [
        ...(reportedSpans === 0 ? [] : [{ table: reportedSpanTable, rows: reportedRows, count: reportedSpans }]),
        { table: spansTable, rows: writers.spans.take(), count: records, minutes },
        { table: traceTable, rows: writers.trace.take(), count: 1 },
      ];
      return { kind: 'rows', tables, records, ...times };
    },
  };
}
