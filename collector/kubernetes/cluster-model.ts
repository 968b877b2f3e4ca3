/**
 * The objects of a cluster and their references, as a pure model: it turns additions, changes and deletions of objects into
 * changes of resources. An object may arrive before one that it refers to; when that one arrives, its dependents are reported
 * again.
 */
import type { ResourceKind } from '../../schemas/generated/resource.ts';
import type { ResourceState, ResourceUid } from '../resources/resource-state.ts';
import { latestEnd, type StartedAt, startsByAddress } from '../resources/latest-end.ts';
import type { KeptObject, SlicePort } from './kept-object.ts';
import { type ObjectKind, objectKindNames } from './object-kinds.ts';
import * as states from './resource-states.ts';

/** A change of a resource. */
export type ResourceChange =
  | { readonly kind: 'put'; readonly state: ResourceState }
  | { readonly kind: 'end'; readonly resource: ResourceUid; readonly endedNs: bigint };

/** Kinds that are workloads themselves, unless another one controls them. */
const workloadKinds: readonly string[] = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'];
/** Those of them that may be controlled by another. */
const innerKinds: readonly string[] = ['ReplicaSet', 'Job'];
const clusterNamespace = 'kube-system';

/** Values by a key, each value once. */
class Index {
  readonly #values = new Map<string, Set<string>>();

  add(key: string, value: string): void {
    const values = this.#values.get(key);
    if (values === undefined) this.#values.set(key, new Set([value]));
    else values.add(value);
  }

  delete(key: string, value: string): void {
    const values = this.#values.get(key);
    values?.delete(value);
    if (values?.size === 0) this.#values.delete(key);
  }

  of(key: string): Iterable<string> {
    return this.#values.get(key) ?? [];
  }
}

/** See the top of the file. */
export class ClusterModel {
  readonly #clusterName: string;
  readonly #objects = new Map<ObjectKind, Map<string, KeptObject>>(objectKindNames.map((kind) => [kind, new Map()]));
  /** Uids by `kind namespace/name`, for what is referred to by name. */
  readonly #byName = new Map<string, string>();
  /** Pods by what they refer to: names of nodes, uids of controllers. */
  readonly #podsOfNode = new Index();
  readonly #podsOfOwner = new Index();
  /** Slices by `namespace/service`; slices by the uid of a pod in them. */
  readonly #slicesOfService = new Index();
  readonly #slicesOfPod = new Index();
  readonly #changed = new Set<KeptObject>();
  /** Objects that are resources, by uid. */
  readonly #reported = new Map<string, ResourceKind>();

  constructor(clusterName: string) {
    this.#clusterName = clusterName;
  }

  /** An object is there, or is different now. */
  put(object: KeptObject, observedNs: bigint): readonly ResourceChange[] {
    const former = this.#of(object.kind).get(object.uid);
    if (former !== undefined) this.#unlink(former);
    this.#of(object.kind).set(object.uid, object);
    this.#link(object);
    this.#changed.add(object);
    if (former === undefined) this.#touchReferrers(object);
    this.#touchOfSlice(former, object);
    return this.#takeChanges(observedNs);
  }

