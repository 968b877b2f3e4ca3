import type { Side } from '../../schemas/generated/span.ts';

/** Bits of Side.resolution. */
export const processResolution = 1;
export const addressResolution = 4;

/** A side of which the address is known, and the host when `hostId` is not 0. */
export function addressSide(address: Uint8Array, port: number, hostId: number, resolution: number): Side {
  // Written out: copying a template takes several times as long, and every span has two sides.
  return {
    address,
    port,
    regionId: 0,
    zoneId: 0,
    vpcId: 0,
    subnetId: 0,
    hostId,
    instanceId: 0,
    clusterId: 0,
    nodeId: 0,
    namespaceId: 0,
    workloadId: 0,
    podId: 0,
    serviceId: 0,
    processResourceId: 0,
    autoInstanceId: 0,
    autoInstanceType: 0,
    autoServiceId: 0,
    autoServiceType: 0,
    resolution,
  };
}
