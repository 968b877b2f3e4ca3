import type { FlowBlock } from '../../native/packets/flow-blocks.ts';
import { AvroReader } from '../../schemas/avro-reader.ts';
import {
  type FlowInterval,
  type PacketSegment,
  readFlowInterval,
  readPacketSegment,
} from '../../schemas/generated/event-batch.ts';

/** The segments in a block. */
export function* segmentsOf({ segments, segmentCount }: FlowBlock): Generator<PacketSegment> {
  const reader = new AvroReader(segments);
  for (let index = 0; index < segmentCount; index++) yield readPacketSegment(reader);
}

/** The intervals of flows in a block. */
export function* intervalsOf({ intervals, intervalCount }: FlowBlock): Generator<FlowInterval> {
  const reader = new AvroReader(intervals);
  for (let index = 0; index < intervalCount; index++) yield readFlowInterval(reader);
}
