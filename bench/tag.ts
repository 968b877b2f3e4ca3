/**
 * Tagging alone, with the tables of a large installation: spans tagged per second of one core, memory of the tables, and
 * what one change of a pod costs. The baseline, in the same run, is tagging with empty tables. 100,000 pods of 5,000
 * workloads, each behind a service, in 50 clusters of one VPC each, on 2,000 nodes with their instances; the VPCs use the
 * same private addresses. One agent has 50 pods, which call 400 others and 100 services in turn.
 *
 *   node --expose-gc --import tsx bench/tag.ts [spans]
 */
import { resourceKindIndex, type Resource } from '../schemas/generated/resource.ts';
import { AgentTagger } from '../enricher/tag/agent-tagger.ts';
import { ResourceTable } from '../enricher/tag/resource-table.ts';
import { newTagCounts } from '../enricher/tag/tag-counts.ts';
import type { TagQuestion } from '../enricher/tag/tagger.ts';
import { aResource } from '../schemas/testing/a-resource.ts';
import { tagQuestion } from '../enricher/testing/tag-question.ts';
import { aProcess } from '../schemas/testing/an-event.ts';

const [vpcs, nodesPerVpc, workloadsPerVpc, podsPerVpc] = [50, 40, 100, 2000];
const wanted = Number(process.argv[2] ?? 1_000_000);
const rounds = 5;
const localPods = 50;

const reference = (kind: Resource['kind'], id: number) => ({ kind, id, uid: '' });
/** The same in every VPC. */
const podAddress = (pod: number): Uint8Array => Uint8Array.of(10, 1, pod >> 8, pod & 0xff);
const serviceAddress = (workload: number): Uint8Array => Uint8Array.of(172, 20, 0, workload);
const podUid = (id: number): string => `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`;

function* resources(): Generator<Resource> {
  for (let region = 1; region <= 3; region++) yield aResource({ kind: 'region', id: region, uid: `aws:r${region}` });
  for (let vpc = 1; vpc <= vpcs; vpc++) {
    const region = (vpc % 3) + 1;
    yield aResource({ kind: 'vpc', id: vpc, uid: `aws:vpc-${vpc}`, parents: [reference('region', region)] });
    yield aResource({ kind: 'subnet', id: vpc, uid: `aws:subnet-${vpc}`, parents: [reference('vpc', vpc)] });
    const networks = [{ address: Uint8Array.of(10, 1, 0, 0), prefixLength: 16 }];
    yield aResource({ kind: 'cluster', id: vpc, uid: `cluster-${vpc}`, parents: [reference('vpc', vpc)], networks });
    yield aResource({ kind: 'namespace', id: vpc, uid: `namespace-${vpc}`, parents: [reference('cluster', vpc)] });
    for (let index = 0; index < nodesPerVpc; index++) {
      const id = (vpc - 1) * nodesPerVpc + index + 1;
      const instance = `aws:i-${id}`;
      yield aResource({ kind: 'instance', id, uid: instance, parents: [reference('subnet', vpc)] });
      const parents = [reference('cluster', vpc), { ...reference('instance', 0), uid: instance }];
      yield aResource({ kind: 'node', id, uid: `node-${id}`, name: `node-${id}`, parents });
    }
    for (let index = 0; index < workloadsPerVpc; index++) {
      const id = (vpc - 1) * workloadsPerVpc + index + 1;
      const parents = [reference('namespace', vpc), reference('cluster', vpc)];
      yield aResource({ kind: 'workload', id, uid: `workload-${id}`, parents });
      const ports = [{ transport: 'tcp', port: 80, targetPort: 8080, nodePort: 0 }] as const;
      yield aResource({
        kind: 'service',
        id,
        uid: `service-${id}`,
        parents,
        ports,
        addresses: [serviceAddress(index)],
      });
    }
    for (let index = 0; index < podsPerVpc; index++) yield pod(vpc, index);
  }
}

function pod(vpc: number, index: number, validFromNs = 1000n): Resource {
  const id = (vpc - 1) * podsPerVpc + index + 1;
  const workload = (vpc - 1) * workloadsPerVpc + (index % workloadsPerVpc) + 1;
  const node = (vpc - 1) * nodesPerVpc + (index % nodesPerVpc) + 1;
  const parents = [
    reference('workload', workload),
    reference('namespace', vpc),
    reference('node', node),
    reference('cluster', vpc),
    reference('service', workload),
  ];
  const labels = Object.fromEntries(Array.from({ length: 20 }, (_, label) => [`label-${label}`, `${id}-${label}`]));
  const named = { uid: podUid(id), name: `pod-${id}`, labels };
  return aResource({ kind: 'pod', id, ...named, parents, addresses: [podAddress(index)], validFromNs });
}

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[values.length >> 1]!;

