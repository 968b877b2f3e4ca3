/** Frames that one call of a {@link FrameReader} found. */
export interface FrameBatch {
  /** One after the other, in the encoding of native/packets/encode-frame.h. */
  readonly frames: Buffer;
  /** One sentence that says what is wrong with the file and where; frames before that place are good. */
  readonly error: string | undefined;
}

/** Reads a capture file, pcap or pcapng, in chunks of any size. */
export interface FrameReader {
  /** Parses the frames that are there as a whole. Packets put together out of fragments come behind their last fragment. */
  read(chunk: Buffer): FrameBatch;
  /** There are no more bytes. Returns what is wrong with the file, if anything. */
  end(): string | undefined;
}

/** Bounds of flows, and how their ids begin; each has a default. */
export interface FlowOptions {
  /** At a time, default 100,000; beyond that the flow used longest ago is closed. */
  readonly maxFlows?: number;
  /** For hashing, default 0. Of live traffic a random number, which senders of packets do not know. */
  readonly seed?: number;
  /** Default 1; flows count up from it. */
  readonly firstFlowId?: number;
  /** Payload sent of a message, default 512. */
  readonly messageBytes?: number;
  /** Payload sent of each segment beyond that, default 32. */
  readonly continuationBytes?: number;
  /** For packets of all flows that wait for others, default 16 MiB. */
  readonly maxHeldBytes?: number;
  /** Length of an interval of counters in nanoseconds, default ten seconds. */
  readonly intervalNs?: number;
}

/** What one call of a {@link FlowReader} found, in the encoding of native/packets/encode-flow.h. */
export interface FlowBatch {
  readonly segments: Buffer;
  readonly intervals: Buffer;
  /** One sentence that says what is wrong with the file and where; what came before that place is good. */
  readonly error: string | undefined;
}

/** Counts since the beginning. */
export interface FlowReaderCounts {
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

/** Follows the flows in a capture file, pcap or pcapng, in chunks of any size. */
export interface FlowReader {
  read(chunk: Buffer): FlowBatch;
  /** There are no more bytes: sends what flows have left. */
  end(): FlowBatch;
  counts(): FlowReaderCounts;
}
