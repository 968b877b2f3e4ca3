// Generated from schemas/avro/event-batch.avsc by `npm run generate`. Do not edit.
import type { AvroReader } from '../avro-reader.ts';
import type { AvroWriter } from '../avro-writer.ts';
import { readArray, readMap, writeArray, writeMap } from '../avro-blocks.ts';

/** Symbols of CaptureSource, by their position in the encoding. */
export const captureSourceSymbols = ['sockets', 'packets', 'applications'] as const;
export type CaptureSource = (typeof captureSourceSymbols)[number];
/** Position of each symbol of CaptureSource in the encoding. */
export const captureSourceIndex: Readonly<Record<CaptureSource, number>> = { sockets: 0, packets: 1, applications: 2 };

/** A count of events that the host lost, or sent without a part of them. Lost: ring_full (no room in the ring buffer), map_full (no room in the kernel for the state of a thread or a socket), undelivered (the addon could not hand over a block of events), failed (the collector could not send a batch), packets_dropped (packets for which the capture had no room). Sent, but incomplete: payload_unreadable (the payload is empty or ends early), socket_unresolved (a socket whose addresses could not be read: all its events lack them). Either: arguments_missed. Lost are calls whose message header could not be read, and datagrams of one call beyond the eighth; incomplete are events without the payload or the remote address that the call names. */
export interface Loss {
  /** One of the reasons that Loss explains. The kernel programs count ring_full, socket_unresolved, payload_unreadable, map_full and arguments_missed (bpf/event.h), the addon undelivered (native/block.h), the collector failed (collector/capture/batch-sender.ts); packets_dropped is what the kernel counts for its packet rings. */
  readonly reason: string;
  /** Events lost or incomplete for this reason since the previous batch; for socket_unresolved: sockets. An unreadable header among several datagrams of one call counts once, although the datagrams after it are lost too. */
  readonly count: number;
}

/** Reads one Loss; throws AvroDecodeError on bytes that are none. */
export function readLoss(reader: AvroReader): Loss {
  const reason = reader.readString();
  const count = reader.readLong();
  return { reason, count };
}

/** Writes one Loss. */
export function writeLoss(writer: AvroWriter, value: Loss): void {
  writer.writeString(value.reason);
  writer.writeLong(value.count);
}

