import { describe, expect, test } from 'vitest';
import type { Resource } from '../../schemas/generated/resource.ts';
import { resourceKindIndex as kinds } from '../../schemas/generated/resource.ts';
import { aResource } from '../../schemas/testing/a-resource.ts';
import { tagQuestion } from '../testing/tag-question.ts';
import { aProcess } from '../../schemas/testing/an-event.ts';
import { AgentTagger } from './agent-tagger.ts';
import { ResourceTable } from './resource-table.ts';
import { newTagCounts } from './tag-counts.ts';
import type { TaggedSides, TagQuestion } from './tagger.ts';

const limits = { resourceMemory: 86_400_000, maxEndedResources: 1000, maxHosts: 1000 };

/** What a tagger says after it was told of resources and of the process 10. */
function tagger(
  resources: readonly Partial<Resource>[],
  facts = aProcess({}),
): { readonly tag: (given: Partial<TagQuestion>) => TaggedSides; readonly table: ResourceTable } {
  const table = new ResourceTable(limits);
  for (const given of resources) table.learnResource(aResource(given), 1);
  const agent = new AgentTagger(table, 10, newTagCounts());
  agent.learn([facts]);
  return { tag: (given) => agent.tag(tagQuestion(given)), table };
}

const reference = (kind: Resource['kind'], id: number) => ({ kind, id, uid: '' });

/** One cluster: two nodes, a deployment behind a service, and the pods a (node 1) and b (node 2). */
const cluster: readonly Partial<Resource>[] = [
  { kind: 'region', id: 1, uid: 'aws:r' },
  { kind: 'zone', id: 1, uid: 'aws:z', parents: [reference('region', 1)] },
  { kind: 'vpc', id: 1, uid: 'aws:vpc', parents: [reference('region', 1)], networks: [cidr([10, 0, 0, 0], 8)] },
  {
    ...{ kind: 'subnet', id: 1, uid: 'aws:subnet', networks: [cidr([10, 9, 0, 0], 16)] },
    parents: [reference('vpc', 1), reference('zone', 1)],
  },
  { kind: 'instance', id: 1, uid: 'aws:i-1', parents: [reference('subnet', 1)], macAddresses: [mac(1)] },
  { kind: 'instance', id: 2, uid: 'aws:i-2', parents: [reference('subnet', 1)] },
  { kind: 'cluster', id: 1, uid: 'c' },
  node(1, 'aws:i-1'),
  node(2, 'aws:i-2'),
  { kind: 'namespace', id: 1, uid: 'ns', parents: [reference('cluster', 1)] },
  { kind: 'workload', id: 1, uid: 'w', parents: [reference('namespace', 1)] },
  service(1, 80, 8080),
  service(2, 90, 9090),
  pod(1, 'a', 1, [10, 1, 1, 1]),
  pod(2, 'b', 2, [10, 1, 2, 1]),
];

function cidr(address: readonly number[], prefixLength: number) {
  return { address: Uint8Array.from(address), prefixLength };
}

function mac(last: number): Uint8Array {
  return Uint8Array.of(2, 0, 0, 0, 0, last);
}

function node(id: number, instanceUid: string): Partial<Resource> {
  return {
    ...{ kind: 'node', id, uid: `n${id}`, name: `node-${id}`, addresses: [Uint8Array.of(10, 9, 0, id)] },
    parents: [reference('cluster', 1), { kind: 'instance', id: 0, uid: instanceUid }],
    networks: [cidr([10, 1, id, 0], 24)],
  };
}

function service(id: number, port: number, targetPort: number): Partial<Resource> {
  return {
    ...{ kind: 'service', id, uid: `s${id}`, addresses: [Uint8Array.of(172, 20, 0, id)] },
    parents: [reference('namespace', 1), reference('cluster', 1)],
    ports: [{ transport: 'tcp', port, targetPort, nodePort: 30_000 + id }],
  };
}

