/**
 * What an agent may say on the topic `agent-resources`: of its own host and of that host's processes, under uids that
 * contain its id and integer ids that follow from the uids. Everything else there is a forgery, or too large to be true.
 */
import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import type { Resource } from '../../schemas/generated/resource.ts';
import { type Author, forged, type SignatureProblem } from './agent-signature.ts';

/** Uid of the host that an agent runs on. */
export function hostUid(agentId: number): string {
  return agentId.toString(16).padStart(12, '0');
}

/** Uid of a process: a process id is used again, but not with the same start. */
export function processUid(agentId: number, process: Pick<ProcessFacts, 'processId' | 'startTimeNs'>): string {
  return `${hostUid(agentId)}/${process.processId}/${process.startTimeNs}`;
}

/** FNV-1a over the UTF-16 units, mixed so that neighbours lie far apart; 31 bits, never 0. */
export function hash31(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 1 || 1;
}

/** Greatest integer id. */
export const maxResourceId = 0x7fffffff;

/** If hashes of an agent's processes collide, the next free id is used, at most this far from the hash. */
const maxProbes = 64;

/** Key of a version of a resource, without the secret that an agent puts behind it. */
export function resourceKey({ kind, uid, validFromNs }: Pick<Resource, 'kind' | 'uid' | 'validFromNs'>): string {
  return `${kind}:${uid}@${validFromNs}`;
}

/** Separates the key of a version from what only its agent knows. */
export const secretSeparator = '#';

/** Uid of a program that reports spans to an agent: reported-process.ts. */
const reportedUid = /^reported:([0-9a-f]{12,}):[0-9a-f]{32}$/;

/** Bounds of one resource of an agent, well above what a collector makes. */
const maxAddresses = 4096;
const maxEntries = 256;
const maxTextCharacters = 16_384;
const maxAllCharacters = 256 * 1024;
const maxLabelCharacters = 1024;

/** Attributes that fit into the labels of one resource, in their order; longer texts are cut, and what is beyond the bounds is left out. */
export function boundedLabels(attributes: ReadonlyMap<string, string>): Readonly<Record<string, string>> {
  const labels: [string, string][] = [];
  let characters = 0;
  for (const [key, text] of attributes) {
    if (key === '' || key.length > maxLabelCharacters) continue;
    const label = text.slice(0, maxLabelCharacters);
    characters += key.length + label.length;
    if (labels.length >= maxEntries || characters > maxAllCharacters / 2) break;
    labels.push([key, label]);
  }
  return Object.fromEntries(labels);
}

/** Why a resource is refused that an author sent; undefined when it is theirs to send. */
export function agentResourceProblem(
  resource: Resource,
  key: string,
  { agentId }: Author,
): SignatureProblem | undefined {
  const { kind, id, uid } = resource;
  if (kind !== 'host' && kind !== 'process') return forged(`agents do not tell of resources of kind ${kind}`);
  if (isTooLarge(resource)) return forged('larger than what an agent tells of a host or a process');
  const reporter = reportedUid.exec(uid)?.[1];
  const own = reporter ?? uid.slice(0, uid.indexOf('/') < 0 ? uid.length : uid.indexOf('/'));
  if (agentId === undefined) return undefined;
  if (own !== hostUid(agentId)) return forged(`a ${kind} of agent ${own}, signed by agent ${hostUid(agentId)}`);
  const wanted = resourceKey(resource);
  if (key !== wanted && !key.startsWith(wanted + secretSeparator)) return forged('the key is not that of the resource');
  if (kind === 'host') {
    if (uid !== own) return forged('not the uid of a host');
    if (id !== hash31(uid)) return forged(`the id ${id} does not follow from the uid`);
    if (resource.parents.some((parent) => parent.kind !== 'instance' || parent.id !== 0))
      return forged('a host belongs to an instance, by its uid');
    return undefined;
  }
  if (reporter === undefined && !/^\/\d+\/-?\d+$/.test(uid.slice(own.length)))
    return forged('not the uid of a process');
  if (reporter === undefined ? !isNearHash(id, uid) : id !== hash31(uid))
    return forged(`the id ${id} does not follow from the uid`);
  if (resource.parents.some((parent) => parent.kind !== 'host' || parent.id !== hash31(own)))
    return forged('a process belongs to the host of its agent');
  return resource.addresses.length + resource.macAddresses.length > 0
    ? forged('a process has no addresses of its own')
    : undefined;
}

/** Why a batch of events is refused; undefined when it is of the agent that signed it, under the key of that agent. */
export function batchProblem(agentId: number, key: string, author: Author): SignatureProblem | undefined {
  if (author.agentId === undefined) return undefined;
  if (agentId !== author.agentId)
    return forged(`a batch of agent ${hostUid(agentId)}, signed by agent ${hostUid(author.agentId)}`);
  // Under another key it would lie in a partition where the agent is not known.
  return key === String(agentId) ? undefined : forged('the key is not the id of the agent');
}

/** Why facts of processes are refused that an author sent with events; undefined when they are theirs to send. */
export function processFactsProblem(
  processes: readonly ProcessFacts[],
  { agentId }: Author,
): SignatureProblem | undefined {
  if (agentId === undefined || processes.length === 0) return undefined;
  const hostId = hash31(hostUid(agentId));
  for (const facts of processes) {
    if (facts.hostResourceId !== hostId) return forged(`process ${facts.processId} is said to be on another host`);
    if (!isNearHash(facts.resourceId, processUid(agentId, facts)))
      return forged(`process ${facts.processId} has the id of another resource`);
  }
  return undefined;
}

function isNearHash(id: number, uid: string): boolean {
  const distance = id - hash31(uid);
  return id > 0 && (distance < 0 ? distance + maxResourceId : distance) < maxProbes;
}

function isTooLarge(resource: Resource): boolean {
  const { labels, annotations, networks, ports, parents, addresses, macAddresses } = resource;
  const isOfOthers =
    networks.length + ports.length + Object.keys(annotations).length > 0 ||
    (Object.keys(labels).length > 0 && !reportedUid.test(resource.uid)) ||
    parents.length > 1;
  if (isOfOthers || addresses.length > maxAddresses || macAddresses.length > maxAddresses) return true;
  const environment = [...Object.entries(resource.environment), ...Object.entries(labels)];
  const texts = [resource.uid, resource.name, resource.type, ...environment.flat(), ...parents.map(({ uid }) => uid)];
  return (
    environment.length > maxEntries ||
    texts.some(({ length }) => length > maxTextCharacters) ||
    texts.reduce((sum, { length }) => sum + length, 0) > maxAllCharacters
  );
}
