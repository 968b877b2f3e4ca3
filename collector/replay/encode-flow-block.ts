import type { FlowBlock } from '../../native/packets/flow-blocks.ts';
import type { NetworkInterface } from '../../schemas/generated/event-batch.ts';
import { encodeEventBatch } from '../capture/event-batch-message.ts';

/** Whose batch it is. */
export interface FlowBlockHead {
  readonly agentId: number;
  readonly hostName: string;
  readonly sequence: number;
  /** Unix time in nanoseconds of the first packet: the monotonic clock of a capture file begins there. */
  readonly firstTimeNs: bigint;
  readonly interfaces: readonly NetworkInterface[];
}

/** The EventBatch that a collector would have sent of a block of a capture file. */
export function encodeFlowBlock(
  block: FlowBlock,
  { agentId, hostName, sequence, firstTimeNs, interfaces }: FlowBlockHead,
): Buffer {
  const head = {
    agentId,
    hostName,
    sequence,
    source: 'packets' as const,
    baseTimeNs: block.baseNs,
    baseMonotonicNs: Number(block.baseNs - firstTimeNs),
    untilOffsetNs: block.untilOffsetNs,
    losses: [],
    processes: [],
    reportedSpans: [],
    interfaces,
  };
  return encodeEventBatch(head, {
    segments: { bytes: block.segments, count: block.segmentCount },
    flows: { bytes: block.intervals, count: block.intervalCount },
  });
}
