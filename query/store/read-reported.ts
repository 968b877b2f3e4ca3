/**
 * What applications reported with the spans of a page of a trace. Bounded in bytes: a span may have much of it, and a page is in
 * memory as a whole. A reported span is read without what is beyond the bounds, so `otlp` of one is empty where it was cut.
 */
import { integerLiteral, plainBytesLiteral, timeLiteral } from '../../core/clickhouse/sql-literal.ts';
import type { SignalSource } from '../../schemas/generated/span.ts';
import type { Reader } from './read-limits.ts';

/** Of one span, of one page, and of one trace. */
const maxSpanBytes = 1024 * 1024;
const maxPageBytes = 8 * 1024 * 1024;
const maxTraceBytes = 64 * 1024 * 1024;

/** Bytes that may still be read of a trace. */
export interface ReportBudget {
  bytes: number;
}

export const newReportBudget = (): ReportBudget => ({ bytes: maxTraceBytes });

interface ReportedRow {
  readonly span_id: string;
  readonly otlp: string;
  readonly bytes: number;
}

/** `otlp` in base64 by span id: of those that applications reported. Nothing is asked where there are none. */
export async function readReported(
  reader: Reader,
  spans: readonly { readonly span_id: string; readonly start_time_ns: string; readonly signal_source: SignalSource }[],
  budget: ReportBudget,
): Promise<ReadonlyMap<string, string>> {
  const reported = spans.filter(({ signal_source: source }) => source === 'otel');
  if (reported.length === 0 || budget.bytes === 0) return new Map();
  const rows = await reader.select<ReportedRow>(reportedSql(reported, Math.min(maxPageBytes, budget.bytes)));
  budget.bytes = Math.max(0, budget.bytes - rows.reduce((sum, { bytes }) => sum + bytes, 0));
  return new Map(rows.map(({ span_id: id, otlp }) => [id, otlp]));
}

/** Any version of a row: all have the same `otlp`. */
function reportedSql(
  spans: readonly { readonly span_id: string; readonly start_time_ns: string }[],
  maxBytes: number,
): string {
  const starts = spans.map((span) => BigInt(span.start_time_ns));
  const first = starts.reduce((least, start) => (start < least ? start : least));
  const last = starts.reduce((greatest, start) => (start > greatest ? start : greatest));
  const keys = spans.map((span, at) => `(${timeLiteral(starts[at]!)}, ${plainBytesLiteral(span.span_id)})`);
  return `SELECT lower(hex(span)) AS span_id, base64Encode(otlp) AS otlp, toUInt32(length(otlp)) AS bytes
    FROM (
      SELECT span, otlp, sum(length(otlp)) OVER (ORDER BY start, span) AS total
      FROM (
        SELECT span_id AS span, start_time AS start, otlp FROM reported_span
        WHERE start_time >= ${timeLiteral(first)} AND start_time <= ${timeLiteral(last)}
          AND (start_time, span_id) IN (${keys.join(', ')}) AND length(otlp) <= ${integerLiteral(maxSpanBytes)}
        LIMIT 1 BY start_time, span_id))
    WHERE total <= ${integerLiteral(maxBytes)}`;
}
