import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { addressText } from '../../../schemas/trace-json.ts';
import type { ResourceState } from '../../resources/resource-state.ts';
import type { ListedPart } from '../cloud-provider.ts';
import type { AwsAccount } from './aws-clients.ts';
import { AwsProvider } from './aws-provider.ts';
import { startAwsServer, type AwsCall, type AwsContent, type AwsFault, type AwsServer } from './testing/aws-server.ts';
import { shopAccount } from './testing/shop-account.ts';

const own: AwsAccount = { name: 'self' };
let content: (call: AwsCall) => AwsContent = () => shopAccount;
let fault: (call: AwsCall) => AwsFault | undefined = () => undefined;
let server: AwsServer;
let provider: AwsProvider | undefined;

beforeEach(async () => {
  content = () => shopAccount;
  fault = () => undefined;
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'OWN');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
  server = await startAwsServer({
    contentOf: (call) => content(call),
    faultOf: (call) => fault(call),
    itemsPerPage: 2,
    accountOf: () => '111122223333',
  });
});
afterEach(async () => {
  provider?.close();
  vi.unstubAllEnvs();
  await server.close();
});

function open(accounts: readonly AwsAccount[] = [own], regions: readonly string[] = ['us-east-1']): AwsProvider {
  const resolve = (name: string): Promise<readonly string[]> =>
    Promise.resolve(name === 'prices.rds.test' ? ['203.0.113.30', '192.0.2.1'] : []);
  provider = new AwsProvider({ accounts, regions, endpoint: server.url, maxAttempts: 4, resolve });
  return provider;
}

async function list(from: AwsProvider): Promise<readonly ListedPart[]> {
  const parts: ListedPart[] = [];
  for await (const part of from.list(new AbortController().signal)) parts.push(part);
  return parts;
}

function statesOf(parts: readonly ListedPart[]): ReadonlyMap<string, ResourceState> {
  const states = parts.flatMap((part) => (part.kind === 'listed' ? part.states : []));
  return new Map(states.map((state) => [state.uid, state]));
}

const addresses = (state: ResourceState | undefined): readonly string[] => state!.addresses.map(addressText);
const networks = (state: ResourceState | undefined): readonly string[] =>
  state!.networks.map(({ address, prefixLength }) => `${addressText(address)}/${prefixLength}`);

