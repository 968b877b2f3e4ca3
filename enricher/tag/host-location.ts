import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import type { AddressKey } from './address.ts';
import { placeOf } from './locate.ts';
import type { Place } from './location.ts';
import type { ResourceTable } from './resource-table.ts';
import { forever, type ResourceVersion } from './resource-version.ts';
import { narrow, type TimeBounds } from './time-bounds.ts';

const kinds = resourceKindIndex;
/** Most recent pods of the host that are used to find its node. */
const maxPods = 16;

/** Place of a host, valid from `fromNs` until `untilNs`, as long as the table does not change. */
export interface HostPlaceAt {
  readonly fromNs: bigint;
  readonly untilNs: bigint;
  /** Its node or cloud instance, with everything above; undefined where it is known to be neither. */
  readonly place: Place | undefined;
  /** The host's own addresses, as its agent publishes them. */
  readonly addresses: readonly AddressKey[];
}

/**
 * Which node or instance an agent's host is: the node of its pods; else the instance that has one of its hardware
 * addresses, and the node of its name where no other has it.
 */
export class HostPlace {
  readonly #table: ResourceTable;
  readonly #podUids = new Set<string>();
  #hostId = 0;
  #found: HostPlaceAt | undefined;
  #tableVersion = -1;

  constructor(table: ResourceTable) {
    this.#table = table;
  }

  learn({ podUid, hostResourceId }: ProcessFacts): void {
    this.#hostId = hostResourceId;
    this.#found = undefined;
    if (podUid === '') return;
    this.#podUids.delete(podUid);
    this.#podUids.add(podUid);
    if (this.#podUids.size > maxPods) this.#podUids.delete(this.#podUids.values().next().value!);
  }

  at(timeNs: bigint): HostPlaceAt {
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

  #find(timeNs: bigint): HostPlaceAt {
    const bounds = { fromNs: -forever, untilNs: forever };
    const history = this.#table.byId(kinds.host, this.#hostId);
    if (history !== undefined) narrow(bounds, history.spanAt(timeNs));
    const host = history?.at(timeNs);
    const place =
      this.#byPods(timeNs, bounds) ?? (host === undefined ? undefined : this.#byRecord(host, timeNs, bounds));
    if (place !== undefined) narrow(bounds, place);
    return { ...bounds, place, addresses: host?.addresses ?? [] };
  }

  #byPods(timeNs: bigint, bounds: TimeBounds): Place | undefined {
    const table = this.#table;
    for (const uid of [...this.#podUids].reverse()) {
      const history = table.byUid(kinds.pod, uid);
      if (history === undefined) continue;
      narrow(bounds, history.spanAt(timeNs));
      const pod = history.at(timeNs);
      if (pod === undefined) continue;
      const { nodeId, fromNs, untilNs } = placeOf(table, pod, timeNs);
      narrow(bounds, { fromNs, untilNs });
      const node = nodeId === 0 ? undefined : table.byId(kinds.node, nodeId)?.at(timeNs);
      if (node !== undefined) return placeOf(table, node, timeNs);
    }
    return undefined;
  }

  #byRecord(host: ResourceVersion, timeNs: bigint, bounds: TimeBounds): Place | undefined {
    const table = this.#table;
    const instance = this.#byHardware(host, timeNs, bounds);
    const node = table.named('node', host.name, timeNs);
    table.narrowNamed('node', host.name, timeNs, bounds);
    // Two hosts of one name: either may be the node.
    table.narrowNamed('host', host.name, timeNs, bounds);
    if (node === undefined || table.named('host', host.name, timeNs) === undefined) return instance;
    const place = placeOf(table, node, timeNs);
    if (instance === undefined || place.instanceId === instance.instanceId) return place;
    // The name gives a node, the hardware address another instance than that node's: hardware is certain.
    return instance;
  }

  #byHardware(host: ResourceVersion, timeNs: bigint, bounds: TimeBounds): Place | undefined {
    const table = this.#table;
    let found: Place | undefined;
    for (const mac of host.macAddresses) {
      table.macAddresses.narrow(mac, timeNs, bounds);
      for (const version of table.macAddresses.at(mac, timeNs)) {
        const { kind } = version.history;
        if (kind !== kinds.network_interface && kind !== kinds.instance) continue;
        const place = placeOf(table, version, timeNs);
        narrow(bounds, place);
        if (place.instanceId === 0) continue;
        if (found !== undefined && found.instanceId !== place.instanceId) return undefined;
        // For an instance with several interfaces, the instance itself has the place.
        const instance = table.byId(kinds.instance, place.instanceId)?.at(timeNs);
        found = instance === undefined ? place : placeOf(table, instance, timeNs);
      }
    }
    return found;
  }
}
