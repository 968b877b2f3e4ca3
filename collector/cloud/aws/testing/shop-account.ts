import type { AwsContent, Xml } from './aws-server.ts';

const tags = (values: Readonly<Record<string, string>>): Xml => ({
  item: Object.entries(values).map(([key, value]) => ({ key, value })),
});

const vpcId = 'vpc-0a';
const balancerId = 'app/front/50dc6c495c0c9188';
const balancerArn = `arn:aws:elasticloadbalancing:us-east-1:111122223333:loadbalancer/${balancerId}`;

function networkInterface(id: string, address: string, more: Readonly<Record<string, Xml | readonly Xml[]>> = {}): Xml {
  return {
    networkInterfaceId: id,
    subnetId: 'subnet-0a',
    vpcId,
    interfaceType: 'interface',
    macAddress: `0a:00:00:00:00:${id.slice(-2)}`,
    privateIpAddress: address,
    privateIpAddressesSet: { item: [{ privateIpAddress: address, primary: true }] },
    ...more,
  };
}

/** An account with one of everything, as AWS writes it. */
export const shopAccount: AwsContent = {
  DescribeRegions: [{ regionName: 'us-east-1' }, { regionName: 'eu-west-1' }],
  DescribeAvailabilityZones: [
    { zoneName: 'us-east-1a', zoneId: 'use1-az1', zoneType: 'availability-zone', regionName: 'us-east-1' },
    { zoneName: 'us-east-1b', zoneId: 'use1-az2', zoneType: 'availability-zone', regionName: 'us-east-1' },
  ],
  DescribeVpcs: [
    {
      vpcId,
      cidrBlock: '10.0.0.0/16',
      ownerId: '111122223333',
      cidrBlockAssociationSet: {
        item: [
          { cidrBlock: '10.0.0.0/16', cidrBlockState: { state: 'associated' } },
          { cidrBlock: '100.64.0.0/16', cidrBlockState: { state: 'associated' } },
          { cidrBlock: '10.9.0.0/16', cidrBlockState: { state: 'disassociated' } },
        ],
      },
      ipv6CidrBlockAssociationSet: {
        item: [{ ipv6CidrBlock: '2001:db8::/56', ipv6CidrBlockState: { state: 'associated' } }],
      },
      tagSet: tags({ Name: 'shop', team: 'a & b' }),
    },
  ],
  DescribeSubnets: [
    { subnetId: 'subnet-0a', vpcId, cidrBlock: '10.0.1.0/24', availabilityZoneId: 'use1-az1' },
    { subnetId: 'subnet-0b', vpcId, cidrBlock: '10.0.2.0/24', availabilityZoneId: 'use1-az2' },
    { subnetId: 'subnet-0c', vpcId, cidrBlock: '10.0.3.0/24', availabilityZoneId: 'use1-az2' },
  ],
  DescribeInstances: [
    {
      reservationId: 'r-1',
      instancesSet: {
        item: [
          {
            instanceId: 'i-0a',
            instanceType: 'm6i.large',
            instanceState: { name: 'running' },
            subnetId: 'subnet-0a',
            vpcId,
            launchTime: '2026-01-02T03:04:05.000Z',
            tagSet: tags({ Name: 'web-1', app: 'gateway' }),
          },
          { instanceId: 'i-0b', instanceState: { name: 'stopped' }, subnetId: 'subnet-0b', vpcId },
        ],
      },
    },
    { reservationId: 'r-2', instancesSet: { item: [{ instanceId: 'i-0c', instanceState: { name: 'terminated' } }] } },
    { reservationId: 'r-3', instancesSet: { item: [{ instanceId: 'i-0d', subnetId: 'subnet-0c', vpcId }] } },
  ],
  DescribeNetworkInterfaces: [
    networkInterface('eni-01', '10.0.1.5', {
      attachment: { instanceId: 'i-0a', attachTime: '2026-01-02T03:04:06.000Z', status: 'attached' },
      association: { publicIp: '203.0.113.7' },
      privateIpAddressesSet: {
        item: [
          { privateIpAddress: '10.0.1.5', primary: true, association: { publicIp: '203.0.113.7' } },
          { privateIpAddress: '10.0.1.77', primary: false },
        ],
      },
      ipv6AddressesSet: { item: [{ ipv6Address: '2001:db8::5' }] },
      ipv4PrefixSet: { item: [{ ipv4Prefix: '10.0.1.128/28' }] },
    }),
    networkInterface('eni-02', '10.0.1.9', {
      attachment: { instanceId: 'i-0b', attachTime: '2026-01-02T03:04:06.000Z' },
    }),
    networkInterface('eni-03', '10.0.1.20', { requesterManaged: true, description: `ELB ${balancerId}` }),
    networkInterface('eni-04', '10.0.2.20', { requesterManaged: true, description: `ELB ${balancerId}` }),
    networkInterface('eni-05', '10.0.1.30', {
      requesterManaged: true,
      description: 'RDSNetworkInterface',
      association: { publicIp: '203.0.113.30' },
    }),
    networkInterface('eni-06', '10.0.1.40', {
      requesterManaged: true,
      interfaceType: 'nat_gateway',
      description: 'Interface for NAT Gateway nat-0a',
      association: { publicIp: '203.0.113.40' },
    }),
    networkInterface('eni-07', '10.0.1.50', { requesterManaged: true, description: 'ELB old' }),
    // Somebody's own text, which proves nothing.
    networkInterface('eni-08', '10.0.1.60', { requesterManaged: false, description: `ELB ${balancerId}` }),
    networkInterface('eni-09', '10.0.1.70', { interfaceType: 'branch' }),
  ],
  DescribeNatGateways: [
    {
      natGatewayId: 'nat-0a',
      subnetId: 'subnet-0a',
      vpcId,
      state: 'available',
      createTime: '2026-01-01T00:00:00.000Z',
      natGatewayAddressSet: {
        item: [{ privateIp: '10.0.1.40', publicIp: '203.0.113.40', networkInterfaceId: 'eni-06' }],
      },
    },
    { natGatewayId: 'nat-0b', state: 'deleted' },
  ],
  DescribeLoadBalancers: [
    {
      LoadBalancerArn: balancerArn,
      LoadBalancerName: 'front',
      VpcId: vpcId,
      Type: 'application',
      DNSName: 'front.test',
    },
  ],
  DescribeTags: [{ ResourceArn: balancerArn, Tags: { member: [{ Key: 'tier', Value: 'edge' }] } }],
  DescribeDBInstances: [
    {
      DBInstanceIdentifier: 'prices',
      DbiResourceId: 'db-PRICES',
      Engine: 'mysql',
      AvailabilityZone: 'us-east-1b',
      Endpoint: { Address: 'prices.rds.test', Port: 3306 },
      DBSubnetGroup: { VpcId: vpcId },
      TagList: { Tag: [{ Key: 'app', Value: 'prices' }] },
    },
    { DBInstanceIdentifier: 'starting' },
  ],
};
