// Generated from schemas/avro/span.avsc by `npm run generate`. Do not edit.
/** Integers of a Side behind its address and port, in the order of the encoding. */
export const sideIds = ['regionId', 'zoneId', 'vpcId', 'subnetId', 'hostId', 'instanceId', 'clusterId', 'nodeId', 'namespaceId', 'workloadId', 'podId', 'serviceId', 'processResourceId', 'autoInstanceId', 'autoInstanceType', 'autoServiceId', 'autoServiceType', 'resolution'] as const;

/** One of them. */
export type SideId = (typeof sideIds)[number];

/** Place of each among them. */
export const sideIdPlaces: Readonly<Record<SideId, number>> = { regionId: 0, zoneId: 1, vpcId: 2, subnetId: 3, hostId: 4, instanceId: 5, clusterId: 6, nodeId: 7, namespaceId: 8, workloadId: 9, podId: 10, serviceId: 11, processResourceId: 12, autoInstanceId: 13, autoInstanceType: 14, autoServiceId: 15, autoServiceType: 16, resolution: 17 };
