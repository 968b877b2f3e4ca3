/** Table `reported_span`: what applications reported with their spans, beside the rows of `spans`. */
import type { RowColumn } from '../../core/clickhouse/clickhouse.ts';
import { attributeText, lastByKey } from '../../opentelemetry/attribute-text.ts';
import { type Attribute, reportedDetails, type ReportedDetails } from '../../opentelemetry/reported-details.ts';
import type { RowBinaryWriter } from '../row-binary-writer.ts';
import type { Table } from './table.ts';

const textMap = 'Map(String, String)';

/** Columns of a row: those that the span has too, then in the order of {@link writeReportedColumns}. */
const columns: readonly RowColumn[] = [
  { name: 'trace_id', type: 'FixedString(16)' },
  { name: 'otel_trace_id', type: 'FixedString(16)' },
  { name: 'revision', type: 'Int64' },
  { name: 'parent_span_id', type: 'FixedString(8)' },
  { name: 'span_id', type: 'FixedString(8)' },
  { name: 'start_time', type: "DateTime64(9, 'UTC')" },
  { name: 'duration_ns', type: 'Int64' },
  { name: 'otlp', type: 'String' },
  { name: 'name', type: 'String' },
  { name: 'kind', type: 'String' },
  { name: 'trace_state', type: 'String' },
  { name: 'status_code', type: 'String' },
  { name: 'status_message', type: 'String' },
  { name: 'scope_name', type: 'String' },
  { name: 'scope_version', type: 'String' },
  { name: 'resource_attributes', type: textMap },
  { name: 'attributes', type: textMap },
  { name: 'event_times', type: 'Array(DateTime64(9))' },
  { name: 'event_names', type: 'Array(String)' },
  { name: 'event_attributes', type: `Array(${textMap})` },
  { name: 'link_trace_ids', type: 'Array(String)' },
  { name: 'link_span_ids', type: 'Array(String)' },
  { name: 'link_trace_states', type: 'Array(String)' },
  { name: 'link_attributes', type: `Array(${textMap})` },
];

/** One row a span that an application reported. */
export const reportedSpanTable: Table = { name: 'reported_span', columns, expiry: {} };

/** UTF-8 bytes of a text in these columns; `otlp` has all of it. */
const maxTextBytes = 4096;
const latestTimeNs = 2n ** 63n - 1n;
const nothing = reportedDetails(Buffer.alloc(0))!;

/** Writes the columns from `otlp` on. @param otlp bytes that cannot be read are kept as they are, the other columns are then empty */
export function writeReportedColumns(writer: RowBinaryWriter, otlp: Buffer): void {
  writer.writeText(otlp, 0, otlp.length);
  const details = reportedDetails(otlp) ?? nothing;
  writeText(writer, details.name);
  writeText(writer, capitalized(details.kind));
  writeText(writer, details.traceState);
  writeText(writer, capitalized(details.status.code));
  writeText(writer, details.status.message);
  writeText(writer, details.scope.name);
  writeText(writer, details.scope.version);
  writeAttributes(writer, details.resource.attributes);
  writeAttributes(writer, details.attributes);
  writeEvents(writer, details);
  writeLinks(writer, details);
}

function writeEvents(writer: RowBinaryWriter, { events }: ReportedDetails): void {
  writer.writeLength(events.length);
  for (const { timeNs } of events) writer.writeBigInt64(timeNs < latestTimeNs ? timeNs : latestTimeNs);
  writer.writeLength(events.length);
  for (const { name } of events) writeText(writer, name);
  writer.writeLength(events.length);
  for (const { attributes } of events) writeAttributes(writer, attributes);
}

function writeLinks(writer: RowBinaryWriter, { links }: ReportedDetails): void {
  for (const part of ['traceId', 'spanId', 'traceState'] as const) {
    writer.writeLength(links.length);
    for (const link of links) writeText(writer, link[part]);
  }
  writer.writeLength(links.length);
  for (const { attributes } of links) writeAttributes(writer, attributes);
}

function writeAttributes(writer: RowBinaryWriter, attributes: readonly Attribute[]): void {
  const values = lastByKey(attributes);
  writer.writeLength(values.size);
  for (const [key, value] of values) {
    writeText(writer, key);
    writeText(writer, attributeText(value));
  }
}

/** A text, cut between two characters where it is too long. */
function writeText(writer: RowBinaryWriter, text: string): void {
  // A unit of UTF-16 has at most three bytes of UTF-8.
  if (3 * text.length <= maxTextBytes || Buffer.byteLength(text) <= maxTextBytes) {
    writer.writeString(text);
    return;
  }
  const bytes = Buffer.from(text.slice(0, maxTextBytes));
  let end = Math.min(maxTextBytes, bytes.length);
  while (end < bytes.length && (bytes[end]! & 0xc0) === 0x80) end--;
  writer.writeText(bytes, 0, end);
}

const capitalized = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);
