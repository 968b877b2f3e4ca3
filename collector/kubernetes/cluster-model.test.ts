import { expect, test } from 'vitest';
import { addressText } from '../../schemas/trace-json.ts';
import type { ResourceState } from '../resources/resource-state.ts';
import { annotationFilter } from './annotation-filter.ts';
import { ClusterModel, type ResourceChange } from './cluster-model.ts';
import { type KeptObject, keptObject } from './kept-object.ts';
import type { ObjectKind } from './object-kinds.ts';
import { instanceOf } from './resource-states.ts';

const nowNs = 1_800_000_000_000_000_000n;

function kept(kind: ObjectKind, name: string, facts: Readonly<Record<string, unknown>> = {}): KeptObject {
  const { metadata, ...rest } = facts;
  const namespaced = !['Namespace', 'Node'].includes(kind);
  const meta = { name, uid: `${kind}-${name}`, ...(namespaced ? { namespace: 'shop' } : {}), ...(metadata as object) };
  return keptObject(kind, { metadata: meta, ...rest }, () => true)!;
}

const ownedBy = (kind: ObjectKind | 'Rollout', name: string): object => ({
  ownerReferences: [
    { kind: 'Other', name: 'x', uid: 'y' },
    { kind, name, uid: `${kind}-${name}`, controller: true },
  ],
});

function running(name: string, address: string, facts: Readonly<Record<string, unknown>> = {}): KeptObject {
  const { spec, status, ...rest } = facts;
  return kept('Pod', name, {
    ...rest,
    spec: { nodeName: 'n1', ...(spec as object) },
    status: { phase: 'Running', podIP: address, podIPs: [{ ip: address }], ...(status as object) },
  });
}

function slice(name: string, service: string, pods: readonly string[], port = 8080): KeptObject {
  return kept('EndpointSlice', name, {
    metadata: { labels: { 'kubernetes.io/service-name': service } },
    ports: [{ name: 'http', protocol: 'TCP', port }],
    endpoints: pods.map((pod) => ({ targetRef: { kind: 'Pod', name: pod, uid: `Pod-${pod}` } })),
  });
}

const basics = (): readonly KeptObject[] => [
  kept('Namespace', 'kube-system'),
  kept('Namespace', 'shop'),
  kept('Node', 'n1'),
];

/** All resources after these objects came, one by one in this order. */
function statesOf(objects: readonly KeptObject[]): ReadonlyMap<string, ResourceState> {
  const model = new ClusterModel('test');
  const known = new Map<string, ResourceState>();
  const apply = (changes: readonly ResourceChange[]): void => {
    for (const change of changes)
      if (change.kind === 'put') known.set(change.state.uid, change.state);
      else known.delete(change.resource.uid);
  };
  for (const object of objects) apply(model.put(object, nowNs));
  const loaded = new ClusterModel('test');
  loaded.load([...new Map(objects.map((object) => [object.uid, object])).values()]);
  const all = new Map([...loaded.all()].filter(({ kind }) => kind !== 'cluster').map((state) => [state.uid, state]));
  // Told in one go or one by one, it is the same in the end.
  expect([...known].toSorted(byUid)).toEqual([...all].toSorted(byUid));
  return known;
}

const byUid = ([left]: readonly [string, unknown], [right]: readonly [string, unknown]): number =>
  left < right ? -1 : 1;
const parentsOf = (state: ResourceState | undefined): readonly string[] =>
  state!.parents.map(({ kind, uid }) => `${kind} ${uid}`);
const addressesOf = (state: ResourceState | undefined): readonly string[] => state!.addresses.map(addressText);

test('a pod belongs to its Deployment, not its ReplicaSet, in whatever order they come', () => {
  const chain = [
    kept('Deployment', 'web'),
    kept('ReplicaSet', 'web-1', { metadata: ownedBy('Deployment', 'web') }),
    running('web-1-a', '10.1.0.1', { metadata: ownedBy('ReplicaSet', 'web-1') }),
    kept('Service', 'web', {
      spec: { clusterIP: '10.96.0.1', ports: [{ name: 'http', port: 80, targetPort: 'http' }] },
    }),
    slice('web-x', 'web', ['web-1-a']),
  ];
  for (const order of [chain, chain.toReversed()]) {
    const states = statesOf([...basics(), ...order]);
    expect(parentsOf(states.get('Pod-web-1-a'))).toEqual([
      'workload Deployment-web',
      'namespace Namespace-shop',
      'node Node-n1',
      'service Service-web',
      'cluster Namespace-kube-system',
    ]);
    expect(states.get('Deployment-web')).toMatchObject({ kind: 'workload', type: 'Deployment', name: 'web' });
    expect(states.has('ReplicaSet-web-1')).toBe(false);
    expect(states.get('Service-web')!.ports).toEqual([{ transport: 'tcp', port: 80, targetPort: 8080, nodePort: 0 }]);
  }
});

