import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { tags } from '../../schemas/tags.ts';
import { Location, type LocationId, type ServiceBehind } from './location.ts';
import type { ResourceTable } from './resource-table.ts';
import type { ResourceVersion } from './resource-version.ts';
import { narrow } from './time-bounds.ts';

const kinds = resourceKindIndex;
/** Which id of a location is of which kind. */
const locationIds: ReadonlyMap<number, LocationId> = new Map(
  tags.flatMap(({ kind, id }) => (id === 'processResourceId' ? [] : [[kinds[kind], id]])),
);
/** Devices that are an instance of their own, if there is none of another kind. */
const deviceKinds: ReadonlySet<number> = new Set([kinds.nat_gateway, kinds.load_balancer, kinds.database]);
/** Bounds what a chain of parents can cost, however it is made. */
const maxSteps = 64;

/** Where a version is at a time at which it holds. */
export function locate(table: ResourceTable, version: ResourceVersion, timeNs: bigint): Location {
  const { location } = version;
  if (location?.parentVersion === table.parentVersion && location.holdsAt(timeNs)) return location;
  return (version.location = findLocation(table, version, timeNs));
}

function findLocation(table: ResourceTable, version: ResourceVersion, timeNs: bigint): Location {
  const { history } = version;
  const own = history.spanAt(timeNs);
  const location = new Location(own.fromNs, own.untilNs, table.parentVersion);
  enter(location, history.kind, history.id);
  const reached: ResourceVersion[] = [version];
  let services: ServiceBehind[] | undefined;
  for (let step = 0; step < reached.length && step < maxSteps; step++) {
    for (const { kind, id, uid } of reached[step]!.parents) {
      const parent = id === 0 ? table.byUid(kind, uid) : table.byId(kind, id);
      if (parent === undefined) continue;
      const isService = kind === kinds.service;
      if (isService && step > 0) continue;
      const span = parent.spanAt(timeNs);
      narrow(location, span);
      const found = parent.at(timeNs);
      if (found === undefined) continue;
      // What a service belongs to, what is behind it belongs to as well.
      if (isService) (services ??= []).push({ id: parent.id, ports: found.ports });
      // The first of a kind counts, with what is above it; this ends cycles too.
      else if (enter(location, kind, parent.id)) reached.push(found);
    }
  }
  if (services !== undefined) location.services = services;
  if (history.kind === kinds.network_interface && location.deviceId === 0) {
    location.deviceKind = kinds.network_interface;
    location.deviceId = history.id;
  }
  addHost(table, location, timeNs);
  return location;
}

/** Puts the host on a location that has a node of the same name, where no other has that. */
function addHost(table: ResourceTable, location: Location, timeNs: bigint): void {
  if (location.hostId !== 0 || location.nodeId === 0) return;
  const name = table.byId(kinds.node, location.nodeId)?.at(timeNs)?.name ?? '';
  table.narrowNamed('host', name, timeNs, location);
  table.narrowNamed('node', name, timeNs, location);
  if (table.named('node', name, timeNs) === undefined) return;
  location.hostId = table.named('host', name, timeNs)?.history.id ?? 0;
}

/** False when another of its kind is there, or it is of no kind that a side names. */
function enter(location: Location, kind: number, id: number): boolean {
  const field = locationIds.get(kind);
  if (field !== undefined) {
    if (location[field] !== 0) return false;
    location[field] = id;
    return true;
  }
  if (kind === kinds.network_interface) return true;
  if (!deviceKinds.has(kind) || location.deviceId !== 0) return false;
  location.deviceKind = kind;
  location.deviceId = id;
  return true;
}
