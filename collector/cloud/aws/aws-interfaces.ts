/**
 * Network interfaces of AWS as resources: they have the addresses, and lead to the instance they belong to. Those that AWS
 * manages for a load balancer, NAT gateway or database have none of their own: their owner has them.
 */
import type { NetworkInterface } from '@aws-sdk/client-ec2';
import type { ResourceState, ResourceUid } from '../../resources/resource-state.ts';
import { plainState } from '../../resources/plain-state.ts';
import {
  type AwsScope,
  type AwsReading,
  factsOf,
  globalUid,
  labelsOf,
  localUid,
  nameOf,
  parentsOf,
  sinceOf,
} from './aws-reading.ts';

/** Addresses of the interfaces that AWS manages. */
export interface ManagedAddresses {
  /** By the end of the load balancer's ARN: app/front/50dc6c495c0c9188. */
  readonly balancers: ReadonlyMap<string, readonly Uint8Array[]>;
  /** All addresses of the interface that has the one in the key, in hexadecimal. */
  readonly databases: ReadonlyMap<string, readonly Uint8Array[]>;
}

/** Facts from a list of network interfaces. */
export interface InterfaceListing {
  readonly states: readonly ResourceState[];
  readonly managed: ManagedAddresses;
}

interface Owner {
  readonly resource: ResourceUid | undefined;
  /** It is the owner who has the addresses. */
  readonly hasAddresses: boolean;
}

/** The interfaces, the classic load balancers that are known by them alone, and the addresses for other lists. */
export function interfaceStates(
  interfaces: readonly NetworkInterface[],
  scope: AwsScope,
  reading: AwsReading,
): InterfaceListing {
  const states: ResourceState[] = [];
  const balancers = new Map<string, readonly Uint8Array[]>();
  const classic = new Map<string, { addresses: readonly Uint8Array[]; vpc: string | undefined }>();
  const databases = new Map<string, readonly Uint8Array[]>();
  for (const [id, found] of reading.withId(interfaces, ({ NetworkInterfaceId }) => NetworkInterfaceId)) {
    const { own, carried } = addressesOf(found);
    const addresses = reading.addresses(own);
    const balancer = balancerOf(found);
    if (balancer?.includes('/') === true) balancers.set(balancer, [...(balancers.get(balancer) ?? []), ...addresses]);
    else if (balancer !== undefined)
      classic.set(balancer, {
        addresses: [...(classic.get(balancer)?.addresses ?? []), ...addresses],
        vpc: found.VpcId,
      });
    if (isOfDatabase(found)) for (const address of addresses) databases.set(hexOf(address), addresses);
    const owner = ownerOf(found, scope, balancer);
    states.push(
      plainState(
        { kind: 'network_interface', uid: globalUid(id), name: nameOf(found.TagSet, id) },
        {
          type: `aws_${found.InterfaceType ?? 'interface'}`,
          parents: [
            ...(owner.resource === undefined ? [] : [owner.resource]),
            ...parentsOf(['subnet', found.SubnetId], ['vpc', found.VpcId]),
            ...parentsOf(['zone', found.AvailabilityZoneId], ['region', scope.region]),
          ],
          addresses: owner.hasAddresses ? [] : addresses,
          networks: reading.networks(carried),
          macAddresses: reading.macAddresses([found.MacAddress]),
          labels: labelsOf(found.TagSet),
          environment: factsOf(scope, { description: found.Description }),
          // What was given to an interface after it was attached has no time of its own.
          sinceNs: own.length === 1 && carried.length === 0 ? sinceOf(found.Attachment?.AttachTime) : undefined,
        },
      ),
    );
  }
  for (const [name, { addresses, vpc }] of classic)
    states.push(
      plainState(
        { kind: 'load_balancer', uid: localUid(scope, name), name },
        {
          type: 'aws_classic_load_balancer',
          parents: parentsOf(['vpc', vpc], ['region', scope.region]),
          addresses,
          environment: factsOf(scope),
        },
      ),
    );
  return { states, managed: { balancers, databases } };
}

/** An address as a key. */
export function hexOf(address: Uint8Array): string {
  return Buffer.from(address).toString('hex');
}

/**
 * An interface's own addresses, and those that lead through it. AWS's CNI gives secondary addresses and prefixes of an instance
 * to pods, and branch interfaces belong to pods. As networks they have a lower rank than an owner of the exact address.
 */
function addressesOf(found: NetworkInterface): { readonly own: string[]; readonly carried: string[] } {
  const [own, carried] = [new Set<string>(), new Set<string>()];
  const isPods = found.InterfaceType === 'branch';
  const take = (address: string | undefined, isOwn: boolean): void => {
    if (address !== undefined && address !== '') (isOwn && !isPods ? own : carried).add(address);
  };
  const isManaged = found.RequesterManaged === true;
  take(found.PrivateIpAddress, true);
  take(found.Association?.PublicIp, true);
  for (const { PrivateIpAddress, Primary, Association } of found.PrivateIpAddresses ?? []) {
    take(PrivateIpAddress, Primary === true || isManaged);
    take(Association?.PublicIp, Primary === true || isManaged);
  }
  for (const { Ipv6Address, IsPrimaryIpv6 } of found.Ipv6Addresses ?? [])
    take(Ipv6Address, IsPrimaryIpv6 === true || isManaged || found.Ipv6Addresses!.length === 1);
  for (const { Ipv4Prefix } of found.Ipv4Prefixes ?? []) take(Ipv4Prefix, false);
  for (const { Ipv6Prefix } of found.Ipv6Prefixes ?? []) take(Ipv6Prefix, false);
  for (const address of own) carried.delete(address);
  return { own: [...own], carried: [...carried] };
}

/** Everyone may write such a description; who manages the interface says whether it is true. */
function isManaged(found: NetworkInterface): boolean {
  return found.RequesterManaged === true && (found.Description ?? '') !== '';
}

/** app/front/50dc6c495c0c9188, or the name of a classic load balancer. */
function balancerOf(found: NetworkInterface): string | undefined {
  return isManaged(found) ? /^ELB (\S+)$/.exec(found.Description!)?.[1] : undefined;
}

function isOfDatabase(found: NetworkInterface): boolean {
  return isManaged(found) && found.Description === 'RDSNetworkInterface';
}

/** The reference says natGateway, and the service nat_gateway. */
function isOfGateway({ InterfaceType: type }: NetworkInterface): boolean {
  return /^nat_?gateway$/i.test(String(type));
}

function ownerOf(found: NetworkInterface, scope: AwsScope, balancer: string | undefined): Owner {
  if (balancer !== undefined)
    return { resource: { kind: 'load_balancer', uid: localUid(scope, balancer) }, hasAddresses: true };
  const gateway = isOfGateway(found) ? /nat-[0-9a-z]+$/.exec(found.Description ?? '')?.[0] : undefined;
  if (gateway !== undefined) return { resource: { kind: 'nat_gateway', uid: globalUid(gateway) }, hasAddresses: true };
  const instance = found.Attachment?.InstanceId;
  return {
    resource: instance === undefined || instance === '' ? undefined : { kind: 'instance', uid: globalUid(instance) },
    hasAddresses: isOfDatabase(found),
  };
}
