import type { FlowBlock, FlowCounts } from './flow-blocks.ts';

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

/** What one call of a {@link FlowReader} found. */
export interface FlowBatch {
  readonly blocks: readonly FlowBlock[];
  /** Unix time in nanoseconds of the first packet in the file; undefined as long as there was none. */
  readonly firstTimeNs: bigint | undefined;
  /**
   * Names of the interfaces by their number, of the section of a pcapng file that was read last; empty where it has none.
   * Undefined: as before; of pcap always.
   */
  readonly interfaces: readonly string[] | undefined;
  /** One sentence that says what is wrong with the file and where; what came before that place is good. */
  readonly error: string | undefined;
}

/** Follows the flows in a capture file, pcap or pcapng, in chunks of any size. */
export interface FlowReader {
  read(chunk: Buffer): FlowBatch;
  /** There are no more bytes: sends what flows have left. */
  end(): FlowBatch;
  counts(): FlowCounts;
}
