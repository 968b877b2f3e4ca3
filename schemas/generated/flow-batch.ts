// Generated from schemas/avro/flow-batch.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readArray, writeArray } from '../avro-blocks.ts';
import { readFlowMetrics, readTunnel, transportIndex, transportSymbols, type FlowMetrics, type Transport, type Tunnel, writeFlowMetrics, writeTunnel } from './event-batch.ts';
import { readSide, type Side, writeSide } from './span.ts';

/** One interval of a flow at one observation point. Intervals of one flow have the same flow_id; flow_id and start_time_ns name one of them. */
export interface Flow {
  /** The flow: both ends, tunnels and interface. Never reused by an agent. */
  readonly flowId: number;
  /** Unix time in nanoseconds of the first packet in the interval, by the agent's clock. */
  readonly startTimeNs: bigint;
  /** From the first to the last packet in the interval. */
  readonly durationNs: number;
  /** As Span.observation_point. */
  readonly observationPoint: string;
  /** Inode number of the network namespace it was seen in; 0 in a capture file. */
  readonly networkNamespace: number;
  /** Name of the network interface; empty where it is not known. */
  readonly interfaceName: string;
  /** tcp or udp. */
  readonly transport: Transport;
  /** Around the packets of the client, or if there were none in it, of the server; outermost first, at most two. */
  readonly tunnels: readonly Tunnel[];
  /** As PacketSegment.is_role_known. */
  readonly isRoleKnown: boolean;
  /** Counters and times. */
  readonly metrics: FlowMetrics;
  /** The side that has opened the connection. */
  readonly client: Side;
  /** The other side. */
  readonly server: Side;
}

/** Reads one Flow; throws AvroDecodeError on bytes that are none. */
export function readFlow(reader: AvroReader): Flow {
  const flowId = reader.readLong();
  const startTimeNs = reader.readBigLong();
  const durationNs = reader.readLong();
  const observationPoint = reader.readString();
  const networkNamespace = reader.readLong();
  const interfaceName = reader.readString();
  const transport = reader.readEnum(transportSymbols);
  const tunnels = readArray(reader, (reader) => readTunnel(reader), 4);
  const isRoleKnown = reader.readBoolean();
  const metrics = readFlowMetrics(reader);
  const client = readSide(reader);
  const server = readSide(reader);
  return { flowId, startTimeNs, durationNs, observationPoint, networkNamespace, interfaceName, transport, tunnels, isRoleKnown, metrics, client, server };
}

/** Writes one Flow. */
export function writeFlow(writer: AvroWriter, value: Flow): void {
  writer.writeLong(value.flowId);
  writer.writeBigLong(value.startTimeNs);
  writer.writeLong(value.durationNs);
  writer.writeString(value.observationPoint);
  writer.writeLong(value.networkNamespace);
  writer.writeString(value.interfaceName);
  writer.writeEnum(value.transport, transportIndex);
  writeArray(writer, value.tunnels, (writer, item) => writeTunnel(writer, item));
  writer.writeBoolean(value.isRoleKnown);
  writeFlowMetrics(writer, value.metrics);
  writeSide(writer, value.client);
  writeSide(writer, value.server);
}

/** Flows of one agent. Topic flows, key: agent_id in decimal. One message for each EventBatch with flows; further ones have flows that waited for a resource. */
export interface FlowBatch {
  /** The agent. */
  readonly agentId: number;
  /** In the order in which their intervals ended. */
  readonly flows: readonly Flow[];
}

/** Reads one FlowBatch; throws AvroDecodeError on bytes that are none. */
export function readFlowBatch(reader: AvroReader): FlowBatch {
  const agentId = reader.readLong();
  const flows = readArray(reader, (reader) => readFlow(reader), 90);
  return { agentId, flows };
}

/** Writes one FlowBatch. */
export function writeFlowBatch(writer: AvroWriter, value: FlowBatch): void {
  writer.writeLong(value.agentId);
  writeArray(writer, value.flows, (writer, item) => writeFlow(writer, item));
}