  /** An object was deleted. @param last its last state */
  remove(last: KeptObject, observedNs: bigint): readonly ResourceChange[] {
    const object = this.#of(last.kind).get(last.uid);
    if (object === undefined) return [];
    this.#unlink(object);
    this.#of(object.kind).delete(object.uid);
    this.#changed.delete(object);
    this.#touchOfSlice(object, undefined);
    const finishedNs = last.pod?.finishedNs;
    const endedNs = finishedNs !== undefined && finishedNs < observedNs ? finishedNs : observedNs;
    const kind = this.#reported.get(object.uid);
    this.#reported.delete(object.uid);
    const end: readonly ResourceChange[] =
      kind === undefined ? [] : [{ kind: 'end', resource: { kind, uid: object.uid }, endedNs }];
    return [...end, ...this.#takeChanges(observedNs)];
  }

  /** All objects of a kind: others of this kind were deleted. */
  replace(kind: ObjectKind, objects: readonly KeptObject[], observedNs: bigint): readonly ResourceChange[] {
    const present = new Set(objects.map(({ uid }) => uid));
    const gone = [...this.#of(kind).values()].filter(({ uid }) => !present.has(uid));
    // A pod in the network of its host has no address of its own.
    const successors = startsByAddress(objects.filter(({ pod }) => pod?.isHostNetwork === false).map(startOf));
    return [
      ...gone.flatMap((object) => this.remove(object, latestEnd(startOf(object), successors, observedNs))),
      ...objects
        .filter(({ uid, version }) => version === '' || this.#of(kind).get(uid)?.version !== version)
        .flatMap((object) => this.put(object, observedNs)),
    ];
  }

  /** Sets the initial objects, without reporting changes. */
  load(objects: readonly KeptObject[]): void {
    for (const object of objects) {
      this.#of(object.kind).set(object.uid, object);
      this.#link(object);
    }
  }

  /** All resources. */
  *all(): Generator<ResourceState> {
    const uid = this.clusterUid;
    if (uid !== undefined) yield states.clusterState(uid, this.#clusterName);
    for (const objects of this.#objects.values())
      for (const object of objects.values()) {
        const state = this.#stateOf(object);
        if (state === undefined) continue;
        this.#reported.set(object.uid, state.kind);
        yield state;
      }
  }

  /** How many objects there are. */
  get size(): number {
    let size = 0;
    for (const objects of this.#objects.values()) size += objects.size;
    return size;
  }

  /** Uid of the cluster: that of a namespace which every cluster has as long as it lives. */
  get clusterUid(): string | undefined {
    return this.#byName.get(nameKey('Namespace', '', clusterNamespace));
  }

  #of(kind: ObjectKind): Map<string, KeptObject> {
    return this.#objects.get(kind)!;
  }

  #link(object: KeptObject): void {
    const { kind, uid, namespace, name, owner, pod, slice } = object;
    if (kind !== 'Pod') this.#byName.set(nameKey(kind, namespace, name), uid);
    if (pod !== undefined && owner !== undefined) this.#podsOfOwner.add(owner.uid, uid);
    if (pod !== undefined && pod.nodeName !== '') this.#podsOfNode.add(pod.nodeName, uid);
    if (slice === undefined) return;
    this.#slicesOfService.add(`${namespace}/${slice.serviceName}`, uid);
    for (const target of slice.targets) this.#slicesOfPod.add(target.uid, uid);
  }

  #unlink(object: KeptObject): void {
    const { kind, uid, namespace, name, owner, pod, slice } = object;
    // Its name may be another's by now.
    if (this.#byName.get(nameKey(kind, namespace, name)) === uid) this.#byName.delete(nameKey(kind, namespace, name));
    if (pod !== undefined && owner !== undefined) this.#podsOfOwner.delete(owner.uid, uid);
    if (pod !== undefined && pod.nodeName !== '') this.#podsOfNode.delete(pod.nodeName, uid);
    if (slice === undefined) return;
    this.#slicesOfService.delete(`${namespace}/${slice.serviceName}`, uid);
    for (const target of slice.targets) this.#slicesOfPod.delete(target.uid, uid);
  }

  /** What may have come before the object that it refers to. */
  #touchReferrers(object: KeptObject): void {
    if (object.kind === 'Node') for (const uid of this.#podsOfNode.of(object.name)) this.#touch('Pod', uid);
    if (object.kind === 'Service')
      for (const slice of this.#slicesOfService.of(`${object.namespace}/${object.name}`))
        for (const { uid } of this.#of('EndpointSlice').get(slice)?.slice?.targets ?? []) this.#touch('Pod', uid);
    if (object.kind === 'Namespace')
      for (const objects of this.#objects.values())
        for (const each of objects.values()) if (each.namespace === object.name) this.#changed.add(each);
    if (innerKinds.includes(object.kind)) for (const uid of this.#podsOfOwner.of(object.uid)) this.#touch('Pod', uid);
  }

  /** Pods that have come into a slice or left it, and the service, whose ports may be other ones. */
  #touchOfSlice(former: KeptObject | undefined, present: KeptObject | undefined): void {
    if (former?.slice === undefined && present?.slice === undefined) return;
    const before = new Set(former?.slice?.targets.map(({ uid }) => uid));
    const after = new Set(present?.slice?.targets.map(({ uid }) => uid));
    const isSameService = former?.slice?.serviceName === present?.slice?.serviceName;
    for (const uid of before) if (!after.has(uid) || !isSameService) this.#touch('Pod', uid);
    for (const uid of after) if (!before.has(uid) || !isSameService) this.#touch('Pod', uid);
    for (const object of [former, present]) {
      if (object?.slice === undefined) continue;
      const uid = this.#byName.get(nameKey('Service', object.namespace, object.slice.serviceName));
      if (uid !== undefined) this.#touch('Service', uid);
    }
  }

  #touch(kind: ObjectKind, uid: string): void {
    const object = this.#of(kind).get(uid);
    if (object !== undefined) this.#changed.add(object);
  }

  #takeChanges(observedNs: bigint): readonly ResourceChange[] {
    const changes: ResourceChange[] = [];
    for (const object of this.#changed) {
      const state = this.#stateOf(object);
      const reported = this.#reported.get(object.uid);
      if (state !== undefined) {
        // It has ended before it was seen to run, as short jobs do.
        const lived = reported === undefined ? states.livedState(object, state) : undefined;
        if (lived !== undefined) changes.push({ kind: 'put', state: lived });
        this.#reported.set(object.uid, state.kind);
        changes.push({ kind: 'put', state });
      } else if (reported !== undefined) {
        this.#reported.delete(object.uid);
        changes.push({ kind: 'end', resource: { kind: reported, uid: object.uid }, endedNs: observedNs });
      }
    }
    this.#changed.clear();
    return changes;
  }

  #stateOf(object: KeptObject): ResourceState | undefined {
    switch (object.kind) {
      case 'Namespace':
        return states.namespaceState(object, [this.#cluster()]);
      case 'Node':
        return states.nodeState(object, [this.#cluster()]);
      case 'Pod':
        return states.podState(object, [
          this.#workloadOf(object),
          this.#namespaceOf(object),
          this.#uidOf('node', 'Node', '', object.pod?.nodeName ?? ''),
          ...this.#servicesOf(object),
          this.#cluster(),
        ]);
      case 'Service':
        return states.serviceState(object, this.#within(object), this.#slicePortsOf(object));
      case 'Ingress':
        return states.ingressState(object, this.#within(object));
      case 'EndpointSlice':
        return undefined;
      default:
        return isControlled(object) ? undefined : states.workloadState(object, this.#within(object));
    }
  }

  #within(object: KeptObject): states.Parents {
    return [this.#namespaceOf(object), this.#cluster()];
  }

  #cluster(): ResourceUid | undefined {
    const uid = this.clusterUid;
    return uid === undefined ? undefined : { kind: 'cluster', uid };
  }

  #namespaceOf({ namespace }: KeptObject): ResourceUid | undefined {
    return this.#uidOf('namespace', 'Namespace', '', namespace);
  }

  #uidOf(kind: 'node' | 'namespace', object: ObjectKind, namespace: string, name: string): ResourceUid | undefined {
    const uid = this.#byName.get(nameKey(object, namespace, name));
    return uid === undefined ? undefined : { kind, uid };
  }

  /** The outermost: the Deployment, not its ReplicaSet. It may come later than what it controls. */
  #workloadOf({ owner }: KeptObject): ResourceUid | undefined {
    if (owner === undefined || !workloadKinds.includes(owner.kind)) return undefined;
    if (!innerKinds.includes(owner.kind)) return { kind: 'workload', uid: owner.uid };
    const inner = this.#of(owner.kind as ObjectKind).get(owner.uid);
    if (inner === undefined) return undefined;
    return { kind: 'workload', uid: isControlled(inner) ? inner.owner!.uid : inner.uid };
  }

  /** Those with an address of their own first, then by name: the first is the one that spans are tagged with. */
  #servicesOf(pod: KeptObject): readonly ResourceUid[] {
    const services = new Map<string, KeptObject>();
    for (const sliceUid of this.#slicesOfPod.of(pod.uid)) {
      const object = this.#of('EndpointSlice').get(sliceUid);
      const uid = this.#byName.get(nameKey('Service', object?.namespace ?? '', object?.slice?.serviceName ?? ''));
      const service = uid === undefined ? undefined : this.#of('Service').get(uid);
      if (service !== undefined) services.set(service.uid, service);
    }
    const rank = ({ addresses, name }: KeptObject): string => `${addresses.length > 0 ? 0 : 1} ${name}`;
    return [...services.values()]
      .sort((left, right) => (rank(left) < rank(right) ? -1 : 1))
      .map(({ uid }) => ({ kind: 'service', uid }));
  }

  #slicePortsOf({ namespace, name }: KeptObject): readonly SlicePort[] {
    const ports: SlicePort[] = [];
    for (const uid of this.#slicesOfService.of(`${namespace}/${name}`))
      ports.push(...(this.#of('EndpointSlice').get(uid)?.slice?.ports ?? []));
    return ports;
  }
}

/** Where a pod has an address of its own since when. */
function startOf({ addresses, pod }: KeptObject): StartedAt {
  return { addresses, startNs: pod?.startedNs };
}

/** Another workload controls it, so it is none itself. */
function isControlled({ kind, owner }: KeptObject): boolean {
  return innerKinds.includes(kind) && owner !== undefined && workloadKinds.includes(owner.kind);
}

function nameKey(kind: ObjectKind, namespace: string, name: string): string {
  return `${kind} ${namespace}/${name}`;
}
