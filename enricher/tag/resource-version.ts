import { type Resource, resourceKindIndex, type ResourceReference } from '../../schemas/generated/resource.ts';
import { type AddressKey, addressKey, networkKey } from './address.ts';
import type { Location } from './location.ts';

/** A CIDR by the key of its first address. */
export interface NetworkKey {
  readonly key: AddressKey;
  readonly isIpv4: boolean;
  readonly prefixLength: number;
}

/** Another resource, by id or, with id 0, by uid. */
export interface ParentReference {
  readonly kind: number;
  readonly id: number;
  readonly uid: string;
}

/** More of them in one resource are left out: a bound on what one record can cost. */
const maxItems = 4096;
const maxParents = 256;

const nothing: readonly never[] = [];
const short = <Item>(items: readonly Item[], most: number): readonly Item[] =>
  items.length === 0 ? nothing : items.length > most ? items.slice(0, most) : items;

const kindNumbers: Readonly<Record<ResourceReference['kind'], number>> = resourceKindIndex;

/** What tagging keeps of one version of a resource. It keeps nothing of the message it came in. */
export class ResourceVersion {
  readonly history: ResourceHistory;
  readonly fromNs: bigint;
  readonly toNs: bigint;
  /** When the bus accepted it. */
  readonly acceptedMs: number;
  /** Whether an agent signed it. Hosts of agents of older versions are among the other resources. */
  readonly isOfAgent: boolean;
  /** Of nodes and hosts, which are found by it; else empty. */
  readonly name: string;
  readonly parents: readonly ParentReference[];
  readonly addresses: readonly AddressKey[];
  readonly networks: readonly NetworkKey[];
  readonly ports: Resource['ports'];
  /** As hexadecimal digits. */
  readonly macAddresses: readonly string[];
  /** Where it was when somebody asked last. */
  location: Location | undefined = undefined;

  constructor(history: ResourceHistory, resource: Resource, acceptedMs: number, isOfAgent: boolean) {
    this.history = history;
    this.fromNs = resource.validFromNs;
    this.toNs = resource.validToNs === 0n ? forever : resource.validToNs;
    this.acceptedMs = acceptedMs;
    this.isOfAgent = isOfAgent;
    this.name = resource.kind === 'node' || resource.kind === 'host' ? resource.name : '';
    this.parents = short(resource.parents, maxParents).map(({ kind, id, uid }) => ({
      kind: kindNumbers[kind],
      id,
      uid: id === 0 ? uid : '',
    }));
    const addresses = short(resource.addresses, maxItems)
      .map(addressKey)
      .filter((key) => key !== undefined);
    this.addresses = addresses.length > 1 ? [...new Set(addresses)] : addresses;
    this.networks = short(resource.networks, maxItems).flatMap(({ address, prefixLength }) => {
      const isMapped = address.length === 16 && typeof addressKey(address) === 'number';
      const bits = isMapped ? prefixLength - 96 : prefixLength;
      const key = addressKey(address);
      const isIpv4 = typeof key === 'number';
      // A network of all addresses says nothing.
      if (key === undefined || bits < 1 || bits > (isIpv4 ? 32 : 128)) return [];
      return [{ key: networkKey(key, bits), isIpv4, prefixLength: bits }];
    });
    this.ports = short(resource.ports, maxItems);
    this.macAddresses = short(resource.macAddresses, maxItems)
      .filter((bytes) => bytes.length === 6 && bytes.some((byte) => byte !== 0))
      .map((bytes) => Buffer.from(bytes).toString('hex'));
  }
}

/** End of what lives. */
export const forever = 0x7fff_ffff_ffff_ffffn;
const never = -0x8000_0000_0000_0000n;

/** All versions of one resource, by start. A later one ends those before it, even if they have no end. */
export class ResourceHistory {
  readonly kind: number;
  readonly id: number;
  readonly uid: string;
  readonly versions: ResourceVersion[] = [];

  constructor(kind: number, id: number, uid: string) {
    this.kind = kind;
    this.id = id;
    this.uid = uid;
  }

  /** The version that holds at a time. */
  at(timeNs: bigint): ResourceVersion | undefined {
    const version = this.versions[this.#after(timeNs) - 1];
    return version !== undefined && timeNs < version.toNs ? version : undefined;
  }

  /** How long it has been and will be as it is at a time: its version, or that there is none. */
  spanAt(timeNs: bigint): { readonly fromNs: bigint; readonly untilNs: bigint } {
    const next = this.#after(timeNs);
    const version = this.versions[next - 1];
    const nextNs = this.versions[next]?.fromNs ?? forever;
    if (version === undefined) return { fromNs: never, untilNs: nextNs };
    if (timeNs < version.toNs)
      return { fromNs: version.fromNs, untilNs: version.toNs < nextNs ? version.toNs : nextNs };
    return { fromNs: version.toNs, untilNs: nextNs };
  }

  /** Puts a version in its place; returns the one that began at the same time, which it replaces. */
  put(version: ResourceVersion): ResourceVersion | undefined {
    const place = this.#after(version.fromNs);
    const before = this.versions[place - 1];
    if (before?.fromNs === version.fromNs) {
      this.versions[place - 1] = version;
      return before;
    }
    this.versions.splice(place, 0, version);
    return undefined;
  }

  /** Takes out the version that began at a time. */
  remove(fromNs: bigint): ResourceVersion | undefined {
    const place = this.#after(fromNs) - 1;
    return this.versions[place]?.fromNs === fromNs ? this.versions.splice(place, 1)[0] : undefined;
  }

  /** How many versions begin at a time or before it. */
  #after(timeNs: bigint): number {
    const { versions } = this;
    if (versions.length === 0) return 0;
    // Nearly always it is the newest.
    if (versions[versions.length - 1]!.fromNs <= timeNs) return versions.length;
    let low = 0;
    let high = versions.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (versions[middle]!.fromNs <= timeNs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
