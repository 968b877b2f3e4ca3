import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import { resourceKindIndex } from '../../schemas/generated/resource.ts';
import { LruEntry, LruMap } from '../lru.ts';
import { type AddressKey, addressKey, isLoopback, isPublic } from './address.ts';
import { HostLocation } from './host-location.ts';
import { locate } from './locate.ts';
import type { Location, ServiceBehind } from './location.ts';
import { locateReporter } from './locate-reporter.ts';
import { resolveAddress, type ResolvedAddress, type Scope } from './resolve-address.ts';
import type { ResourceTable } from './resource-table.ts';
import { forever } from './resource-version.ts';
import { addressResolution, containerResolution, processResolution, sideOf, type SideTags, sideTags } from './side.ts';
import type { TagCounts } from './tag-counts.ts';
import type { Awaited, LocalTags, Reporter, TaggedSides, Tagger, TagQuestion } from './tagger.ts';
import { narrow, type TimeBounds } from './time-bounds.ts';

const kinds = resourceKindIndex;
/** Bound of the cache of resolved addresses; beyond it the cache is cleared. */
const maxPeers = 65_536;
const noneAwaited: readonly Awaited[] = [];

/** Longest pod uid: real ones are half as long, and a longer one would only take memory. */
const maxPodUidCharacters = 128;

/** The process facts that tagging needs; the rest may be large. */
class KnownProcess extends LruEntry {
  podUid = '';
  resourceId = 0;
  hostResourceId = 0;

  learn({ podUid, resourceId, hostResourceId }: ProcessFacts): void {
    this.podUid = podUid;
    this.resourceId = resourceId;
    this.hostResourceId = hostResourceId;
  }
}

/** The resolution of an address within one scope, and how long it is valid. */
interface PeerTags {
  readonly fromNs: bigint;
  readonly untilNs: bigint;
  readonly tags: SideTags;
  readonly awaited: Awaited | undefined;
  readonly acceptedMs: number;
}

/** Resolved peers within one scope: clients by address, servers by address and port. */
interface ScopedPeers extends Scope {
  readonly clients: Map<AddressKey, PeerTags>;
  readonly servers: Map<AddressKey, Map<number, PeerTags>>;
}

/**
 * Tags spans of one agent as of their time: the local side by its process and its pod, the peer by its address in the scope of
 * the local side; both sides of packets by their addresses in the scope of the host. docs/tagging.md has the rules.
 */
export class AgentTagger implements Tagger {
  readonly #table: ResourceTable;
  readonly #counts: TagCounts;
  readonly #processes: LruMap<number, KnownProcess>;
  readonly #host: HostLocation;
  readonly #expectedHostId: number;
  #hostId = 0;
  /** Counts changes of this agent's facts and of the table: earlier results may be outdated. */
  #version = 0;
  #tableVersion = -1;
  #peers: ScopedPeers[] = [];
  #peerCount = 0;

  /** @param expectedHostId id of the agent's host, if its agent publishes it; process facts say the same */
  constructor(table: ResourceTable, maxProcesses: number, counts: TagCounts, expectedHostId = 0) {
    this.#table = table;
    this.#counts = counts;
    this.#expectedHostId = expectedHostId;
    this.#processes = new LruMap(maxProcesses, () => undefined);
    this.#host = new HostLocation(table);
  }

  learn(processes: readonly ProcessFacts[]): void {
    for (const told of processes) {
      const facts = told.podUid.length > maxPodUidCharacters ? { ...told, podUid: '' } : told;
      let known = this.#processes.get(facts.processId);
      if (known === undefined) this.#processes.add(facts.processId, (known = new KnownProcess()));
      known.learn(facts);
      this.#hostId = facts.hostResourceId;
      this.#host.learn(facts);
    }
    if (processes.length > 0) this.#forgetFound();
  }

