/** Table `stage_report`: one row a report and stage. */
import type { RowColumn } from '../../core/clickhouse/clickhouse.ts';
import type { StageReport } from '../../schemas/generated/stage-report.ts';
import type { RowBinaryWriter } from '../row-binary-writer.ts';
import type { Table } from './table.ts';

/** Columns of a row, in the order of {@link writeStageReportRows}. */
const columns: readonly RowColumn[] = [
  { name: 'time', type: "DateTime64(9, 'UTC')" },
  { name: 'instance', type: 'FixedString(16)' },
  { name: 'stage', type: 'String' },
  { name: 'host', type: 'String' },
  { name: 'version', type: 'String' },
  { name: 'started_at', type: "DateTime64(9, 'UTC')" },
  { name: 'received', type: 'Int64' },
  { name: 'emitted', type: 'Int64' },
  { name: 'buffered', type: 'Int64' },
  { name: 'dropped', type: 'Map(String, Int64)' },
  { name: 'rejected', type: 'Map(String, Int64)' },
  { name: 'lag_messages', type: 'Int64' },
  { name: 'lag_ms', type: 'Int64' },
];

/** One row a report and stage. */
export const stageReportTable: Table = { name: 'stage_report', columns, expiry: { column: 'time' } };

/** Writes the rows of a report. @param report with an instance of 32 hex digits */
export function writeStageReportRows(writer: RowBinaryWriter, report: StageReport): void {
  for (const counts of report.stages) {
    writer.writeBigInt64(report.timeNs);
    writer.writeHex(report.instance, 16);
    writer.writeString(counts.stage);
    writer.writeString(report.host);
    writer.writeString(report.version);
    writer.writeBigInt64(report.startedAtNs);
    writer.writeInt64(counts.received);
    writer.writeInt64(counts.emitted);
    writer.writeInt64(counts.buffered);
    writeCounts(writer, counts.dropped);
    writeCounts(writer, counts.rejected);
    writer.writeInt64(counts.lagMessages);
    writer.writeInt64(counts.lagMs);
  }
}

function writeCounts(writer: RowBinaryWriter, counts: Readonly<Record<string, number>>): void {
  const entries = Object.entries(counts);
  writer.writeLength(entries.length);
  for (const [reason, count] of entries) {
    writer.writeString(reason);
    writer.writeInt64(count);
  }
}