/** What /proc tells of one process. */
export interface ProcessFacts {
  /** Process id (tgid) in the host's PID namespace. */
  readonly processId: number;
  /** Unix time in nanoseconds at which the process started. */
  readonly startTimeNs: bigint;
  /** The kernel's name of the thread-group leader (comm). */
  readonly name: string;
  /** OTEL_SERVICE_NAME of the process, else the base name of the script an interpreter runs, else the base name of the executable, or the kernel's name where that is another (one executable under several names). */
  readonly serviceName: string;
  /** Path of the executable; empty when unreadable. */
  readonly executable: string;
  /** 64 hex digits from the cgroup path; empty outside containers. */
  readonly containerId: string;
  /** Kubernetes pod uid from the cgroup path, else from the environment (SPANLOOM_POD_UID, POD_UID); empty outside pods. */
  readonly podUid: string;
  /** Integer id of this process as a Resource of kind process. */
  readonly resourceId: number;
  /** Integer id of the host as a Resource of kind host. */
  readonly hostResourceId: number;
  /** Chosen environment variables. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Reads one ProcessFacts; throws AvroDecodeError on bytes that are none. */
export function readProcessFacts(reader: AvroReader): ProcessFacts {
  const processId = reader.readInt();
  const startTimeNs = reader.readBigLong();
  const name = reader.readString();
  const serviceName = reader.readString();
  const executable = reader.readString();
  const containerId = reader.readString();
  const podUid = reader.readString();
  const resourceId = reader.readInt();
  const hostResourceId = reader.readInt();
  const environment = readMap(reader, (reader) => reader.readString());
  return { processId, startTimeNs, name, serviceName, executable, containerId, podUid, resourceId, hostResourceId, environment };
}

/** Writes one ProcessFacts. */
export function writeProcessFacts(writer: AvroWriter, value: ProcessFacts): void {
  writer.writeLong(value.processId);
  writer.writeBigLong(value.startTimeNs);
  writer.writeString(value.name);
  writer.writeString(value.serviceName);
  writer.writeString(value.executable);
  writer.writeString(value.containerId);
  writer.writeString(value.podUid);
  writer.writeLong(value.resourceId);
  writer.writeLong(value.hostResourceId);
  writeMap(writer, value.environment, (writer, item) => writer.writeString(item));
}

/** Spans of one resource, as one program sent them. */
export interface ReportedSpans {
  /** Who sent them, 4 or 16 bytes; empty where that is not known, as of spans that came through a topic. */
  readonly senderAddress: Uint8Array;
  /** An opentelemetry.proto.trace.v1.ResourceSpans in protobuf, without the spans that were refused. */
  readonly resourceSpans: Uint8Array;
}

/** Reads one ReportedSpans; throws AvroDecodeError on bytes that are none. */
export function readReportedSpans(reader: AvroReader): ReportedSpans {
  const senderAddress = reader.readBytes();
  const resourceSpans = reader.readBytes();
  return { senderAddress, resourceSpans };
}

/** Writes one ReportedSpans. */
export function writeReportedSpans(writer: AvroWriter, value: ReportedSpans): void {
  writer.writeBytes(value.senderAddress);
  writer.writeBytes(value.resourceSpans);
}

/** Symbols of InterfaceKind, by their position in the encoding. */
export const interfaceKindSymbols = ['other', 'loopback', 'device', 'virtual_pair', 'tap', 'bridge', 'tunnel'] as const;
export type InterfaceKind = (typeof interfaceKindSymbols)[number];
/** Position of each symbol of InterfaceKind in the encoding. */
export const interfaceKindIndex: Readonly<Record<InterfaceKind, number>> = { other: 0, loopback: 1, device: 2, virtual_pair: 3, tap: 4, bridge: 5, tunnel: 6 };

/** What the kernel tells of one network interface. */
export interface NetworkInterface {
  /** Inode number of its network namespace; 0 in a capture file. */
  readonly networkNamespace: number;
  /** Its number in that namespace; in a capture file that of the file. */
  readonly index: number;
  /** Its name; empty where a capture file has none. */
  readonly name: string;
  /** device: a network card, real or of a virtual machine. virtual_pair: one end of a veth, whose other end is elsewhere. tap: one that a program or virtual machine serves (tun, tap, macvtap). tunnel: packets that it sends are put into others (vxlan, geneve, gre, ipip). */
  readonly kind: InterfaceKind;
  /** 6 bytes; empty where there is none. */
  readonly macAddress: Uint8Array;
  /** Its IP addresses, 4 or 16 bytes in network order each. */
  readonly addresses: readonly Uint8Array[];
  /** IP addresses of what is at the other end of a virtual pair or tap, as far as they are known: of the interface there, of routes to one address, of neighbours. */
  readonly peerAddresses: readonly Uint8Array[];
}

/** Reads one NetworkInterface; throws AvroDecodeError on bytes that are none. */
export function readNetworkInterface(reader: AvroReader): NetworkInterface {
  const networkNamespace = reader.readLong();
  const index = reader.readInt();
  const name = reader.readString();
  const kind = reader.readEnum(interfaceKindSymbols);
  const macAddress = reader.readBytes();
  const addresses = readArray(reader, (reader) => reader.readBytes());
  const peerAddresses = readArray(reader, (reader) => reader.readBytes());
  return { networkNamespace, index, name, kind, macAddress, addresses, peerAddresses };
}

/** Writes one NetworkInterface. */
export function writeNetworkInterface(writer: AvroWriter, value: NetworkInterface): void {
  writer.writeLong(value.networkNamespace);
  writer.writeLong(value.index);
  writer.writeString(value.name);
  writer.writeEnum(value.kind, interfaceKindIndex);
  writer.writeBytes(value.macAddress);
  writeArray(writer, value.addresses, (writer, item) => writer.writeBytes(item));
  writeArray(writer, value.peerAddresses, (writer, item) => writer.writeBytes(item));
}

/** Symbols of Transport, by their position in the encoding. */
export const transportSymbols = ['unknown', 'tcp', 'udp', 'unix'] as const;
export type Transport = (typeof transportSymbols)[number];
/** Position of each symbol of Transport in the encoding. */
export const transportIndex: Readonly<Record<Transport, number>> = { unknown: 0, tcp: 1, udp: 2, unix: 3 };

/** Symbols of GapReason, by their position in the encoding. */
export const gapReasonSymbols = ['none', 'acknowledged', 'timeout', 'distance', 'room', 'closed'] as const;
export type GapReason = (typeof gapReasonSymbols)[number];
/** Position of each symbol of GapReason in the encoding. */
export const gapReasonIndex: Readonly<Record<GapReason, number>> = { none: 0, acknowledged: 1, timeout: 2, distance: 3, room: 4, closed: 5 };

/** Symbols of Passage, by their position in the encoding. */
export const passageSymbols = ['unknown', 'incoming', 'outgoing', 'bypassing'] as const;
export type Passage = (typeof passageSymbols)[number];
/** Position of each symbol of Passage in the encoding. */
export const passageIndex: Readonly<Record<Passage, number>> = { unknown: 0, incoming: 1, outgoing: 2, bypassing: 3 };

/** An Ethernet header. */
export interface LinkHeader {
  /** MAC address, 6 bytes; empty where there is none. */
  readonly destination: Uint8Array;
  /** As destination. */
  readonly source: Uint8Array;
  /** VLAN ids, outermost first. */
  readonly vlans: readonly number[];
}

/** Reads one LinkHeader; throws AvroDecodeError on bytes that are none. */
export function readLinkHeader(reader: AvroReader): LinkHeader {
  const destination = reader.readBytes();
  const source = reader.readBytes();
  const vlans = readArray(reader, (reader) => reader.readInt());
  return { destination, source, vlans };
}

/** Writes one LinkHeader. */
export function writeLinkHeader(writer: AvroWriter, value: LinkHeader): void {
  writer.writeBytes(value.destination);
  writer.writeBytes(value.source);
  writeArray(writer, value.vlans, (writer, item) => writer.writeLong(item));
}

/** Symbols of TunnelType, by their position in the encoding. */
export const tunnelTypeSymbols = ['unknown', 'vxlan', 'vxlan_gpe', 'geneve', 'ipip', 'gre', 'teb', 'erspan1', 'erspan2', 'erspan3', 'mpls'] as const;
export type TunnelType = (typeof tunnelTypeSymbols)[number];
/** Position of each symbol of TunnelType in the encoding. */
export const tunnelTypeIndex: Readonly<Record<TunnelType, number>> = { unknown: 0, vxlan: 1, vxlan_gpe: 2, geneve: 3, ipip: 4, gre: 5, teb: 6, erspan1: 7, erspan2: 8, erspan3: 9, mpls: 10 };

/** A tunnel around packets. */
export interface Tunnel {
  /** ipip: IP in IP, of all four combinations of versions. teb: Ethernet in GRE. */
  readonly type: TunnelType;
  /** VNI, key of GRE, session of ERSPAN, innermost label of MPLS; 0 where there is none. */
  readonly id: number;
  /** Outer address of the sender, 4 or 16 bytes; empty for MPLS in no IP packet. */
  readonly source: Uint8Array;
  /** Outer address of the receiver, as source. */
  readonly destination: Uint8Array;
}

/** Reads one Tunnel; throws AvroDecodeError on bytes that are none. */
export function readTunnel(reader: AvroReader): Tunnel {
  const type = reader.readEnum(tunnelTypeSymbols);
  const id = reader.readLong();
  const source = reader.readBytes();
  const destination = reader.readBytes();
  return { type, id, source, destination };
}

/** Writes one Tunnel. */
export function writeTunnel(writer: AvroWriter, value: Tunnel): void {
  writer.writeEnum(value.type, tunnelTypeIndex);
  writer.writeLong(value.id);
  writer.writeBytes(value.source);
  writer.writeBytes(value.destination);
}

/** How packets of one direction of a flow passed the place of the capture. */
export interface Observation {
  /** incoming: came in at the interface for this host, or for all. outgoing: left through it. bypassing: was for another one, and seen only. */
  readonly passage: Passage;
  /** Of the frame as captured. */
  readonly link: LinkHeader;
  /** Of the innermost frame within tunnels that carry frames. */
  readonly innerLink: LinkHeader;
  /** Around the packet, outermost first, at most two. */
  readonly tunnels: readonly Tunnel[];
}

/** Reads one Observation; throws AvroDecodeError on bytes that are none. */
export function readObservation(reader: AvroReader): Observation {
  const passage = reader.readEnum(passageSymbols);
  const link = readLinkHeader(reader);
  const innerLink = readLinkHeader(reader);
  const tunnels = readArray(reader, (reader) => readTunnel(reader), 4);
  return { passage, link, innerLink, tunnels };
}

/** Writes one Observation. */
export function writeObservation(writer: AvroWriter, value: Observation): void {
  writer.writeEnum(value.passage, passageIndex);
  writeLinkHeader(writer, value.link);
  writeLinkHeader(writer, value.innerLink);
  writeArray(writer, value.tunnels, (writer, item) => writeTunnel(writer, item));
}

/** Bytes that one side of a flow sent in a row, each once and in order; or a datagram. To packets it is what a SocketEvent is to a process. */
export interface PacketSegment {
  /** Unique and ascending per agent and source, as SocketEvent.id. Below 2^53. */
  readonly id: number;
  /** The flow: both ends, tunnels and interface. Never reused by an agent. Below 2^53. */
  readonly flowId: number;
  /** Of the interface; 0 in a capture file. */
  readonly networkNamespace: number;
  /** NetworkInterface.index. */
  readonly interfaceIndex: number;
  /** tcp or udp. */
  readonly transport: Transport;
  /** 4 or 16 bytes in network order, of the innermost packet. */
  readonly senderAddress: Uint8Array;
  /** Port. */
  readonly senderPort: number;
  /** As sender_address. */
  readonly receiverAddress: Uint8Array;
  /** Port. */
  readonly receiverPort: number;
  /** The sender has opened the connection. */
  readonly fromClient: boolean;
  /** The handshake was seen. Else the client is the end with the higher port, which may be wrong. */
  readonly isRoleKnown: boolean;
  /** The direction has changed, or it is a datagram. */
  readonly startsMessage: boolean;
  /** TCP sequence number of the first byte, unsigned 32 bit; 0 for a datagram. */
  readonly tcpSequence: number;
  /** Bytes of payload on the wire. */
  readonly length: number;
  /** The first bytes, redacted: up to the message's budget (default 512), beyond it up to 32 of each segment. Empty where the protocol is not recognised on the host. */
  readonly payload: Uint8Array;
  /** As SocketEvent.redacted. */
  readonly redacted: readonly number[];
  /** Nanoseconds since the batch's base of the packet with the first byte. */
  readonly timeOffsetNs: number;
  /** The same of the packet with the last byte. */
  readonly lastTimeOffsetNs: number;
  /** Bytes of the sender that are missing in front of it. */
  readonly gapBytes: number;
  /** Why they are missing. acknowledged: the receiver has them, the capture lost them. timeout: they did not come within 200 ms. distance: 256 packets came behind them. room: there was no memory for what came behind them. closed: the connection ended before they came. */
  readonly gap: GapReason;
  /** Where it was seen. */
  readonly observation: Observation;
}

/** Reads one PacketSegment; throws AvroDecodeError on bytes that are none. */
export function readPacketSegment(reader: AvroReader): PacketSegment {
  const id = reader.readLong();
  const flowId = reader.readLong();
  const networkNamespace = reader.readLong();
  const interfaceIndex = reader.readInt();
  const transport = reader.readEnum(transportSymbols);
  const senderAddress = reader.readBytes();
  const senderPort = reader.readInt();
  const receiverAddress = reader.readBytes();
  const receiverPort = reader.readInt();
  const fromClient = reader.readBoolean();
  const isRoleKnown = reader.readBoolean();
  const startsMessage = reader.readBoolean();
  const tcpSequence = reader.readLong();
  const length = reader.readLong();
  const payload = reader.readBytes();
  const redacted = readArray(reader, (reader) => reader.readInt());
  const timeOffsetNs = reader.readLong();
  const lastTimeOffsetNs = reader.readLong();
  const gapBytes = reader.readLong();
  const gap = reader.readEnum(gapReasonSymbols);
  const observation = readObservation(reader);
  return { id, flowId, networkNamespace, interfaceIndex, transport, senderAddress, senderPort, receiverAddress, receiverPort, fromClient, isRoleKnown, startsMessage, tcpSequence, length, payload, redacted, timeOffsetNs, lastTimeOffsetNs, gapBytes, gap, observation };
}

/** Writes one PacketSegment. */
export function writePacketSegment(writer: AvroWriter, value: PacketSegment): void {
  writer.writeLong(value.id);
  writer.writeLong(value.flowId);
  writer.writeLong(value.networkNamespace);
  writer.writeLong(value.interfaceIndex);
  writer.writeEnum(value.transport, transportIndex);
  writer.writeBytes(value.senderAddress);
  writer.writeLong(value.senderPort);
  writer.writeBytes(value.receiverAddress);
  writer.writeLong(value.receiverPort);
  writer.writeBoolean(value.fromClient);
  writer.writeBoolean(value.isRoleKnown);
  writer.writeBoolean(value.startsMessage);
  writer.writeLong(value.tcpSequence);
  writer.writeLong(value.length);
  writer.writeBytes(value.payload);
  writeArray(writer, value.redacted, (writer, item) => writer.writeLong(item));
  writer.writeLong(value.timeOffsetNs);
  writer.writeLong(value.lastTimeOffsetNs);
  writer.writeLong(value.gapBytes);
  writer.writeEnum(value.gap, gapReasonIndex);
  writeObservation(writer, value.observation);
}

/** Times that were measured in an interval. */
export interface Delays {
  /** How many. */
  readonly count: number;
  /** Their sum in nanoseconds. */
  readonly sumNs: number;
  /** The longest in nanoseconds. */
  readonly maxNs: number;
}

/** Reads one Delays; throws AvroDecodeError on bytes that are none. */
export function readDelays(reader: AvroReader): Delays {
  const count = reader.readLong();
  const sumNs = reader.readLong();
  const maxNs = reader.readLong();
  return { count, sumNs, maxNs };
}

/** Writes one Delays. */
export function writeDelays(writer: AvroWriter, value: Delays): void {
  writer.writeLong(value.count);
  writer.writeLong(value.sumNs);
  writer.writeLong(value.maxNs);
}

/** What one side of a flow sent in an interval. */
export interface FlowSide {
  /** Packets. */
  readonly packets: number;
  /** Bytes of whole frames on the wire. */
  readonly bytes: number;
  /** Bytes of payload, also when sent again. */
  readonly payloadBytes: number;
  /** Packets with bytes that were sent again, or a FIN. */
  readonly retransmissions: number;
  /** Of these, what the other side had acknowledged already. */
  readonly spuriousRetransmissions: number;
  /** SYN or SYN-ACK sent again. */
  readonly synRetransmissions: number;
  /** Packets that came behind later ones, within a round trip. */
  readonly outOfOrder: number;
  /** Acknowledgments of the same byte again. */
  readonly duplicateAcks: number;
  /** Packets that say that it has no room to receive. */
  readonly zeroWindows: number;
  /** RST. */
  readonly resets: number;
  /** Packets that say other bytes than an earlier one of the same place; the first ones count. */
  readonly conflicts: number;
  /** Bytes that were not captured. */
  readonly missedBytes: number;
  /** From data of the other side to its acknowledgment: the response time of this side's system. */
  readonly acknowledgment: Delays;
}

/** Reads one FlowSide; throws AvroDecodeError on bytes that are none. */
export function readFlowSide(reader: AvroReader): FlowSide {
  const packets = reader.readLong();
  const bytes = reader.readLong();
  const payloadBytes = reader.readLong();
  const retransmissions = reader.readLong();
  const spuriousRetransmissions = reader.readLong();
  const synRetransmissions = reader.readLong();
  const outOfOrder = reader.readLong();
  const duplicateAcks = reader.readLong();
  const zeroWindows = reader.readLong();
  const resets = reader.readLong();
  const conflicts = reader.readLong();
  const missedBytes = reader.readLong();
  const acknowledgment = readDelays(reader);
  return { packets, bytes, payloadBytes, retransmissions, spuriousRetransmissions, synRetransmissions, outOfOrder, duplicateAcks, zeroWindows, resets, conflicts, missedBytes, acknowledgment };
}

/** Writes one FlowSide. */
export function writeFlowSide(writer: AvroWriter, value: FlowSide): void {
  writer.writeLong(value.packets);
  writer.writeLong(value.bytes);
  writer.writeLong(value.payloadBytes);
  writer.writeLong(value.retransmissions);
  writer.writeLong(value.spuriousRetransmissions);
  writer.writeLong(value.synRetransmissions);
  writer.writeLong(value.outOfOrder);
  writer.writeLong(value.duplicateAcks);
  writer.writeLong(value.zeroWindows);
  writer.writeLong(value.resets);
  writer.writeLong(value.conflicts);
  writer.writeLong(value.missedBytes);
  writeDelays(writer, value.acknowledgment);
}

/** Symbols of CloseType, by their position in the encoding. */
export const closeTypeSymbols = ['open', 'finished', 'client_reset', 'server_reset', 'refused', 'handshake_timeout', 'half_closed', 'idle', 'evicted', 'reused'] as const;
export type CloseType = (typeof closeTypeSymbols)[number];
/** Position of each symbol of CloseType in the encoding. */
export const closeTypeIndex: Readonly<Record<CloseType, number>> = { open: 0, finished: 1, client_reset: 2, server_reset: 3, refused: 4, handshake_timeout: 5, half_closed: 6, idle: 7, evicted: 8, reused: 9 };

/** Counters and times of one interval of a flow. */
export interface FlowMetrics {
  /** What the client sent. */
  readonly client: FlowSide;
  /** What the server sent. */
  readonly server: FlowSide;
  /** From SYN to SYN-ACK in nanoseconds, which is the way to the server and back; -1 if not in this interval. */
  readonly serverHandshakeNs: number;
  /** From SYN-ACK to ACK in nanoseconds, which is the way to the client and back; -1 if not in this interval. */
  readonly clientHandshakeNs: number;
  /** From the last data of the client to the first of the server: the response time of the application. */
  readonly response: Delays;
  /** From the last data of the server to the next of the client. */
  readonly clientIdle: Delays;
  /** A handshake was completed in it. */
  readonly isOpened: boolean;
  /** The flow is not closed at its end. */
  readonly isOpen: boolean;
  /** open except in the last interval; also when the capture ended. finished: both sides have sent FIN. refused: RST in answer to SYN. handshake_timeout: SYN without an answer, or without the last ACK. half_closed: one side has sent FIN, then there was nothing. idle: no packet for long. evicted: there was no room for more flows. reused: the same ends began another connection. */
  readonly closeType: CloseType;
}

/** Reads one FlowMetrics; throws AvroDecodeError on bytes that are none. */
export function readFlowMetrics(reader: AvroReader): FlowMetrics {
  const client = readFlowSide(reader);
  const server = readFlowSide(reader);
  const serverHandshakeNs = reader.readLong();
  const clientHandshakeNs = reader.readLong();
  const response = readDelays(reader);
  const clientIdle = readDelays(reader);
  const isOpened = reader.readBoolean();
  const isOpen = reader.readBoolean();
  const closeType = reader.readEnum(closeTypeSymbols);
  return { client, server, serverHandshakeNs, clientHandshakeNs, response, clientIdle, isOpened, isOpen, closeType };
}

/** Writes one FlowMetrics. */
export function writeFlowMetrics(writer: AvroWriter, value: FlowMetrics): void {
  writeFlowSide(writer, value.client);
  writeFlowSide(writer, value.server);
  writer.writeLong(value.serverHandshakeNs);
  writer.writeLong(value.clientHandshakeNs);
  writeDelays(writer, value.response);
  writeDelays(writer, value.clientIdle);
  writer.writeBoolean(value.isOpened);
  writer.writeBoolean(value.isOpen);
  writer.writeEnum(value.closeType, closeTypeIndex);
}

/** What passed over a flow in one interval. */
export interface FlowInterval {
  /** As PacketSegment.flow_id. */
  readonly flowId: number;
  /** Of the interface; 0 in a capture file. */
  readonly networkNamespace: number;
  /** NetworkInterface.index. */
  readonly interfaceIndex: number;
  /** tcp or udp. */
  readonly transport: Transport;
  /** 4 or 16 bytes in network order. */
  readonly clientAddress: Uint8Array;
  /** Port. */
  readonly clientPort: number;
  /** 4 or 16 bytes in network order. */
  readonly serverAddress: Uint8Array;
  /** Port. */
  readonly serverPort: number;
  /** As PacketSegment.is_role_known. */
  readonly isRoleKnown: boolean;
  /** Nanoseconds since the batch's base of the first packet. */
  readonly startOffsetNs: number;
  /** The same of the last packet. */
  readonly endOffsetNs: number;
  /** Counters and times. */
  readonly metrics: FlowMetrics;
  /** Where the client's packets were seen. */
  readonly clientObservation: Observation;
  /** Where the server's packets were seen. */
  readonly serverObservation: Observation;
}

/** Reads one FlowInterval; throws AvroDecodeError on bytes that are none. */
export function readFlowInterval(reader: AvroReader): FlowInterval {
  const flowId = reader.readLong();
  const networkNamespace = reader.readLong();
  const interfaceIndex = reader.readInt();
  const transport = reader.readEnum(transportSymbols);
  const clientAddress = reader.readBytes();
  const clientPort = reader.readInt();
  const serverAddress = reader.readBytes();
  const serverPort = reader.readInt();
  const isRoleKnown = reader.readBoolean();
  const startOffsetNs = reader.readLong();
  const endOffsetNs = reader.readLong();
  const metrics = readFlowMetrics(reader);
  const clientObservation = readObservation(reader);
  const serverObservation = readObservation(reader);
  return { flowId, networkNamespace, interfaceIndex, transport, clientAddress, clientPort, serverAddress, serverPort, isRoleKnown, startOffsetNs, endOffsetNs, metrics, clientObservation, serverObservation };
}

/** Writes one FlowInterval. */
export function writeFlowInterval(writer: AvroWriter, value: FlowInterval): void {
  writer.writeLong(value.flowId);
  writer.writeLong(value.networkNamespace);
  writer.writeLong(value.interfaceIndex);
  writer.writeEnum(value.transport, transportIndex);
  writer.writeBytes(value.clientAddress);
  writer.writeLong(value.clientPort);
  writer.writeBytes(value.serverAddress);
  writer.writeLong(value.serverPort);
  writer.writeBoolean(value.isRoleKnown);
  writer.writeLong(value.startOffsetNs);
  writer.writeLong(value.endOffsetNs);
  writeFlowMetrics(writer, value.metrics);
  writeObservation(writer, value.clientObservation);
  writeObservation(writer, value.serverObservation);
}

/** Symbols of EventKind, by their position in the encoding. */
export const eventKindSymbols = ['data', 'connect', 'accept', 'close'] as const;
export type EventKind = (typeof eventKindSymbols)[number];
/** Position of each symbol of EventKind in the encoding. */
export const eventKindIndex: Readonly<Record<EventKind, number>> = { data: 0, connect: 1, accept: 2, close: 3 };

/** Symbols of Direction, by their position in the encoding. */
export const directionSymbols = ['ingress', 'egress'] as const;
export type Direction = (typeof directionSymbols)[number];
/** Position of each symbol of Direction in the encoding. */
export const directionIndex: Readonly<Record<Direction, number>> = { ingress: 0, egress: 1 };

/** Symbols of ContextKind, by their position in the encoding. */
export const contextKindSymbols = ['thread', 'goroutine', 'coroutine', 'python_context', 'virtual_thread'] as const;
export type ContextKind = (typeof contextKindSymbols)[number];
/** Position of each symbol of ContextKind in the encoding. */
export const contextKindIndex: Readonly<Record<ContextKind, number>> = { thread: 0, goroutine: 1, coroutine: 2, python_context: 3, virtual_thread: 4 };

/** Symbols of SocketRole, by their position in the encoding. */
export const socketRoleSymbols = ['unknown', 'client', 'server'] as const;
export type SocketRole = (typeof socketRoleSymbols)[number];
/** Position of each symbol of SocketRole in the encoding. */
export const socketRoleIndex: Readonly<Record<SocketRole, number>> = { unknown: 0, client: 1, server: 2 };

/** One call on a socket, or one TLS plaintext buffer. */
export interface SocketEvent {
  /** Unique and ascending per agent, also over restarts: a counter seeded with Unix microseconds when capture starts. Below 2^53. */
  readonly id: number;
  /** What happened. */
  readonly kind: EventKind;
  /** For data: read or written. Else: egress for connect, ingress for accept and close. */
  readonly direction: Direction;
  /** Nanoseconds since the batch's base: call entry for egress, connect and close, call exit for ingress and accept. */
  readonly timeOffsetNs: number;
  /** Process id (tgid) in the host's PID namespace. 0 for a close: the kernel ended the socket after its process had let go of it. */
  readonly processId: number;
  /** Thread id in the host's PID namespace. */
  readonly threadId: number;
  /** What runs the call: a thread, a goroutine of Go, a context of CPython (contextvars) that the thread has entered, a virtual thread of Java. A coroutine is a greenlet of CPython (gevent). Of goroutines, coroutines and virtual threads after and phase are 0: what their thread did says nothing of them. */
  readonly contextKind: ContextKind;
  /** Thread id, goroutine id, id of the Python context, id of the virtual thread, by context_kind. 0: the call is run by such a context, and which one could not be read. A Python context that was seen to begin has an id out of the ids of events: it began after event N if and only if its id is greater than N, and no other context ever has that id. One that began unseen, such as before the capture, has its address in memory plus 2^48, which lies from 2^48 to 2^49 - 1: below all ids of events, and another context has it when the address is used again. That of a coroutine is the address of its stack in memory, below 2^48, which likewise is used again. */
  readonly contextId: number;
  /** context_id of the context that created this one, of the one that created that, and so on, as far as they are known: of a goroutine one at most, of a Python context six at most. A Python context is created as a copy of the one that runs. When a thread runs in none, or in its own, that is the id of the thread, which is below 2^32, and the last in the list. */
  readonly contextAncestors: readonly number[];
  /** Pairs, nearest first, three at most: context_id of a context that waited for an answer from this one, or from the one before it in this list, and of the context that created it, 0 where that is not known. Only of goroutines: found in user memory at the first write of a message by one that serves no request of its own, and again when the first read after it returns on that socket, if no other wrote meanwhile. A fact of that moment, not a proof. */
  readonly answersTo: readonly number[];
  /** Ids of events, the latest four at most: reads of answers by other threads of the process, which then woke this thread, since its last event. It had waited for a condition, most likely for these answers, while it served a request. Only of threads; empty unless the agent reads wake-ups. */
  readonly wokenAfter: readonly number[];
  /** The kernel's name of the thread-group leader. */
  readonly processName: string;
  /** Identity of the socket, never reused by an agent. */
  readonly socketId: number;
  /** Descriptor used in the call. */
  readonly fileDescriptor: number;
  /** Inode number of the socket's network namespace. */
  readonly networkNamespace: number;
  /** Transport of the socket. */
  readonly transport: Transport;
  /** client: connect() was seen; server: accept() was seen; unknown: the socket is older than the capture, or connectionless. */
  readonly role: SocketRole;
  /** 4 or 16 bytes in network order. Of a Unix socket the path of its listener, or @ and an abstract name, ended by one or two zeros: never 4 or 16 bytes; empty at the client. */
  readonly localAddress: Uint8Array;
  /** Local port in host order. */
  readonly localPort: number;
  /** As local_address; empty at the server of a Unix socket. */
  readonly remoteAddress: Uint8Array;
  /** Remote port in host order. */
  readonly remotePort: number;
  /** The payload is plaintext taken from a TLS library; tcp_sequence is that of the ciphertext. */
  readonly tls: boolean;
  /** Bytes moved by the call; 0 for connect, accept and close, and for a read that returned the end of the stream in another phase, or after other messages, than its last bytes. */
  readonly length: number;
  /** TCP sequence number of the first byte of this call, unsigned 32 bit; 0 where there is none. Of a Unix socket a number of the same kind, counted by the agent (bpf/maps/streams.h); 0 where it is not known. */
  readonly tcpSequence: number;
  /** How many phases this context has begun. A phase begins when the context may turn to other work: it returned from waiting for several sockets at once, read an eventfd, timerfd or the like, or its libuv loop passed from polling to its check callbacks (bpf/README.md lists all cases). Where connect_id is set: as it was at connect(). */
  readonly phase: number;
  /** The id of the message this context read last in this phase; 0 if none. Where connect_id is set: as it was at connect(). */
  readonly after: number;
  /** On the first egress of a connection, and on the connect event that says that a connect failed after it had returned: the id of its (first) connect event. Else 0. */
  readonly connectId: number;
  /** Id of the event that started the message this call continues; equal to id when this call starts one. A message starts when the direction on the socket changes. */
  readonly messageId: number;
  /** errno of a failed connect; ECANCELED when the program closed the socket while it was connecting; 0 otherwise. */
  readonly error: number;
  /** The first bytes of the call, redacted: up to the message's budget (default 512 over all its calls); beyond it up to 32 bytes of each call, so that a new message in the same direction can be recognised. Empty where the protocol is not recognised on the host. */
  readonly payload: Uint8Array;
  /** What redaction covered: pairs of offset and length, in bytes of the payload, ascending. A pair whose offset is the payload's length was captured and held back. */
  readonly redacted: readonly number[];
}

/** Reads one SocketEvent; throws AvroDecodeError on bytes that are none. */
export function readSocketEvent(reader: AvroReader): SocketEvent {
  const id = reader.readLong();
  const kind = reader.readEnum(eventKindSymbols);
  const direction = reader.readEnum(directionSymbols);
  const timeOffsetNs = reader.readLong();
  const processId = reader.readInt();
  const threadId = reader.readInt();
  const contextKind = reader.readEnum(contextKindSymbols);
  const contextId = reader.readLong();
  const contextAncestors = readArray(reader, (reader) => reader.readLong());
  const answersTo = readArray(reader, (reader) => reader.readLong());
  const wokenAfter = readArray(reader, (reader) => reader.readLong());
  const processName = reader.readString();
  const socketId = reader.readLong();
  const fileDescriptor = reader.readInt();
  const networkNamespace = reader.readLong();
  const transport = reader.readEnum(transportSymbols);
  const role = reader.readEnum(socketRoleSymbols);
  const localAddress = reader.readBytes();
  const localPort = reader.readInt();
  const remoteAddress = reader.readBytes();
  const remotePort = reader.readInt();
  const tls = reader.readBoolean();
  const length = reader.readLong();
  const tcpSequence = reader.readLong();
  const phase = reader.readLong();
  const after = reader.readLong();
  const connectId = reader.readLong();
  const messageId = reader.readLong();
  const error = reader.readInt();
  const payload = reader.readBytes();
  const redacted = readArray(reader, (reader) => reader.readInt());
  return { id, kind, direction, timeOffsetNs, processId, threadId, contextKind, contextId, contextAncestors, answersTo, wokenAfter, processName, socketId, fileDescriptor, networkNamespace, transport, role, localAddress, localPort, remoteAddress, remotePort, tls, length, tcpSequence, phase, after, connectId, messageId, error, payload, redacted };
}

/** Writes one SocketEvent. */
export function writeSocketEvent(writer: AvroWriter, value: SocketEvent): void {
  writer.writeLong(value.id);
  writer.writeEnum(value.kind, eventKindIndex);
  writer.writeEnum(value.direction, directionIndex);
  writer.writeLong(value.timeOffsetNs);
  writer.writeLong(value.processId);
  writer.writeLong(value.threadId);
  writer.writeEnum(value.contextKind, contextKindIndex);
  writer.writeLong(value.contextId);
  writeArray(writer, value.contextAncestors, (writer, item) => writer.writeLong(item));
  writeArray(writer, value.answersTo, (writer, item) => writer.writeLong(item));
  writeArray(writer, value.wokenAfter, (writer, item) => writer.writeLong(item));
  writer.writeString(value.processName);
  writer.writeLong(value.socketId);
  writer.writeLong(value.fileDescriptor);
  writer.writeLong(value.networkNamespace);
  writer.writeEnum(value.transport, transportIndex);
  writer.writeEnum(value.role, socketRoleIndex);
  writer.writeBytes(value.localAddress);
  writer.writeLong(value.localPort);
  writer.writeBytes(value.remoteAddress);
  writer.writeLong(value.remotePort);
  writer.writeBoolean(value.tls);
  writer.writeLong(value.length);
  writer.writeLong(value.tcpSequence);
  writer.writeLong(value.phase);
  writer.writeLong(value.after);
  writer.writeLong(value.connectId);
  writer.writeLong(value.messageId);
  writer.writeLong(value.error);
  writer.writeBytes(value.payload);
  writeArray(writer, value.redacted, (writer, item) => writer.writeLong(item));
}

/** What one agent saw: calls on sockets by kernel programs, or packets. Topic events, key: agent_id in decimal. The agent collects events until there are 1,024 or 100 ms have passed (default), and sends at most 8,192 or about 1 MiB in one batch: one poll of the ring buffer may give no batch or several. A batch without events is a heartbeat. */
export interface EventBatch {
  /** The agent's id: 53 bits of the hash of its public key. Everything in this batch is in its clock domain. */
  readonly agentId: number;
  /** Host name as the kernel tells it. */
  readonly hostName: string;
  /** Counts batches of one source of the agent, in one run of it, from 1. A gap means a lost batch. */
  readonly sequence: number;
  /** What the batch comes from: events of the kernel programs, segments and flows of packets, or spans that applications reported. Each source counts sequence by itself and has its own progress (until_offset_ns). */
  readonly source: CaptureSource;
  /** Unix time in nanoseconds at base_monotonic_ns, by the agent's clock. */
  readonly baseTimeNs: bigint;
  /** CLOCK_MONOTONIC in nanoseconds that every time_offset_ns of this batch counts from. */
  readonly baseMonotonicNs: number;
  /** Everything the agent saw up to base + this has been sent in this batch or an earlier one, or is counted in losses. Exceptions: a write or connect that was still blocked one poll interval (default 10 ms) later comes when it returns, with the id and the time at which it began. After 32,768 events within one poll interval, other calls too may come late. */
  readonly untilOffsetNs: number;
  /** What was lost or is incomplete since the previous batch, by reason. Empty when nothing was. */
  readonly losses: readonly Loss[];
  /** Facts of processes seen for the first time, or changed; they hold for the events of this batch and later ones. */
  readonly processes: readonly ProcessFacts[];
  /** Spans that applications reported, in batches of source applications. Ids and times of the spans have been checked: opentelemetry/check-traces.ts. */
  readonly reportedSpans: readonly ReportedSpans[];
  /** Network interfaces of the network namespaces whose packets the agent captures; empty when nothing is new. They hold for the packets of this batch and later ones, and replace all that the agent has sent before. */
  readonly interfaces: readonly NetworkInterface[];
  /** What was sent over the flows that the agent sees as packets, in ascending order of id. A writer can append ready-made Avro blocks (native/packets/encode-flow.h). */
  readonly segments: readonly PacketSegment[];
  /** Counters of flows, one record for each interval of a flow (default 10 s) in which it had packets, and for its end. A writer can append ready-made Avro blocks. */
  readonly flows: readonly FlowInterval[];
  /** In ascending order of id within one execution context; of several contexts too, also over batches, except calls that come late (until_offset_ns). Last field, so that a writer can append ready-made Avro blocks. */
  readonly events: readonly SocketEvent[];
}

/** Reads one EventBatch; throws AvroDecodeError on bytes that are none. */
export function readEventBatch(reader: AvroReader): EventBatch {
  const agentId = reader.readLong();
  const hostName = reader.readString();
  const sequence = reader.readLong();
  const source = reader.readEnum(captureSourceSymbols);
  const baseTimeNs = reader.readBigLong();
  const baseMonotonicNs = reader.readRoundedLong();
  const untilOffsetNs = reader.readLong();
  const losses = readArray(reader, (reader) => readLoss(reader), 2);
  const processes = readArray(reader, (reader) => readProcessFacts(reader), 10);
  const reportedSpans = readArray(reader, (reader) => readReportedSpans(reader), 2);
  const interfaces = readArray(reader, (reader) => readNetworkInterface(reader), 7);
  const segments = readArray(reader, (reader) => readPacketSegment(reader), 28);
  const flows = readArray(reader, (reader) => readFlowInterval(reader), 68);
  const events = readArray(reader, (reader) => readSocketEvent(reader), 31);
  return { agentId, hostName, sequence, source, baseTimeNs, baseMonotonicNs, untilOffsetNs, losses, processes, reportedSpans, interfaces, segments, flows, events };
}

/** Writes one EventBatch. */
export function writeEventBatch(writer: AvroWriter, value: EventBatch): void {
  writer.writeLong(value.agentId);
  writer.writeString(value.hostName);
  writer.writeLong(value.sequence);
  writer.writeEnum(value.source, captureSourceIndex);
  writer.writeBigLong(value.baseTimeNs);
  writer.writeLong(value.baseMonotonicNs);
  writer.writeLong(value.untilOffsetNs);
  writeArray(writer, value.losses, (writer, item) => writeLoss(writer, item));
  writeArray(writer, value.processes, (writer, item) => writeProcessFacts(writer, item));
  writeArray(writer, value.reportedSpans, (writer, item) => writeReportedSpans(writer, item));
  writeArray(writer, value.interfaces, (writer, item) => writeNetworkInterface(writer, item));
  writeArray(writer, value.segments, (writer, item) => writePacketSegment(writer, item));
  writeArray(writer, value.flows, (writer, item) => writeFlowInterval(writer, item));
  writeArray(writer, value.events, (writer, item) => writeSocketEvent(writer, item));
}
