import type { InterfaceKind, NetworkInterface } from '../../schemas/generated/event-batch.ts';
import { sameBytes } from '../pair/open-requests.ts';
import { type AddressKey, addressKey, isLoopback } from '../tag/address.ts';
import { maxInterfaces } from './packet-bounds.ts';

/** What is known of a network interface, as the rules of observation points ask for it. */
export interface KnownInterface {
  readonly name: string;
  readonly kind: InterfaceKind;
  readonly macAddress: Uint8Array;
  readonly addresses: ReadonlySet<AddressKey>;
  /** Of what is at the other end of a pair, unless that is a router: the pair is then a cable between two networks. */
  readonly peerAddresses: ReadonlySet<AddressKey>;
  /** It has an address that others can reach beyond the link: packets are for it, or routed. A port of a bridge has none. */
  readonly hasOwnAddress: boolean;
}

/** Addresses of all interfaces of one network namespace. */
export interface NamespaceAddresses {
  readonly own: ReadonlySet<AddressKey>;
  readonly peers: ReadonlySet<AddressKey>;
}

const nothing: ReadonlySet<AddressKey> = new Set();
const noAddresses: NamespaceAddresses = { own: nothing, peers: nothing };

/** The interfaces of one agent, as it sent them last; batch-bounds.ts bounds their number. */
export class Interfaces {
  /** Counts changes: what followed from earlier facts may be outdated. */
  version = 0;
  #all: readonly NetworkInterface[] = [];
  readonly #known = new Map<string, KnownInterface>();
  readonly #namespaces = new Map<number, { readonly own: Set<AddressKey>; readonly peers: Set<AddressKey> }>();
  /** By namespace and family; undefined where it has several. Only while all interfaces are known. */
  readonly #onlyAddresses = new Map<string, Uint8Array | undefined>();
  #addressCount = 0;

