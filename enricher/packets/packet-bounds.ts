import type {
  Delays,
  EventBatch,
  FlowInterval,
  FlowMetrics,
  FlowSide,
  NetworkInterface,
  Observation,
  PacketSegment,
} from '../../schemas/generated/event-batch.ts';

/** Bounds of what a batch says of packets: more than any collector sends, and less than would harm others. */

export const maxInterfaces = 4096;
/** Of all interfaces together. */
const maxInterfaceAddresses = 65_536;
/** Longest name of an interface: the kernel allows 15 bytes, a capture file any. */
const maxNameCharacters = 256;
const maxVlans = 8;
const maxTunnels = 2;
/** Bytes of a segment: the tracker sends one at 64 KiB, and a packet has less than 4 GiB. */
const maxSegmentBytes = 2 ** 31;
const maxSequence = 2 ** 32 - 1;
/** Largest count or time of one interval; sums of many stay below 2^63. */
const maxCount = 2 ** 50;

/** Why a batch is refused for its packets; undefined when there is nothing wrong. */
export function packetProblem(batch: EventBatch): string | undefined {
  const { source, events, segments, flows, interfaces } = batch;
  if (source === 'sockets')
    return segments.length + flows.length + interfaces.length > 0 ? 'packets in a batch of sockets' : undefined;
  if (events.length > 0) return 'events in a batch of packets';
  return interfacesProblem(interfaces) ?? firstProblem(segments, segmentProblem) ?? firstProblem(flows, flowProblem);
}

function firstProblem<Item>(items: readonly Item[], problemOf: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const problem = problemOf(item);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function interfacesProblem(interfaces: readonly NetworkInterface[]): string | undefined {
  if (interfaces.length > maxInterfaces) return `more than ${maxInterfaces} interfaces`;
  let addressCount = 0;
  for (const { networkNamespace, name, macAddress, addresses, peerAddresses } of interfaces) {
    if (networkNamespace < 0 || name.length > maxNameCharacters)
      return 'an interface with an impossible name or namespace';
    if (!isMacAddress(macAddress)) return 'a hardware address of another length than 6 bytes';
    if (!addresses.every(isAddress) || !peerAddresses.every(isAddress))
      return 'an interface with an address of neither 4 nor 16 bytes';
    addressCount += addresses.length + peerAddresses.length;
  }
  return addressCount > maxInterfaceAddresses
    ? `more than ${maxInterfaceAddresses} addresses of interfaces`
    : undefined;
}

function segmentProblem(segment: PacketSegment): string | undefined {
  const { transport, length, payload, tcpSequence, gapBytes, networkNamespace, flowId } = segment;
  if (transport !== 'tcp' && transport !== 'udp') return 'a segment of another transport than TCP and UDP';
  if (!areEnds(segment.senderAddress, segment.senderPort, segment.receiverAddress, segment.receiverPort))
    return 'a segment with impossible ends';
  if (length < 0 || length > maxSegmentBytes || payload.length > length) return 'a segment of an impossible length';
  if (tcpSequence < 0 || tcpSequence > maxSequence || gapBytes < 0 || gapBytes > maxSequence)
    return 'a segment with a sequence or a gap beyond 32 bits';
  if (networkNamespace < 0 || flowId < 0) return 'a segment with a negative id';
  return observationProblem(segment.observation);
}

function flowProblem(flow: FlowInterval): string | undefined {
  const { transport, networkNamespace, flowId, metrics } = flow;
  if (transport !== 'tcp' && transport !== 'udp') return 'a flow of another transport than TCP and UDP';
  if (!areEnds(flow.clientAddress, flow.clientPort, flow.serverAddress, flow.serverPort))
    return 'a flow with impossible ends';
  if (networkNamespace < 0 || flowId < 0) return 'a flow with a negative id';
  if (!countsOf(metrics).every(isCount)) return 'a flow with impossible counters';
  return observationProblem(flow.clientObservation) ?? observationProblem(flow.serverObservation);
}

function observationProblem({ link, innerLink, tunnels }: Observation): string | undefined {
  for (const { destination, source, vlans } of [link, innerLink])
    if (!isMacAddress(destination) || !isMacAddress(source) || vlans.length > maxVlans)
      return 'an impossible link header';
  if (tunnels.length > maxTunnels) return `more than ${maxTunnels} tunnels`;
  const areTunnels = tunnels.every(
    ({ id, source, destination }) =>
      id >= 0 && (source.length === 0 || isAddress(source)) && (destination.length === 0 || isAddress(destination)),
  );
  return areTunnels ? undefined : 'an impossible tunnel';
}

function countsOf(metrics: FlowMetrics): readonly number[] {
  return [
    ...countsOfSide(metrics.client),
    ...countsOfSide(metrics.server),
    ...countsOfDelays(metrics.response),
    ...countsOfDelays(metrics.clientIdle),
    // -1 where the interval has no handshake.
    metrics.serverHandshakeNs + 1,
    metrics.clientHandshakeNs + 1,
  ];
}

function countsOfSide(side: FlowSide): readonly number[] {
  return [
    ...[side.packets, side.bytes, side.payloadBytes],
    ...[side.retransmissions, side.spuriousRetransmissions, side.synRetransmissions],
    ...[side.outOfOrder, side.duplicateAcks, side.zeroWindows, side.resets, side.conflicts, side.missedBytes],
    ...countsOfDelays(side.acknowledgment),
  ];
}

const countsOfDelays = ({ count, sumNs, maxNs }: Delays): readonly number[] => [count, sumNs, maxNs];
const isCount = (count: number): boolean => count >= 0 && count <= maxCount;
const isPort = (port: number): boolean => port >= 0 && port <= 0xffff;
const isAddress = ({ length }: Uint8Array): boolean => length === 4 || length === 16;
const isMacAddress = ({ length }: Uint8Array): boolean => length === 0 || length === 6;

function areEnds(one: Uint8Array, onePort: number, other: Uint8Array, otherPort: number): boolean {
  return isAddress(one) && one.length === other.length && isPort(onePort) && isPort(otherPort);
}
