import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import type { Side } from '../../schemas/generated/span.ts';
import type { Location } from './location.ts';

const kinds = resourceKindIndex;

/** Bits of Side.resolution that the enricher sets. The correlator adds 32: the ids are those of the span at the other end. */
export const processResolution = 1;
export const containerResolution = 2;
export const addressResolution = 4;
export const virtualAddressResolution = 8;
export const networkResolution = 16;

/** A side without its address and port: what it is, and what is above it. */
export type SideTags = Omit<Side, 'address' | 'port'>;

/** What a side's tags follow from; 0 and undefined for what is not known. */
export interface SideFacts {
  readonly location: Location | undefined;
  readonly hostId: number;
  readonly processId: number;
  readonly serviceId: number;
  readonly resolution: number;
  /** Nothing has its address, and it is one of the internet. */
  readonly isInternet: boolean;
}

/** Tags of a side, with the most specific instance and service. */
export function sideTags({ location, hostId, processId, serviceId, resolution, isInternet }: SideFacts): SideTags {
  const instanceId = location?.instanceId ?? 0;
  const [deviceType, deviceId] =
    instanceId !== 0 ? [kinds.instance, instanceId] : [location?.deviceKind ?? 0, location?.deviceId ?? 0];
  const ownHostId = hostId !== 0 ? hostId : (location?.hostId ?? 0);
  const [otherType] = isInternet ? [kinds.internet] : [kinds.address];
  const instance = firstOf([
    [kinds.pod, location?.podId ?? 0],
    [kinds.process, processId],
    [kinds.node, location?.nodeId ?? 0],
    [deviceType, deviceId],
    [kinds.host, ownHostId],
    [otherType, 0],
  ]);
  const service = firstOf([
    [kinds.service, serviceId],
    [kinds.workload, location?.workloadId ?? 0],
    [kinds.process, processId],
    [kinds.cluster, location?.clusterId ?? 0],
    [deviceType, deviceId],
    [kinds.host, ownHostId],
    [otherType, 0],
  ]);
  return {
    regionId: location?.regionId ?? 0,
    zoneId: location?.zoneId ?? 0,
    vpcId: location?.vpcId ?? 0,
    subnetId: location?.subnetId ?? 0,
    hostId: ownHostId,
    instanceId,
    clusterId: location?.clusterId ?? 0,
    nodeId: location?.nodeId ?? 0,
    namespaceId: location?.namespaceId ?? 0,
    workloadId: location?.workloadId ?? 0,
    podId: location?.podId ?? 0,
    serviceId,
    processResourceId: processId,
    autoInstanceId: instance[1],
    autoInstanceType: instance[0],
    autoServiceId: service[1],
    autoServiceType: service[0],
    resolution,
  };
}

type Choice = readonly [kind: number, id: number];

/** The first that is known; the last is always there. */
function firstOf(choices: readonly Choice[]): Choice {
  return choices.find(([, id]) => id !== 0) ?? choices[choices.length - 1]!;
}

/** A side. */
export function sideOf(tags: SideTags, address: Uint8Array, port: number): Side {
  // Written out: copying a template takes several times as long, and every span has two sides.
  return {
    address,
    port,
    regionId: tags.regionId,
    zoneId: tags.zoneId,
    vpcId: tags.vpcId,
    subnetId: tags.subnetId,
    hostId: tags.hostId,
    instanceId: tags.instanceId,
    clusterId: tags.clusterId,
    nodeId: tags.nodeId,
    namespaceId: tags.namespaceId,
    workloadId: tags.workloadId,
    podId: tags.podId,
    serviceId: tags.serviceId,
    processResourceId: tags.processResourceId,
    autoInstanceId: tags.autoInstanceId,
    autoInstanceType: tags.autoInstanceType,
    autoServiceId: tags.autoServiceId,
    autoServiceType: tags.autoServiceType,
    resolution: tags.resolution,
  };
}
