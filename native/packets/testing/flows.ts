import { AvroReader } from '../../../schemas/avro-reader.ts';
import { loadNative } from '../../load.ts';
import type { FlowBatch, FlowOptions, FlowReaderCounts } from '../capture-files.ts';
import { pcap, type CapturedRecord } from './capture-builder.ts';
import { type Link, readAddress, readLink, readTunnels, type Tunnel } from './frames.ts';

/** Where one direction of a flow was seen. */
interface Observation {
  readonly packetType: number;
  readonly link: Link;
  readonly innerLink: Link;
  readonly tunnels: readonly Tunnel[];
}

/** As native/packets/flow-sink.h has it. */
export interface Segment {
  readonly flowId: number;
  readonly protocol: number;
  readonly interface: number;
  /** Address and port. */
  readonly source: string;
  readonly destination: string;
  readonly isFromClient: boolean;
  readonly isRoleKnown: boolean;
  readonly startsMessage: boolean;
  readonly sequence: number;
  readonly length: number;
  readonly payload: string;
  readonly timeNs: bigint;
  readonly lastTimeNs: bigint;
  readonly gapBytes: number;
  readonly gap: string;
  readonly observation: Observation;
}

interface Delay {
  readonly count: number;
  readonly sumNs: number;
  readonly maxNs: number;
}

export interface Side {
  readonly packets: number;
  readonly bytes: number;
  readonly payloadBytes: number;
  readonly retransmissions: number;
  readonly spuriousRetransmissions: number;
  readonly synRetransmissions: number;
  readonly outOfOrder: number;
  readonly duplicateAcks: number;
  readonly zeroWindows: number;
  readonly resets: number;
  readonly conflicts: number;
  readonly missedBytes: number;
  readonly acknowledgment: Delay;
}

/** As native/packets/flow-sink.h has it. */
export interface Interval {
  readonly flowId: number;
  readonly protocol: number;
  readonly interface: number;
  /** Address and port. */
  readonly clientEnd: string;
  readonly serverEnd: string;
  readonly isRoleKnown: boolean;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly client: Side;
  readonly server: Side;
  readonly serverHandshakeNs: number;
  readonly clientHandshakeNs: number;
  readonly response: Delay;
  readonly clientIdle: Delay;
  readonly isOpened: boolean;
  readonly isOpen: boolean;
  readonly close: string;
  readonly clientObservation: Observation;
  readonly serverObservation: Observation;
}

const gapNames = ['none', 'acknowledged', 'timeout', 'distance', 'room', 'closed'];
const closeNames = [
  ...['open', 'finished', 'client_reset', 'server_reset', 'refused', 'handshake_timeout', 'half_closed'],
  ...['idle', 'evicted', 'reused'],
];

const readEnd = (reader: AvroReader): string => `${readAddress(reader)}:${reader.readLong()}`;

function readObservation(reader: AvroReader): Observation {
  return {
    packetType: reader.readLong(),
    link: readLink(reader),
    innerLink: readLink(reader),
    tunnels: readTunnels(reader),
  };
}

function readSegment(reader: AvroReader): Segment {
  return {
    flowId: reader.readLong(),
    protocol: reader.readLong(),
    interface: reader.readLong(),
    source: readEnd(reader),
    destination: readEnd(reader),
    isFromClient: reader.readBoolean(),
    isRoleKnown: reader.readBoolean(),
    startsMessage: reader.readBoolean(),
    sequence: reader.readLong(),
    length: reader.readLong(),
    payload: reader.readBytes().toString('latin1'),
    timeNs: reader.readBigLong(),
    lastTimeNs: reader.readBigLong(),
    gapBytes: reader.readLong(),
    gap: gapNames[reader.readLong()]!,
    observation: readObservation(reader),
  };
}

function readDelay(reader: AvroReader): Delay {
  return { count: reader.readLong(), sumNs: reader.readRoundedLong(), maxNs: reader.readRoundedLong() };
}

function readSide(reader: AvroReader): Side {
  return {
    packets: reader.readLong(),
    bytes: reader.readLong(),
    payloadBytes: reader.readLong(),
    retransmissions: reader.readLong(),
    spuriousRetransmissions: reader.readLong(),
    synRetransmissions: reader.readLong(),
    outOfOrder: reader.readLong(),
    duplicateAcks: reader.readLong(),
    zeroWindows: reader.readLong(),
    resets: reader.readLong(),
    conflicts: reader.readLong(),
    missedBytes: reader.readLong(),
    acknowledgment: readDelay(reader),
  };
}

function readInterval(reader: AvroReader): Interval {
  return {
    flowId: reader.readLong(),
    protocol: reader.readLong(),
    interface: reader.readLong(),
    clientEnd: readEnd(reader),
    serverEnd: readEnd(reader),
    isRoleKnown: reader.readBoolean(),
    startNs: reader.readBigLong(),
    endNs: reader.readBigLong(),
    client: readSide(reader),
    server: readSide(reader),
    serverHandshakeNs: reader.readRoundedLong(),
    clientHandshakeNs: reader.readRoundedLong(),
    response: readDelay(reader),
    clientIdle: readDelay(reader),
    isOpened: reader.readBoolean(),
    isOpen: reader.readBoolean(),
    close: closeNames[reader.readLong()]!,
    clientObservation: readObservation(reader),
    serverObservation: readObservation(reader),
  };
}

function readAll<Item>(buffer: Buffer, read: (reader: AvroReader) => Item): readonly Item[] {
  const reader = new AvroReader(buffer);
  const items: Item[] = [];
  while (reader.position < buffer.length) items.push(read(reader));
  return items;
}

/** What a whole capture file gives. */
export interface Flows {
  readonly segments: readonly Segment[];
  readonly intervals: readonly Interval[];
  readonly counts: FlowReaderCounts;
  readonly error: string | undefined;
}

/** Reads a whole capture file in chunks of a size. */
export function readFlows(file: Buffer, options: FlowOptions = {}, chunkBytes = file.length): Flows {
  const reader = loadNative().createFlowReader(options);
  const batches: FlowBatch[] = [];
  for (let at = 0; at < file.length; at += chunkBytes) batches.push(reader.read(file.subarray(at, at + chunkBytes)));
  batches.push(reader.end());
  return {
    segments: batches.flatMap(({ segments }) => readAll(segments, readSegment)),
    intervals: batches.flatMap(({ intervals }) => readAll(intervals, readInterval)),
    counts: reader.counts(),
    error: batches.at(-1)!.error,
  };
}

/** The same, of frames of Ethernet. */
export function flowsOf(records: readonly CapturedRecord[], options: FlowOptions = {}): Flows {
  return readFlows(pcap(records, { isNanoseconds: true }), options);
}
