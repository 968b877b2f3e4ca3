/**
 * Where a program is that reports its own spans: its pod, by the uid it states, else by the address it states; else whatever has
 * the address that the spans came from. Loopback is the host of the agent. The scope of addresses is that of the agent's host:
 * programs report to a collector that is near.
 */
import type { Transport } from '../../schemas/generated/event-batch.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { type AddressKey, addressKey, isLoopback } from './address.ts';
import type { HostLocationAt } from './host-location.ts';
import { locate } from './locate.ts';
import type { Location } from './location.ts';
import { resolveAddress } from './resolve-address.ts';
import type { ResourceTable } from './resource-table.ts';
import { addressResolution, containerResolution } from './side.ts';
import type { Awaited, Reporter } from './tagger.ts';
import { narrow, type TimeBounds } from './time-bounds.ts';

/** What is known of the agent that the spans came through, at their time. */
export interface ReporterContext {
  readonly host: HostLocationAt;
  readonly timeNs: bigint;
  readonly transport: Transport;
}

/** Where a program is. */
export interface ReporterLocation extends TimeBounds {
  location: Location | undefined;
  resolution: number;
  awaited: Awaited | undefined;
  acceptedMs: number;
  /** A loopback address is its pod. */
  isOwnNetwork: boolean;
  /** It is on the agent's host. */
  isLocal: boolean;
}

/** Locates a reporter; see the top of the file. */
export function locateReporter(table: ResourceTable, reporter: Reporter, context: ReporterContext): ReporterLocation {
  const { host } = context;
  const found: ReporterLocation = {
    fromNs: host.fromNs,
    untilNs: host.untilNs,
    location: undefined,
    resolution: 0,
    awaited: undefined,
    acceptedMs: 0,
    isOwnNetwork: false,
    isLocal: false,
  };
  const sender = addressKey(reporter.senderAddress);
  const isHere = sender !== undefined && (isLoopback(sender) || host.addresses.includes(sender));
  const isFound =
    findByUid(table, reporter.podUid, context.timeNs, found) ||
    findByAddress(table, addressKey(reporter.podAddress), context, found);
  const nodeId = found.location?.nodeId ?? 0;
  const hostNodeId = host.location?.nodeId ?? 0;
  // A collector in between may send what comes from other nodes.
  if (isFound) found.isLocal = nodeId === 0 || hostNodeId === 0 ? isHere : nodeId === hostNodeId;
  else if (isHere) {
    found.isLocal = true;
    found.location = host.location;
    found.resolution = addressResolution;
  } else findSender(table, sender, context, found);
  return found;
}

function findByUid(table: ResourceTable, uid: string, timeNs: bigint, found: ReporterLocation): boolean {
  if (uid === '') return false;
  const history = table.byUid(resourceKindIndex.pod, uid);
  if (history !== undefined) narrow(found, history.spanAt(timeNs));
  const pod = history?.at(timeNs);
  if (pod === undefined) {
    if (table.knowsPods) found.awaited = { kind: 'pod', key: uid };
    return false;
  }
  found.location = locate(table, pod, timeNs);
  narrow(found, found.location);
  found.acceptedMs = pod.acceptedMs;
  found.resolution = containerResolution;
  found.isOwnNetwork = pod.addresses.length > 0;
  return true;
}

/** The pod that has an address. */
function findByAddress(
  table: ResourceTable,
  address: AddressKey | undefined,
  context: ReporterContext,
  found: ReporterLocation,
): boolean {
  if (address === undefined || isLoopback(address)) return false;
  const resolved = resolve(table, address, context, found);
  const { location, resolution, isUnclaimed, acceptedMs } = resolved;
  if (location === undefined || location.podId === 0) {
    if (isUnclaimed) found.awaited ??= { kind: 'address', key: address };
    return false;
  }
  found.location = location;
  found.resolution = resolution;
  found.acceptedMs = acceptedMs;
  found.isOwnNetwork = true;
  return true;
}

/** Whatever has the address, be it a network. */
function findSender(
  table: ResourceTable,
  address: AddressKey | undefined,
  context: ReporterContext,
  found: ReporterLocation,
): void {
  if (address === undefined) return;
  const { location, resolution, isUnclaimed, acceptedMs } = resolve(table, address, context, found);
  if (isUnclaimed) found.awaited ??= { kind: 'address', key: address };
  if (location === undefined) return;
  found.location = location;
  found.resolution = resolution;
  found.acceptedMs = acceptedMs;
  found.isOwnNetwork = location.podId !== 0;
  const hostNodeId = context.host.location?.nodeId ?? 0;
  found.isLocal = hostNodeId !== 0 && location.nodeId === hostNodeId;
}

function resolve(
  table: ResourceTable,
  address: AddressKey,
  { host, transport, timeNs }: ReporterContext,
  bounds: TimeBounds,
): ReturnType<typeof resolveAddress> {
  const scope = host.location ?? { vpcId: 0, clusterId: 0 };
  const resolved = resolveAddress(table, { scope, address, port: 0, transport, timeNs });
  narrow(bounds, resolved);
  return resolved;
}
