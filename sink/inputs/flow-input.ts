import { decodeValue } from '../../core/codec.ts';
import type { AvroReader } from '../../schemas/avro-reader.ts';
import { newTimeBounds, outOfRange, resetTimeBounds, type TimeBounds, widen } from '../event-range.ts';
import { copyFlow, FlowMarks } from '../generated/flow-row.ts';
import { RowBinaryWriter } from '../row-binary-writer.ts';
import { flowTable } from '../tables/flow.ts';
import type { Input, SinkAcceptance } from './input.ts';

const marks = new FlowMarks();
const nsPerMinute = 60e9;

/**
 * Reads one FlowBatch and writes its rows, from the bytes of the one to the bytes of the other. When it throws, part of the
 * rows may have been written: discard them.
 *
 * @param minutes gets the Unix minutes in which flows begin
 * @returns number of flows
 * @throws AvroDecodeError on bytes that are no FlowBatch
 */
export function transcodeFlows(
  reader: AvroReader,
  writer: RowBinaryWriter,
  times: TimeBounds,
  minutes: Set<number>,
): number {
  const agentId = reader.readLong();
  let flows = 0;
  for (let count = reader.readBlockCount(); count > 0; count = reader.readBlockCount()) {
    for (let index = 0; index < count; index++) {
      writer.writeInt64(agentId);
      copyFlow(reader, writer, marks);
      const startTimeNs = writer.int64At(marks.startTimeNsInRow);
      widen(times, startTimeNs);
      minutes.add(Math.floor(startTimeNs / nsPerMinute));
    }
    flows += count;
  }
  return flows;
}

/** Flows to one row each interval. */
export function flowInput({ range = {} }: SinkAcceptance): Input {
  const times = newTimeBounds();
  const writer = new RowBinaryWriter(64 * 1024);
  return {
    topics: ['flows'],
    read(message, nowMs) {
      resetTimeBounds(times);
      const minutes = new Set<number>();
      const decoded = decodeValue('FlowBatch', message, (reader) => transcodeFlows(reader, writer, times, minutes));
      if (decoded.kind === 'rejected') {
        writer.discard();
        return { ...decoded, records: 1 };
      }
      const records = decoded.value;
      const detail = outOfRange(times, range, nowMs, 'flow');
      if (detail !== undefined) {
        writer.discard();
        return { kind: 'rejected', reason: 'time_out_of_range', detail, records };
      }
      const rows = { table: flowTable, rows: writer.take(), count: records, minutes };
      return { kind: 'rows', tables: [rows], records, ...times };
    },
  };
}
