import { SignatureChecker, type SignaturePolicy, unsignedAccepted } from '../../core/agents/agent-signature.ts';
import { readAgentResource } from '../../core/agents/read-agent-resource.ts';
import type { ReceivedMessage } from '../../core/bus/bus.ts';
import { decodeValue } from '../../core/codec.ts';
import type { Topic } from '../../core/topics.ts';
import type { ResourceNames } from '../../opentelemetry/resource-names.ts';
import { readResource, resourceKindIndex, type ResourceKind } from '../../schemas/generated/resource.ts';

/** Ids are 31 bits, kinds few: one number holds both. */
const idRange = 2 ** 31;

/** What is known of a resource: of its version that began last. */
interface Known {
  readonly name: string;
  readonly type: string;
  readonly uid: string;
  readonly validFromNs: bigint;
}

/**
 * Names of resources, learned from the topics `resources` and `agent-resources`. Each instance needs them all, whichever partitions of traces it
 * has, so they are no state of a consumer group: every instance reads the topic from its beginning.
 */
export class PublishedNames implements ResourceNames {
  readonly #known = new Map<number, Known>();
  readonly #signatures: SignatureChecker;
  /** Keys of resources that agents published, the one published longest ago first. */
  readonly #ofAgents = new Set<number>();
  readonly #maxOfAgents: number;
  /** Grows when something is new or has changed. */
  version = 0;

  /**
   * @param signatures which signatures of hosts and processes are required and accepted; by default none is required
   * @param maxOfAgents hosts and processes whose names are kept; beyond it the one published longest ago has none
   */
  constructor(signatures: SignaturePolicy = unsignedAccepted, maxOfAgents = 500_000) {
    this.#signatures = new SignatureChecker(signatures);
    this.#maxOfAgents = maxOfAgents;
  }

  /** Learns a message of the topics; the sink makes the dead letter of an unusable one. */
  learn(message: ReceivedMessage): void {
    // A compacted topic says "deleted" by an empty value; what a resource was called stays true of old spans.
    if (message.value.length === 0) return;
    const isOfAgent = message.topic === ('agent-resources' satisfies Topic);
    const decoded = isOfAgent
      ? readAgentResource(message, this.#signatures)
      : decodeValue('Resource', message, readResource);
    if (decoded.kind !== 'ok') return;
    const { kind, id, name, type, uid, validFromNs } = decoded.value;
    if (name === '') return;
    const key = resourceKindIndex[kind] * idRange + id;
    const known = this.#known.get(key);
    // The ids of two hosts or processes may be the same by their hashes: who came first keeps the name.
    if (isOfAgent && known !== undefined && known.uid !== uid) return;
    // The end of a former version may arrive after the start of the next one.
    if (known !== undefined && known.validFromNs > validFromNs) return;
    this.#known.set(key, { name, type, uid, validFromNs });
    if (isOfAgent) this.#bound(key);
    if (known?.name !== name || known.type !== type || known.uid !== uid) this.version++;
  }

  #bound(key: number): void {
    this.#ofAgents.delete(key);
    this.#ofAgents.add(key);
    if (this.#ofAgents.size <= this.#maxOfAgents) return;
    const [longestAgo] = this.#ofAgents;
    this.#ofAgents.delete(longestAgo!);
    this.#known.delete(longestAgo!);
  }

  /** The name of a resource; empty when it has none or is not known. @param type position in ResourceKind */
  nameOf(type: number, id: number): string {
    return this.#find(type, id)?.name ?? '';
  }

  /** What the source calls this kind of workload, in lower case: deployment, statefulset. */
  workloadType(id: number): string {
    return this.#find(resourceKindIndex.workload, id)?.type.toLowerCase() ?? '';
  }

  podUid(id: number): string {
    return this.#find(resourceKindIndex.pod, id)?.uid ?? '';
  }

  #find(type: number, id: number): Known | undefined {
    return id === 0 ? undefined : this.#known.get(type * idRange + id);
  }

  nameOfKind(kind: ResourceKind, id: number): string {
    return this.nameOf(resourceKindIndex[kind], id);
  }
}
