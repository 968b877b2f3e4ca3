/**
 * A cluster whose pods come and go, and the truth about it: which pod had which address when. Addresses are few and are
 * given to the next pod as soon as one is gone. Time is an argument, so that a test may run it as fast as it likes.
 *
 *   const world = new ChurnWorld(store, new Random(1));
 *   world.step(Date.now());            // again and again
 *   world.truth.podAt(timeMs, '10.1.0.7');
 */
import { randomUUID } from 'node:crypto';
import type { Random } from '../../../core/testing/random.ts';
import { type NewObject, type ObjectStore, seconds, type StoredObject } from './object-store.ts';

/** That a pod had an address. */
export interface Tenure {
  readonly podUid: string;
  readonly podName: string;
  readonly address: string;
  readonly fromMs: number;
  /** Undefined while it has it. */
  toMs: number | undefined;
}

/** Which pod had which address when. */
export class AddressTruth {
  readonly tenures: Tenure[] = [];
  readonly #byAddress = new Map<string, Tenure[]>();

  add(tenure: Tenure): void {
    this.tenures.push(tenure);
    const own = this.#byAddress.get(tenure.address);
    if (own === undefined) this.#byAddress.set(tenure.address, [tenure]);
    else own.push(tenure);
  }

  /** The pod that had an address, from its beginning and before its end; undefined when nobody had it. */
  podAt(timeMs: number, address: string): Tenure | undefined {
    const own = this.#byAddress.get(address) ?? [];
    return own.find(({ fromMs, toMs }) => fromMs <= timeMs && (toMs === undefined || timeMs < toMs));
  }
}

/** How large the world is. */
export interface WorldSize {
  readonly nodes: number;
  readonly deployments: number;
  /** As many pods may run at once. */
  readonly addresses: number;
  /** Size of what pods have besides: bookkeeping that nobody needs here. */
  readonly managedBytes: number;
}

interface WorldPod {
  readonly uid: string;
  readonly deployment: number;
  readonly isHostNetwork: boolean;
  object: NewObject;
  phase: 'pending' | 'running' | 'ended';
  tenure: Tenure | undefined;
}

const defaultSize: WorldSize = { nodes: 4, deployments: 5, addresses: 12, managedBytes: 64 };
const namespace = 'shop';

/** See the top of the file. */
export class ChurnWorld {
  readonly truth = new AddressTruth();
  readonly size: WorldSize;
  readonly #store: ObjectStore;
  readonly #random: Random;
  readonly #free: string[] = [];
  readonly #pods = new Map<string, WorldPod>();
  readonly #podsOf = new Map<number, Set<WorldPod>>();
  readonly #replicaSets: StoredObject[] = [];
  readonly #services: StoredObject[] = [];
  readonly #slices: StoredObject[] = [];
  /** What the API server hears of later: others may have the address by then. */
  readonly #later: (() => void)[] = [];
  #names = 0;

  constructor(store: ObjectStore, random: Random, size: Partial<WorldSize> = {}) {
    this.#store = store;
    this.#random = random;
    this.size = { ...defaultSize, ...size };
    store.put('Namespace', { metadata: { name: 'kube-system' } });
    store.put('Namespace', { metadata: { name: namespace } });
    for (let index = 0; index < this.size.nodes; index++) store.put('Node', nodeObject(index));
    for (let index = 0; index < this.size.deployments; index++) this.#addDeployment(index);
    for (let index = 0; index < this.size.addresses; index++)
      this.#free.push(`10.${1 + Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`);
  }

  /** How many pods there are. */
  get pods(): number {
    return this.#pods.size;
  }

