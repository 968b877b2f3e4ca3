import { decodeValue } from '../../core/codec.ts';
import { readStageReport, type StageReport } from '../../schemas/generated/stage-report.ts';
import { newTimeBounds, outOfRange, widen } from '../event-range.ts';
import { RowBinaryWriter } from '../row-binary-writer.ts';
import { stageReportTable, writeStageReportRows } from '../tables/stage-report.ts';
import type { Input, SinkAcceptance } from './input.ts';

/** No process has more stages. */
const maxStages = 100;

/** Reports of stages to one row each stage. They count in no accounting: a stage that is idle would seem to work. */
export function stageReportInput({ range = {} }: SinkAcceptance): Input {
  const writer = new RowBinaryWriter(4 * 1024);
  return {
    topics: ['stage-reports'],
    read(message, nowMs) {
      const decoded = decodeValue<StageReport>('StageReport', message, readStageReport);
      if (decoded.kind !== 'ok') return { ...decoded, records: 1 };
      const report = decoded.value;
      const problem = problemOf(report);
      if (problem !== undefined) return { kind: 'rejected', reason: 'undecodable', detail: problem, records: 1 };
      const times = newTimeBounds();
      widen(times, Number(report.timeNs));
      const detail = outOfRange(times, range, nowMs, 'report');
      if (detail !== undefined) return { kind: 'rejected', reason: 'time_out_of_range', detail, records: 1 };
      writeStageReportRows(writer, report);
      const rows = { table: stageReportTable, rows: writer.take(), count: report.stages.length };
      return { kind: 'rows', tables: [rows], records: 0, ...times };
    },
  };
}

function problemOf({ instance, stages }: StageReport): string | undefined {
  if (!/^[0-9a-f]{32}$/.test(instance)) return 'instance is not 32 hex digits';
  if (stages.length > maxStages) return `it has ${stages.length} stages; at most ${maxStages} are taken`;
  return undefined;
}
