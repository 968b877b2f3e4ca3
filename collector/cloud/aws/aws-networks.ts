/** Regions, zones, VPCs and subnets of AWS as resources. */
import type { AvailabilityZone, Subnet, Vpc } from '@aws-sdk/client-ec2';
import type { ResourceState } from '../../resources/resource-state.ts';
import { plainState } from '../../resources/plain-state.ts';
import { type AwsScope, type AwsReading, factsOf, globalUid, labelsOf, nameOf, parentsOf } from './aws-reading.ts';

/** The region and its zones. They are there for ever. */
export function zoneStates(zones: readonly AvailabilityZone[], scope: AwsScope, reading: AwsReading): ResourceState[] {
  const region = plainState(
    { kind: 'region', uid: globalUid(scope.region), name: scope.region },
    { type: 'aws_region', sinceNs: 0n },
  );
  const ofRegion = reading
    .withId(zones, ({ ZoneId }) => ZoneId)
    .map(([id, { ZoneName, ZoneType }]) =>
      plainState(
        // Each account has names of its own for the same zones.
        { kind: 'zone', uid: globalUid(id), name: ZoneName ?? id },
        {
          type: ZoneType === undefined || ZoneType === 'availability-zone' ? 'aws_zone' : `aws_${ZoneType}`,
          parents: parentsOf(['region', scope.region]),
          environment: { zone_id: id },
          sinceNs: 0n,
        },
      ),
    );
  return [region, ...ofRegion];
}

/** VPCs with all their CIDRs. */
export function vpcStates(vpcs: readonly Vpc[], scope: AwsScope, reading: AwsReading): ResourceState[] {
  return reading
    .withId(vpcs, ({ VpcId }) => VpcId)
    .map(([id, vpc]) => {
      const associated = [
        ...(vpc.CidrBlockAssociationSet ?? []).map((set) => [set.CidrBlock, set.CidrBlockState?.State] as const),
        ...(vpc.Ipv6CidrBlockAssociationSet ?? []).map(
          (set) => [set.Ipv6CidrBlock, set.Ipv6CidrBlockState?.State] as const,
        ),
      ];
      return plainState(
        { kind: 'vpc', uid: globalUid(id), name: nameOf(vpc.Tags, id) },
        {
          type: 'aws_vpc',
          parents: parentsOf(['region', scope.region]),
          networks: reading.networks([
            vpc.CidrBlock,
            ...associated.filter(([, state]) => isAssociated(state)).map(([cidr]) => cidr),
          ]),
          labels: labelsOf(vpc.Tags),
          environment: factsOf({ ...scope, account: vpc.OwnerId ?? scope.account }),
        },
      );
    });
}

/** Subnets with all their CIDRs. */
export function subnetStates(subnets: readonly Subnet[], scope: AwsScope, reading: AwsReading): ResourceState[] {
  return reading
    .withId(subnets, ({ SubnetId }) => SubnetId)
    .map(([id, subnet]) =>
      plainState(
        { kind: 'subnet', uid: globalUid(id), name: nameOf(subnet.Tags, id) },
        {
          type: 'aws_subnet',
          parents: parentsOf(['vpc', subnet.VpcId], ['zone', subnet.AvailabilityZoneId], ['region', scope.region]),
          networks: reading.networks([
            subnet.CidrBlock,
            ...(subnet.Ipv6CidrBlockAssociationSet ?? [])
              .filter((set) => isAssociated(set.Ipv6CidrBlockState?.State))
              .map((set) => set.Ipv6CidrBlock),
          ]),
          labels: labelsOf(subnet.Tags),
          environment: factsOf({ ...scope, account: subnet.OwnerId ?? scope.account }),
        },
      ),
    );
}

function isAssociated(state: string | undefined): boolean {
  return state === undefined || state === 'associated';
}
