/**
 * Resolves an address within a scope (VPC and cluster) at a time: to its owner, else to the service that listens at it, else to
 * the network that contains it. Several owners are allowed only if all others contain the nearest one (a pod's network
 * interface and instance, a node's instance). Otherwise no owner counts, only the network.
 */
import type { Transport } from '../../schemas/generated/event-batch.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { type AddressKey, isPublic } from './address.ts';
import { locate } from './locate.ts';
import type { Location } from './location.ts';
import type { ResourceTable } from './resource-table.ts';
import type { ResourceVersion } from './resource-version.ts';
import { forever } from './resource-version.ts';
import { addressResolution, networkResolution, virtualAddressResolution } from './side.ts';
import { narrow, type TimeBounds } from './time-bounds.ts';

const kinds = resourceKindIndex;

/** Where an address is asked for; 0 where it is not known. */
export interface Scope {
  readonly vpcId: number;
  readonly clusterId: number;
}

/** What is asked. */
export interface AddressQuestion {
  readonly scope: Scope;
  readonly address: AddressKey;
  /** The server's port; 0 for a client, whose port identifies nothing. */
  readonly port: number;
  readonly transport: Transport;
  readonly timeNs: bigint;
}

/** A resolution, valid from `fromNs` until `untilNs`, as long as the table does not change. */
export interface ResolvedAddress {
  fromNs: bigint;
  untilNs: bigint;
  location: Location | undefined;
  /** The service that listens there, where that is known by the port. */
  service: ResourceVersion | undefined;
  resolution: number;
  /** It has several owners, so none counts. */
  isAmbiguous: boolean;
  /** It is in a network of pods and has no owner: one may be published later. */
  isUnclaimed: boolean;
  /** The bus's timestamp of the youngest record that decided, in milliseconds. */
  acceptedMs: number;
}

/** Kinds with networks of pods: the owner of an address there may be published later. */
const podNetworks: ReadonlySet<number> = new Set([kinds.network_interface, kinds.node, kinds.cluster]);

/** Ranks of owners, the nearest (most specific) first. */
const ranks: ReadonlyMap<number, number> = new Map([
  [kinds.pod, 0],
  [kinds.node, 1],
  [kinds.instance, 2],
  [kinds.database, 3],
  [kinds.load_balancer, 3],
  [kinds.nat_gateway, 3],
  [kinds.network_interface, 4],
]);
/** Ranks of networks: the smaller thing first. */
const networkRanks: ReadonlyMap<number, number> = new Map([
  [kinds.node, 0],
  // Its prefixes are for pods, as the CIDRs of a node are.
  [kinds.network_interface, 1],
  [kinds.subnet, 2],
  [kinds.cluster, 3],
  [kinds.vpc, 4],
  [kinds.zone, 5],
  [kinds.region, 6],
]);

interface Claim {
  readonly version: ResourceVersion;
  readonly location: Location;
}

/** Resolves an address; see the top of the file. */
export function resolveAddress(table: ResourceTable, question: AddressQuestion): ResolvedAddress {
  const { address, timeNs, port } = question;
  const resolved: ResolvedAddress = {
    fromNs: -forever,
    untilNs: forever,
    location: undefined,
    service: undefined,
    resolution: 0,
    isAmbiguous: false,
    isUnclaimed: false,
    acceptedMs: 0,
  };
  table.addresses.narrow(address, timeNs, resolved);
  const claims = claimsInScope(table, table.addresses.at(address, timeNs), question, resolved);
  const owner = claims.length === 0 ? undefined : decide(claims, ranks);
  for (const { version } of claims) resolved.acceptedMs = Math.max(resolved.acceptedMs, version.acceptedMs);
  if (owner !== undefined) {
    resolved.location = owner.location;
    resolved.resolution = addressResolution;
  } else if (claims.length > 0) resolved.isAmbiguous = true;
  if (port !== 0) addService(table, question, resolved);
  if (resolved.resolution === 0) addNetwork(table, question, resolved);
  return resolved;
}

/** Those of some versions that the address means where it is asked: in the scope itself if there are any, else everywhere. */
function claimsInScope(
  table: ResourceTable,
  versions: readonly ResourceVersion[],
  { scope, address, timeNs }: AddressQuestion,
  bounds: TimeBounds,
): readonly Claim[] {
  if (versions.length === 0) return noClaims;
  const anywhere = isPublic(address);
  const within: Claim[] = [];
  const everywhere: Claim[] = [];
  for (const version of versions) {
    const { kind } = version.history;
    // Addresses that an agent publishes of its host count only on that host.
    if (kind === kinds.host) continue;
    const location = locate(table, version, timeNs);
    narrow(bounds, location);
    // Addresses of services belong to the cluster, regardless of its VPC.
    const vpcId = kind === kinds.service ? 0 : location.vpcId;
    const scoped = vpcId !== 0 || location.clusterId !== 0;
    const isWithin =
      vpcId !== 0 ? vpcId === scope.vpcId : location.clusterId !== 0 && location.clusterId === scope.clusterId;
    if (anywhere || isWithin) within.push({ version, location });
    else if (!scoped) everywhere.push({ version, location });
  }
  return within.length > 0 ? within : everywhere;
}