describe('an account of AWS', () => {
  it('is listed whole, page by page', async () => {
    const parts = await list(open());
    expect(parts.filter(({ kind }) => kind === 'failed')).toEqual([]);
    const states = statesOf(parts);
    expect([...states.values()].map(({ kind, name }) => `${kind} ${name}`).toSorted()).toMatchInlineSnapshot(`
      [
        "database prices",
        "database starting",
        "instance i-0b",
        "instance i-0d",
        "instance web-1",
        "load_balancer front",
        "load_balancer old",
        "nat_gateway nat-0a",
        "network_interface eni-01",
        "network_interface eni-02",
        "network_interface eni-03",
        "network_interface eni-04",
        "network_interface eni-05",
        "network_interface eni-06",
        "network_interface eni-07",
        "network_interface eni-08",
        "network_interface eni-09",
        "region us-east-1",
        "subnet subnet-0a",
        "subnet subnet-0b",
        "subnet subnet-0c",
        "vpc shop",
        "zone us-east-1a",
        "zone us-east-1b",
      ]
    `);
    expect(server.calls.filter(({ action }) => action === 'DescribeNetworkInterfaces')).toHaveLength(5);
    expect(parts.map((part) => part.kind === 'listed' && part.unusable)).toEqual(parts.map(() => 0));
  });

  it('tells what everything belongs to', async () => {
    const states = statesOf(await list(open()));
    expect(states.get('aws:i-0a')).toMatchObject({
      name: 'web-1',
      type: 'aws_ec2',
      parents: [
        { kind: 'subnet', uid: 'aws:subnet-0a' },
        { kind: 'vpc', uid: 'aws:vpc-0a' },
        { kind: 'region', uid: 'aws:us-east-1' },
      ],
      labels: { Name: 'web-1', app: 'gateway' },
      environment: { account: '111122223333', instance_type: 'm6i.large' },
      sinceNs: BigInt(Date.UTC(2026, 0, 2, 3, 4, 5)) * 1_000_000n,
    });
    expect(states.get('aws:subnet-0a')?.parents).toContainEqual({ kind: 'zone', uid: 'aws:use1-az1' });
    expect(states.get('aws:use1-az1')).toMatchObject({
      name: 'us-east-1a',
      parents: [{ kind: 'region', uid: 'aws:us-east-1' }],
    });
    expect(networks(states.get('aws:vpc-0a'))).toEqual(['10.0.0.0/16', '100.64.0.0/16', '2001:db8::/56']);
    expect(states.get('aws:vpc-0a')?.labels).toEqual({ Name: 'shop', team: 'a & b' });
    expect(states.has('aws:i-0c')).toBe(false);
    expect(states.has('aws:nat-0b')).toBe(false);
  });

  it('gives each address to one resource', async () => {
    const states = statesOf(await list(open()));
    expect(addresses(states.get('aws:eni-01'))).toEqual(['10.0.1.5', '203.0.113.7', '2001:db8::5']);
    // What the CNI may give to pods stands back behind those.
    expect(networks(states.get('aws:eni-01'))).toEqual(['10.0.1.77/32', '10.0.1.128/28']);
    expect(states.get('aws:eni-01')).toMatchObject({
      parents: [{ kind: 'instance', uid: 'aws:i-0a' }, {}, {}, {}],
      macAddresses: [Uint8Array.of(0x0a, 0, 0, 0, 0, 1)],
      sinceNs: undefined,
    });
    expect(states.get('aws:eni-02')?.sinceNs).toBe(BigInt(Date.UTC(2026, 0, 2, 3, 4, 6)) * 1_000_000n);
    const balancer = states.get('aws:111122223333:us-east-1:app/front/50dc6c495c0c9188');
    expect(addresses(balancer)).toEqual(['10.0.1.20', '10.0.2.20']);
    expect(balancer).toMatchObject({ name: 'front', type: 'aws_application_load_balancer', labels: { tier: 'edge' } });
    expect(states.get('aws:eni-03')?.parents[0]).toEqual({ kind: 'load_balancer', uid: balancer!.uid });
    expect(addresses(states.get('aws:111122223333:us-east-1:old'))).toEqual(['10.0.1.50']);
    expect(addresses(states.get('aws:nat-0a'))).toEqual(['10.0.1.40', '203.0.113.40']);
    expect(states.get('aws:eni-06')?.parents[0]).toEqual({ kind: 'nat_gateway', uid: 'aws:nat-0a' });
    const database = states.get('aws:111122223333:us-east-1:db-PRICES');
    expect(addresses(database)).toEqual(['10.0.1.30', '203.0.113.30']);
    expect(database).toMatchObject({
      ports: [{ port: 3306 }],
      parents: [{ kind: 'vpc', uid: 'aws:vpc-0a' }, { kind: 'zone', uid: 'aws:use1-az2' }, {}],
    });
    const all = [...states.values()].flatMap((state) => addresses(state));
    expect(new Set(all).size).toBe(all.length);
    expect(addresses(states.get('aws:eni-08'))).toEqual(['10.0.1.60']);
    expect(networks(states.get('aws:eni-09'))).toEqual(['10.0.1.70/32']);
  });
});

describe('several accounts and regions', () => {
  const roles: readonly AwsAccount[] = [
    { name: '444455556666', roleArn: 'arn:aws:iam::444455556666:role/reader', externalId: 'x' },
    { name: '777788889999', roleArn: 'arn:aws:iam::777788889999:role/reader' },
  ];

  it('are each asked with their own rights', async () => {
    content = ({ region, accessKeyId }) => ({
      DescribeRegions: shopAccount['DescribeRegions']!,
      DescribeVpcs: [{ vpcId: `vpc-${accessKeyId}-${region}` }],
    });
    const states = statesOf(await list(open(roles, ['all'])));
    const vpcs = [...states.values()].filter(({ kind }) => kind === 'vpc');
    expect(vpcs.map(({ uid, environment: { account } }) => `${uid} ${account ?? ''}`).toSorted()).toEqual([
      'aws:vpc-ROLE444455556666-eu-west-1 444455556666',
      'aws:vpc-ROLE444455556666-us-east-1 444455556666',
      'aws:vpc-ROLE777788889999-eu-west-1 777788889999',
      'aws:vpc-ROLE777788889999-us-east-1 777788889999',
    ]);
    expect(server.calls.find(({ action }) => action === 'AssumeRole')?.parameters).toMatchObject({ ExternalId: 'x' });
  });

  it('do not suffer when one of them cannot be listed', async () => {
    fault = ({ action, parameters, region }) => {
      if (action === 'AssumeRole' && parameters['RoleArn']!.includes('444455556666'))
        return { status: 403, code: 'AccessDenied' };
      return action === 'DescribeSubnets' && region === 'eu-west-1'
        ? { status: 403, code: 'UnauthorizedOperation' }
        : undefined;
    };
    const parts = await list(open([own, ...roles], ['all']));
    const failed = parts.filter(({ kind }) => kind === 'failed').map(({ part }) => part);
    expect(failed).toEqual([
      'aws/111122223333/eu-west-1/subnets',
      'aws/444455556666',
      'aws/777788889999/eu-west-1/subnets',
    ]);
    expect(parts.filter(({ kind }) => kind === 'listed')).toHaveLength(2 * (8 + 7));
  });
});

