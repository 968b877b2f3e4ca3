/**
 * All resources of the topic `resources`, and hosts of `agent-resources`, for lookups as of any time: by kind and id, uid,
 * address, network, hardware address and name. This is only the index; resolve-address.ts decides what an address means.
 *
 * Records may come in any order and again: the newest record of a version (one kind, id and start) counts. Bounds: ended
 * versions by SPANLOOM_ENRICHER_RESOURCE_MEMORY and _MAX_ENDED_RESOURCES. Hosts have bounds of their own
 * (_MAX_HOSTS), so that agents take no room from Kubernetes and clouds.
 */
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { decodeValue } from '../../core/codec.ts';
import { readResource, type Resource, resourceKindIndex } from '../../schemas/generated/resource.ts';
import type { AddressKey } from './address.ts';
import { NetworkIndex } from './network-index.ts';
import { forever, ResourceHistory, ResourceVersion } from './resource-version.ts';
import type { TimeBounds } from './time-bounds.ts';
import { VersionIndex } from './version-index.ts';

const kinds = resourceKindIndex;
/** Processes come with event batches, not from this topic. */
const ignoredKinds: ReadonlySet<number> = new Set([kinds.unknown, kinds.process, kinds.internet, kinds.address]);
/** Kinds that contain nothing: a change of one changes no other location. */
const leafKinds: ReadonlySet<number> = new Set([kinds.pod, kinds.ingress]);

/** Versions of one host; beyond it the one that began first is forgotten. */
const maxHostVersions = 16;

/** Bounds of what is kept. */
export interface ResourceTableLimits {
  /** How long ended versions are kept, in milliseconds of event time. */
  readonly resourceMemory: number;
  readonly maxEndedResources: number;
  /** Beyond it the host published longest ago is forgotten. */
  readonly maxHosts: number;
}

/** Called with keys that lookups may now find. */
export interface LearnListener {
  podLearned(uid: string): void;
  addressLearned(address: AddressKey): void;
}