  /** Takes over all interfaces of the agent; none means that nothing is new. */
  learn(interfaces: readonly NetworkInterface[]): void {
    if (interfaces.length === 0 || isSame(this.#all, interfaces)) return;
    this.#keep(interfaces.map(copyOf));
    // A collector sends no more than this: then there may be others.
    if (interfaces.length < maxInterfaces) for (const one of this.#all) this.#noteAddresses(one);
  }

  find(networkNamespace: number, index: number): KnownInterface | undefined {
    return this.#known.get(keyOf(networkNamespace, index));
  }

  addressesIn(networkNamespace: number): NamespaceAddresses {
    return this.#namespaces.get(networkNamespace) ?? noAddresses;
  }

  /**
   * The address of a namespace that everything has which leaves it, because it has no other of this family. Those of loopback
   * and of a single link do not count. Undefined where it has several, or none is known.
   *
   * @param bytes 4 or 16, by the family
   */
  onlyAddress(networkNamespace: number, bytes: 4 | 16): Uint8Array | undefined {
    return this.#onlyAddresses.get(keyOf(networkNamespace, bytes));
  }

  /** Interfaces and addresses. */
  get size(): number {
    return this.#known.size + this.#addressCount;
  }

  /** Forgets some, until at most this fraction of them is left; the agent sends them again. */
  shrink(part: number): void {
    if (part < 1 && this.#all.length > 0) this.#keep(this.#all.slice(0, Math.floor(this.#all.length * part)));
  }

  #keep(interfaces: readonly NetworkInterface[]): void {
    this.version++;
    this.#all = interfaces;
    this.#known.clear();
    this.#namespaces.clear();
    this.#onlyAddresses.clear();
    this.#addressCount = 0;
    const routers = new RouterPairs(interfaces);
    for (const each of interfaces) {
      const addresses = keysOf(each.addresses);
      const peerAddresses = keysOf(each.peerAddresses);
      for (const address of routers.beyond(each)) peerAddresses.delete(address);
      this.#addressCount += addresses.size + peerAddresses.size;
      const { name, kind, macAddress } = each;
      const hasOwnAddress = hasReachableAddress(each);
      const known = { name, kind, macAddress, addresses, peerAddresses, hasOwnAddress };
      this.#known.set(keyOf(each.networkNamespace, each.index), known);
      let namespace = this.#namespaces.get(each.networkNamespace);
      if (namespace === undefined)
        this.#namespaces.set(each.networkNamespace, (namespace = { own: new Set(), peers: new Set() }));
      for (const address of addresses) namespace.own.add(address);
      for (const address of peerAddresses) namespace.peers.add(address);
    }
  }

  #noteAddresses({ networkNamespace, addresses }: NetworkInterface): void {
    for (const address of addresses) {
      const ownKey = addressKey(address);
      if (ownKey === undefined || isLoopback(ownKey) || isLinkLocal(address)) continue;
      const key = keyOf(networkNamespace, typeof ownKey === 'number' ? 4 : 16);
      const other = this.#onlyAddresses.get(key);
      const isOnly = !this.#onlyAddresses.has(key) || (other !== undefined && sameBytes(other, address));
      this.#onlyAddresses.set(key, isOnly ? address : undefined);
    }
  }
}

/** A pair with more addresses, or with more at its other end, is not taken for a cable: so the work is bounded. */
const maxCableAddresses = 8;

/** Virtual pairs of network namespaces that are in several networks: of each its address, and one at its other end. */
class RouterPairs {
  readonly #ends = new Set<string>();

  constructor(interfaces: readonly NetworkInterface[]) {
    const reachable = interfaces.filter((one) => one.kind !== 'loopback' && hasReachableAddress(one));
    const networks = new Map<number, number>();
    for (const { networkNamespace } of reachable)
      networks.set(networkNamespace, (networks.get(networkNamespace) ?? 0) + 1);
    for (const pair of reachable)
      if (networks.get(pair.networkNamespace)! > 1)
        for (const [address, peer] of endsOf(pair)) this.#ends.add(`${address} ${peer}`);
  }

  /** Addresses of a router at the other end of a pair that has an address of its own. */
  beyond(own: NetworkInterface): readonly AddressKey[] {
    return hasReachableAddress(own)
      ? endsOf(own).flatMap(([address, peer]) => (this.#ends.has(`${peer} ${address}`) ? [peer] : []))
      : [];
  }
}

/** Each address of a virtual pair with each at its other end. */
function endsOf({ kind, addresses, peerAddresses }: NetworkInterface): readonly (readonly [AddressKey, AddressKey])[] {
  if (kind !== 'virtual_pair' || addresses.length > maxCableAddresses || peerAddresses.length > maxCableAddresses)
    return [];
  const peers = [...keysOf(peerAddresses)];
  return [...keysOf(addresses)].flatMap((address) => peers.map((peer) => [address, peer] as const));
}

const keyOf = (networkNamespace: number, index: number): string => `${networkNamespace}:${index}`;

function keysOf(addresses: readonly Uint8Array[]): Set<AddressKey> {
  const keys = new Set<AddressKey>();
  for (const address of addresses) {
    const key = addressKey(address);
    if (key !== undefined) keys.add(key);
  }
  return keys;
}

const hasReachableAddress = ({ addresses }: NetworkInterface): boolean =>
  addresses.some((address) => !isLinkLocal(address));

/** IPv4 169.254.0.0/16 and IPv6 fe80::/10: also ports of bridges have some, and gateways that only answer for others. */
function isLinkLocal(address: Uint8Array): boolean {
  return address.length === 4
    ? address[0] === 169 && address[1] === 254
    : address[0] === 0xfe && (address[1]! & 0xc0) === 0x80;
}

/** Copies: views would keep the whole batch alive. */
function copyOf(one: NetworkInterface): NetworkInterface {
  return {
    ...one,
    macAddress: one.macAddress.slice(),
    addresses: one.addresses.map((address) => address.slice()),
    peerAddresses: one.peerAddresses.map((address) => address.slice()),
  };
}

function isSame(before: readonly NetworkInterface[], now: readonly NetworkInterface[]): boolean {
  return before.length === now.length && before.every((one, index) => isSameInterface(one, now[index]!));
}

function isSameInterface(one: NetworkInterface, other: NetworkInterface): boolean {
  return (
    one.networkNamespace === other.networkNamespace &&
    one.index === other.index &&
    one.name === other.name &&
    one.kind === other.kind &&
    sameBytes(one.macAddress, other.macAddress) &&
    isSameList(one.addresses, other.addresses) &&
    isSameList(one.peerAddresses, other.peerAddresses)
  );
}

function isSameList(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  return some.length === others.length && some.every((one, index) => sameBytes(one, others[index]!));
}
