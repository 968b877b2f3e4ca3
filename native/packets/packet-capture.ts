import type { NetworkInterface } from '../../schemas/generated/event-batch.ts';
import type { FlowBlock, FlowCounts, FlowOptions } from './flow-blocks.ts';

/** An end of TCP connections that are not captured. */
export interface ExcludedEnd {
  /** IPv4 or IPv6; empty: any. */
  readonly address: string;
  readonly port: number;
}

/** Which packets to capture, and how much memory that may take. */
export interface PacketCaptureOptions {
  /** Patterns of names, as of files. Empty: all but loopback interfaces, bridges and tunnels. */
  readonly interfaces: readonly string[];
  /** Network namespaces beside that of this process: by name in /run/netns, path or process id. */
  readonly namespaces: readonly string[];
  /** In libpcap's syntax; empty: everything. */
  readonly filter: string;
  /** Always left out; at most 64. */
  readonly excluded: readonly ExcludedEnd[];
  /** Bytes kept of a packet. */
  readonly snapLength: number;
  /** Ring of a device in bytes; of a virtual pair or tap a sixteenth of it. */
  readonly ringBytes: number;
  /** 2^52 more than the first event id. */
  readonly firstSegmentId: number;
  readonly flows: FlowOptions;
  /** Milliseconds for which records wait for others to make a block with. */
  readonly batchIntervalMs: number;
  /** Blocks handed over and not yet acknowledged above which reading stops and the rings fill. */
  readonly maxUnacknowledgedBlocks: number;
}

/** A block of the capture, also without records at least once a second. Offsets count from CLOCK_MONOTONIC. */
export interface PacketBlock extends FlowBlock {
  /** Lost since the block before: packets_dropped, undelivered (Loss in schemas/avro/event-batch.avsc). */
  readonly losses: Readonly<Record<string, number>>;
  /** All of the captured namespaces, when they changed and every ten seconds. */
  readonly interfaces?: readonly NetworkInterface[];
}

/** How far the capture is, counted since its start. */
export interface PacketProgress {
  /** Packets that passed the filter and had room, and those that were read. */
  readonly received: number;
  readonly read: number;
  /** Packets that the rings had no room for. */
  readonly dropped: number;
  readonly unacknowledgedBlocks: number;
  /** Blocks for which the receiver threw. */
  readonly failedBlocks: number;
  /** Names of the interfaces that are captured. */
  readonly interfaces: readonly string[];
  /** Interfaces and namespaces that cannot be captured, a sentence each. */
  readonly problems: readonly string[];
  readonly counts: FlowCounts;
}

/** A running capture of packets. */
export interface PacketCapture {
  /** Lets it hand over more blocks. */
  acknowledge(blocks: number): void;
  /** After stop() the last. */
  progress(): PacketProgress;
  /** Hands over what there is, and ends. */
  stop(): Promise<void>;
}

/** What of the capture of packets works for this process. */
export interface PacketCheck {
  /** CAP_NET_RAW. */
  readonly canCapture: boolean;
  /** CAP_SYS_ADMIN. */
  readonly canEnterNamespaces: boolean;
  /** libpcap is there. */
  readonly canCompileFilters: boolean;
}

/** What became of reading a list from the kernel. */
export interface ListReading {
  readonly result: 'whole' | 'interrupted' | 'failed';
  /** How often it was asked for. */
  readonly questions: number;
  /** What is known after it. */
  readonly names: readonly string[];
}

/** What the addon exports of it. */
export interface NativePacketCapture {
  /**
   * `onBlock` must not throw: a block that it throws at counts as lost.
   * @throws Error whose message says in one sentence what is missing (CAP_NET_RAW, libpcap) or not valid
   */
  startPacketCapture(options: PacketCaptureOptions, onBlock: (block: PacketBlock) => void): PacketCapture;
  checkPacketCapture(): PacketCheck;
  /** For tests: reads the list of interfaces some times, each time with datagrams of rtnetlink as answers to its questions. */
  readInterfaceNames(readings: readonly (readonly (readonly Buffer[])[])[]): readonly ListReading[];
  /**
   * For tests: how far the wall clock is ahead of CLOCK_MONOTONIC after each of these readings.
   * @param readings - nanoseconds: CLOCK_MONOTONIC before, the wall clock, CLOCK_MONOTONIC after
   */
  clockOffsets(readings: readonly (readonly [number, number, number])[]): readonly number[];
}