/** Versions of resources; see the top of the file. */
export class ResourceTable {
  /** Changes whenever anything is learned or forgotten. */
  version = 0;
  /** Changes when that is something that can be above other things. */
  parentVersion = 0;
  listener: LearnListener | undefined;
  /** Records that could not be read, or have no id. */
  unreadable = 0;
  readonly addresses = new VersionIndex<AddressKey>();
  /** Addresses of services, which many listen at. */
  readonly virtualAddresses = new VersionIndex<AddressKey>();
  readonly networks = new NetworkIndex();
  readonly macAddresses = new VersionIndex<string>();
  readonly nodePorts = new VersionIndex<number>();
  readonly #names: Readonly<Record<'host' | 'node', VersionIndex<string>>> = {
    host: new VersionIndex(),
    node: new VersionIndex(),
  };
  readonly #byId: readonly Map<number, ResourceHistory>[];
  readonly #byUid: readonly Map<string, ResourceHistory>[];
  readonly #limits: ResourceTableLimits;
  #versions = 0;
  #ended = 0;
  #pods = 0;
  #forgottenAtNs = 0n;
  #newestAcceptedMs = 0;

  constructor(limits: ResourceTableLimits) {
    this.#limits = limits;
    const count = Object.keys(kinds).length;
    this.#byId = Array.from({ length: count }, () => new Map<number, ResourceHistory>());
    this.#byUid = Array.from({ length: count }, () => new Map<string, ResourceHistory>());
  }

  get size(): number {
    return this.#versions;
  }

  /** Whether any pod is known: otherwise no source publishes pods, and no span waits for one. */
  get knowsPods(): boolean {
    return this.#pods > 0;
  }

  /** Adds one message of the topic. Counts unreadable ones and ignores them. */
  learn(message: ReceivedMessage): void {
    if (message.value.length === 0) {
      this.#removeKey(message.key);
      return;
    }
    const decoded = decodeValue('Resource', message, readResource);
    if (decoded.kind === 'ok') this.learnResource(decoded.value, message.timestampMs);
    else this.unreadable++;
  }

  /** Adds one version of a host that its agent signed. */
  learnHost(host: Resource, acceptedMs: number): void {
    this.learnResource(host, acceptedMs, true);
  }

  /** Adds one version of a resource. */
  learnResource(resource: Resource, acceptedMs: number, isOfAgent = false): void {
    if (acceptedMs > this.#newestAcceptedMs) this.#newestAcceptedMs = acceptedMs;
    const kind = kinds[resource.kind];
    if (ignoredKinds.has(kind)) return;
    if (resource.id <= 0) {
      this.unreadable++;
      return;
    }
    const byId = this.#byId[kind]!;
    let history = byId.get(resource.id);
    if (kind === kinds.host && history !== undefined && history.uid !== resource.uid) {
      // The ids of two hosts are the same: who came first keeps it.
      this.unreadable++;
      return;
    }
    if (history === undefined) {
      history = new ResourceHistory(kind, resource.id, resource.uid);
      byId.set(resource.id, history);
      if (kind === kinds.pod) this.#pods++;
    }
    this.#byUid[kind]!.set(history.uid, history);
    const version = new ResourceVersion(history, resource, acceptedMs, isOfAgent);
    const before = history.put(version);
    if (before !== undefined) this.#unindex(before);
    this.#index(version);
    this.#changed(kind);
    if (kind === kinds.host) this.#boundHosts(history);
    const { listener } = this;
    // A host's addresses are used by its own agent only.
    if (listener === undefined || kind === kinds.host) return;
    if (kind === kinds.pod) listener.podLearned(resource.uid);
    for (const address of version.addresses) listener.addressLearned(address);
  }

  byId(kind: number, id: number): ResourceHistory | undefined {
    return this.#byId[kind]?.get(id);
  }

  byUid(kind: number, uid: string): ResourceHistory | undefined {
    return uid === '' ? undefined : this.#byUid[kind]?.get(uid);
  }

  /** The only node or host of a name at a time. */
  named(kind: 'host' | 'node', name: string, timeNs: bigint): ResourceVersion | undefined {
    if (name === '') return undefined;
    const found = this.#names[kind].at(name, timeNs);
    if (found.length === 1) return found[0];
    // The same host from before its agent had a key does not count beside it.
    const signed = kind === 'host' ? found.filter(({ isOfAgent }) => isOfAgent) : found;
    return signed.length === 1 ? signed[0] : undefined;
  }

  /** As {@link VersionIndex.narrow}, of a name. */
  narrowNamed(kind: 'host' | 'node', name: string, timeNs: bigint, bounds: TimeBounds): void {
    this.#names[kind].narrow(name, timeNs, bounds);
  }

  /** Forgets versions that ended long ago in event time, or exceed the bound. Scans everything, but rarely. */
  forget(eventNs: bigint): void {
    // A host whose clock is far ahead must not make the others lose what they need.
    const acceptedNs = BigInt(Math.floor(this.#newestAcceptedMs)) * 1_000_000n;
    const nowNs = eventNs < acceptedNs ? eventNs : acceptedNs;
    const memoryNs = BigInt(this.#limits.resourceMemory) * 1_000_000n;
    const isDue = nowNs > this.#forgottenAtNs + memoryNs / 16n;
    const { maxEndedResources } = this.#limits;
    if (!isDue && this.#ended <= maxEndedResources + (maxEndedResources >> 3)) return;
    if (isDue) this.#forgottenAtNs = nowNs;
    const ended: ResourceVersion[] = [];
    for (const byId of this.#byId)
      for (const { versions } of byId.values())
        for (const version of versions) if (endOf(version) < forever) ended.push(version);
    ended.sort((left, right) => (endOf(left) < endOf(right) ? -1 : 1));
    const bounded = ended.filter(({ history }) => history.kind !== kinds.host);
    const tooMany = new Set(bounded.slice(0, Math.max(0, bounded.length - maxEndedResources)));
    for (const version of ended)
      if (tooMany.has(version) || endOf(version) < nowNs - memoryNs) this.#remove(version.history, version.fromNs);
    this.#ended = bounded.length - tooMany.size;
  }

  /** Keeps hosts within their bounds after one was added. */
  #boundHosts(history: ResourceHistory): void {
    const [oldest] = history.versions;
    if (history.versions.length > maxHostVersions) this.#remove(history, oldest!.fromNs);
    const hosts = this.#byId[kinds.host]!;
    hosts.delete(history.id);
    hosts.set(history.id, history);
    if (hosts.size <= this.#limits.maxHosts) return;
    const [longestAgo] = hosts.values();
    for (const { fromNs } of [...longestAgo!.versions]) this.#remove(longestAgo!, fromNs);
  }

  /** A tombstone: `kind:uid@valid_from_ns`. */
  #removeKey(key: string): void {
    const match = /^([a-z_]+):(.*)@(-?\d+)$/s.exec(key);
    if (match === null) return;
    const kind = (kinds as Readonly<Record<string, number>>)[match[1]!];
    const history = kind === undefined ? undefined : this.#byUid[kind]!.get(match[2]!);
    if (history !== undefined) this.#remove(history, BigInt(match[3]!));
  }

  #remove(history: ResourceHistory, fromNs: bigint): void {
    const version = history.remove(fromNs);
    if (version === undefined) return;
    this.#unindex(version);
    this.#changed(history.kind);
    if (history.versions.length > 0) return;
    this.#byId[history.kind]!.delete(history.id);
    if (this.#byUid[history.kind]!.get(history.uid) === history) this.#byUid[history.kind]!.delete(history.uid);
    if (history.kind === kinds.pod) this.#pods--;
  }

  #changed(kind: number): void {
    this.version++;
    if (!leafKinds.has(kind)) this.parentVersion++;
  }

  #index(version: ResourceVersion): void {
    this.#versions++;
    const { kind } = version.history;
    if (kind === kinds.host) {
      this.#names.host.add(version.name, version);
      return;
    }
    if (version.toNs < forever) this.#ended++;
    const addresses = kind === kinds.service ? this.virtualAddresses : this.addresses;
    for (const address of version.addresses) addresses.add(address, version);
    for (const network of version.networks) this.networks.add(network, version);
    for (const mac of version.macAddresses) this.macAddresses.add(mac, version);
    for (const port of nodePortsOf(version)) this.nodePorts.add(port, version);
    if (kind === kinds.node) this.#names.node.add(version.name, version);
  }

  #unindex(version: ResourceVersion): void {
    this.#versions--;
    const { kind } = version.history;
    if (kind === kinds.host) {
      this.#names.host.remove(version.name, version);
      return;
    }
    if (version.toNs < forever) this.#ended--;
    const addresses = kind === kinds.service ? this.virtualAddresses : this.addresses;
    for (const address of version.addresses) addresses.remove(address, version);
    for (const network of version.networks) this.networks.remove(network, version);
    for (const mac of version.macAddresses) this.macAddresses.remove(mac, version);
    for (const port of nodePortsOf(version)) this.nodePorts.remove(port, version);
    if (kind === kinds.node) this.#names.node.remove(version.name, version);
  }
}

function nodePortsOf(version: ResourceVersion): ReadonlySet<number> {
  return new Set(version.ports.map(({ nodePort }) => nodePort).filter((port) => port !== 0));
}

/** When a version stopped to hold, by its own record or by the next version. */
function endOf(version: ResourceVersion): bigint {
  const untilNs = version.history.spanAt(version.fromNs).untilNs;
  return untilNs < version.toNs ? untilNs : version.toNs;
}