function pod(id: number, uid: string, nodeId: number, address: readonly number[]): Partial<Resource> {
  const above = [reference('workload', 1), reference('namespace', 1), reference('node', nodeId)];
  return {
    ...{ kind: 'pod', id, uid, addresses: [Uint8Array.from(address)] },
    parents: [...above, reference('cluster', 1), reference('service', 1), reference('service', 2)],
  };
}

const aboveNode = { regionId: 1, zoneId: 1, vpcId: 1, subnetId: 1, clusterId: 1 };
const abovePod = { ...aboveNode, namespaceId: 1, workloadId: 1 };
const inPod = aProcess({ podUid: 'a' });

describe('the side that was seen', () => {
  test('is its process and host where nothing else is known', () => {
    const { tag } = tagger([]);
    expect(tag({}).local).toMatchObject({
      ...{ address: Uint8Array.of(10, 1, 1, 1), port: 8080, hostId: 3, processResourceId: 7, podId: 0, resolution: 1 },
      ...{ autoInstanceId: 7, autoInstanceType: kinds.process, autoServiceId: 7, autoServiceType: kinds.process },
    });
    expect(tag({ processId: 11 }).local).toMatchObject({ hostId: 3, processResourceId: 0, resolution: 0 });
  });

  test('is its pod with everything above it', () => {
    const { local } = tagger(cluster, inPod).tag({ isServer: true });
    expect(local).toMatchObject({ ...abovePod, podId: 1, nodeId: 1, instanceId: 1, serviceId: 1, resolution: 3 });
    expect(local).toMatchObject({ autoInstanceId: 1, autoInstanceType: kinds.pod });
    expect(local).toMatchObject({ autoServiceId: 1, autoServiceType: kinds.service });
  });

  test('has the service whose pods listen at its port', () => {
    const { tag } = tagger(cluster, inPod);
    expect(tag({ isServer: true, localPort: 9090 }).local.serviceId).toBe(2);
    expect(tag({ isServer: true, localPort: 1 }).local.serviceId).toBe(1);
    expect(tag({ isServer: false, localPort: 9090 }).local.serviceId).toBe(1);
  });

  test('has no pod by a uid that is longer than any', () => {
    const uid = 'a'.repeat(129);
    const { tag } = tagger([...cluster, pod(3, uid, 1, [10, 1, 1, 3])], aProcess({ podUid: uid }));
    expect(tag({ localAddress: Uint8Array.of(10, 9, 0, 1) }).local).toMatchObject({ podId: 0, processResourceId: 7 });
  });

  test('is found by its address where its process says nothing of a pod, on the node of the host only', () => {
    const host: Partial<Resource> = { kind: 'host', id: 3, uid: 'h', name: 'node-1' };
    const { tag } = tagger([...cluster, host]);
    expect(tag({}).local).toMatchObject({ podId: 1, processResourceId: 7, resolution: 5 });
    const elsewhere = tag({ localAddress: Uint8Array.of(10, 1, 2, 1) }).local;
    expect(elsewhere).toMatchObject({ podId: 0, nodeId: 1, resolution: 1 });
  });

  test('is known by the hardware address of its host as an instance', () => {
    const host: Partial<Resource> = { kind: 'host', id: 3, uid: 'h', name: 'other', macAddresses: [mac(1)] };
    expect(tagger([...cluster, host]).tag({}).local).toMatchObject({ instanceId: 1, vpcId: 1, subnetId: 1, nodeId: 0 });
  });

  test('waits for its pod where pods are known', () => {
    expect(tagger(cluster, aProcess({ podUid: 'x' })).tag({}).awaited).toEqual([{ kind: 'pod', key: 'x' }]);
    expect(tagger([], aProcess({ podUid: 'x' })).tag({}).awaited).toEqual([]);
  });
});