test('what is controlled by something unknown is a workload itself, and so is what nobody controls', () => {
  const states = statesOf([
    ...basics(),
    kept('CronJob', 'nightly'),
    kept('Job', 'nightly-1', { metadata: ownedBy('CronJob', 'nightly') }),
    running('nightly-1-a', '10.1.0.1', { metadata: ownedBy('Job', 'nightly-1') }),
    kept('ReplicaSet', 'canary', { metadata: ownedBy('Rollout', 'canary') }),
    running('canary-a', '10.1.0.2', { metadata: ownedBy('ReplicaSet', 'canary') }),
    running('static', '10.1.0.3', { metadata: ownedBy('Node', 'n1') }),
    running('alone', '10.1.0.4'),
  ]);
  expect(parentsOf(states.get('Pod-nightly-1-a'))[0]).toBe('workload CronJob-nightly');
  expect(parentsOf(states.get('Pod-canary-a'))[0]).toBe('workload ReplicaSet-canary');
  for (const name of ['static', 'alone'])
    expect(parentsOf(states.get(`Pod-${name}`))[0]).toBe('namespace Namespace-shop');
});

test('a pod behind several services belongs to all, those with an address of their own first', () => {
  const objects = [
    ...basics(),
    running('a', '10.1.0.1'),
    kept('Service', 'db', { spec: { clusterIP: 'None', clusterIPs: ['None'], ports: [{ port: 5432 }] } }),
    kept('Service', 'web', { spec: { clusterIP: '10.96.0.1' } }),
    kept('Service', 'api', { spec: { clusterIP: '10.96.0.2' } }),
    ...['db', 'web', 'api'].map((name) => slice(name, name, ['a'])),
  ];
  const states = statesOf(objects);
  expect(parentsOf(states.get('Pod-a')).filter((text) => text.startsWith('service'))).toEqual([
    'service Service-api',
    'service Service-web',
    'service Service-db',
  ]);
  expect(states.get('Service-db')).toMatchObject({ type: 'HeadlessService', addresses: [] });
  expect(states.get('Service-db')!.ports[0]).toMatchObject({ port: 5432, targetPort: 5432 });
  // Out of a slice, out of its service.
  const left = statesOf([...objects, slice('web', 'web', [])]);
  expect(parentsOf(left.get('Pod-a'))).not.toContain('service Service-web');
});

test('a service is reached at all its addresses; where slices disagree on a named port it is not known', () => {
  const spec = {
    type: 'LoadBalancer',
    clusterIPs: ['10.96.0.1', 'fd00::1'],
    externalIPs: ['192.0.2.1'],
    ports: [{ name: 'http', port: 80, targetPort: 'http', nodePort: 30_080, protocol: 'TCP' }],
  };
  const status = { loadBalancer: { ingress: [{ ip: '198.51.100.7' }, { hostname: 'balancer.example.com' }] } };
  const objects = [...basics(), kept('Service', 'web', { spec, status }), slice('one', 'web', [], 8080)];
  expect(addressesOf(statesOf(objects).get('Service-web'))).toEqual([
    '10.96.0.1',
    'fd00::1',
    '192.0.2.1',
    '198.51.100.7',
  ]);
  const ports = statesOf([...objects, slice('two', 'web', [], 9090)]).get('Service-web')!.ports;
  expect(ports).toEqual([{ transport: 'tcp', port: 80, targetPort: 0, nodePort: 30_080 }]);
});

test('only what is its own is the address of a pod', () => {
  const states = statesOf([
    ...basics(),
    running('dual', '10.1.0.1', { status: { podIPs: [{ ip: '10.1.0.1' }, { ip: 'fd00::1:1' }] } }),
    running('host', '10.0.0.1', { spec: { hostNetwork: true } }),
    running('done', '10.1.0.2', { status: { phase: 'Succeeded' } }),
    running('lost', '10.1.0.3', { status: { phase: 'Failed' } }),
    kept('Pod', 'new', { status: { phase: 'Pending' } }),
    running('strange', 'not an address', { status: { podIPs: 7 } }),
  ]);
  expect(addressesOf(states.get('Pod-dual'))).toEqual(['10.1.0.1', 'fd00::1:1']);
  for (const name of ['host', 'done', 'lost', 'strange']) expect(addressesOf(states.get(`Pod-${name}`))).toEqual([]);
  expect(states.has('Pod-new')).toBe(false);
});

test('a node names the instance that it runs on', () => {
  const node = kept('Node', 'n1', {
    spec: {
      providerID: 'aws:///us-east-1a/i-0abc',
      podCIDRs: ['10.1.0.0/24', 'fd00:1::/64', 'nonsense/99', '10.0.0.0/33'],
    },
    status: {
      addresses: [
        { type: 'InternalIP', address: '10.0.0.1' },
        { type: 'Hostname', address: '10.9.9.9' },
        { type: 'ExternalIP', address: '198.51.100.1' },
      ],
    },
  });
  const state = statesOf([kept('Namespace', 'kube-system'), node]).get('Node-n1');
  expect(parentsOf(state)).toEqual(['cluster Namespace-kube-system', 'instance aws:i-0abc']);
  expect(addressesOf(state)).toEqual(['10.0.0.1', '198.51.100.1']);
  expect(state!.networks.map(({ prefixLength }) => prefixLength)).toEqual([24, 64]);
  expect(instanceOf('gce://project/zone-a/vm')).toEqual({ kind: 'instance', uid: 'gce:project/zone-a/vm' });
  for (const text of ['', 'aws://', 'nonsense', 'aws:///']) expect(instanceOf(text)).toBeUndefined();
});

