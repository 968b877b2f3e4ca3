import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { tags } from '../../schemas/tags.ts';
import { Place, type PlaceId, type ServiceBehind } from './location.ts';
import type { ResourceTable } from './resource-table.ts';
import type { ResourceVersion } from './resource-version.ts';
import { narrow } from './time-bounds.ts';

const kinds = resourceKindIndex;
/** Which id of a place is of which kind. */
const placeIds: ReadonlyMap<number, PlaceId> = new Map(
  tags.flatMap(({ kind, id }) => (id === 'processResourceId' ? [] : [[kinds[kind], id]])),
);
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
  const field = placeIds.get(kind);
  if (field !== undefined) {
    if (place[field] !== 0) return false;
    place[field] = id;
    return true;
  }
  if (kind === kinds.network_interface) return true;
  if (!deviceKinds.has(kind) || place.deviceId !== 0) return false;
  place.deviceKind = kind;
  place.deviceId = id;
  return true;
}
