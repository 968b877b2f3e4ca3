/** Instances and NAT gateways of AWS as resources. */
import type { Instance, NatGateway } from '@aws-sdk/client-ec2';
import type { ResourceState } from '../../resources/resource-state.ts';
import { plainState } from '../../resources/plain-state.ts';
import {
  type AwsScope,
  type AwsReading,
  factsOf,
  globalUid,
  labelsOf,
  nameOf,
  parentsOf,
  sinceOf,
} from './aws-reading.ts';

/** Instances that are there, running or stopped. Their addresses are those of their network interfaces. */
export function instanceStates(instances: readonly Instance[], scope: AwsScope, reading: AwsReading): ResourceState[] {
  return reading
    .withId(instances, ({ InstanceId }) => InstanceId)
    .filter(([, { State }]) => State?.Name !== 'terminated' && State?.Name !== 'shutting-down')
    .map(([id, instance]) =>
      plainState(
        { kind: 'instance', uid: globalUid(id), name: nameOf(instance.Tags, id) },
        {
          type: 'aws_ec2',
          parents: parentsOf(
            ['subnet', instance.SubnetId],
            ['vpc', instance.VpcId],
            ['zone', instance.Placement?.AvailabilityZoneId],
            ['region', scope.region],
          ),
          labels: labelsOf(instance.Tags),
          environment: factsOf(scope, {
            instance_type: instance.InstanceType,
            image_id: instance.ImageId,
            private_dns_name: instance.PrivateDnsName,
          }),
          sinceNs: sinceOf(instance.LaunchTime),
        },
      ),
    );
}

/** NAT gateways that are there. */
export function natGatewayStates(
  gateways: readonly NatGateway[],
  scope: AwsScope,
  reading: AwsReading,
): ResourceState[] {
  return reading
    .withId(gateways, ({ NatGatewayId }) => NatGatewayId)
    .filter(([, { State }]) => State === undefined || State === 'available' || State === 'pending')
    .map(([id, gateway]) =>
      plainState(
        { kind: 'nat_gateway', uid: globalUid(id), name: nameOf(gateway.Tags, id) },
        {
          type: 'aws_nat_gateway',
          parents: parentsOf(['subnet', gateway.SubnetId], ['vpc', gateway.VpcId], ['region', scope.region]),
          addresses: reading.addresses(
            (gateway.NatGatewayAddresses ?? []).flatMap(({ PrivateIp, PublicIp }) => [PrivateIp, PublicIp]),
          ),
          labels: labelsOf(gateway.Tags),
          environment: factsOf(scope),
          // Addresses can be added later: only one with a single one is as it was made.
          sinceNs: (gateway.NatGatewayAddresses ?? []).length > 1 ? undefined : sinceOf(gateway.CreateTime),
        },
      ),
    );
}
