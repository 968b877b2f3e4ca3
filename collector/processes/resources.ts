import { hostUid, processUid, resourceKey } from '../../core/agents/agent-resources.ts';
import { outgoingMessage, encodeValue } from '../../core/codec.ts';
import type { OutgoingMessage } from '../../core/bus/bus.ts';
import type { Topic } from '../../core/topics.ts';
import type { ProcessFacts } from '../../schemas/generated/event-batch.ts';
import { writeResource, type Resource } from '../../schemas/generated/resource.ts';

/**
 * Hosts and processes as resources. They follow from an agent's id and its process facts alone, so that a replay makes
 * the same resources as the live capture did.
 */

/** What is known of a host. */
export interface HostFacts {
  readonly agentId: number;
  readonly resourceId: number;
  readonly hostName: string;
  readonly bootTimeNs: bigint;
  readonly addresses?: readonly Uint8Array[];
  readonly macAddresses?: readonly Uint8Array[];
  readonly environment?: Readonly<Record<string, string>>;
  /** Uid of the cloud instance that it is; empty where that is not known. */
  readonly instanceUid?: string;
}

/** A host as a resource. */
export function hostResource(host: HostFacts): Resource {
  return {
    kind: 'host',
    id: host.resourceId,
    uid: hostUid(host.agentId),
    name: host.hostName,
    parents: host.instanceUid ? [{ kind: 'instance', id: 0, uid: host.instanceUid }] : [],
    addresses: host.addresses ?? [],
    labels: {},
    annotations: {},
    environment: host.environment ?? {},
    validFromNs: host.bootTimeNs,
    validToNs: 0n,
    type: '',
    networks: [],
    ports: [],
    macAddresses: host.macAddresses ?? [],
  };
}

/** A process as a resource; `endTimeNs` is 0 while it runs. */
export function processResource(agentId: number, process: ProcessFacts, endTimeNs = 0n): Resource {
  const facts = {
    process_id: String(process.processId),
    process_name: process.name,
    executable: process.executable,
    container_id: process.containerId,
    pod_uid: process.podUid,
  };
  return {
    kind: 'process',
    id: process.resourceId,
    uid: processUid(agentId, process),
    name: process.serviceName,
    parents: [{ kind: 'host', id: process.hostResourceId, uid: '' }],
    addresses: [],
    labels: {},
    annotations: {},
    // Facts stand last: a variable must not pass for one.
    environment: {
      ...process.environment,
      ...Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== '')),
    },
    validFromNs: process.startTimeNs,
    validToNs: endTimeNs,
    type: '',
    networks: [],
    ports: [],
    macAddresses: [],
  };
}

/** The message that publishes a version of a resource: what is sent of it later takes its place. */
export function resourceMessage(resource: Resource): OutgoingMessage {
  const topic: Topic = 'agent-resources';
  return outgoingMessage(topic, resourceKey(resource), 'Resource', encodeValue(resource, writeResource));
}
