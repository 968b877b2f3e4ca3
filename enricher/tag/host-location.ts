import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import type { AddressKey } from './address.ts';
import { locate } from './locate.ts';
import type { Location } from './location.ts';
import type { ResourceTable } from './resource-table.ts';
import { forever, type ResourceVersion } from './resource-version.ts';
import { narrow, type TimeBounds } from './time-bounds.ts';

const kinds = resourceKindIndex;
/** Most recent pods of the host that are used to find its node. */
const maxPods = 16;

/** Location of a host, valid from `fromNs` until `untilNs`, as long as the table does not change. */
export interface HostLocationAt {
  readonly fromNs: bigint;
  readonly untilNs: bigint;
  /** Its node or cloud instance, with everything above; undefined where it is known to be neither. */
  readonly location: Location | undefined;
  /** The host's own addresses, as its agent publishes them. */
  readonly addresses: readonly AddressKey[];
}

/**
 * Which node or instance an agent's host is: the node of its pods; else the instance that has one of its hardware
 * addresses, and the node of its name where no other has it.
 */
export class HostLocation {
  readonly #table: ResourceTable;
  readonly #podUids = new Set<string>();
  #hostId = 0;
  #found: HostLocationAt | undefined;
  #tableVersion = -1;

  constructor(table: ResourceTable) {
    this.#table = table;
  }

  learn({ podUid, hostResourceId }: Pick<ProcessFacts, 'podUid' | 'hostResourceId'>): void {
    this.#hostId = hostResourceId;
    this.#found = undefined;
    if (podUid === '') return;
    this.#podUids.delete(podUid);
    this.#podUids.add(podUid);
    if (this.#podUids.size > maxPods) this.#podUids.delete(this.#podUids.values().next().value!);
  }

  at(timeNs: bigint): HostLocationAt {
    const found = this.#found;
    if (
      found !== undefined &&
      this.#tableVersion === this.#table.version &&
      found.fromNs <= timeNs &&
      timeNs < found.untilNs
    )
      return found;
    this.#tableVersion = this.#table.version;
    return (this.#found = this.#find(timeNs));
  }

  #find(timeNs: bigint): HostLocationAt {
    const bounds = { fromNs: -forever, untilNs: forever };
    const history = this.#table.byId(kinds.host, this.#hostId);
    if (history !== undefined) narrow(bounds, history.spanAt(timeNs));
    const host = history?.at(timeNs);
    const location =
      this.#byPods(timeNs, bounds) ?? (host === undefined ? undefined : this.#byRecord(host, timeNs, bounds));
    if (location !== undefined) narrow(bounds, location);
    return { ...bounds, location, addresses: host?.addresses ?? [] };
  }

  #byPods(timeNs: bigint, bounds: TimeBounds): Location | undefined {
    const table = this.#table;
    for (const uid of [...this.#podUids].reverse()) {
      const history = table.byUid(kinds.pod, uid);
      if (history === undefined) continue;
      narrow(bounds, history.spanAt(timeNs));
      const pod = history.at(timeNs);
      if (pod === undefined) continue;
      const { nodeId, fromNs, untilNs } = locate(table, pod, timeNs);
      narrow(bounds, { fromNs, untilNs });
      const node = nodeId === 0 ? undefined : table.byId(kinds.node, nodeId)?.at(timeNs);
      if (node !== undefined) return locate(table, node, timeNs);
    }
    return undefined;
  }

  #byRecord(host: ResourceVersion, timeNs: bigint, bounds: TimeBounds): Location | undefined {
    const table = this.#table;
    const instance = this.#byHardware(host, timeNs, bounds);
    const node = table.named('node', host.name, timeNs);
    table.narrowNamed('node', host.name, timeNs, bounds);
    // Two hosts of one name: either may be the node.
    table.narrowNamed('host', host.name, timeNs, bounds);
    if (node === undefined || table.named('host', host.name, timeNs) === undefined) return instance;
    const location = locate(table, node, timeNs);
    if (instance === undefined || location.instanceId === instance.instanceId) return location;
    // The name gives a node, the hardware address another instance than that node's: hardware is certain.
    return instance;
  }

  #byHardware(host: ResourceVersion, timeNs: bigint, bounds: TimeBounds): Location | undefined {
    const table = this.#table;
    let found: Location | undefined;
    for (const mac of host.macAddresses) {
      table.macAddresses.narrow(mac, timeNs, bounds);
      for (const version of table.macAddresses.at(mac, timeNs)) {
        const { kind } = version.history;
        if (kind !== kinds.network_interface && kind !== kinds.instance) continue;
        const location = locate(table, version, timeNs);
        narrow(bounds, location);
        if (location.instanceId === 0) continue;
        if (found !== undefined && found.instanceId !== location.instanceId) return undefined;
        // For an instance with several interfaces, the instance itself has the location.
        const instance = table.byId(kinds.instance, location.instanceId)?.at(timeNs);
        found = instance === undefined ? location : locate(table, instance, timeNs);
      }
    }
    return found;
  }
}