describe('the other side', () => {
  const from = (address: readonly number[], given: Partial<TagQuestion> = {}): TaggedSides =>
    tagger(cluster, inPod).tag({ remoteAddress: Uint8Array.from(address), ...given });

  test('is the pod that has the address, also written as IPv6', () => {
    for (const address of [
      [10, 1, 2, 1],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 1, 2, 1],
    ])
      expect(from(address).peer).toMatchObject({ ...abovePod, podId: 2, nodeId: 2, instanceId: 2, resolution: 4 });
  });

  test('is the service that listens at the address and port', () => {
    expect(from([172, 20, 0, 1], { remotePort: 80 }).peer).toMatchObject({
      ...{ serviceId: 1, clusterId: 1, namespaceId: 1, podId: 0, resolution: 8, autoInstanceType: kinds.address },
    });
    expect(from([172, 20, 0, 1], { remotePort: 81 }).peer).toMatchObject({ serviceId: 0, resolution: 0 });
    const nodePort = from([10, 9, 0, 2], { remotePort: 30_002 }).peer;
    expect(nodePort).toMatchObject({ nodeId: 2, serviceId: 2, resolution: 12 });
  });

  test('is in the smallest network that is known, and awaited where that is one of pods', () => {
    const inSubnet = from([10, 9, 7, 7]);
    expect(inSubnet.peer).toMatchObject({ subnetId: 1, zoneId: 1, vpcId: 1, nodeId: 0, resolution: 16 });
    expect(inSubnet.awaited).toEqual([]);
    const inNode = from([10, 1, 2, 9]);
    expect(inNode.peer).toMatchObject({ nodeId: 2, podId: 0, resolution: 16 });
    expect(inNode.awaited).toHaveLength(1);
  });

  test('is the internet where nothing has a public address, else an address', () => {
    const internet = { autoInstanceType: kinds.internet, autoServiceType: kinds.internet, autoInstanceId: 0 };
    expect(from([93, 184, 216, 34]).peer).toMatchObject({ ...internet, vpcId: 0, resolution: 0 });
    expect(from([192, 168, 1, 1]).peer).toMatchObject({ autoInstanceType: kinds.address, resolution: 0 });
  });

  test('is nobody where two have the address at one time', () => {
    const twin = { ...pod(9, 'twin', 2, [10, 1, 2, 1]), validFromNs: 2000n, validToNs: 3000n };
    const { tag } = tagger([...cluster, twin], inPod);
    const at = (timeNs: bigint) => tag({ remoteAddress: Uint8Array.of(10, 1, 2, 1), timeNs }).peer;
    expect([at(1999n).podId, at(2000n).podId, at(2999n).podId, at(3000n).podId]).toEqual([2, 0, 0, 2]);
    expect(at(2500n)).toMatchObject({ nodeId: 2, resolution: 16 });
  });

  test('is who had the address at the time of the span', () => {
    const ended = { ...pod(2, 'b', 2, [10, 1, 2, 1]), validToNs: 2000n };
    const next = { ...pod(5, 'e', 2, [10, 1, 2, 1]), validFromNs: 3000n };
    const { tag } = tagger([...cluster, ended, next], inPod);
    const at = (timeNs: bigint) => tag({ remoteAddress: Uint8Array.of(10, 1, 2, 1), timeNs }).peer.podId;
    expect([at(1999n), at(2000n), at(2999n), at(3000n), at(1500n)]).toEqual([2, 0, 0, 5, 2]);
  });

  test('on loopback is the pod itself, without a pod the host', () => {
    for (const address of [
      [127, 0, 0, 53],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
      [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 127, 0, 0, 1],
    ]) {
      const remoteAddress = Uint8Array.from(address);
      expect(from(address).peer).toMatchObject({ podId: 1, hostId: 3, processResourceId: 0, resolution: 4 });
      expect(tagger([]).tag({ remoteAddress }).peer).toMatchObject({ podId: 0, hostId: 3, resolution: 4 });
    }
  });

  test('in another network with the same addresses is not known', () => {
    const foreign = [
      { kind: 'cluster', id: 2, uid: 'c2' },
      { kind: 'pod', id: 8, uid: 'p8', parents: [reference('cluster', 2)], addresses: [Uint8Array.of(10, 1, 2, 77)] },
    ] as const;
    const { tag } = tagger([...cluster, ...foreign], inPod);
    expect(tag({ remoteAddress: Uint8Array.of(10, 1, 2, 77) }).peer).toMatchObject({ podId: 0, resolution: 16 });
  });
});
