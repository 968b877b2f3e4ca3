import { AvroReader } from '../../../schemas/avro-reader.ts';
import {
  type FlowInterval,
  type FlowMetrics,
  type FlowSide,
  type LinkHeader,
  type PacketSegment,
  readFlowInterval,
  readPacketSegment,
} from '../../../schemas/generated/event-batch.ts';
import { loadNative } from '../../load.ts';
import type { FlowBlock, FlowCounts, FlowOptions } from '../flow-blocks.ts';
import { pcap, type CapturedRecord } from './capture-builder.ts';
import { addressText, macText } from './frames.ts';

/** A segment with text in place of addresses and payload, and with its times. */
export interface Segment extends Omit<PacketSegment, 'payload' | 'observation'> {
  /** Address and port. */
  readonly source: string;
  readonly destination: string;
  readonly payload: string;
  readonly timeNs: bigint;
  readonly lastTimeNs: bigint;
  readonly observation: {
    readonly passage: string;
    readonly link: Link;
    readonly tunnels: PacketSegment['observation']['tunnels'];
  };
}

interface Link {
  readonly destination: string;
  readonly source: string;
  readonly vlans: readonly number[];
}

export type Side = FlowSide;

/** An interval with text in place of addresses, with its times, and with its metrics beside them. */
export interface Interval extends FlowMetrics, Omit<FlowInterval, 'metrics'> {
  /** Address and port. */
  readonly clientEnd: string;
  readonly serverEnd: string;
  readonly startNs: bigint;
  readonly endNs: bigint;
}

const endText = (address: Uint8Array, port: number): string => `${addressText(address)}:${port}`;
const linkText = ({ source, destination, vlans }: LinkHeader): Link => ({
  source: macText(source),
  destination: macText(destination),
  vlans,
});

function segmentText(segment: PacketSegment, baseNs: bigint): Segment {
  const { passage, link, tunnels } = segment.observation;
  return {
    ...segment,
    source: endText(segment.senderAddress, segment.senderPort),
    destination: endText(segment.receiverAddress, segment.receiverPort),
    payload: Buffer.from(segment.payload).toString('latin1'),
    timeNs: baseNs + BigInt(segment.timeOffsetNs),
    lastTimeNs: baseNs + BigInt(segment.lastTimeOffsetNs),
    observation: { passage, link: linkText(link), tunnels },
  };
}

function intervalText({ metrics, ...interval }: FlowInterval, baseNs: bigint): Interval {
  return {
    ...interval,
    ...metrics,
    clientEnd: endText(interval.clientAddress, interval.clientPort),
    serverEnd: endText(interval.serverAddress, interval.serverPort),
    startNs: baseNs + BigInt(interval.startOffsetNs),
    endNs: baseNs + BigInt(interval.endOffsetNs),
  };
}

function readAll<Item>(buffer: Buffer, count: number, read: (reader: AvroReader) => Item): readonly Item[] {
  const reader = new AvroReader(buffer);
  const items = Array.from({ length: count }, () => read(reader));
  if (reader.position !== buffer.length) throw new Error('a block has more than its records');
  return items;
}

/** The segments of a block, by the reader that the enricher has. */
export const segmentsOf = ({ segments, segmentCount, baseNs }: FlowBlock): readonly Segment[] =>
  readAll(segments, segmentCount, readPacketSegment).map((segment) => segmentText(segment, baseNs));

/** The same of intervals. */
export const intervalsOf = ({ intervals, intervalCount, baseNs }: FlowBlock): readonly Interval[] =>
  readAll(intervals, intervalCount, readFlowInterval).map((interval) => intervalText(interval, baseNs));

/** What a whole capture file gives. */
export interface Flows {
  readonly blocks: readonly FlowBlock[];
  readonly segments: readonly Segment[];
  readonly intervals: readonly Interval[];
  readonly counts: FlowCounts;
  readonly error: string | undefined;
}

/** Reads a whole capture file in chunks of a size. */
export function readFlows(file: Buffer, options: FlowOptions = {}, chunkBytes = file.length): Flows {
  const reader = loadNative().createFlowReader({ firstFlowId: 1, ...options });
  const blocks: FlowBlock[] = [];
  for (let at = 0; at < file.length; at += chunkBytes)
    blocks.push(...reader.read(file.subarray(at, at + chunkBytes)).blocks);
  const last = reader.end();
  blocks.push(...last.blocks);
  return {
    blocks,
    segments: blocks.flatMap(segmentsOf),
    intervals: blocks.flatMap(intervalsOf),
    counts: reader.counts(),
    error: last.error,
  };
}

/** The same, of frames of Ethernet. */
export function flowsOf(records: readonly CapturedRecord[], options: FlowOptions = {}): Flows {
  return readFlows(pcap(records, { isNanoseconds: true }), options);
}

/** Each segment in few words: the sender with + where it goes on, payload, length, and what is missing before it. */
export function brief({ segments }: Flows): readonly string[] {
  return segments.map(({ fromClient, startsMessage, payload, length, gap, gapBytes }) => {
    const missing = gap === 'none' ? '' : ` ${gap} ${gapBytes}`;
    return `${fromClient ? 'C' : 'S'}${startsMessage ? '' : '+'} ${payload} ${length}${missing}`;
  });
}

/** The one interval that there is. */
export function only({ intervals }: Flows): Interval {
  if (intervals.length !== 1) throw new Error(`There are ${intervals.length} intervals.`);
  return intervals[0]!;
}
