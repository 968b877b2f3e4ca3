/** Load balancers of AWS (application, network, gateway) as resources. */
import type { LoadBalancer, TagDescription } from '@aws-sdk/client-elastic-load-balancing-v2';
import type { ResourceState } from '../../resources/resource-state.ts';
import { plainState } from '../../resources/plain-state.ts';
import type { ManagedAddresses } from './aws-interfaces.ts';
import { type AwsScope, type AwsReading, factsOf, labelsOf, localUid, parentsOf } from './aws-reading.ts';

/** Load balancers with the addresses of their network interfaces. */
export function balancerStates(
  balancers: readonly LoadBalancer[],
  tags: readonly TagDescription[],
  { balancers: addressesOf }: ManagedAddresses,
  scope: AwsScope,
  reading: AwsReading,
): ResourceState[] {
  const tagsOf = new Map(tags.map(({ ResourceArn, Tags }) => [ResourceArn, Tags]));
  return reading
    .withId(balancers, ({ LoadBalancerArn }) => /:loadbalancer\/(.+)$/.exec(LoadBalancerArn ?? '')?.[1])
    .map(([id, balancer]) => {
      const own = (balancer.AvailabilityZones ?? []).flatMap((zone) => zone.LoadBalancerAddresses ?? []);
      const addresses = addressesOf.get(id) ?? [];
      return plainState(
        { kind: 'load_balancer', uid: localUid(scope, id), name: balancer.LoadBalancerName ?? id },
        {
          type: `aws_${balancer.Type ?? 'unknown'}_load_balancer`,
          parents: parentsOf(['vpc', balancer.VpcId], ['region', scope.region]),
          addresses:
            addresses.length > 0
              ? addresses
              : reading.addresses(own.flatMap((each) => [each.IpAddress, each.PrivateIPv4Address, each.IPv6Address])),
          labels: labelsOf(tagsOf.get(balancer.LoadBalancerArn)),
          environment: factsOf(scope, { dns_name: balancer.DNSName, scheme: balancer.Scheme }),
        },
      );
    });
}