  #addDeployment(index: number): void {
    this.#podsOf.set(index, new Set());
    const name = `app-${index}`;
    const meta = { namespace, labels: { app: name } };
    const deployment = this.#store.put('Deployment', { metadata: { ...meta, name } });
    const ownerReferences = [controller('Deployment', deployment)];
    this.#replicaSets.push(
      this.#store.put('ReplicaSet', { metadata: { ...meta, name: `${name}-1`, ownerReferences } }),
    );
    const ports = [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 'http' }];
    const address = `10.96.${Math.floor(index / 250)}.${(index % 250) + 1}`;
    const spec = { type: 'ClusterIP', clusterIP: address, clusterIPs: [address], ports };
    this.#services.push(this.#store.put('Service', { metadata: { ...meta, name }, spec }));
    this.#slices.push(this.#store.put('EndpointSlice', this.#sliceObject(index, randomUUID())));
  }

  /** The API server hears of everything. */
  settle(): void {
    for (const tell of this.#later.splice(0)) tell();
  }

  /** Something happens. */
  step(nowMs: number): void {
    if (this.#later.length > 0 && this.#random.next() < 0.4) this.#later.shift()!();
    const chance = this.#random.next();
    if (chance < 0.35) this.createPod(nowMs);
    else if (chance < 0.65) this.#start(this.#pick('pending'), nowMs);
    else if (chance < 0.8) this.#delete(this.#pick('running'), nowMs, true);
    else if (chance < 0.88) this.#complete(this.#pick('running'), nowMs);
    else if (chance < 0.94) this.#delete(this.#pick('ended'), nowMs, false);
    else this.#relabel(this.#pick('running'));
  }

  createPod(nowMs: number): string | undefined {
    if (this.#pods.size >= this.size.addresses * 2) return undefined;
    const deployment = this.#random.below(this.size.deployments);
    const isHostNetwork = this.#random.next() < 0.05;
    const name = `app-${deployment}-1-${this.#names++}`;
    const node = `node-${this.#random.below(this.size.nodes)}`;
    const object: NewObject = {
      metadata: {
        name,
        namespace,
        uid: randomUUID(),
        creationTimestamp: seconds(nowMs),
        labels: { app: `app-${deployment}`, 'pod-template-hash': '1' },
        ownerReferences: [controller('ReplicaSet', this.#replicaSets[deployment]!)],
        managedFields: [{ manager: 'kubelet', fieldsV1: { 'f:status': 'x'.repeat(this.size.managedBytes) } }],
      },
      spec: { nodeName: node, ...(isHostNetwork ? { hostNetwork: true } : {}), containers: [{ name: 'main' }] },
      status: { phase: 'Pending' },
    };
    const uid = object.metadata.uid!;
    const pod: WorldPod = { uid, deployment, isHostNetwork, object, phase: 'pending', tenure: undefined };
    this.#pods.set(uid, pod);
    this.#podsOf.get(deployment)!.add(pod);
    this.#store.put('Pod', object);
    return uid;
  }

  /** A pod gets the next free address, if there is one. */
  startPod(uid: string, nowMs: number): void {
    this.#start(this.#pods.get(uid), nowMs);
  }

  #start(pod: WorldPod | undefined, nowMs: number): void {
    if (pod === undefined) return;
    const index = this.#random.below(this.#free.length);
    const address = pod.isHostNetwork ? '10.0.0.1' : this.#free.splice(index, 1)[0];
    if (address === undefined) return;
    pod.phase = 'running';
    if (!pod.isHostNetwork) {
      pod.tenure = { podUid: pod.uid, podName: pod.object.metadata.name, address, fromMs: nowMs, toMs: undefined };
      this.truth.add(pod.tenure);
    }
    const started = seconds(nowMs);
    const conditions = [{ type: 'PodReadyToStartContainers', status: 'True', lastTransitionTime: started }];
    const containerStatuses = [{ name: 'main', restartCount: 0, state: { running: { startedAt: started } } }];
    const status = { phase: 'Running', podIP: address, podIPs: [{ ip: address }], startTime: started };
    this.#update(pod, { ...pod.object, status: { ...status, conditions, containerStatuses } });
    this.#updateSlice(pod.deployment);
  }

  #complete(pod: WorldPod | undefined, nowMs: number): void {
    if (pod === undefined) return;
    this.#giveUp(pod, nowMs);
    pod.phase = 'ended';
    const status = this.#endedStatus(pod, nowMs);
    this.#update(pod, { ...pod.object, status: { ...status, phase: 'Succeeded' } });
    this.#updateSlice(pod.deployment);
  }

  /** The object is deleted some time after the address was given up; with or without telling that its container ended. */
  #delete(pod: WorldPod | undefined, nowMs: number, mayTell: boolean): void {
    if (pod === undefined) return;
    this.#giveUp(pod, nowMs);
    this.#pods.delete(pod.uid);
    this.#podsOf.get(pod.deployment)!.delete(pod);
    const status = this.#endedStatus(pod, nowMs);
    const told = mayTell && this.#random.next() < 0.5;
    this.#later.push(() => {
      if (told) this.#update(pod, { ...pod.object, status });
      this.#updateSlice(pod.deployment);
      this.#store.delete('Pod', pod.uid);
    });
  }

  #relabel(pod: WorldPod | undefined): void {
    if (pod === undefined) return;
    const labels = { ...(pod.object.metadata['labels'] as object), generation: String(this.#names++) };
    this.#update(pod, { ...pod.object, metadata: { ...pod.object.metadata, labels } });
  }

  #endedStatus(pod: WorldPod, nowMs: number): object {
    const terminated = { startedAt: seconds(nowMs), finishedAt: seconds(nowMs), exitCode: 0 };
    return {
      ...(pod.object['status'] as object),
      containerStatuses: [{ name: 'main', restartCount: 0, state: { terminated } }],
    };
  }

  #giveUp(pod: WorldPod, nowMs: number): void {
    if (pod.tenure === undefined || pod.tenure.toMs !== undefined) return;
    pod.tenure.toMs = nowMs;
    this.#free.push(pod.tenure.address);
  }

  #update(pod: WorldPod, object: NewObject): void {
    pod.object = object;
    this.#store.put('Pod', object);
  }

  #updateSlice(deployment: number): void {
    const { uid } = this.#slices[deployment]!.metadata;
    this.#slices[deployment] = this.#store.put('EndpointSlice', this.#sliceObject(deployment, uid));
  }

  #sliceObject(index: number, uid: string): NewObject {
    const pods = [...this.#podsOf.get(index)!].filter(({ phase }) => phase === 'running');
    const name = `app-${index}`;
    return {
      metadata: { name: `${name}-x`, namespace, uid, labels: { 'kubernetes.io/service-name': name } },
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
      endpoints: pods.map((pod) => ({
        addresses: [pod.tenure?.address ?? '10.0.0.1'],
        targetRef: { kind: 'Pod', namespace, name: pod.object.metadata.name, uid: pod.uid },
      })),
    };
  }

  #pick(phase: WorldPod['phase']): WorldPod | undefined {
    const pods = [...this.#pods.values()].filter((pod) => pod.phase === phase);
    return pods[this.#random.below(pods.length)];
  }
}

function controller(kind: string, { metadata: { name, uid } }: StoredObject): object {
  return { apiVersion: 'apps/v1', kind, name, uid, controller: true };
}

function nodeObject(index: number): NewObject {
  return {
    metadata: { name: `node-${index}`, labels: { 'topology.kubernetes.io/zone': 'us-east-1a' } },
    spec: { podCIDRs: [`10.1.${index}.0/24`], providerID: `aws:///us-east-1a/i-${index}` },
    status: { addresses: [{ type: 'InternalIP', address: `10.0.${Math.floor(index / 250)}.${(index % 250) + 1}` }] },
  };
}
