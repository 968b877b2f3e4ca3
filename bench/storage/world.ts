/**
 * A made-up fleet, always the same: what a span may be tagged with, correlated as in reality. A pod says its node, its
 * workload and all that follows from them; labels are mostly those of the workload; workloads are busy to very different
 * degrees (Zipf) and each calls a few others.
 *
 *   regions 3 · zones 9 · VPCs 50 · subnets 400 · accounts 12 · clusters 20 · nodes (= hosts = instances) 2,000
 *   namespaces 400 · workloads 5,000 · services 4,000 · pods 50,000 · processes 60,000
 */

/** A tag: its column, and its value for a pod. */
export interface Tag {
  readonly name: string;
  /** Which of the distinct values; from 1. */
  readonly idOf: (pod: number) => number;
  readonly textOf: (pod: number) => string;
}

export const podCount = 50_000;
const workloadCount = 5_000;
const nodeCount = 2_000;

/** A well-mixed number of 32 bits. */
export function mix(value: number, salt = 0): number {
  let hash = Math.imul(value ^ (salt * 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

const letters = 'bcdfghjklmnpqrstvwxz2456789';
function randomText(seed: number, length: number): string {
  let text = '';
  for (let index = 0; index < length; index++) text += letters[mix(seed, index + 100) % letters.length];
  return text;
}
const hexText = (seed: number, length: number): string =>
  Array.from({ length: Math.ceil(length / 8) }, (_, index) =>
    mix(seed, index + 50)
      .toString(16)
      .padStart(8, '0'),
  )
    .join('')
    .slice(0, length);

const regions = ['eu-central-1', 'us-east-1', 'ap-southeast-2'];
const nouns = [
  'cart',
  'catalog',
  'checkout',
  'payment',
  'search',
  'billing',
  'inventory',
  'session',
  'profile',
  'email',
];
const kinds = ['api', 'worker', 'gateway', 'cache', 'store', 'proxy', 'indexer', 'scheduler'];

/** Pods of a workload: a few have many, most have few. */
export const workloadOfPod = new Int32Array(podCount);
export const podsOfWorkload: readonly number[][] = Array.from({ length: workloadCount }, () => []);
for (let pod = 0; pod < podCount; pod++) {
  const workload = pod < workloadCount ? pod : Math.floor(workloadCount * (mix(pod, 1) / 2 ** 32) ** 1.5);
  workloadOfPod[pod] = workload;
  podsOfWorkload[workload]!.push(pod);
}

const nodeOf = (pod: number): number => clusterOf(workloadOfPod[pod]!) + 20 * (mix(pod, 2) % (nodeCount / 20));
const namespaceOf = (workload: number): number => mix(workload, 3) % 400;
const clusterOf = (workload: number): number => namespaceOf(workload) % 20;
const regionOf = (node: number): number => (node % 20) % 3;
const zoneOf = (node: number): number => regionOf(node) * 3 + (mix(node, 4) % 3);
const vpcOf = (node: number): number => (node % 20) * 2.5 - ((node % 20) % 2) * 0.5 + (mix(node, 5) % 2);
const subnetOf = (node: number): number => vpcOf(node) * 8 + (mix(node, 6) % 8);

const workloadName = (workload: number): string =>
  `${nouns[workload % 10]}-${kinds[Math.floor(workload / 10) % 8]}-${Math.floor(workload / 80)}`;
const podName = (pod: number): string =>
  `${workloadName(workloadOfPod[pod]!)}-${randomText(workloadOfPod[pod]!, 10)}-${randomText(pod, 5)}`;
const nodeName = (node: number): string =>
  `ip-10-${node % 20}-${Math.floor(node / 250)}-${node % 250}.${regions[regionOf(node)]}.compute.internal`;
const serviceOf = (workload: number): number => workload % 4000;
const processOf = (pod: number): number => pod + (mix(pod, 7) % 5 === 0 ? 10_000 : 0);

const byNode = (name: string, idOf: (node: number) => number, textOf: (node: number) => string): Tag => ({
  name,
  idOf: (pod) => idOf(nodeOf(pod)) + 1,
  textOf: (pod) => textOf(nodeOf(pod)),
});
const byWorkload = (name: string, idOf: (workload: number) => number, textOf: (workload: number) => string): Tag => ({
  name,
  idOf: (pod) => idOf(workloadOfPod[pod]!) + 1,
  textOf: (pod) => textOf(workloadOfPod[pod]!),
});

/** Twenty tags of one side of a span. */
export const sideTags: readonly Tag[] = [
  byNode('region', regionOf, (node) => regions[regionOf(node)]!),
  byNode('zone', zoneOf, (node) => `${regions[regionOf(node)]}${'abc'[zoneOf(node) % 3]}`),
  byNode(
    'account',
    (node) => node % 12,
    (node) => `account-${100_000_000_000 + mix(node % 12)}`,
  ),
  byNode('vpc', vpcOf, (node) => `vpc-${hexText(vpcOf(node), 17)}`),
  byNode('subnet', subnetOf, (node) => `subnet-${hexText(subnetOf(node), 17)}`),
  byNode('host', (node) => node, nodeName),
  byNode(
    'instance',
    (node) => node,
    (node) => `i-${hexText(node, 17)}`,
  ),
  byNode('node', (node) => node, nodeName),
  byWorkload('cluster', clusterOf, (workload) => `production-${clusterOf(workload)}`),
  byWorkload('namespace', namespaceOf, (workload) => `team-${namespaceOf(workload)}-services`),
  byWorkload('workload', (workload) => workload, workloadName),
  byWorkload(
    'workload_type',
    (workload) => mix(workload, 8) % 3,
    (workload) => ['Deployment', 'StatefulSet', 'DaemonSet'][mix(workload, 8) % 3]!,
  ),
  byWorkload('service', serviceOf, (workload) => workloadName(serviceOf(workload))),
  byWorkload(
    'image',
    (workload) => workload % 3000,
    (workload) => `registry.example.com/team/${workloadName(workload % 3000)}:1.${workload % 40}`,
  ),
  byWorkload('auto_service', serviceOf, (workload) => workloadName(serviceOf(workload))),
  byWorkload(
    'auto_service_type',
    () => 11,
    () => 'service',
  ),
  { name: 'pod', idOf: (pod) => pod + 1, textOf: podName },
  { name: 'process', idOf: (pod) => processOf(pod) + 1, textOf: (pod) => `${podName(pod)}/main-${processOf(pod) % 7}` },
  { name: 'auto_instance', idOf: (pod) => pod + 1, textOf: podName },
  { name: 'auto_instance_type', idOf: () => 11, textOf: () => 'pod' },
];

/** Custom labels of a pod: the number of distinct values of each. Two are the pod's own, the others its workload's. */
const labelValues: Readonly<Record<string, number>> = {
  'app.kubernetes.io/name': 5000,
  'app.kubernetes.io/instance': 5000,
  'app.kubernetes.io/version': 2000,
  'app.kubernetes.io/component': 40,
  'app.kubernetes.io/part-of': 300,
  'app.kubernetes.io/managed-by': 4,
  'helm.sh/chart': 300,
  'pod-template-hash': 5000,
  team: 200,
  owner: 500,
  'cost-center': 300,
  tier: 4,
  environment: 3,
  language: 8,
  'git-commit': 5000,
  release: 2000,
  sla: 5,
  'on-call': 100,
  'statefulset.kubernetes.io/pod-name': podCount,
  shard: 64,
};

/** Twenty custom labels of the pod. */
export const labelTags: readonly Tag[] = Object.entries(labelValues).map(([name, count], index) => {
  const isOwn = count === podCount || name === 'shard';
  const valueOf = (pod: number): number => (isOwn ? pod % count : mix(workloadOfPod[pod]!, 20 + index) % count);
  return {
    name,
    idOf: (pod) => valueOf(pod) + 1,
    textOf: (pod) =>
      count >= 2000
        ? `${randomText(valueOf(pod), 4)}-${hexText(valueOf(pod), 10)}`
        : `${name.slice(-6)}-${valueOf(pod)}`,
  };
});

/** Client and server pod of span `number`. */
export function podsOfSpan(number: number): readonly [client: number, server: number] {
  // Zipf: the cube of an even number makes a few workloads busy.
  const caller = Math.floor(workloadCount * (mix(number, 31) / 2 ** 32) ** 3);
  const callee = mix(caller * 8 + (mix(number, 32) % 8), 33) % workloadCount;
  const pick = (pods: readonly number[], salt: number): number => pods[mix(number, salt) % pods.length]!;
  return [pick(podsOfWorkload[caller]!, 34), pick(podsOfWorkload[callee]!, 35)];
}
