import type { Side } from '../../schemas/generated/span.ts';

/** Bits of Side.resolution. */
export const processResolution = 1;
export const addressResolution = 4;

/** A side of which nothing is known. */
export const emptySide: Side = {
  address: new Uint8Array(0),
  port: 0,
  regionId: 0,
  zoneId: 0,
  vpcId: 0,
  subnetId: 0,
  hostId: 0,
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
  resolution: 0,
};