function processorMs(act: () => void): number {
  const before = process.cpuUsage();
  act();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function memory(): number {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const limits = { resourceMemory: 86_400_000, maxEndedResources: 500_000, maxHosts: 1000 };
const before = memory();
const table = new ResourceTable(limits);
const learnMs = processorMs(() => {
  for (const each of resources()) table.learnResource(each, 1);
});
const tableBytes = memory() - before;

function tagger(of: ResourceTable): AgentTagger {
  const agent = new AgentTagger(of, 1000, newTagCounts());
  const facts = Array.from({ length: localPods }, (_, index) =>
    aProcess({ processId: index, podUid: podUid(index * nodesPerVpc + 1), resourceId: index + 1 }),
  );
  agent.learn(facts);
  return agent;
}

/** Sockets stay for 20 spans; half of the spans are of servers. */
const questions: readonly TagQuestion[] = Array.from({ length: 20_000 }, (_, index) => {
  const socket = Math.floor(index / 20);
  const processId = socket % localPods;
  const isVirtual = socket % 4 === 1;
  const target = (socket * 7) % 400;
  return tagQuestion({
    processId,
    isServer: socket % 2 === 0,
    localAddress: podAddress(processId * nodesPerVpc),
    localPort: socket % 2 === 0 ? 8080 : 40_000 + socket,
    remoteAddress: isVirtual ? serviceAddress(target % 100) : podAddress(target),
    remotePort: socket % 2 === 0 ? 40_000 + socket : isVirtual ? 80 : 8080,
    timeNs: 1_700_000_000_000_000_000n + BigInt(index),
  });
});
const shared = questions.map((question, index) => ({ ...question, memo: questions[index - (index % 20)]!.memo }));

let checksum = 0;
function run(agent: AgentTagger): void {
  for (let index = 0; index < wanted; index++) checksum += agent.tag(shared[index % shared.length]!).peer.podId;
}

const emptyMs: number[] = [];
const fullMs: number[] = [];
const [empty, full] = [tagger(new ResourceTable(limits)), tagger(table)];
const resolved = shared.filter((question) => {
  const { local, peer } = full.tag(question);
  return local.podId !== 0 && (peer.podId !== 0 || peer.serviceId !== 0);
}).length;
for (let round = 0; round <= rounds; round++) {
  const [baseline, tagged] = [processorMs(() => run(empty)), processorMs(() => run(full))];
  if (round === 0) continue;
  emptyMs.push(baseline);
  fullMs.push(tagged);
}
const changes = 20_000;
const changeMs = processorMs(() => {
  for (let index = 0; index < changes; index++)
    table.learnResource(pod((index % vpcs) + 1, index % podsPerVpc, 2000n + BigInt(index)), 1);
});
/** All that the agent found before is found anew after each change, in the worst case. */
const changing = 200;
const churnMs = processorMs(() => {
  for (let index = 0; index < changing; index++) {
    table.learnResource(pod(1, index, 1_000_000n), 1);
    for (const question of shared.slice(0, 5000)) checksum += full.tag(question).peer.podId;
  }
});
const quietMs = processorMs(() => {
  for (let index = 0; index < changing; index++)
    for (const question of shared.slice(0, 5000)) checksum += full.tag(question).peer.podId;
});
const rate = (ms: readonly number[]): string => Math.round((wanted / median(ms)) * 1000).toLocaleString('en');
const megabytes = (tableBytes / 2 ** 20).toFixed(0);
console.log(
  `${table.size} versions of resources, learned at ${Math.round((learnMs * 1000) / table.size)} µs each (made included): ${megabytes} MiB`,
);
console.log(
  `${((resolved / shared.length) * 100).toFixed(1)} % of the spans have a pod on their side and a pod or service on the other`,
);
console.log(`empty tables  ${rate(emptyMs)} spans/s per core`);
console.log(`full tables   ${rate(fullMs)} spans/s per core`);
console.log(`ratio         ${(median(fullMs) / median(emptyMs)).toFixed(2)} times the time with empty tables`);
console.log(
  `a change      ${((changeMs / changes) * 1000).toFixed(1)} µs to learn (made included), then ${(((churnMs - quietMs) / changing) * 1000).toFixed(0)} µs until 5,000 spans of one agent are as before`,
);
if (checksum < 0 || resourceKindIndex.pod === 0) throw new Error('nothing was tagged');