const wrongTime =
  '<DescribeNatGatewaysResponse><natGatewaySet><item><createTime>soon</createTime></item></natGatewaySet></DescribeNatGatewaysResponse>';

describe('an AWS that is not as it should be', () => {
  it('is asked again when it asks for patience, and that is counted', async () => {
    let refusals = 2;
    fault = ({ action }) =>
      action === 'DescribeInstances' && refusals-- > 0 ? { status: 503, code: 'RequestLimitExceeded' } : undefined;
    const parts = await list(open());
    const instances = parts.find(({ part }) => part.endsWith('/instances'));
    expect(instances).toMatchObject({ kind: 'listed', repeats: 2 });
    expect(instances).toHaveProperty('states.length', 3);
  }, 20_000);

  it.each<[string, AwsFault]>([
    ['an error', { status: 500, code: 'InternalError' }],
    ['no XML', { status: 200, body: '<DescribeNatGatewaysResponse><natGatewaySet><item>' }],
    ['another document', { status: 502, body: '<html>Bad gateway</html>' }],
    ['a time that is none', { status: 200, body: wrongTime }],
    ['a reset', 'reset'],
  ])(
    'fails a list by %s in the middle, as a whole',
    async (_, said) => {
      content = () => ({
        ...shopAccount,
        DescribeNatGateways: [1, 2, 3].map((number) => ({ natGatewayId: `nat-${number}` })),
      });
      fault = ({ action, parameters }) =>
        action === 'DescribeNatGateways' && parameters['NextToken'] !== undefined ? said : undefined;
      const parts = await list(open());
      expect(parts.filter(({ kind }) => kind === 'failed').map(({ part }) => part)).toEqual([
        'aws/111122223333/us-east-1/nat_gateways',
      ]);
    },
    20_000,
  );

  it('costs what is malformed, which is counted, and no more', async () => {
    content = () => ({
      DescribeVpcs: [{ cidrBlock: '10.0.0.0/16' }, { vpcId: 'vpc-1', cidrBlock: 'ten', tagSet: '' }],
      DescribeNetworkInterfaces: [
        { networkInterfaceId: 'eni-1', privateIpAddress: '10.0.0.999', macAddress: 'zz', attachment: '' },
        {},
      ],
      DescribeInstances: [
        {},
        { instancesSet: { item: [{ launchTime: '2026-01-02T03:04:05Z' }, { instanceId: 'i-1' }] } },
      ],
      DescribeDBInstances: [{}, { DBInstanceIdentifier: 'x', Endpoint: '' }],
    });
    const parts = await list(open());
    const states = statesOf(parts);
    expect(states.get('aws:vpc-1')).toMatchObject({ name: 'vpc-1', networks: [], labels: {} });
    expect(states.get('aws:eni-1')).toMatchObject({ addresses: [], macAddresses: [] });
    const unusable = parts.map((part) => [
      part.part.split('/').at(-1),
      part.kind === 'listed' ? part.unusable : 'failed',
    ]);
    expect(Object.fromEntries(unusable)).toMatchInlineSnapshot(`
      {
        "databases": 1,
        "instances": 1,
        "load_balancers": 0,
        "nat_gateways": 0,
        "network_interfaces": 3,
        "subnets": 0,
        "vpcs": 2,
        "zones": 0,
      }
    `);
  });
});