test('objects of any shape are read or refused, never thrown at', () => {
  const meta = { name: 'x', uid: 'x' };
  const shapes: readonly unknown[] = [null, 7, 'text', [], {}, { metadata: null }, { metadata: { name: 'x' } }];
  for (const shape of shapes) expect(keptObject('Pod', shape, () => true)).toBeUndefined();
  const strange = [
    {
      metadata: { ...meta, labels: { a: 7, b: null, c: 'd' }, ownerReferences: 'none', creationTimestamp: 'yesterday' },
    },
    { metadata: { ...meta, labels: [], annotations: 'x' }, spec: 7, status: [] },
    { metadata: meta, spec: { ports: [null, { port: -1 }, { port: 'x' }], clusterIPs: {} }, endpoints: 7 },
    { metadata: meta, status: { podIPs: [null, {}, { ip: 7 }], conditions: {}, containerStatuses: [null] } },
  ];
  for (const kind of ['Pod', 'Node', 'Service', 'EndpointSlice', 'Ingress', 'Job'] as const)
    for (const shape of strange) {
      const object = keptObject(kind, shape, () => true);
      expect(object).toMatchObject({ uid: 'x', addresses: [], owner: undefined });
      expect(() => new ClusterModel('c').put(object!, nowNs)).not.toThrow();
    }
});

test('a pod has its address since its sandbox was ready, and no later than can be known', () => {
  const at = (text: string): bigint => BigInt(Date.parse(text)) * 1_000_000n;
  const since = (status: object): bigint | undefined => running('a', '10.1.0.1', { status }).pod!.startedNs;
  const container = (restartCount: number): object => ({
    restartCount,
    state: { running: { startedAt: '2026-01-01T00:00:05Z' } },
  });
  const conditions = [
    { type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: '2026-01-01T00:00:03Z' },
  ];
  const startTime = '2026-01-01T00:00:01Z';
  expect(since({ startTime, conditions, containerStatuses: [container(0)] })).toBe(at('2026-01-01T00:00:03Z'));
  expect(since({ startTime, containerStatuses: [container(0)] })).toBe(at('2026-01-01T00:00:05Z'));
  expect(since({ startTime, containerStatuses: [container(3)] })).toBe(at(startTime));
  expect(since({})).toBeUndefined();
});

test('a pod ends when its last container did, where that is known', () => {
  const model = new ClusterModel('test');
  const start = running('a', '10.1.0.1');
  for (const object of [...basics(), start]) model.put(object, nowNs);
  const terminated = { finishedAt: '2026-01-01T00:00:05Z' };
  const last = running('a', '10.1.0.1', { status: { containerStatuses: [{ state: { terminated } }] } });
  const endedNs = BigInt(Date.parse('2026-01-01T00:00:06Z')) * 1_000_000n;
  expect(model.remove(last, nowNs)).toEqual([{ kind: 'end', resource: { kind: 'pod', uid: 'Pod-a' }, endedNs }]);
  expect(model.remove(last, nowNs)).toEqual([]);
});

test('of a pod that has ended before it was seen, it is told too what address it had', () => {
  const model = new ClusterModel('test');
  for (const object of basics()) model.put(object, nowNs);
  const terminated = { startedAt: '2026-01-01T00:00:05Z', finishedAt: '2026-01-01T00:00:05Z' };
  const status = { phase: 'Succeeded', containerStatuses: [{ state: { terminated } }] };
  const job = running('job', '10.1.0.1', { status });
  const told = model.put(job, nowNs).map((change) => (change.kind === 'put' ? change.state : undefined));
  const atNs = BigInt(Date.parse('2026-01-01T00:00:05Z')) * 1_000_000n;
  expect(told.map((state) => [state!.addresses.length, state!.sinceNs])).toEqual([
    [1, atNs],
    [0, atNs + 1_000_000_000n],
  ]);
  expect(model.put(job, nowNs)).toHaveLength(1);
});

test('annotations of machines are left out', () => {
  const keeps = annotationFilter(['*'], ['*kubernetes.io/*', 'exact']);
  const names = ['team', 'kubectl.kubernetes.io/last-applied-configuration', 'exact', 'exactly', 'example.com/owner'];
  expect(names.filter(keeps)).toEqual(['team', 'exactly', 'example.com/owner']);
  expect(names.filter(annotationFilter([], []))).toEqual([]);
});
