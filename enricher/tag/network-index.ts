import { type AddressKey, networkKey } from './address.ts';
import type { NetworkKey, ResourceVersion } from './resource-version.ts';
import type { TimeBounds } from './time-bounds.ts';
import { VersionIndex } from './version-index.ts';

/** Networks of one length of prefix. */
interface Networks {
  readonly prefixLength: number;
  readonly versions: VersionIndex<AddressKey>;
}

/** Versions by their networks, asked by the longest prefix first. */
export class NetworkIndex {
  /** By descending length of prefix. */
  readonly #ipv4: Networks[] = [];
  readonly #ipv6: Networks[] = [];

  add({ key, isIpv4, prefixLength }: NetworkKey, version: ResourceVersion): void {
    const all = isIpv4 ? this.#ipv4 : this.#ipv6;
    let networks = all.find((each) => each.prefixLength === prefixLength);
    if (networks === undefined) {
      networks = { prefixLength, versions: new VersionIndex() };
      all.push(networks);
      all.sort((left, right) => right.prefixLength - left.prefixLength);
    }
    networks.versions.add(key, version);
  }

  remove({ key, isIpv4, prefixLength }: NetworkKey, version: ResourceVersion): void {
    const all = isIpv4 ? this.#ipv4 : this.#ipv6;
    all.find((each) => each.prefixLength === prefixLength)?.versions.remove(key, version);
  }

  /** For each length of prefix, the longest first, who has the network of an address at a time. */
  *around(address: AddressKey, timeNs: bigint): Generator<readonly ResourceVersion[]> {
    for (const { prefixLength, versions } of typeof address === 'number' ? this.#ipv4 : this.#ipv6) {
      const found = versions.at(networkKey(address, prefixLength), timeNs);
      if (found.length > 0) yield found;
    }
  }

  /** As {@link VersionIndex.narrow}. */
  narrow(address: AddressKey, timeNs: bigint, bounds: TimeBounds): void {
    for (const { prefixLength, versions } of typeof address === 'number' ? this.#ipv4 : this.#ipv6)
      versions.narrow(networkKey(address, prefixLength), timeNs, bounds);
  }
}