const noClaims: readonly Claim[] = [];

/** The one claim that all others are above; undefined when there is none. */
function decide(claims: readonly Claim[], order: ReadonlyMap<number, number>): Claim | undefined {
  if (claims.length === 1) return order.has(claims[0]!.version.history.kind) ? claims[0] : undefined;
  let best: Claim | undefined;
  let bestRank = Infinity;
  for (const claim of claims) {
    const rank = order.get(claim.version.history.kind) ?? Infinity;
    if (rank < bestRank) {
      best = claim;
      bestRank = rank;
    }
  }
  if (best === undefined) return undefined;
  for (const claim of claims) if (claim !== best && !isAbove(claim, best.location)) return undefined;
  return best;
}

/** Whether what claims is what a location is in, or carries the address for it. */
function isAbove({ version: { history }, location: own }: Claim, location: Location): boolean {
  switch (history.kind) {
    case kinds.node:
      return location.nodeId === history.id;
    case kinds.instance:
      return location.instanceId === history.id;
    case kinds.cluster:
      return location.clusterId === history.id;
    case kinds.subnet:
      return location.subnetId === history.id;
    case kinds.vpc:
      return location.vpcId === history.id;
    case kinds.zone:
      return location.zoneId === history.id;
    case kinds.region:
      return location.regionId === history.id;
    case kinds.network_interface:
      // One that is of no instance belongs to the device whose address it has.
      if (own.instanceId !== 0) return own.instanceId === location.instanceId;
      if (own.deviceKind === kinds.network_interface) return location.podId === 0 && location.nodeId === 0;
      return own.deviceKind === location.deviceKind && own.deviceId === location.deviceId;
    default:
      return false;
  }
}

/** The service that listens at an address and port of its own, or at this port of a node. */
function addService(table: ResourceTable, question: AddressQuestion, resolved: ResolvedAddress): void {
  const { address, port, transport, timeNs } = question;
  table.virtualAddresses.narrow(address, timeNs, resolved);
  const virtual = claimsInScope(table, table.virtualAddresses.at(address, timeNs), question, resolved);
  const listening = virtual.filter(
    ({ version: { ports } }) =>
      ports.length === 0 || ports.some((each) => each.port === port && each.transport === transport),
  );
  for (const { version } of listening) resolved.acceptedMs = Math.max(resolved.acceptedMs, version.acceptedMs);
  if (listening.length > 1) resolved.isAmbiguous = true;
  const [service] = listening;
  if (service !== undefined && listening.length === 1) {
    // The address of a load balancer in front of a service is both.
    resolved.location ??= service.location;
    resolved.service = service.version;
    resolved.resolution |= virtualAddressResolution;
    return;
  }
  const { location } = resolved;
  if (location === undefined || location.nodeId === 0 || location.podId !== 0) return;
  table.nodePorts.narrow(port, timeNs, resolved);
  const behind = table.nodePorts.at(port, timeNs).filter((version) => {
    const serviceLocation = locate(table, version, timeNs);
    narrow(resolved, serviceLocation);
    const listens = version.ports.some((each) => each.nodePort === port && each.transport === transport);
    return listens && serviceLocation.clusterId !== 0 && serviceLocation.clusterId === location.clusterId;
  });
  if (behind.length !== 1) return;
  resolved.service = behind[0];
  resolved.resolution |= virtualAddressResolution;
}

function addNetwork(table: ResourceTable, question: AddressQuestion, resolved: ResolvedAddress): void {
  const { address, timeNs } = question;
  if (isPublic(address) && question.scope.vpcId === 0 && question.scope.clusterId === 0) return;
  table.networks.narrow(address, timeNs, resolved);
  let isFirst = true;
  for (const versions of table.networks.around(address, timeNs)) {
    const { scope } = question;
    const claims: Claim[] = [];
    for (const version of versions) {
      const location = locate(table, version, timeNs);
      narrow(resolved, location);
      const { vpcId, clusterId } = location;
      if (vpcId !== 0 ? vpcId === scope.vpcId : clusterId === 0 || clusterId === scope.clusterId)
        claims.push({ version, location });
    }
    if (claims.length === 0) continue;
    const owner = decide(claims, networkRanks);
    const isFirstHere = isFirst;
    isFirst = false;
    if (owner === undefined) continue;
    const { kind } = owner.version.history;
    resolved.location = owner.location;
    resolved.resolution = networkResolution;
    resolved.isUnclaimed = isFirstHere && !resolved.isAmbiguous && podNetworks.has(kind);
    return;
  }
}
