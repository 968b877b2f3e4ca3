import type {
  FlowInterval,
  FlowMetrics,
  FlowSide,
  NetworkInterface,
  Observation,
  PacketSegment,
} from '../generated/event-batch.ts';

/** Records of packets for tests: flow 1, in which 10.0.0.1:40000 asks 10.0.0.2:80, at interface 2 of namespace 4. */

const clientEnd = { address: Uint8Array.of(10, 0, 0, 1), port: 40_000 };
const serverEnd = { address: Uint8Array.of(10, 0, 0, 2), port: 80 };

/** How packets passed: incoming, without a link header, unless told otherwise. */
export function anObservation(given: Partial<Observation> = {}): Observation {
  const link = { destination: new Uint8Array(), source: new Uint8Array(), vlans: [] };
  return { passage: 'incoming', link, innerLink: link, tunnels: [], ...given };
}

/** A segment of the client, unless told otherwise. `text` is its payload. */
export function aSegment(given: Partial<PacketSegment> & { readonly text?: string }): PacketSegment {
  const { text, ...rest } = given;
  const payload = Buffer.from(text ?? '', 'latin1');
  const id = given.id ?? 1;
  const fromClient = given.fromClient ?? true;
  const [sender, receiver] = fromClient ? [clientEnd, serverEnd] : [serverEnd, clientEnd];
  // Ids of segments of a live capture are above this.
  const timeOffsetNs = given.timeOffsetNs ?? (id % 2 ** 52) * 1000;
  return {
    id,
    flowId: 1,
    networkNamespace: 4,
    interfaceIndex: 2,
    transport: 'tcp',
    senderAddress: sender.address,
    senderPort: sender.port,
    receiverAddress: receiver.address,
    receiverPort: receiver.port,
    fromClient,
    isRoleKnown: true,
    startsMessage: true,
    tcpSequence: 0,
    length: given.payload?.length ?? payload.length,
    payload,
    redacted: [],
    timeOffsetNs,
    lastTimeOffsetNs: timeOffsetNs,
    gapBytes: 0,
    gap: 'none',
    observation: anObservation({ passage: fromClient ? 'incoming' : 'outgoing' }),
    ...rest,
  };
}

const noDelays = { count: 0, sumNs: 0, maxNs: 0 };

/** What one side of a flow sent: a packet of 100 bytes. */
export function aFlowSide(given: Partial<FlowSide> = {}): FlowSide {
  return {
    packets: 1,
    bytes: 100,
    payloadBytes: 46,
    retransmissions: 0,
    spuriousRetransmissions: 0,
    synRetransmissions: 0,
    outOfOrder: 0,
    duplicateAcks: 0,
    zeroWindows: 0,
    resets: 0,
    conflicts: 0,
    missedBytes: 0,
    acknowledgment: noDelays,
    ...given,
  };
}

/** Counters of an interval in which each side sent a packet, and after which the flow is open. */
export function flowMetrics(given: Partial<FlowMetrics> = {}): FlowMetrics {
  return {
    client: aFlowSide(),
    server: aFlowSide(),
    serverHandshakeNs: -1,
    clientHandshakeNs: -1,
    response: noDelays,
    clientIdle: noDelays,
    isOpened: false,
    isOpen: true,
    closeType: 'open',
    ...given,
  };
}

/** An interval of the flow. */
export function aFlowInterval(given: Partial<FlowInterval> = {}): FlowInterval {
  return {
    flowId: 1,
    networkNamespace: 4,
    interfaceIndex: 2,
    transport: 'tcp',
    clientAddress: clientEnd.address,
    clientPort: clientEnd.port,
    serverAddress: serverEnd.address,
    serverPort: serverEnd.port,
    isRoleKnown: true,
    startOffsetNs: 0,
    endOffsetNs: 1000,
    metrics: flowMetrics(),
    clientObservation: anObservation({ passage: 'incoming' }),
    serverObservation: anObservation({ passage: 'outgoing' }),
    ...given,
  };
}

/** The interface: a network card without an address. */
export function anInterface(given: Partial<NetworkInterface> = {}): NetworkInterface {
  return {
    networkNamespace: 4,
    index: 2,
    name: 'eth0',
    kind: 'device',
    macAddress: Uint8Array.of(2, 0, 0, 0, 0, 1),
    addresses: [],
    peerAddresses: [],
    ...given,
  };
}