  tag(question: TagQuestion): TaggedSides {
    if (this.#tableVersion !== this.#table.version) {
      this.#tableVersion = this.#table.version;
      this.#forgetFound();
    }
    const { timeNs, memo, isServer, processId, reporter } = question;
    if (processId === undefined && reporter === undefined) return this.#tagPackets(question);
    let { local } = memo;
    if (
      local?.version !== this.#version ||
      local.isServer !== isServer ||
      timeNs < local.fromNs ||
      timeNs >= local.untilNs
    )
      memo.local = local =
        reporter === undefined ? this.#findLocal(question, processId ?? 0) : this.#findReporter(question, reporter);
    return taggedSides(question, local, this.#peer(question, local));
  }

  /** Both ends by their addresses: a packet does not say which process it is of, nor whether one is here. */
  #tagPackets(question: TagQuestion): TaggedSides {
    const { timeNs, memo, isServer } = question;
    this.#adoptHost();
    let { local: scope } = memo;
    if (scope?.version !== this.#version || timeNs < scope.fromNs || timeNs >= scope.untilNs)
      memo.local = scope = this.#hostScope(timeNs);
    const { localAddress: remoteAddress, localPort: remotePort } = question;
    const local = this.#peer({ ...question, remoteAddress, remotePort, isServer: !isServer }, scope);
    return taggedSides(question, local, this.#peer(question, scope));
  }

  /** Where no process of the host was seen yet, it is the one that its agent publishes. */
  #adoptHost(): void {
    const id = this.#expectedHostId;
    if (this.#hostId !== 0 || id === 0 || this.#table.byId(kinds.host, id) === undefined) return;
    this.#hostId = id;
    this.#host.learn({ podUid: '', hostResourceId: id });
    this.#forgetFound();
  }

  /** The host as a local end of which nothing else is known. */
  #hostScope(timeNs: bigint): LocalTags {
    const { location, fromNs, untilNs } = this.#host.at(timeNs);
    return {
      version: this.#version,
      isServer: false,
      ...{ fromNs, untilNs, tags: this.#onHost(location) },
      vpcId: location?.vpcId ?? 0,
      clusterId: location?.clusterId ?? 0,
      isOwnNetwork: false,
      awaited: undefined,
      acceptedMs: 0,
    };
  }

  get size(): number {
    return this.#processes.size + this.#peerCount;
  }

  shrink(part: number): void {
    this.#processes.shrinkTo(Math.floor(this.#processes.size * part));
    this.#forgetFound();
  }

  #forgetFound(): void {
    this.#version++;
    if (this.#peerCount === 0) return;
    this.#peers = [];
    this.#peerCount = 0;
  }

  #findLocal(question: TagQuestion, processId: number): LocalTags {
    const { timeNs, isServer, localPort, transport } = question;
    const facts = this.#processes.get(processId);
    const host = this.#host.at(timeNs);
    const bounds = { fromNs: host.fromNs, untilNs: host.untilNs };
    let location = host.location;
    let resolution = facts === undefined ? 0 : processResolution;
    let awaited: Awaited | undefined;
    let acceptedMs = 0;
    let isOwnNetwork = false;
    const uid = facts?.podUid ?? '';
    if (uid === '') {
      const found = this.#podByAddress(question, host.location, bounds);
      if (found !== undefined) {
        ({ location, acceptedMs } = found);
        resolution |= addressResolution;
        isOwnNetwork = true;
      }
    } else {
      const history = this.#table.byUid(kinds.pod, uid);
      if (history !== undefined) narrow(bounds, history.spanAt(timeNs));
      const pod = history?.at(timeNs);
      if (pod !== undefined) {
        location = locate(this.#table, pod, timeNs);
        narrow(bounds, location);
        ({ acceptedMs } = pod);
        resolution |= containerResolution;
        // A pod without an address of its own is in the network of its host.
        isOwnNetwork = pod.addresses.length > 0;
      } else if (this.#table.knowsPods) awaited = { kind: 'pod', key: uid };
    }
    const scope = location ?? host.location;
    return {
      version: this.#version,
      isServer,
      ...bounds,
      tags: sideTags({
        location,
        hostId: facts?.hostResourceId ?? this.#hostId,
        processId: facts?.resourceId ?? 0,
        serviceId: serviceOf(location, isServer ? localPort : 0, transport),
        resolution,
        isInternet: false,
      }),
      vpcId: scope?.vpcId ?? 0,
      clusterId: scope?.clusterId ?? 0,
      isOwnNetwork,
      awaited,
      acceptedMs,
    };
  }

  #findReporter(question: TagQuestion, reporter: Reporter): LocalTags {
    this.#adoptHost();
    const { timeNs, isServer, localPort, transport } = question;
    const host = this.#host.at(timeNs);
    const found = locateReporter(this.#table, reporter, { host, timeNs, transport });
    const { location, awaited, acceptedMs, isOwnNetwork, isLocal, resolution, fromNs, untilNs } = found;
    const scope = location ?? host.location;
    const tags = sideTags({
      location,
      hostId: isLocal ? this.#hostId : 0,
      processId: reporter.processResourceId,
      serviceId: serviceOf(location, isServer ? localPort : 0, transport),
      resolution,
      isInternet: false,
    });
    const [vpcId, clusterId] = [scope?.vpcId ?? 0, scope?.clusterId ?? 0];
    const valid = { version: this.#version, isServer, fromNs, untilNs };
    return { ...valid, tags, vpcId, clusterId, isOwnNetwork, isElsewhere: !isLocal, awaited, acceptedMs };
  }

  /** The pod that owns the local address, for a process without a pod uid. */
  #podByAddress(
    { localAddress, timeNs, transport }: TagQuestion,
    host: Location | undefined,
    bounds: TimeBounds,
  ): { readonly location: Location; readonly acceptedMs: number } | undefined {
    const address = addressKey(localAddress);
    if (address === undefined || isLoopback(address) || host === undefined) return undefined;
    const found = resolveAddress(this.#table, { scope: host, address, port: 0, transport, timeNs });
    narrow(bounds, found);
    const { location, acceptedMs } = found;
    if (location === undefined || location.podId === 0 || location.nodeId !== host.nodeId) return undefined;
    return { location, acceptedMs };
  }

  #peer(question: TagQuestion, local: LocalTags): PeerTags {
    const { timeNs, remotePort, transport, isServer } = question;
    // Both ends of a Unix socket are on one host, though not always in one pod.
    if (transport === 'unix') return this.#ownMachine(timeNs, local);
    const address = addressKey(question.remoteAddress);
    if (address === undefined) return unknownPeer;
    if (isLoopback(address)) return this.#loopback(question, local);
    const peers = this.#peersOf(local);
    let ports: Map<number, PeerTags> | undefined;
    let known: PeerTags | undefined;
    // A client's port is ephemeral and identifies nothing.
    const portKey = isServer ? 0 : remotePort * 2 + (transport === 'udp' ? 1 : 0);
    if (isServer) known = peers.clients.get(address);
    else {
      ports = peers.servers.get(address);
      known = ports?.get(portKey);
    }
    if (known !== undefined && known.fromNs <= timeNs && timeNs < known.untilNs) return known;
    if (known === undefined && ++this.#peerCount > maxPeers) {
      this.#forgetFound();
      return this.#peer(question, local);
    }
    const found = this.#findPeer(question, local, address);
    if (isServer) peers.clients.set(address, found);
    else {
      if (ports === undefined) peers.servers.set(address, (ports = new Map<number, PeerTags>()));
      ports.set(portKey, found);
    }
    return found;
  }

  #peersOf({ vpcId, clusterId }: Scope): ScopedPeers {
    for (const peers of this.#peers) if (peers.vpcId === vpcId && peers.clusterId === clusterId) return peers;
    const peers: ScopedPeers = { vpcId, clusterId, clients: new Map(), servers: new Map() };
    this.#peers.push(peers);
    return peers;
  }

  #findPeer({ timeNs, remotePort, transport, isServer }: TagQuestion, scope: LocalTags, address: AddressKey): PeerTags {
    const port = isServer ? 0 : remotePort;
    const found = resolveAddress(this.#table, { scope, address, port, transport, timeNs });
    if (found.isAmbiguous) this.#counts.ambiguous++;
    if ((found.resolution & addressResolution) === 0 && found.service === undefined) {
      const host = this.#host.at(timeNs);
      narrow(found, host);
      if (host.addresses.includes(address)) {
        const tags = this.#onHost(host.location);
        return { ...boundsOf(found), tags, awaited: awaitedOf(found, address), acceptedMs: found.acceptedMs };
      }
    }
    const { location, service, resolution, acceptedMs } = found;
    return {
      ...boundsOf(found),
      tags: sideTags({
        location,
        hostId: 0,
        processId: 0,
        serviceId: service?.history.id ?? serviceOf(location, port, transport),
        resolution,
        isInternet: resolution === 0 && isPublic(address),
      }),
      awaited: awaitedOf(found, address),
      acceptedMs,
    };
  }

  /** A loopback address is in the local side's own network: its pod, else the host. */
  #loopback({ timeNs, isServer, remotePort, transport }: TagQuestion, local: LocalTags): PeerTags {
    if (!local.isOwnNetwork) return this.#ownMachine(timeNs, local);
    const pod = this.#table.byId(kinds.pod, local.tags.podId)?.at(timeNs);
    const location = pod === undefined ? undefined : locate(this.#table, pod, timeNs);
    const serviceId = serviceOf(location, isServer ? 0 : remotePort, transport);
    const resolution = addressResolution;
    const { hostId } = local.tags;
    return {
      ...unknownPeer,
      tags: sideTags({ location, hostId, processId: 0, serviceId, resolution, isInternet: false }),
    };
  }

  /** A process of the local end's machine that nothing else is known of. */
  #ownMachine(timeNs: bigint, local: LocalTags): PeerTags {
    // Of another machine nothing is known but what runs there.
    if (this.#hostId === 0 || local.isElsewhere === true) return unknownPeer;
    return { ...unknownPeer, tags: this.#onHost(this.#host.at(timeNs).location) };
  }

  #onHost(location: Location | undefined): SideTags {
    const resolution = addressResolution;
    return sideTags({ location, hostId: this.#hostId, processId: 0, serviceId: 0, resolution, isInternet: false });
  }
}

type FoundTags = Pick<PeerTags, 'tags' | 'awaited' | 'acceptedMs'>;

function taggedSides(question: TagQuestion, local: FoundTags, peer: FoundTags): TaggedSides {
  const awaited =
    local.awaited === undefined
      ? peer.awaited === undefined
        ? noneAwaited
        : [peer.awaited]
      : peer.awaited === undefined
        ? [local.awaited]
        : [local.awaited, peer.awaited];
  return {
    local: sideOf(local.tags, question.localAddress, question.localPort),
    peer: sideOf(peer.tags, question.remoteAddress, question.remotePort),
    awaited,
    acceptedMs: Math.max(local.acceptedMs, peer.acceptedMs),
  };
}

const boundsOf = ({ fromNs, untilNs }: ResolvedAddress): Readonly<TimeBounds> => ({ fromNs, untilNs });

const awaitedOf = ({ isUnclaimed }: ResolvedAddress, key: AddressKey): Awaited | undefined =>
  isUnclaimed ? { kind: 'address', key } : undefined;

/** A peer that can never be resolved. */
const unknownPeer: PeerTags = {
  fromNs: -forever,
  untilNs: forever,
  tags: sideTags({
    location: undefined,
    hostId: 0,
    processId: 0,
    serviceId: 0,
    resolution: 0,
    isInternet: false,
  }),
  awaited: undefined,
  acceptedMs: 0,
};

/** The service of a pod: of several the one whose pods listen at the port of a server, else the first. */
function serviceOf(location: Location | undefined, serverPort: number, transport: TagQuestion['transport']): number {
  if (location === undefined) return 0;
  const { services } = location;
  const [first] = services;
  if (services.length > 1 && serverPort !== 0) {
    const listens = ({ ports }: ServiceBehind): boolean =>
      ports.some((each) => each.transport === transport && (each.targetPort || each.port) === serverPort);
    const listening = services.find(listens);
    if (listening !== undefined) return listening.id;
  }
  return first?.id ?? location.serviceId;
}
