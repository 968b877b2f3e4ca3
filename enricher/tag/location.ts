import type { Resource } from '../../schemas/generated/resource.ts';
import type { tags } from '../../schemas/tags.ts';

/** Ids of resources that something can be in: those of all tags but the process, which is nowhere by itself. */
export type LocationId = Exclude<(typeof tags)[number]['id'], 'processResourceId'>;

/** A service that something is behind. */
export interface ServiceBehind {
  readonly id: number;
  readonly ports: Resource['ports'];
}

/**
 * The location of a resource: itself and everything that contains it, by kind, as of a time. It is valid from `fromNs` until
 * `untilNs`, as long as no possible parent changes.
 */
export class Location implements Record<LocationId, number> {
  fromNs: bigint;
  untilNs: bigint;
  readonly parentVersion: number;
  regionId = 0;
  zoneId = 0;
  vpcId = 0;
  subnetId = 0;
  hostId = 0;
  instanceId = 0;
  clusterId = 0;
  nodeId = 0;
  namespaceId = 0;
  workloadId = 0;
  podId = 0;
  deviceKind = 0;
  deviceId = 0;
  /** Services that it is behind, nearest first, as of the time. */
  services: readonly ServiceBehind[] = noServices;
  /** Of a location that is a service. */
  serviceId = 0;

  constructor(fromNs: bigint, untilNs: bigint, parentVersion: number) {
    this.fromNs = fromNs;
    this.untilNs = untilNs;
    this.parentVersion = parentVersion;
  }

  holdsAt(timeNs: bigint): boolean {
    return this.fromNs <= timeNs && timeNs < this.untilNs;
  }
}

const noServices: readonly ServiceBehind[] = [];
