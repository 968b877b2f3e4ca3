/**
 * What is kept of an object of Kubernetes: the few fields that resources are made of. 100,000 pods must fit in memory,
 * so everything else is let go as soon as an object was read.
 */
import type { Network, ServicePort } from '../../schemas/generated/resource.ts';
import type { Transport } from '../../schemas/generated/event-batch.ts';
import { addressesOf, listAt, momentAt, numberAt, objectAt, textAt, textsAt } from './json.ts';
import type { ObjectKind } from './object-kinds.ts';

/** The controller of an object. */
export interface Owner {
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

/** A target of an EndpointSlice that is a pod. */
export interface SliceTarget {
  readonly uid: string;
  readonly name: string;
}

/** A port of an EndpointSlice. */
export interface SlicePort {
  readonly name: string;
  readonly transport: Transport;
  readonly port: number;
}

/** A port of a service; `targetName` where the pods' port is given by name. */
export interface KeptPort extends ServicePort {
  readonly name: string;
  readonly targetName: string;
}

/** Fields that all kinds have, and those of some; what a kind has not is empty. */
export interface KeptObject {
  readonly kind: ObjectKind;
  readonly uid: string;
  /** Its resourceVersion: the same when nothing changed. */
  readonly version: string;
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly createdNs: bigint | undefined;
  readonly owner: Owner | undefined;
  /** Of a pod without network of its own none; of a service those that clients use. */
  readonly addresses: readonly Uint8Array[];
  readonly pod: KeptPod | undefined;
  readonly node: KeptNode | undefined;
  readonly service: KeptService | undefined;
  readonly slice: KeptSlice | undefined;
}

interface KeptPod {
  readonly nodeName: string;
  readonly isHostNetwork: boolean;
  readonly phase: string;
  /** Since when it has its addresses, as far as is known; never too late. */
  readonly startedNs: bigint | undefined;
  /** When its last container ended; never too early. Undefined while one may run. */
  readonly finishedNs: bigint | undefined;
}

interface KeptNode {
  readonly providerId: string;
  readonly networks: readonly Network[];
}

interface KeptService {
  readonly type: string;
  readonly ports: readonly KeptPort[];
}

interface KeptSlice {
  readonly serviceName: string;
  readonly targets: readonly SliceTarget[];
  readonly ports: readonly SlicePort[];
}

/** Which annotations are kept. */
export type AnnotationFilter = (name: string) => boolean;

/** Reads an object of a list or a watch; undefined when it has no identity. */
export function keptObject(kind: ObjectKind, value: unknown, wanted: AnnotationFilter): KeptObject | undefined {
  const meta = objectAt(value, 'metadata');
  const uid = textAt(meta, 'uid');
  const name = textAt(meta, 'name');
  if (uid === '' || name === '') return undefined;
  return {
    kind,
    uid,
    version: textAt(meta, 'resourceVersion'),
    name,
    namespace: shared(textAt(meta, 'namespace')),
    labels: kind === 'EndpointSlice' ? {} : textsOf(objectAt(meta, 'labels'), () => true),
    annotations: kind === 'EndpointSlice' ? {} : textsOf(objectAt(meta, 'annotations'), wanted),
    createdNs: momentAt(meta, 'creationTimestamp'),
    owner: ownerOf(meta),
    addresses: addressesOfObject(kind, value),
    pod: kind === 'Pod' ? podOf(value) : undefined,
    node: kind === 'Node' ? nodeOf(value) : undefined,
    service: kind === 'Service' ? serviceOf(value) : undefined,
    slice: kind === 'EndpointSlice' ? sliceOf(value) : undefined,
  };
}

/** More than is published, so that it is seen there that something was cut; less than an object may have. */
const maxKeptText = 2 * 1024;
const maxKeptTexts = 32 * 1024;

function textsOf(values: object, wanted: AnnotationFilter): Record<string, string> {
  const texts: Record<string, string> = {};
  let length = 0;
  for (const [name, value] of Object.entries(values)) {
    if (typeof value !== 'string' || !wanted(name)) continue;
    // A part of a text would keep the whole in memory; a copy does not.
    const kept = value.length > maxKeptText ? Buffer.from(value.slice(0, maxKeptText)).toString() : value;
    length += name.length + kept.length;
    if (length > maxKeptTexts) break;
    texts[name] = shared(kept);
  }
  return texts;
}

function ownerOf(meta: object): Owner | undefined {
  const owner = listAt(meta, 'ownerReferences').find((each) => objectAt(each)['controller'] === true);
  if (owner === undefined) return undefined;
  const found = { kind: shared(textAt(owner, 'kind')), name: textAt(owner, 'name'), uid: textAt(owner, 'uid') };
  return found.uid === '' ? undefined : { ...found, name: shared(found.name), uid: shared(found.uid) };
}

function addressesOfObject(kind: ObjectKind, value: unknown): readonly Uint8Array[] {
  const balancers = (): readonly string[] =>
    listAt(value, 'status', 'loadBalancer', 'ingress').map((each) => textAt(each, 'ip'));
  switch (kind) {
    case 'Pod': {
      const addresses = listAt(value, 'status', 'podIPs').map((each) => textAt(each, 'ip'));
      return addressesOf([...addresses, textAt(value, 'status', 'podIP')]);
    }
    case 'Node': {
      const addresses = listAt(value, 'status', 'addresses');
      const types = ['InternalIP', 'ExternalIP'];
      return addressesOf(
        addresses.filter((each) => types.includes(textAt(each, 'type'))).map((each) => textAt(each, 'address')),
      );
    }
    case 'Service':
      return addressesOf([
        ...textsAt(value, 'spec', 'clusterIPs'),
        textAt(value, 'spec', 'clusterIP'),
        ...textsAt(value, 'spec', 'externalIPs'),
        ...balancers(),
      ]);
    case 'Ingress':
      return addressesOf(balancers());
    default:
      return [];
  }
}

function podOf(value: unknown): KeptPod {
  const status = objectAt(value, 'status');
  const containers = [...listAt(status, 'initContainerStatuses'), ...listAt(status, 'containerStatuses')];
  return {
    nodeName: shared(textAt(value, 'spec', 'nodeName')),
    isHostNetwork: objectAt(value, 'spec')['hostNetwork'] === true,
    phase: shared(textAt(status, 'phase')),
    startedNs: startOf(status, containers),
    finishedNs: finishOf(listAt(status, 'containerStatuses')),
  };
}

function startOf(status: object, containers: readonly unknown[]): bigint | undefined {
  const ready = listAt(status, 'conditions').find((each) => textAt(each, 'type') === 'PodReadyToStartContainers');
  const readyNs = textAt(ready, 'status') === 'True' ? momentAt(ready, 'lastTransitionTime') : undefined;
  if (readyNs !== undefined) return readyNs;
  const restarted = containers.some((each) => numberAt(each, 'restartCount') > 0);
  const starts = containers.flatMap(
    (each) =>
      momentAt(each, 'state', 'running', 'startedAt') ?? momentAt(each, 'state', 'terminated', 'startedAt') ?? [],
  );
  const startTimeNs = momentAt(status, 'startTime');
  // Of a container that was started again only the last start is known.
  if (restarted || starts.length === 0) return startTimeNs;
  return starts.reduce((first, each) => (each < first ? each : first));
}

function finishOf(containers: readonly unknown[]): bigint | undefined {
  const ends = containers.map((each) => momentAt(each, 'state', 'terminated', 'finishedAt'));
  let last: bigint | undefined;
  for (const end of ends) {
    if (end === undefined) return undefined;
    if (last === undefined || end > last) last = end;
  }
  // Whole seconds, cut off.
  return last === undefined ? undefined : last + 1_000_000_000n;
}

function nodeOf(value: unknown): KeptNode {
  const networks = [...textsAt(value, 'spec', 'podCIDRs'), textAt(value, 'spec', 'podCIDR')];
  return { providerId: textAt(value, 'spec', 'providerID'), networks: networksOf(networks) };
}

/** Texts that are CIDRs, each once. */
function networksOf(texts: readonly string[]): readonly Network[] {
  const networks = new Map<string, Network>();
  for (const text of texts) {
    const [address = '', prefix = ''] = text.split('/', 2);
    const [bytes] = addressesOf([address]);
    if (bytes === undefined || !/^\d+$/.test(prefix) || Number(prefix) > bytes.length * 8) continue;
    networks.set(text, { address: bytes, prefixLength: Number(prefix) });
  }
  return [...networks.values()];
}

const transports: Readonly<Partial<Record<string, Transport>>> = { '': 'tcp', TCP: 'tcp', UDP: 'udp' };

function serviceOf(value: unknown): KeptService {
  const spec = objectAt(value, 'spec');
  const isHeadless = textAt(spec, 'clusterIP') === 'None';
  return {
    type: isHeadless ? 'HeadlessService' : shared(textAt(spec, 'type') || 'ClusterIP'),
    ports: listAt(spec, 'ports').map((each) => ({
      name: textAt(each, 'name'),
      transport: transports[textAt(each, 'protocol')] ?? 'unknown',
      port: portAt(each, 'port'),
      targetPort: portAt(each, 'targetPort'),
      targetName: textAt(each, 'targetPort'),
      nodePort: portAt(each, 'nodePort'),
    })),
  };
}

function sliceOf(value: unknown): KeptSlice {
  const targets = listAt(value, 'endpoints').flatMap((each) => {
    const target = objectAt(each, 'targetRef');
    if (textAt(target, 'kind') !== 'Pod') return [];
    return { uid: shared(textAt(target, 'uid')), name: textAt(target, 'name') };
  });
  return {
    serviceName: textAt(value, 'metadata', 'labels', 'kubernetes.io/service-name'),
    targets: targets.filter(({ uid }) => uid !== ''),
    ports: listAt(value, 'ports').map((each) => ({
      name: textAt(each, 'name'),
      transport: transports[textAt(each, 'protocol')] ?? 'unknown',
      port: portAt(each, 'port'),
    })),
  };
}

function portAt(value: unknown, name: string): number {
  const port = numberAt(value, name);
  return port > 0 && port < 65_536 ? port : 0;
}

const sharedTexts = new Map<string, string>();
const maxSharedTexts = 50_000;
const maxSharedLength = 80;

/** The same text in memory once: replicas have the same labels. */
function shared(text: string): string {
  if (text.length > maxSharedLength) return text;
  const known = sharedTexts.get(text);
  if (known !== undefined) return known;
  if (sharedTexts.size >= maxSharedTexts) sharedTexts.clear();
  sharedTexts.set(text, text);
  return text;
}
