/**
 * Where a flow was seen, by the relation of each of its ends to the interface: one table of rules, of which the first that
 * holds decides.
 *
 * An end is *here* when the interface is its own, or when it is at the other end of a virtual pair or tap. It is *on the
 * node* when another interface of the network namespace is its own or leads to it, or when its side of a tunnel is the
 * node's. What one direction of the flow does not show, because no packet of it was seen, follows from the other.
 */
import type { Observation } from '../../schemas/generated/event-batch.ts';
import { sameBytes } from '../pair/open-requests.ts';
import { type AddressKey, addressKey, isLoopback } from '../tag/address.ts';
import type { Interfaces, KnownInterface, NamespaceAddresses } from './interfaces.ts';

/** One end of a flow, and how its packets passed; undefined while none was seen. */
export interface FlowEnd {
  readonly address: Uint8Array;
  readonly sent: Observation | undefined;
}

/** A flow at the place of the capture. */
export interface FlowPlace {
  readonly networkNamespace: number;
  readonly interfaceIndex: number;
  readonly client: FlowEnd;
  readonly server: FlowEnd;
}

/** Relation of one end to the interface, the nearest last. */
const nearness = { away: 0, node: 1, beyond: 2, own: 3 };

/** What the rules ask for. */
interface Relations {
  readonly isLoopback: boolean;
  readonly client: number;
  readonly server: number;
  /** The client's packets come in for this interface: the host passes them on. */
  readonly comesIn: boolean;
  /** The client's packets leave from this interface, which passes them on. */
  readonly goesOut: boolean;
}

interface Rule {
  readonly point: string;
  readonly holds: (relations: Relations) => boolean;
}

const isHere = (end: number): boolean => end >= nearness.beyond;

/** The first rule that holds gives the observation point (schemas/observation-points.ts). */
const rules: readonly Rule[] = [
  { point: 'local', holds: (flow) => flow.isLoopback },
  { point: 'local', holds: ({ client, server }) => isHere(client) && client === server },
  // Of two ends that are here, the interface is that of the one whose address it has.
  { point: 'c', holds: ({ client, server }) => isHere(client) && client > server },
  { point: 's', holds: ({ server }) => isHere(server) },
  { point: 'local', holds: ({ client, server }) => client === nearness.node && server === nearness.node },
  { point: 'c-nd', holds: ({ client }) => client === nearness.node },
  { point: 's-nd', holds: ({ server }) => server === nearness.node },
  { point: 'c-gw', holds: ({ comesIn }) => comesIn },
  { point: 's-gw', holds: ({ goesOut }) => goesOut },
  { point: 'rest', holds: () => true },
];

/** The observation point of a flow; see the top of the file. */
export function observationPoint(place: FlowPlace, interfaces: Interfaces): string {
  const relations = relationsOf(place, interfaces);
  return rules.find(({ holds }) => holds(relations))!.point;
}

function relationsOf(place: FlowPlace, interfaces: Interfaces): Relations {
  const { client, server, networkNamespace, interfaceIndex } = place;
  const own = interfaces.find(networkNamespace, interfaceIndex);
  const namespace = interfaces.addressesIn(networkNamespace);
  const addresses = [addressKey(client.address), addressKey(server.address)];
  return {
    isLoopback: own?.kind === 'loopback' || addresses.some((key) => key !== undefined && isLoopback(key)),
    client: relationOf(client, server, own, namespace),
    server: relationOf(server, client, own, namespace),
    comesIn: passesOn(own, client.sent, 'incoming') || passesOn(own, server.sent, 'outgoing'),
    goesOut: passesOn(own, client.sent, 'outgoing') || passesOn(own, server.sent, 'incoming'),
  };
}

function relationOf(
  end: FlowEnd,
  other: FlowEnd,
  own: KnownInterface | undefined,
  namespace: NamespaceAddresses,
): number {
  const address = addressKey(end.address);
  if (own !== undefined && address !== undefined) {
    if (own.addresses.has(address)) return nearness.own;
    if (own.peerAddresses.has(address)) return nearness.beyond;
  }
  if (isBeyond(end, other, own)) return nearness.beyond;
  if (address !== undefined && (namespace.own.has(address) || namespace.peers.has(address))) return nearness.node;
  return isTunnelledHere(end, other, own, namespace) ? nearness.node : nearness.away;
}

/** Where addresses do not tell, packets do: those of the end come out of the other end of the pair, or out of the host of a file. */
function isBeyond(end: FlowEnd, other: FlowEnd, own: KnownInterface | undefined): boolean {
  // A capture file without facts: only cooked packets say which way they went, and only of the host itself.
  if (own === undefined) return comesFrom(end, other, 'outgoing', 'incoming');
  const isPair = own.kind === 'virtual_pair' || own.kind === 'tap';
  // One with an address of its own leads to a network: what comes in there may come from anywhere.
  return isPair && own.peerAddresses.size === 0 && !own.hasOwnAddress && comesFrom(end, other, 'incoming', 'outgoing');
}

/** Whether the end's packets passed one way, or if none were seen, the packets to it the other way. */
function comesFrom(
  end: FlowEnd,
  other: FlowEnd,
  way: Observation['passage'],
  opposite: Observation['passage'],
): boolean {
  return end.sent === undefined ? other.sent?.passage === opposite : end.sent.passage === way;
}

/** Whether the end's side of a tunnel around the packets is this node, or what the interface leads to. */
function isTunnelledHere(
  end: FlowEnd,
  other: FlowEnd,
  own: KnownInterface | undefined,
  namespace: NamespaceAddresses,
): boolean {
  const tunnels = (end.sent ?? other.sent)?.tunnels ?? [];
  const isSender = end.sent !== undefined;
  return tunnels.some(({ source, destination }) => {
    const [near, far] = isSender ? [source, destination] : [destination, source];
    const nearKey = addressKey(near);
    if (nearKey === undefined) return false;
    if (namespace.own.has(nearKey)) return true;
    // Two nodes that a virtual pair joins are each at the other end of it: then the node is the one whose address it is.
    return own?.peerAddresses.has(nearKey) === true && !has(namespace.own, addressKey(far));
  });
}

const has = (addresses: ReadonlySet<AddressKey>, address: AddressKey | undefined): boolean =>
  address !== undefined && addresses.has(address);

/** Whether packets come in for this interface, or leave from it. */
function passesOn(
  own: KnownInterface | undefined,
  sent: Observation | undefined,
  passage: 'incoming' | 'outgoing',
): boolean {
  if (own === undefined || own.macAddress.length === 0 || sent?.passage !== passage) return false;
  const { destination, source } = sent.link;
  return sameBytes(passage === 'incoming' ? destination : source, own.macAddress);
}
