import { describe, expect, it } from 'vitest';
import type { ResourceState } from '../../resources/resource-state.ts';
import { readResourceFile } from './read-resource-file.ts';

const cluster = `
valid_since: 2026-01-01
regions:
  eu-1:
    zones: [eu-1a, eu-1b]
vpcs:
  shop:
    region: eu-1
    networks: [10.1.0.0/16, 2001:db8::/56]
    subnets:
      apps: { zone: eu-1a, networks: 10.1.1.0/24 }
instances:
  i-1: { uid: 'cloud:i-1', subnet: shop/apps, addresses: [10.1.1.5], mac_addresses: [0a:00:00:00:00:01] }
databases:
  prices:
    type: mariadb
    addresses: 10.1.1.200
    vpc: { uid: 'aws:vpc-1' }
clusters:
  main:
    vpc: shop
    nodes:
      node-1: { instance: i-1 }
    namespaces:
      shop:
        workloads:
          gateway:
            type: Deployment
            pods:
              gateway-1:
                uid: 6f1c
                node: node-1
                addresses: [10.2.0.7]
                labels: { version: 1.10, canary: no }
                valid_since: 2026-02-01T08:00:00.500+01:00
        pods:
          lonely:
        services:
          gateway:
            addresses: [10.3.0.1]
            ports: [80, 443:8443/tcp, { port: 53, transport: udp, node_port: 30053 }]
            workloads: gateway
      other:
        workloads:
          gateway:
`;

function states(text: string): ReadonlyMap<string, ResourceState> {
  const read = readResourceFile(text);
  if (read.kind === 'refused') throw new Error(JSON.stringify(read.problems));
  return new Map(read.states.map((state) => [`${state.kind} ${state.name}`, state]));
}

function problems(text: string): readonly string[] {
  const read = readResourceFile(text);
  return read.kind === 'ok' ? [] : read.problems.map(({ line, text: said }) => `${line}: ${said}`);
}

describe('a file of resources', () => {
  it('states what it nests and what it refers to', () => {
    const found = states(cluster);
    expect(found.get('pod gateway-1')).toEqual({
      kind: 'pod',
      uid: '6f1c',
      name: 'gateway-1',
      type: '',
      parents: [
        { kind: 'workload', uid: 'file:main/shop/gateway' },
        { kind: 'namespace', uid: 'file:main/shop' },
        { kind: 'cluster', uid: 'file:main' },
        { kind: 'node', uid: 'file:main/node-1' },
        { kind: 'service', uid: 'file:main/shop/gateway' },
      ],
      addresses: [Uint8Array.of(10, 2, 0, 7)],
      networks: [],
      ports: [],
      macAddresses: [],
      labels: { version: '1.10', canary: 'no' },
      annotations: {},
      environment: {},
      sinceNs: BigInt(Date.UTC(2026, 1, 1, 7, 0, 0, 500)) * 1_000_000n,
    });
    expect(found.get('node node-1')?.parents).toContainEqual({ kind: 'instance', uid: 'cloud:i-1' });
    expect(found.get('instance i-1')?.parents).toEqual([{ kind: 'subnet', uid: 'file:shop/apps' }]);
    expect(found.get('subnet apps')).toMatchObject({
      parents: [
        { kind: 'vpc', uid: 'file:shop' },
        { kind: 'zone', uid: 'file:eu-1/eu-1a' },
      ],
      networks: [{ address: Uint8Array.of(10, 1, 1, 0), prefixLength: 24 }],
      sinceNs: BigInt(Date.UTC(2026, 0, 1)) * 1_000_000n,
    });
    expect(found.get('database prices')?.parents).toEqual([{ kind: 'vpc', uid: 'aws:vpc-1' }]);
    expect(found.get('service gateway')?.ports).toEqual([
      { transport: 'tcp', port: 80, targetPort: 0, nodePort: 0 },
      { transport: 'tcp', port: 443, targetPort: 8443, nodePort: 0 },
      { transport: 'udp', port: 53, targetPort: 0, nodePort: 30053 },
    ]);
    expect(found.get('pod lonely')?.parents).not.toContainEqual(expect.objectContaining({ kind: 'service' }));
    expect([...found.keys()].filter((key) => key.startsWith('zone'))).toEqual(['zone eu-1a', 'zone eu-1b']);
  });

  it('tells all that is wrong, each with its line', () => {
    const wrong = `
regions:
  eu-1:
    zone: [eu-1a]
vpcs:
  shop:
    networks:
      - 10.1.0.0/16
      - 10.1.0.0/33
      - ten
instances:
  i-1:
    addresses: [10.1.1.500]
    labels: [a, b]
    valid_since: yesterday
clusters:
  main:
    namespaces:
      shop:
        services:
          front: { ports: [80/sctp, 70000] }
`;
    expect(problems(wrong)).toMatchInlineSnapshot(`
      [
        "4: regions.eu-1: there is no field zone",
        "9: vpcs.shop.networks.1: "10.1.0.0/33" is no network such as 10.1.0.0/16",
        "10: vpcs.shop.networks.2: "ten" is no network such as 10.1.0.0/16",
        "13: instances.i-1.addresses.0: "10.1.1.500" is no address",
        "14: instances.i-1.labels: must be a map of texts",
        "15: instances.i-1.valid_since: "yesterday" is no time such as 2026-01-31T08:00:00Z",
        "21: clusters.main.namespaces.shop.services.front.ports.0.transport: "sctp" is no transport: tcp or udp",
        "21: clusters.main.namespaces.shop.services.front.ports.1.port: "70000" is no port from 1 to 65535",
      ]
    `);
  });

  it('tells of names that nothing or too much has, and of uids that two have', () => {
    const wrong = `
vpcs:
  one: { subnets: [apps] }
  two: { subnets: [apps], region: nowhere }
instances:
  i-1: { subnet: apps, uid: x }
  i-2: { subnet: one/apps, uid: x }
  i-3: { subnet: three/apps }
`;
    expect(problems(wrong)).toMatchInlineSnapshot(`
      [
        "4: vpcs.two.region: there is no region nowhere",
        "6: instances.i-1.subnet: apps may be each of one/apps, two/apps",
        "7: instances.i-2: has the uid x of instances.i-1",
        "8: instances.i-3.subnet: there is no subnet three/apps",
      ]
    `);
  });

  it.each([
    ['', 'The file is empty'],
    ['a: [', 'no YAML'],
    ['regions: {a: {}}\nregions: {b: {}}', '2: This is no YAML: Map keys must be unique'],
    ['- a', 'must be a map, not a list'],
    ['hello', 'must be a map, not a text'],
    ['vpcs: { shop: 3 }', 'must be a map, not a text'],
    ['\u001f\u008b\u0008\u0000', 'This is no YAML: it is binary'],
    ['region: {}', 'there is no field region'],
    ['regions: {a: {valid_since: 1}}', 'no time'],
    ['regions: &a {x: *a}', ''],
  ])('%j is refused', (text, said) => {
    expect(problems(text).join('\n')).toContain(said);
    expect(problems(text)).not.toEqual([]);
  });

  it('may say that there is nothing', () => {
    expect(states('{}').size).toBe(0);
    expect(states('regions:\n').size).toBe(0);
  });
});
