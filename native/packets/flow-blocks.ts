import type { RedactionOptions } from '../capture.ts';

/** Bounds of flows, how their ids begin, and what of payloads leaves native code; each has a default. */
export interface FlowOptions {
  /** At a time, default 100,000; beyond that the flow used longest ago is closed. */
  readonly maxFlows?: number;
  /** For hashing, default 0. Of live traffic a random number, which senders of packets do not know. */
  readonly seed?: number;
  /** Flows count up from it. Of a capture file by default the time of its first packet, in microseconds. */
  readonly firstFlowId?: number;
  /** Payload sent of a message, default 512. */
  readonly messageBytes?: number;
  /** Payload sent of each segment beyond that, default 32. */
  readonly continuationBytes?: number;
  /** For packets of all flows that wait for others, default 16 MiB. */
  readonly maxHeldBytes?: number;
  /** Length of an interval of counters in nanoseconds, default ten seconds. */
  readonly intervalNs?: number;
  /** What may not leave the host; undefined sends payloads as they are. */
  readonly redaction?: RedactionOptions | undefined;
}

/** Segments and flow intervals: as much as one EventBatch carries, at most 8,192 records in little more than 1 MiB. */
export interface FlowBlock {
  /** What all offsets count from, in nanoseconds: Unix time of a capture file, CLOCK_MONOTONIC of interfaces. */
  readonly baseNs: bigint;
  /** Everything up to base + this is in this block or an earlier one: until_offset_ns in schemas/avro/event-batch.avsc. */
  readonly untilOffsetNs: number;
  /** Avro-encoded items of EventBatch.segments, without block count and end marker. */
  readonly segments: Buffer;
  readonly segmentCount: number;
  /** The same of EventBatch.flows. */
  readonly intervals: Buffer;
  readonly intervalCount: number;
  /** The highest ids so far; 0: none yet. */
  readonly lastSegmentId: number;
  readonly lastFlowId: number;
}

/** Counts since the beginning. */
export interface FlowCounts {
  /** Frames by reason why they could not be parsed; `parsed` are those that were. */
  readonly frames: Readonly<Record<string, number>>;
  /** Gaps in streams of TCP by reason, and their bytes. */
  readonly gaps: Readonly<Record<string, number>>;
  readonly missedBytes: number;
  readonly flows: number;
  /** Flows closed for want of room, and of them those that only had a SYN. */
  readonly evicted: number;
  readonly evictedOpening: number;
  /** Parsed packets of neither TCP nor UDP. */
  readonly withoutFlow: number;
  /** Now. */
  readonly openFlows: number;
  readonly heldBytes: number;
  readonly fragments: number;
  readonly joinedPackets: number;
  readonly incompletePackets: number;
  readonly unusableFragments: number;
  readonly conflictingFragments: number;
}
