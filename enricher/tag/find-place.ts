import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { Place, type ServiceBehind } from './place.ts';
import type { ResourceTable } from './resource-table.ts';
import type { ResourceVersion } from './resource-version.ts';
import { narrow } from './time-bounds.ts';

const kinds = resourceKindIndex;
/** Devices that are an instance of their own, if there is none of another kind. */
const deviceKinds: ReadonlySet<number> = new Set([kinds.nat_gateway, kinds.load_balancer, kinds.database]);
/** Bounds what a chain of parents can cost, however it is made. */
const maxSteps = 64;

/** Where a version is at a time at which it holds. */
export function placeOf(table: ResourceTable, version: ResourceVersion, timeNs: bigint): Place {
  const { place } = version;
  if (place?.parentVersion === table.parentVersion && place.holdsAt(timeNs)) return place;
  return (version.place = findPlace(table, version, timeNs));
}

function findPlace(table: ResourceTable, version: ResourceVersion, timeNs: bigint): Place {
  const { history } = version;
  const own = history.spanAt(timeNs);
  const place = new Place(own.fromNs, own.untilNs, table.parentVersion);
  enter(place, history.kind, history.id);
  const reached: ResourceVersion[] = [version];
  let services: ServiceBehind[] | undefined;
  for (let step = 0; step < reached.length && step < maxSteps; step++) {
    for (const { kind, id, uid } of reached[step]!.parents) {
      const parent = id === 0 ? table.byUid(kind, uid) : table.byId(kind, id);
      if (parent === undefined) continue;
      const isService = kind === kinds.service;
      if (isService && step > 0) continue;
      const span = parent.spanAt(timeNs);
      narrow(place, span);
      const found = parent.at(timeNs);
      if (found === undefined) continue;
      // What a service belongs to, what is behind it belongs to as well.
      if (isService) (services ??= []).push({ id: parent.id, ports: found.ports });
      // The first of a kind counts, with what is above it; this ends cycles too.
      else if (enter(place, kind, parent.id)) reached.push(found);
    }
  }
  if (services !== undefined) place.services = services;
  if (history.kind === kinds.network_interface && place.deviceId === 0) {
    place.deviceKind = kinds.network_interface;
    place.deviceId = history.id;
  }
  addHost(table, place, timeNs);
  return place;
}

/** Puts the host on a place that has a node of the same name, where no other has that. */
function addHost(table: ResourceTable, place: Place, timeNs: bigint): void {
  if (place.hostId !== 0 || place.nodeId === 0) return;
  const name = table.byId(kinds.node, place.nodeId)?.at(timeNs)?.name ?? '';
  table.narrowNamed('host', name, timeNs, place);
  table.narrowNamed('node', name, timeNs, place);
  if (table.named('node', name, timeNs) === undefined) return;
  place.hostId = table.named('host', name, timeNs)?.history.id ?? 0;
}

/** False when another of its kind is there, or it is of no kind that a side names. */
function enter(place: Place, kind: number, id: number): boolean {
  switch (kind) {
    case kinds.region:
      return place.regionId === 0 && ((place.regionId = id), true);
    case kinds.zone:
      return place.zoneId === 0 && ((place.zoneId = id), true);
    case kinds.vpc:
      return place.vpcId === 0 && ((place.vpcId = id), true);
    case kinds.subnet:
      return place.subnetId === 0 && ((place.subnetId = id), true);
    case kinds.host:
      return place.hostId === 0 && ((place.hostId = id), true);
    case kinds.instance:
      return place.instanceId === 0 && ((place.instanceId = id), true);
    case kinds.cluster:
      return place.clusterId === 0 && ((place.clusterId = id), true);
    case kinds.node:
      return place.nodeId === 0 && ((place.nodeId = id), true);
    case kinds.namespace:
      return place.namespaceId === 0 && ((place.namespaceId = id), true);
    case kinds.workload:
      return place.workloadId === 0 && ((place.workloadId = id), true);
    case kinds.pod:
      return place.podId === 0 && ((place.podId = id), true);
    case kinds.service:
      return place.serviceId === 0 && ((place.serviceId = id), true);
    case kinds.network_interface:
      return true;
    default:
      if (!deviceKinds.has(kind) || place.deviceId !== 0) return false;
      place.deviceKind = kind;
      place.deviceId = id;
      return true;
  }
}
